"""TrailBlazer configurations (Ma et al. 2024, arXiv:2401.00896): YAML with keyframes of one subject.

`keyframe` lists `frame`, `bbox_ratios` (left, top, right, bottom in 0..1) and `prompt`; `token_inds` counts the tokens
of the subject in the prompt, 1 = first word. The clip has one frame more than the last keyframe's number. Two habits of
the published code shape the writer: it divides by zero at keyframes on neighboring frames (other than the first two),
and it holds each keyframe but the first for one more frame, so it lags by up to one frame behind straight lines.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.scene.formats.base import Encoded, Format, Options
from hitmark.scene.formats.losses import Holds, losses
from hitmark.scene.formats.paths import (
    default_name,
    first_subject,
    frame_fields,
    keyed_subject_fields,
    keys_or_frames,
    sample,
)
from hitmark.scene.formats.pictures import noted_canvas
from hitmark.scene.formats.rests import rests_after, without_rests
from hitmark.scene.formats.source import FormatError, Source, check_count
from hitmark.scene.problems import shorten
from hitmark.scene.schema import Scene, Subject

NAME = "trailblazer"
HOLDS = Holds(
    many=False, phrases=True, motion="keys", size_change=True, outside=False, size=True, prompt=True, seed=True,
    still_boxes=False,
)  # fmt: skip
USUAL_FRAMES = 25
USUAL_SIZE = (576, 320)
MOST_FRAMES = 10_000
MOST_NODES = 50_000  # values in a file; YAML aliases can make a small file huge
SETTINGS = {
    "num_dd_spatial_steps": 5,
    "num_dd_temporal_steps": 5,
    "spatial_strengthen_scale": 0.125,
    "spatial_weaken_scale": 0.05,
    "temp_strengthen_scale": 0.125,
    "temp_weaken_scale": 0.05,
    "trailing_length": 15,
}  # of its published examples
_TOKEN = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+", re.IGNORECASE)  # CLIP's splitting of words
_KEYS = re.compile(rb"^(?:keyframe|multisubs|token_inds|trailblazer)[ \t]*:", re.MULTILINE)
_YAML_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)


def sniff(source: Source) -> bool:
    """YAML (not JSON) with a top-level key of TrailBlazer: `keyframe`, `multisubs`, `token_inds` or its settings."""
    return not source.is_folder and _KEYS.search(source.data[:1_000_000]) is not None


def read(source: Source, options: Options) -> Scene:
    """Read the keyframes of one subject. The prompt is that of the first key; all are kept in the notes."""
    config = _load(source)
    _refuse_others(config, source.path)
    keys, boxes, prompts = _keyframes(config, source.path)
    prompt = prompts[0]
    remarks = []
    if len(set(prompts)) > 1:
        remarks.append("the prompt changes along the path; the scene has that of the first keyframe")
    phrase = _phrase(config.get("token_inds"), prompt, source.path)
    if phrase:
        remarks.append(f"token_inds taken as the words {phrase!r}, counting one token a word")
    rests = rests_after(keys)
    if rests:
        remarks.append(
            "the box rests for a frame after each keyframe between the first and the last, as in TrailBlazer"
        )
    times, stops = sorted([*keys, *(keys[rest] + 1 for rest in rests)]), sorted([*range(len(keys)), *rests])
    subject = keyed_subject_fields(default_name(0), times, keys[-1] + 1, boxes[stops], str(source.path), phrase=phrase)
    kept = {key: value for key, value in config.items() if key not in ("keyframe", "width", "height", "seed")}
    canvas = [config.get("width"), config.get("height")]
    if all(type(side) is int and side > 0 for side in canvas):
        kept["canvas"] = canvas
        remarks.append(f"its size, {canvas[0]} x {canvas[1]}, is kept in the notes; the clip has the size of the model")
    notes = {**kept, "prompts": prompts, "remarks": remarks}
    fields = {"prompt": prompt, "subjects": [subject], "notes": {NAME: notes}, **frame_fields(keys[-1] + 1)}
    fields |= {"seed": config["seed"]} if config.get("seed") is not None else {}
    return Scene.from_dict(fields, source=str(source.path))


def _load(source: Source) -> dict[str, Any]:
    import yaml

    if len(source.data) > 1_000_000:
        raise FormatError(f"{source.path}: expected a TrailBlazer file of at most 1 MB, got {len(source.data):,} bytes")
    try:
        value = _plain(yaml.safe_load(source.text), source.path, [0], 0)
    except FormatError:
        raise
    except yaml.YAMLError as error:
        raise FormatError(f"{source.path}: not valid YAML: {' '.join(str(error).split())[:300]}") from None
    except _YAML_ERRORS as error:
        raise FormatError(f"{source.path}: not valid YAML: {error or type(error).__name__}") from None
    if not isinstance(value, dict):
        raise FormatError(f"{source.path}: expected YAML with `keyframe:`, got {shorten(value)}")
    return value


def _refuse_others(config: dict[str, Any], path: Path) -> None:
    """Say of TrailBlazer's other files what they are."""
    if "multisubs" in config:
        raise FormatError(
            f"{path}: this file of TrailBlazer joins clips made before (`multisubs`), and holds no keyframes; "
            "give the files of its subjects, one scene each"
        )
    if "keyframe" not in config:
        raise FormatError(
            f"{path}: this file of TrailBlazer has a prompt and tokens but no keyframes, as those of its metrics: "
            "nothing says where the subject goes; add `keyframe`, or draw boxes"
        )


