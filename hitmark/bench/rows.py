"""What the measured tables share: rows that survive being stopped, one file of them for one model and its knobs."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from hitmark.errors import HitmarkError

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
"""The file of a pipeline folder that tells models apart."""

Row = TypeVar("Row")


def claim(folder: Path, model: str, methods: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """Makes `folder` hold rows of this model, with these weights, and of these methods with all of their knobs.

    Args:
        folder: made if it is not there.
        model: name or path.
        methods: name of a row -> its method and the knobs given to it; knobs not given are those of today's defaults.

    Raises:
        HitmarkError: it holds rows of another model, or of the same name with other knobs, which would be mixed into
            the table in silence; or the method or a knob is unknown.
    """
    from hitmark.backbones.catalog import model_card
    from hitmark.methods import resolved
    from hitmark.run.presets import preset_knobs

    card = model_card(model)
    weights = "" if card.path is None else hashlib.sha256((card.path / WEIGHTS).read_bytes()).hexdigest()
    wanted = {row: resolved(name, preset_knobs(card, name, knobs)) for row, (name, knobs) in methods.items()}
    settings = {"model": model, "weights": weights, "methods": json.loads(json.dumps(wanted))}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "settings.json"
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        settings["methods"] = before.get("methods", {}) | settings["methods"]
        if settings != before | {"methods": settings["methods"] | before.get("methods", {})}:
            raise HitmarkError(f"{folder}: holds rows of another model, weights or knobs ({path}); give another folder")
    path.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def scored(
    jobs: Sequence[tuple[Any, ...]],
    score: Callable[..., Row],
    kind: Callable[..., Row],
    folder: Path,
    workers: int,
    keys: Sequence[str],
) -> list[Row]:
    """Scores what is missing and returns all rows, in the order of `jobs`.

    Args:
        jobs: arguments of `score`; the first len(keys) of them are the fields `keys` of the row.
        score: makes one row; in another process, so it must be a module's function.
        kind: the rows' class.
        folder: rows are lines of rows.jsonl in it.
        workers: processes of one thread each.
        keys: fields that tell rows apart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rows.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    done = {tuple(getattr(row, key) for key in keys): row for row in (kind(**json.loads(line)) for line in lines)}
    missing = [job for job in jobs if job[: len(keys)] not in done]
    if missing:
        from tqdm import tqdm

        os.environ["OMP_NUM_THREADS"] = "1"
        context = multiprocessing.get_context("spawn")
        with context.Pool(workers, initializer=_one_thread) as pool, path.open("a", encoding="utf-8") as log:
            made = pool.imap_unordered(_call, [(score, job) for job in missing])
            for row in tqdm(made, total=len(missing), desc="clips"):
                log.write(json.dumps(asdict(row)) + "\n")
                log.flush()
                done[tuple(getattr(row, key) for key in keys)] = row
    return [done[job[: len(keys)]] for job in jobs]


def _call(task: tuple[Callable[..., Any], tuple[Any, ...]]) -> Any:
    score, job = task
    return score(*job)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


_LOADED: dict[str, Any] = {}


def loaded_pipeline(model: str) -> Any:
    """The pipeline of a model, float32 on the CPU, loaded once per process."""
    from hitmark.backbones.loading import load_pipeline

    if model not in _LOADED:
        _LOADED[model] = load_pipeline(model, dtype="float32", device="cpu")
    return _LOADED[model]
