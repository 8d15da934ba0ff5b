"""Calls of a modular pipeline: while one runs, methods of its blocks and guiders are seen.

The pipeline's blocks stay the user's: what stands in their place is called, and calls them. What is around their
methods is there for one call, so that blocks and guiders may change between calls.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from hitmark.backbones.modular import PREPARES, Asked, ModularBackbone, every, leaves
from hitmark.control import Control
from hitmark.errors import HitmarkError
from hitmark.hooks.looking import Looking
from hitmark.hooks.undo import around, attribute


@contextmanager
def calls_seen(backbone: Any, controls: Sequence[Control], looking: Looking) -> Iterator[None]:
    """Let the methods of a modular pipeline's blocks be those of `backbone.pipe`; nothing for a stock pipeline.

    Args:
        backbone: the pipeline.
        controls: that are attached.
        looking: makes the steps of the loop.

    Raises:
        HitmarkError: blocks or guiders with which the controls cannot act; at a call, those that it has then.
    """
    if not isinstance(backbone, ModularBackbone):
        yield
        return
    calls = Calls(backbone, controls, looking)
    calls.check()
    whole = backbone.parts.whole
    with attribute(whole, "_blocks", called_through(whole._blocks, calls)):
        yield


class Calls:
    """What stands around the calls of one modular pipeline."""

    def __init__(self, backbone: ModularBackbone, controls: Sequence[Control], looking: Looking) -> None:
        self.backbone, self.controls, self.looking = backbone, controls, looking
        self._prepared = self._begins = False
        self._other: Any = None

    def check(self) -> None:
        """Raise HitmarkError for blocks and guiders with which the controls cannot act."""
        backbone = self.backbone
        if not any(backbone.prepares(block) for block in leaves(backbone.parts.whole._blocks)):
            raise HitmarkError(_unprepared(backbone))
        if backbone.handing:
            check_no_late_start(backbone, self.controls)
        for name, guider in self._guiders().items():
            check_guider(name, guider, self.controls)

    def __call__(self, blocks: Any, pipe: Any, state: Any) -> Any:
        """One call of the pipeline: `blocks(pipe, state)`, seen; that of a shallow copy is none of ours."""
        if pipe is not self.backbone.parts.whole:
            return blocks(pipe, state)
        self.check()
        self._prepared, self._begins, self._other = False, False, None
        self.backbone.check_given(state)
        self.backbone.parts.check_inputs(state.get("prompt"))
        with ExitStack() as stack:
            for owner, name, change in self._changes(blocks, state):
                stack.enter_context(around(owner, name, change))
            try:
                return blocks(pipe, state)
            finally:
                self.backbone.asked = ()
                self.looking.end()  # also of a loop that was stopped

    def _changes(self, blocks: Any, state: Any) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        found = {id(each): each for each in every(blocks)}.values()
        yield from self._handings(found) if self.backbone.handing else self._methods(found, state)
        for guider in {id(each): each for each in self._guiders().values()}.values():
            yield guider, "set_state", self._stepped
            for name in ("prepare_inputs", "prepare_inputs_from_block_state"):
                yield guider, name, partial(self._asked, guider._identifier_key)

    def _methods(self, blocks: Iterable[Any], state: Any) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        """Of blocks that have what a stock pipeline has in methods of their own."""
        for block in blocks:
            for name in self.backbone.parts.methods if not block.sub_blocks else ():
                if hasattr(block, name):
                    yield block, name, partial(self._relayed, name, state)

    def _handings(self, blocks: Iterable[Any]) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        """Of those that hand over what they made, and of loops, which no guider tells of."""
        for block in blocks:
            name = self.backbone.handed(block)
            if name is not None:
                yield block, "set_block_state", partial(self._handed, name)
            if hasattr(block, "loop_step"):
                yield block, "loop_step", self._looped

    def _guiders(self) -> dict[str, Any]:
        components = self.backbone.parts.whole.components
        return {name: each for name, each in components.items() if hasattr(each, "prepare_inputs_from_block_state")}

    def _relayed(self, name: str, state: Any, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around a method of a block: as that of the pipeline, which the session stands around.

        One that is not given the pipeline first is another method that happens to have this name.
        """
        parts = self.backbone.parts
        given = inspect.signature(original).bind(*args, **kwargs)
        if not given.args or given.args[0] is not parts.whole:
            return original(*args, **kwargs)
        if name == PREPARES:
            self.backbone.check_state(state)
        parts.methods[name].function = original
        result = getattr(parts, name)(*given.args[1:], **given.kwargs)
        self._prepared = self._prepared or name == PREPARES
        return result

    def _handed(self, name: str, original: Callable[..., Any], state: Any, values: Any) -> Any:
        """Around what a block hands over at its end: as the result of that method of the pipeline."""
        if name == PREPARES and self._prepared:
            raise HitmarkError(
                f"{self.backbone.name}: its start noise was handed over twice before a loop, and controls would act on "
                "it twice. Expected once; let one block make it, and change latents in a block of your own after that."
            )
        method = getattr(self.backbone.parts, name)
        known = {each: getattr(values, each, state.get(each)) for each in inspect.signature(method).parameters}
        result = method(**known)
        if name == PREPARES:
            values.latents, self._prepared = result[0], True
        return original(state, values)

    def _looped(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around a step of a loop."""
        if kwargs.get("i", 0) == 0:
            self._begun()
        return original(*args, **kwargs)

    def _begun(self) -> None:
        """A loop begins. Raises HitmarkError where its latents are not known."""
        if not self._prepared:
            raise HitmarkError(_unprepared(self.backbone))
        self._prepared = self._begins = False

    def _stepped(self, original: Callable[..., Any], step: int, num_inference_steps: int, timestep: Any) -> Any:
        """Around a guider's `set_state`: steps that a late start left out are counted."""
        self._begins = self._begins or step == 0
        prepared = self.looking.clock.known is not None  # timesteps before that are those of another call
        timesteps = self.backbone.parts.scheduler.timesteps
        left_out = max(0, num_inference_steps - len(timesteps)) if prepared else 0
        self._other = timestep if prepared and _is_other(timestep, timesteps, self.looking.clock.index) else None
        return original(step + left_out, num_inference_steps, timestep)

    def _asked(self, key: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around what makes a guider's list of branches, whose names stand under `key`."""
        if self._begins:
            self._begun()
        if self._other is not None:
            raise HitmarkError(
                f"{self.backbone.name}: step {self.looking.clock.index + 1} of the loop is at timestep "
                f"{float(self._other):g}, which is that of another step of the scheduler, whose noise controls would "
                "not know. Expected a loop over all of scheduler.timesteps; to begin later, give the call the shorter "
                "schedule itself: pipe(sigmas=[0.6, 0.4, 0.2]), of a scheduler that takes sigmas."
            )
        self.looking.clock.calls.clear()  # those of an earlier step may be of branches that this one has not
        batches = original(*args, **kwargs)
        tables = [batch.as_dict() for batch in batches]
        self.backbone.asked = tuple(Asked(each.pop(key), each) for each in tables)
        return batches


def called_through(blocks: Any, call: Callable[[Any, Any, Any], Any]) -> Any:
    """Blocks of the same class and content that are called by `call(blocks, pipe, state)`; a copy is a plain one.

    What is set on either is set on both. Other blocks that are made of its class are none of it.

    Args:
        blocks: the user's, whose content it has.
        call: as above.
    """
    kind = type(blocks)

    def called(self: Any, pipe: Any, state: Any) -> Any:
        return call(blocks, pipe, state) if self is made else kind.__call__(self, pipe, state)

    def reduced(self: Any, protocol: Any) -> Any:
        return (copy.copy, (blocks,)) if self is made else super(stand_in, self).__reduce_ex__(protocol)

    methods = {"__call__": called, "__reduce_ex__": reduced, "__module__": kind.__module__}
    stand_in = type(kind.__name__, (kind,), methods)
    made = object.__new__(stand_in)
    object.__setattr__(made, "__dict__", vars(blocks))
    return made


def check_guider(name: str, guider: Any, controls: Sequence[Control]) -> None:
    """Raise HitmarkError for a guider that changes the network in a branch, beside controls that edit attention.

    Args:
        name: of the component.
        guider: of diffusers, or the user's own.
        controls: that are attached.
    """
    from diffusers.guiders.guider_utils import BaseGuidance

    edits = next((control for control in controls if control.edits_attention), None)
    if edits is not None and type(guider).prepare_models is not BaseGuidance.prepare_models:
        raise HitmarkError(
            f"{name}: {type(guider).__name__} leaves out or changes layers of the network in one branch of guidance, "
            f"and {edits.method or type(edits).__name__} edits attention there. Expected a guider that leaves the "
            f"network alone: pipe.update_components({name}=ClassifierFreeGuidance(guidance_scale=5.0)), or a method "
            "that edits no attention, such as temporal-intrinsic."
        )


def _is_other(timestep: Any, timesteps: Any, index: int) -> bool:
    """Whether a guider is told one of the scheduler's timesteps that is not that of step `index`."""
    single = getattr(timestep, "ndim", 1) == 0
    return single and index < len(timesteps) and timestep in timesteps and bool(timestep != timesteps[index])


def check_no_late_start(backbone: ModularBackbone, controls: Sequence[Control]) -> None:
    """Raise HitmarkError for a control that leaves out first steps, where sound has a scheduler of its own."""
    late = next((control for control in controls if control.implements("first_step")), None)
    if late is not None:
        raise HitmarkError(
            f"{late.method or type(late).__name__} begins at a later step, and the sound of {backbone.name} would not. "
            "Expected a method that acts from the first step on, such as peekaboo."
        )


def _unprepared(backbone: ModularBackbone) -> str:
    return (
        f"{backbone.name}: its loop begins with latents that no block of it prepared, so controls cannot act on them. "
        f"Expected {backbone.preparing} before each loop; latents of your own can be given to it: pipe(latents=...)."
        + (f" Or use {backbone.stock} with these components." if backbone.stock else "")
    )