def _plain(value: Any, path: Path, count: list[int], level: int) -> Any:
    """Copy to what JSON has, with a bound on size: dates and other YAML types become text."""
    count[0] += 1
    if count[0] > MOST_NODES or level > 40 or (isinstance(value, int) and value.bit_length() > 63):
        raise FormatError(
            f"{path}: expected at most {MOST_NODES:,} values, 40 levels and whole numbers of 63 bits, got more; "
            "remove repeated aliases or shorten the file"
        )
    if isinstance(value, dict):
        return {str(key): _plain(item, path, count, level + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, path, count, level + 1) for item in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _keyframes(config: dict[str, Any], path: Path) -> tuple[list[int], np.ndarray, list[str]]:
    """Frames, boxes (keys, 4) and prompts."""
    entries = config.get("keyframe")
    if not isinstance(entries, list) or not entries:
        raise FormatError(f"{path}: keyframe: expected a list of keyframes, got {shorten(entries)}")
    check_count(path, len(entries))
    keys, boxes, prompts = [], [], []
    for index, entry in enumerate(entries):
        where = f"{path}: keyframe[{index}]"
        if not isinstance(entry, dict):
            raise FormatError(f"{where}: expected frame, bbox_ratios and prompt, got {shorten(entry)}")
        frame, box, prompt = entry.get("frame"), entry.get("bbox_ratios"), entry.get("prompt", "")
        if type(frame) is not int or not (keys[-1] if keys else -1) < frame < MOST_FRAMES:
            raise FormatError(
                f"{where}.frame: expected a whole number after that of the keyframe before, below {MOST_FRAMES}, "
                f"got {shorten(frame)}"
            )
        if not (isinstance(box, list) and len(box) == 4 and all(_is_number(number) for number in box)):
            raise FormatError(f"{where}.bbox_ratios: expected left, top, right, bottom in 0..1, got {shorten(box)}")
        if not isinstance(prompt, str):
            raise FormatError(f"{where}.prompt: expected text, got {shorten(prompt)}")
        keys.append(frame)
        boxes.append(box)
        prompts.append(prompt)
    return keys, np.array(boxes, dtype=np.float64), prompts


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9


def _phrase(indices: Any, prompt: str, path: Path) -> str | None:
    """The words at the token indices (1 = first), from the first to the last of them."""
    if indices is None or indices == []:
        return None
    if not isinstance(indices, list) or not all(type(index) is int and index >= 0 for index in indices):
        raise FormatError(f"{path}: token_inds: expected positions of words in the prompt, got {shorten(indices)}")
    words = list(_TOKEN.finditer(prompt))
    chosen = [words[index - 1] for index in sorted(indices) if 1 <= index <= len(words)]
    return prompt[chosen[0].start() : chosen[-1].end()] if chosen else None


def write(scene: Scene, path: Path, options: Options) -> Encoded:
    """Write the first subject as keyframes, with the settings of TrailBlazer's own examples."""
    import yaml

    subject = first_subject(scene, path, NAME)
    sampled = sample(scene, options.frames, USUAL_FRAMES, NAME)
    track = sampled.tracks[0]
    report = losses(scene, sampled, HOLDS, NAME)
    keys, baked = keys_or_frames(without_rests(subject, len(track.boxes)), track, gap=2)
    if baked:
        report.append(f"{baked}, the densest that TrailBlazer's own interpolation takes")
    held = [
        int(keys[rest])
        for rest in rests_after(keys.tolist())
        if (track.boxes[keys[rest] + 1] != track.boxes[keys[rest]]).any()
    ]
    if held:
        where = "each of them" if baked else f"the keyframes at frames {', '.join(map(str, held))} (counted from 0)"
        report.append(f"TrailBlazer holds the box for one frame after {where}, where the scene's moves on at once")
    own = scene.notes.get(NAME)
    own = dict(own) if isinstance(own, dict) else {}
    prompts = own.pop("prompts", None)
    if not (isinstance(prompts, list) and len(prompts) == len(keys) and prompts[0] == scene.prompt):
        prompts = [scene.prompt] * len(keys)
    keyframes = [
        {"bbox_ratios": track.boxes[key].tolist(), "frame": int(key), "prompt": prompt}
        for key, prompt in zip(keys, prompts, strict=True)
    ]
    width, height = scene.width, scene.height
    if width is None or height is None:
        width, height = noted_canvas(scene) or USUAL_SIZE
    if (width, height) == USUAL_SIZE and scene.width is None and noted_canvas(scene) is None:
        report.append(f"the scene has no size: {width} x {height} is written, as in TrailBlazer's examples")
    config = {
        **{key: value for key, value in own.items() if key not in ("remarks", "canvas")},
        "keyframe": keyframes,
        "seed": scene.seed,
        "token_inds": _token_indices(subject, scene.prompt, report),
        "width": width,
        "height": height,
    }
    config.setdefault("trailblazer", dict(SETTINGS))
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    return Encoded({path.name: text.encode()}, path.parent, report)


def _token_indices(subject: Subject, prompt: str, report: list[str]) -> list[int]:
    """Positions of the phrase's words in the prompt, 1 = first."""
    if subject.phrase is None:
        report.append(f"subject {subject.name!r} has no phrase: token_inds is empty; TrailBlazer needs it, fill it in")
        return []
    start = prompt.lower().find(subject.phrase.lower())
    end = start + len(subject.phrase)
    words = enumerate(_TOKEN.finditer(prompt), start=1)
    found = [index for index, word in words if word.start() < end and word.end() > start]
    if start < 0 or not found:
        report.append(f"the phrase {subject.phrase!r} does not occur in the prompt: token_inds is empty; fill it in")
        return []
    return found


FORMAT = Format(
    NAME,
    "TrailBlazer configuration (YAML)",
    (".yaml", ".yml"),
    sniff,
    read,
    write,
    write_options=("frames",),
)
