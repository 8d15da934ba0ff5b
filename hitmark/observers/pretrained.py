"""Loading networks of `transformers` for looking at clips, from a local folder or a hub name, with clear errors.

Pictures are prepared by the PIL variants of the picture processors: the fast ones need torchvision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hitmark.errors import HitmarkError

HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def load_network(source: str | Path, classes: Mapping[str, str], device: Any = "cpu") -> Any:
    """The network in float32 on `device`, for reading only.

    Args:
        source: a folder with config.json and weights, or a hub name such as "owner/name".
        classes: names of classes of `transformers` by the `model_type` that config.json may state.
        device: where it shall run.

    Raises: HitmarkError for a folder that is not there, another kind of model, weights that lack or do not fit.
    """
    import torch
    import transformers

    name = checked_source(source)
    kind = model_kind(name)
    if kind not in classes:
        raise HitmarkError(f"{name}: expected a model of type {' or '.join(classes)}, but its config.json says {kind}.")
    load = getattr(transformers, classes[kind]).from_pretrained
    try:
        network, report = load(name, dtype=torch.float32, output_loading_info=True)
    except Exception as error:  # a torn file raises a class of its own in each of three libraries
        raise HitmarkError(
            f"{name}: expected the weights of a {classes[kind]}, but they cannot be loaded ({_first_line(error)}); "
            "get the folder again."
        ) from error
    if missing := sorted(report["missing_keys"]):
        raise HitmarkError(
            f"{name}: expected all weights of a {classes[kind]}, but {len(missing)} lack, such as {missing[0]}; "
            "use a folder that was saved from this kind of model."
        )
    return network.eval().requires_grad_(False).to(device)


def load_part(source: str | Path, class_name: str) -> Any:
    """A picture processor or tokenizer that lies beside the network. Raises HitmarkError where it lacks."""
    import transformers

    name = checked_source(source)
    try:
        return getattr(transformers, class_name).from_pretrained(name)
    except Exception as error:
        raise HitmarkError(
            f"{name}: expected the files of a {class_name} beside the model, but they cannot be loaded "
            f"({_first_line(error)}); get the whole folder."
        ) from error


def model_kind(name: str) -> str:
    """The `model_type` that config.json states, such as "clip". Raises HitmarkError where there is none to read."""
    from transformers import PreTrainedConfig

    try:
        values, _ = PreTrainedConfig.get_config_dict(name)
    except (OSError, ValueError) as error:
        raise HitmarkError(
            f"{name}: expected a folder with config.json or a model name that can be reached, but {_first_line(error)}"
        ) from None
    return str(values.get("model_type"))


def checked_source(source: str | Path) -> str:
    """The source as text. Raises HitmarkError for a path that is no folder and cannot be a hub name."""
    text = str(source)
    if Path(text).is_dir() or (isinstance(source, str) and HUB_NAME.fullmatch(text)):
        return text
    raise HitmarkError(
        f"{text}: expected a folder with config.json and weights, or a hub name such as owner/name, but it is neither."
    )


def in_chunks(count: int, batch: int) -> Iterator[slice]:
    """Slices of at most `batch` that cover 0..count. Raises HitmarkError for a batch below 1."""
    if batch < 1:
        raise HitmarkError(f"batch: expected at least 1, but got {batch}.")
    return (slice(start, min(start + batch, count)) for start in range(0, count, batch))


def finite_features(values: Any, what: str) -> np.ndarray:
    """A tensor as float32 array. Raises HitmarkError where a number is not finite."""
    array = values.detach().float().cpu().numpy()
    if not np.isfinite(array).all():
        raise HitmarkError(f"{what}: expected finite numbers from the network, but some are not; check its weights.")
    return array


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
