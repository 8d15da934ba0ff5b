"""One finished job as it lies on disk, for reading only. What cannot be used is `UnusableError`, with the reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hitmark.bench.store import CLIP, COST, FORMAT, RESULT, Store
from hitmark.report.boxes import Several, seen_of, wanted_of
from hitmark.report.figures import COST as COST_OBSERVER
from hitmark.report.figures import COVERED, MADE, MEDIAN, Figure, current_name

Scene = tuple[str, str]
"""Dataset and item."""
Values = tuple[float, ...]
"""One for each subject, or a single one of the clip; NaN where there is none."""
Shape = tuple[int, int, int]
"""Frames, height, width."""
COSTS = {"seconds": ("seconds", 1.0), "peak GB": ("peak_memory", 1e-9)}
"""Figure -> its field of cost.json, and the factor to the figure's unit."""


@dataclass(frozen=True, order=True)
class Row:
    """One line of the tables: a method with its knobs, on a model."""

    method: str
    model: str


@dataclass(frozen=True)
class Clip:
    """One finished job.

    Attributes:
        folder: of its files.
        row, scene, seed, noise: what was made; `noise` is the number of the seed, 0 for the first.
        kind: of the scene, "" where the dataset knows none.
        shape: frames, height, width.
        figures: what was measured.
        not_finite: numbers of the record that were NaN or infinite; they are NaN in `figures`.
        settings: what the pipeline was called with.
        frames_sha256: of the frames, "" where the record has none.
        machine: processor, device and threads, "" where the record has none.
        prompt: what the model was told, "" where the record has none.
        wanted: boxes of the subjects; None where the record has none.
        seen: boxes by observer.
    """

    folder: Path
    row: Row
    scene: Scene
    seed: int
    noise: int
    kind: str
    shape: Shape
    figures: dict[Figure, Values]
    not_finite: int
    settings: dict[str, Any]
    frames_sha256: str
    machine: str
    prompt: str = ""
    wanted: Several | None = field(default=None, repr=False)
    seen: dict[str, Several] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> tuple[Scene, int]:
        """What rows are paired by: scene and noise."""
        return self.scene, self.noise


class UnusableError(Exception):
    """A job's folder that cannot count; `reason` is one of a few sentences, `detail` is about this one."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def read_clip(place: Path, store: Store) -> Clip:
    """The job in a folder. Raises `UnusableError`: torn, of another version, incomplete, or its clip cannot be read."""
    result = store.result(place.name)
    if result is None:
        raise UnusableError(f"{RESULT} is missing, empty or torn", str(place / RESULT))
    if result.get("format") != FORMAT:
        raise UnusableError(f"record of another format version than {FORMAT}", f"version {result.get('format')!r}")
    cost = store.read(place / COST) or {}
    try:
        sizes = {str(name): int(size) for name, size in result.get("files", {}).items()}
        _check_files(place, sizes)
        return _clip(place, result, cost)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        detail = f"{place / RESULT}: {type(error).__name__}: {error}"
        raise UnusableError("record without what this version needs", detail) from None


def _clip(place: Path, result: dict[str, Any], cost: dict[str, Any]) -> Clip:
    job = result["job"]
    given = {
        Figure(observer, current_name(name)): value if isinstance(value, list) else [value]
        for observer, figures in result["scores"].items()
        for name, value in figures.items()
    }
    for name, (source, _) in COSTS.items():
        given[Figure(COST_OBSERVER, name)] = [cost.get(source)]
    measured = {figure: tuple(_number(value) for value in values) for figure, values in given.items()}
    for name, (_, factor) in COSTS.items():
        figure = Figure(COST_OBSERVER, name)
        measured[figure] = tuple(value * factor for value in measured[figure])
    _without_distance_where_not_found(measured)
    shape = clip_shape(place / CLIP)
    return Clip(
        folder=place,
        row=Row(str(job["row"]), str(job["model"])),
        scene=(str(job["dataset"]), str(job["item"])),
        seed=int(job["seed"]),
        noise=int(job["noise"]),
        kind=str(result.get("kind") or ""),
        shape=shape,
        figures=measured | _made_here(measured),
        not_finite=_not_finite(result) + sum(_is_wrong(value) for values in given.values() for value in values),
        settings=dict(result["settings"]),
        frames_sha256=str(result.get("frames_sha256", "")),
        machine=_machine(cost),
        prompt=str(result.get("prompt") or ""),
        wanted=wanted_of(result, shape[0]),
        seen=seen_of(result, shape[0]),
    )


def clip_shape(path: Path) -> Shape:
    """Frames, height and width of a clip, by its packets; nothing is decoded. Raises `UnusableError`."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frames = sum(packet.size > 0 for packet in container.demux(stream))
            height, width = stream.height, stream.width
    except (FFmpegError, OSError, IndexError) as error:
        raise UnusableError("clip cannot be read", f"{path}: {type(error).__name__}") from None
    if not frames:
        raise UnusableError("clip cannot be read", f"{path}: it has no frames")
    return frames, height, width


def _check_files(place: Path, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        path = place / name
        found = path.stat().st_size if path.is_file() else None
        if found != size:
            detail = "it is missing" if found is None else f"{found} of {size} bytes"
            raise UnusableError(f"{name} is missing or torn", f"{path}: {detail}")


def _number(value: Any) -> float:
    """NaN where there is none. Raises ValueError for what is no number."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"expected a number, got {value!r}")
    return float(value) if math.isfinite(value) else math.nan


def _is_wrong(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _not_finite(result: dict[str, Any]) -> int:
    """Numbers that were NaN or infinite when the clip was scored; the record has null for them."""
    return sum(len(names) for names in result.get("not_finite", {}).values())


def _without_distance_where_not_found(figures: dict[Figure, Values]) -> None:
    """A subject that was found in no frame has no path error, whatever an earlier version wrote down."""
    for figure, values in figures.items():
        if figure.name == "path error":
            found = figures.get(Figure(figure.observer, "found"), ())
            shares = found if len(found) == len(values) else (math.nan,) * len(values)
            figures[figure] = tuple(math.nan if share == 0 else v for v, share in zip(values, shares, strict=True))


def _made_here(figures: dict[Figure, Values]) -> dict[Figure, Values]:
    """Figures that the report makes of others: coverage, and errors of which the median is taken."""
    found = {
        Figure(figure.observer, MADE): tuple(math.nan if math.isnan(v) else float(v > COVERED) for v in values)
        for figure, values in figures.items()
        if figure.name == "found"
    }
    errors = {
        Figure(figure.observer, MEDIAN): values
        for figure, values in figures.items()
        if figure.name == "guessed path error"
    }
    return found | errors


def _machine(cost: dict[str, Any]) -> str:
    machine = cost.get("machine")
    if not isinstance(machine, dict):
        return ""
    parts = [str(machine.get(name, "?")) for name in ("processor", "device")]
    return f"{', '.join(parts)}, {machine.get('threads', '?')} threads"
