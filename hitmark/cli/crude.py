"""The crude reference of `hitmark generate`: a video that is given, or one cut out of the first picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitmark.errors import HitmarkError

if TYPE_CHECKING:
    from PIL.Image import Image

    from hitmark.cli.request import Request
    from hitmark.reference.signal import MotionSignal
    from hitmark.run.plan import Plan
    from hitmark.run.recorded_reference import CrudeVideo, Cutouts


def crude_reference(
    request: Request, planned: Plan, picture: Image | None
) -> tuple[MotionSignal | None, CrudeVideo | Cutouts | None]:
    """The crude reference of a run, given or drawn, and what is to be recorded of it; None for neither.

    Raises:
        HitmarkError: one is given, or pictures to cut one with, and the method looks at none; one that cannot be drawn.
    """
    from hitmark.reference.choice import check_wanted, chosen_reference
    from hitmark.reference.folder import read_reference
    from hitmark.run.record import signal_sha256
    from hitmark.run.recorded_reference import CrudeVideo

    if request.cutouts:
        return _cut(request, planned, picture)
    if request.reference is not None:
        check_wanted(planned.scene, planned.controls)  # before what is wrong with it: nothing would make it of use
    given = None if request.reference is None else read_reference(*request.reference)
    crude = chosen_reference(planned.scene, planned.shape, picture, given, planned.controls)
    if crude is None or request.reference is None:
        return crude, None
    video, mask = request.reference
    sha256 = signal_sha256(crude.frames, crude.mask)
    return crude, CrudeVideo(path=str(video), mask=None if mask is None else str(mask), sha256=sha256)


def _cut(request: Request, planned: Plan, picture: Image | None) -> tuple[MotionSignal, Cutouts]:
    """One that is cut out of the first picture with the pictures of --cutout."""
    from hitmark.media.images import shown_size
    from hitmark.reference.cutouts import read_cutouts
    from hitmark.reference.draw import reference_of
    from hitmark.run.record import signal_sha256
    from hitmark.run.recorded_reference import Cutouts

    if picture is None or not any(control.needs.reference for control in planned.controls):
        raise HitmarkError(
            f"--cutout: {planned.scene.method.name} on {planned.card.name} cuts nothing out of a first picture; leave "
            "it out, or choose --method time-to-move and a model that starts from a picture"
        )
    source = request.image or planned.scene.image_path(request.folder)
    before, after = request.cut_of or (picture.size if source is None else shown_size(source), picture.size)
    cutouts = read_cutouts(request.cutouts, before, after)
    crude = reference_of(planned.scene, picture, planned.shape, cutouts)
    paths = {name: str(path) for name, path in request.cutouts.items()}
    return crude, Cutouts(paths=paths, of=before, into=after, sha256=signal_sha256(crude.frames, crude.mask))
