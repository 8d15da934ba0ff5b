"""The browser that the machine has; none is downloaded."""

from __future__ import annotations

import os
import shutil

from playwright.sync_api import Browser, Playwright

from tests.studio.browser.process import MILLISECONDS

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is there is taken: the shell, which has no window of its own, needs a tenth less of the processor."""
MISSING = "no Chromium on this machine; install one (Debian: apt-get install chromium) or name it in HITMARK_CHROMIUM"
OWN_WINDOW = ("PreloadTopChromeWebUI", "WebUIOmniboxPopup", "WebUIOmniboxFullPopup", "WebUIOmniboxAimPopup")
"""Parts of the browser's own window that are pages too: a process a context, for what no test sees."""
AS_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades", "LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding",
    "ThirdPartyStoragePartitioning",
)  # fmt: skip
"""What Playwright switches off: of two lists Chromium takes the last."""
ON_IN_PLAYWRIGHT = ("CDPScreenshotNewSurface",)
IN_ONE_PROCESS = ("NetworkServiceInProcess2",)
"""Drawing and the network in the browser's own process: a page's hundred files are not handed from one to another."""
# Nothing is reached but this machine; without a graphics card its emulation costs more than drawing in software.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    f"--disable-features={','.join(AS_PLAYWRIGHT + OWN_WINDOW)}",
    "--in-process-gpu",
    f"--enable-features={','.join(ON_IN_PLAYWRIGHT + IN_ONE_PROCESS)}",
)


def found_chromium() -> str | None:
    """The path of a Chromium: HITMARK_CHROMIUM, else one on the PATH, else None."""
    return os.environ.get("HITMARK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launched(playwright: Playwright) -> Browser:
    """A headless Chromium that can reach nothing but this machine."""
    path = found_chromium()
    assert path, MISSING
    return playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS), timeout=MILLISECONDS)
