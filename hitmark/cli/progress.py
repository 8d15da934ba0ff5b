"""Progress on stderr: one bar with ETA for everything long, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def step_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function (done, total) that moves a progress bar; the bar appears with the first call."""
    from tqdm import tqdm

    bars: list[tqdm] = []

    def moved(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(total=total, desc=description, unit="step", mininterval=0.2, leave=True))
        bars[0].update(done - bars[0].n)
        if done >= total:
            bars[0].set_postfix_str("now decoding the frames")

    try:
        yield moved
    finally:
        for bar in bars:
            bar.set_postfix_str("")
            bar.close()


def silence_libraries() -> None:
    """Switch off the loading bars and hints of diffusers and transformers; their errors still come."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()


@contextmanager
def job_bar(description: str) -> Iterator[Callable[[int, int, int], None]]:
    """Yield a function (done, failed, all) that moves a bar with throughput and ETA; it starts at the first call."""
    from tqdm import tqdm

    bars: list[tqdm] = []

    def moved(done: int, failed: int, count: int) -> None:
        if not bars:
            bars.append(tqdm(total=count, initial=done + failed, desc=description, unit="job", smoothing=0.1))
        bars[0].update(done + failed - bars[0].n)
        bars[0].set_postfix({"failed": failed} if failed else {})

    try:
        yield moved
    finally:
        for bar in bars:
            bar.close()
