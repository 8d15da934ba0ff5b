"""The pictures beside a clip: its plan, drawn before the computation, and its contact sheet. They only illustrate:
nothing that goes wrong with them ends a run.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hitmark.drawing.pictures import Found, contact_sheet, plan_picture
from hitmark.run.outputs import save_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from PIL import Image

    from hitmark.run.outputs import Outputs
    from hitmark.run.result import Result
    from hitmark.scene.tracks import Track

BLANK = (128, 128, 128)


@contextmanager
def planned(
    outputs: Outputs, tracks: Sequence[Track], size: tuple[int, int], picture: Image.Image | None
) -> Iterator[list[str]]:
    """Draw the plan, then run the block, which computes and saves; when that fails, the plan is again as it was.

    Args:
        outputs: whose plan it is.
        tracks: for the frames of the clip.
        size: width and height of the clip.
        picture: the first picture; None = the plan is drawn on gray.

    Yields:
        Sentences: why the plan could not be drawn, or nothing.

    Raises:
        OutputError: the disk refuses, which is worth knowing before the computation.
    """
    before = outputs.plan.read_bytes() if outputs.plan.is_file() else None
    problems: list[str] = []
    try:
        drawing = plan_picture(_ground(size, picture), tracks)
    except Exception as error:
        problems.append(_told(outputs.plan, error))
    else:
        save_picture(drawing, outputs.plan)
    try:
        yield problems
    except BaseException:
        if before is None:
            outputs.plan.unlink(missing_ok=True)
        else:
            outputs.plan.write_bytes(before)
        raise


def illustrate(outputs: Outputs, result: Result, found: Found | None = None, *, plan: bool = True) -> list[str]:
    """Draw plan and contact sheet; sentences about what could not be drawn or written, since the clip is what counts.

    Args:
        outputs: where they lie.
        result: of `hitmark.run.generate.generate`.
        found: where the objects were found, centers in pixels of the frames; on the sheet.
        plan: False = the plan is there already, from `planned`.
    """
    size = result.frames.shape[2], result.frames.shape[1]
    drawings: dict[Path, Callable[[], Image.Image]] = {
        outputs.sheet: lambda: contact_sheet(result.frames, result.tracks, found)
    }
    if plan:
        drawings[outputs.plan] = lambda: plan_picture(_ground(size, result.picture), result.tracks)
    problems = []
    for path, draw in drawings.items():
        try:
            save_picture(draw(), path)
        except Exception as error:
            problems.append(_told(path, error))
    return problems


def _told(path: Path, error: Exception) -> str:
    return f"{path} could not be drawn ({type(error).__name__}: {error}); the clip itself does not need it"


def _ground(size: tuple[int, int], picture: Image.Image | None) -> Image.Image:
    """What the plan is drawn on: the first picture at the clip's size; without one, gray."""
    from PIL import Image

    return Image.new("RGB", size, BLANK) if picture is None else picture.resize(size)
