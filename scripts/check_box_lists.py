"""Peekaboo's box lists from end to end: every clip of a list is read, planned and made, and what cannot be is said.

    python scripts/check_box_lists.py davis_inputs.json imc_inputs.json --method peekaboo

The default model, "tiny", has ZeroScope's layout at reduced size and random weights: it makes noise, and shows that the
lists load and run. With `--model zeroscope`, or a folder, clips have that model's size and number of steps. One line a
clip: file and id, caption, subject, number of boxes, and "ok" or why there is no clip; a bad clip stops no other. The
exit status is 1 where a list could not be read, or an error came that is none of hitmark's sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from hitmark.console import readable_errors
from hitmark.errors import HitmarkError
from hitmark.scene.schema import MethodChoice, Scene

TINY = "tiny"
"""Name of the random-weight model."""
TINY_WIDTH, TINY_HEIGHT, TINY_STEPS = 72, 40, 2
"""An eighth of ZeroScope's 576 x 320 pixels: latents 9 x 5."""
TINY_CHANNELS = (32, 64, 64, 64)
"""Of the levels; the real ones are 320, 640, 1280, 1280."""
Result = Literal["ran", "refused", "crashed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one clip.

    Attributes:
        clip: "FILE#ID", with the position from 0 where a record has no id.
        caption, subject: as written in the list.
        boxes: their number; None where the record has no list of them.
        result: "ran"; "refused", with one of hitmark's error sentences; "crashed", with any other error: a mistake of
            ours.
        reason: the error, else what the reader decided, in one line; may be empty.
    """

    clip: str
    caption: str
    subject: str
    boxes: int | None
    result: Result
    reason: str

    def line(self) -> str:
        """As printed."""
        told = {"ran": f"ok ({self.reason})" if self.reason else "ok", "refused": f"error: {self.reason}"}
        boxes = "no boxes" if self.boxes is None else f"{self.boxes} boxes"
        return " | ".join(
            [self.clip, self.caption, self.subject, boxes, told.get(self.result, f"CRASH: {self.reason}")]
        )


@dataclass(frozen=True)
class Runner:
    """How clips are made; fields that are None take the model's, and for `frames` the list's own number of boxes."""

    pipe: Any
    model: str
    method: MethodChoice
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    frames: int | None = None

    def run(self, scene: Scene) -> None:
        """Generate the clip of a scene and drop it. Raises what `generate` raises."""
        from hitmark.run.generate import generate

        wanted = scene.replace(
            model=None if self.model == TINY else self.model,
            method=self.method,
            width=self.width,
            height=self.height,
            frames=self.frames or scene.frames,
        )
        generate(wanted, pipe=self.pipe, steps=self.steps)


def load(model: str, dtype: str = "auto", device: str = "auto") -> Any:
    """The pipeline of a model by name or folder, or the random one for "tiny".

    Raises:
        HitmarkError: as `load_pipeline`.
    """
    if model != TINY:
        from hitmark.backbones.loading import load_pipeline

        return load_pipeline(model, dtype=dtype, device=device)
    from hitmark.backbones.tiny import tiny_text_to_video

    return tiny_text_to_video(channels=TINY_CHANNELS)


def records_of(path: Path) -> list[Any]:
    """The entries of a list, whatever they are.

    Raises:
        HitmarkError: the file cannot be read, or holds no list.
    """
    from hitmark.scene.formats import FormatError
    from hitmark.scene.formats.source import Source

    records = Source.open(path).json
    if not isinstance(records, list):
        raise FormatError(f"{path}: expected a JSON list of records, got a {type(records).__name__}")
    return records


def outcome_of(path: Path, position: int, record: Any, runner: Runner) -> Outcome:
    """Reads one record of a list and makes its clip; every error is part of the outcome."""
    from hitmark.scene.formats import remarks

    own = record if isinstance(record, dict) else {}
    boxes = own.get("bboxes")
    result: Result = "ran"
    try:
        scene = read_record(path, position, record)
        reason = "; ".join(remarks(scene))
        runner.run(scene)
    except HitmarkError as error:
        result, reason = "refused", _one_line(str(error))
    except Exception as error:  # the other clips are made all the same, and the totals count it as ours
        result, reason = "crashed", f"{type(error).__name__}: {_one_line(str(error))}"
    return Outcome(
        clip=f"{path.name}#{own.get('id', position)}",
        caption=_one_line(str(own.get("caption", ""))),
        subject=_one_line(str(own.get("subject", ""))),
        boxes=len(boxes) if isinstance(boxes, list) else None,
        result=result,
        reason=reason,
    )


def read_record(path: Path, position: int, record: Any) -> Scene:
    """The scene of one record, by the public reader: by its id, else by its position from 0.

    Raises:
        HitmarkError: the record cannot be read, or be told from the others.
    """
    from hitmark.scene.formats import FormatError, read

    if not isinstance(record, dict):
        raise FormatError(f"{path}: position {position}: expected a record (an object), got {record!r:.80}")
    scene = read(path, "peekaboo", record=str(record.get("id", position)))
    notes = scene.notes["peekaboo"]
    if isinstance(notes, dict) and notes["id"] != record.get("id"):
        raise FormatError(f"{path}: the record at position {position} has no id, and is another's id; give it its own")
    return scene


def _one_line(text: str) -> str:
    return " ".join(text.split())


def totals(found: Sequence[Outcome], unread: Sequence[str] = ()) -> str:
    """How many clips ran, and every other clip and list again with its reason."""
    counts = [f"{sum(each.result == result for each in found)} {result}" for result in get_args(Result)]
    lines = [f"{len(found)} clips: {', '.join(counts)}" + (f"; {len(unread)} lists not read" if unread else "")]
    lines += [f"  {each.clip}: {each.result}: {each.reason}" for each in found if each.result != "ran"]
    lines += [f"  not read: {reason}" for reason in unread]
    return "\n".join(lines)


def main(
    lists: Annotated[list[Path], typer.Argument(help="Box lists, JSON.")],
    method: Annotated[str, typer.Option(help="Of hitmark; several joined with +.")] = "peekaboo",
    settings: Annotated[list[str] | None, typer.Option("--set", help="KNOB=VALUE of the method.")] = None,
    model: Annotated[str, typer.Option(help="tiny, a name or a folder.")] = TINY,
    width: Annotated[int | None, typer.Option(help="Pixels. Default: the model's.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels. Default: the model's.")] = None,
    steps: Annotated[int | None, typer.Option(help="Of denoising. Default: the model's.")] = None,
    frames: Annotated[int | None, typer.Option(help="Default: one for each box of the record.")] = None,
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16; not for tiny.")] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda ...; not for tiny.")] = "auto",
) -> None:
    """Prints one line a clip and the totals."""
    from hitmark.methods import build
    from hitmark.methods.spec import read_pairs

    knobs = read_pairs(settings or [])
    build(method, knobs)  # a wrong one is said once
    if model == TINY:
        width, height, steps = width or TINY_WIDTH, height or TINY_HEIGHT, steps or TINY_STEPS
    choice = MethodChoice(name=method, knobs=knobs)
    runner = Runner(load(model, dtype, device), model, choice, width, height, steps, frames)
    found, unread = [], []
    for path in lists:
        try:
            records = records_of(path)
        except HitmarkError as error:
            unread.append(_one_line(str(error)))
            continue
        for position, record in enumerate(records):
            found.append(outcome_of(path, position, record, runner))
            typer.echo(found[-1].line())
    typer.echo(totals(found, unread))
    if unread or any(each.result == "crashed" for each in found):
        raise SystemExit(1)


if __name__ == "__main__":
    with readable_errors():
        typer.run(main)
