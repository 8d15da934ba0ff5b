"""Everything about a verification that is decided, and checked, before the model is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitmark.backbones.catalog import model_card
from hitmark.backbones.loading import load_pipeline
from hitmark.errors import HitmarkError
from hitmark.files import OutputError, ensure_writable, make_folder
from hitmark.method_fit import check_method
from hitmark.run.acting import Acting, acting_on
from hitmark.run.fit import check_fit
from hitmark.run.model_choice import model_folder
from hitmark.run.plan import Plan
from hitmark.run.prepare import prepare
from hitmark.run.record import fingerprint, package_versions, python_version
from hitmark.scene.schema import MethodChoice, Scene
from hitmark.verify.evidence import Entry, Evidence
from hitmark.verify.run import PAGE, TABLE, Progress, Verification, file_name
from hitmark.verify.scenes import built_in_scene
from hitmark.verify.trial import Trial

if TYPE_CHECKING:
    from PIL import Image

BUILT_IN = "built in"


def prepared(
    model: str,
    folder: Path,
    *,
    scene: Scene | None = None,
    image: Image.Image | Path | None = None,
    beside: Path | str = ".",
    told: str = BUILT_IN,
    methods: Sequence[str] | None = None,
    steps: int | None = None,
    dtype: str = "auto",
    device: str = "auto",
    call: dict[str, Any] | None = None,
    overwrite: bool = False,
    tell: Callable[[Entry], None] = lambda _entry: None,
    progress: Progress = lambda _name: None,
    **fields: Any,
) -> Verification:
    """What `Verification.run` is to do.

    Args:
        model: name or path.
        folder: for the page; made if it is not there.
        scene: what is wanted; None: a built-in one.
        image: its first picture, or the file; None: the scene's own.
        beside: the folder that the scene's picture is relative to.
        told: what the page calls the scene.
        methods: texts such as "peekaboo as_published=paper"; None: every one that can act.
        steps: of the clips; None: the model's.
        dtype: as for `load_pipeline`.
        device: as for `load_pipeline`.
        call: further arguments of the pipeline's call.
        overwrite: whether the files of an earlier verification are replaced.
        tell: see `Verification`.
        progress: see `Verification`.
        fields: of the scene: frames, width, height, seed; None: as they are.

    Raises:
        HitmarkError: what cannot be done with this model at all, whatever the method.
    """
    if scene is None:
        scene, image = built_in_scene(model_card(model))
    given = {name: value for name, value in fields.items() if value is not None}
    scene = scene.replace(model=str(model), method=MethodChoice(name="none"), **given)
    planned, _picture = prepare(scene, image, beside, steps=steps, call=call)
    check_fit(planned, device)
    card = planned.card
    acting = [_on_scene(each, planned) for each in acting_on(card, methods)]
    _check_folder(folder, [each.method for each in acting], overwrite=overwrite)
    files = model_folder(card)
    size = {"width": planned.width, "height": planned.height, "frames": planned.frames, "steps": planned.steps}
    evidence = Evidence(
        model=str(model),
        pipeline=card.pipeline,
        settings=size | {"seed": planned.scene.seed, "scene": told, "call": planned.call},
        machine={},
        packages=package_versions() | {"python": python_version()},
        fingerprint=None if files is None else fingerprint(files),
    )
    trial = Trial(scene.replace(**{n: size[n] for n in ("width", "height", "frames")}), image, str(beside),
                  planned.steps, planned.call)  # fmt: skip
    load = partial(load_pipeline, planned.model, dtype=dtype, device=device, picture=card.takes_picture)
    return Verification(evidence, trial, acting, folder, files, load, tell, progress)


def _on_scene(acting: Acting, planned: Plan) -> Acting:
    """The same, refused where the scene lacks what the method needs."""
    if acting.refusal is not None:
        return acting
    try:
        check_method(acting.controls(planned.card), planned.card, planned.scene, planned.tracks)
    except HitmarkError as error:
        return Acting(acting.spec, str(error))
    return acting


def _check_folder(folder: Path, methods: Sequence[str], *, overwrite: bool) -> None:
    """Raise OutputError unless everything can be written there."""
    make_folder(folder)
    clips = [file_name(method) for method in ("none", *methods)]
    names = [PAGE, TABLE, *(f"{clip}{end}" for clip in clips for end in (".mp4", ".json"))]
    earlier = [name for name in names if (folder / name).exists()]
    if earlier and not overwrite:
        raise OutputError(f"{folder / earlier[0]} exists already; choose another folder, or overwrite it with --force")
    ensure_writable(folder / PAGE)
