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
from hitmark.hooks.undo import around, attribute

KEY = "__guidance_identifier__"
"""Of what a guider asks for: the branch's name."""


@contextmanager
def calls_seen(backbone: Any, controls: Sequence[Control]) -> Iterator[None]:
    """Let the methods of a modular pipeline's blocks be those of `backbone.pipe`; nothing for a stock pipeline.

    Raises:
        HitmarkError: blocks or guiders with which the controls cannot act; at a call, those that it has then.
    """
    if not isinstance(backbone, ModularBackbone):
        yield
        return
    calls = Calls(backbone, controls)
    calls.check()
    whole = backbone.parts.whole
    with attribute(whole, "_blocks", called_through(whole._blocks, calls)):
        yield


class Calls:
    """What stands around the calls of one modular pipeline."""

    def __init__(self, backbone: ModularBackbone, controls: Sequence[Control]) -> None:
        self.backbone, self.controls = backbone, controls
        self._prepared = False

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
        self._prepared = False
        self.backbone.parts.check_inputs(state.get("prompt"))
        with ExitStack() as stack:
            for owner, name, change in self._changes(blocks):
                stack.enter_context(around(owner, name, change))
            try:
                return blocks(pipe, state)
            finally:
                self.backbone.asked = ()

    def _changes(self, blocks: Any) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        found = {id(each): each for each in every(blocks)}.values()
        yield from self._handings(found) if self.backbone.handing else self._methods(found)
        for guider in {id(each): each for each in self._guiders().values()}.values():
            yield guider, "set_state", self._stepped
            yield guider, "prepare_inputs", self._asked
            yield guider, "prepare_inputs_from_block_state", self._asked

    def _methods(self, blocks: Iterable[Any]) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
        """Of blocks that have what a stock pipeline has in methods of their own."""
        for block in blocks:
            for name in self.backbone.parts.methods if not block.sub_blocks else ():
                if hasattr(block, name):
                    yield block, name, partial(self._relayed, name)

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

    def _relayed(self, name: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around a method of a block: as that of the pipeline, which the session stands around."""
        parts = self.backbone.parts
        parts.methods[name].function = original
        given = inspect.signature(original).bind(*args, **kwargs)
        result = getattr(parts, name)(*given.args[1:], **given.kwargs)
        self._prepared = self._prepared or name == PREPARES
        return result

    def _handed(self, name: str, original: Callable[..., Any], state: Any, values: Any) -> Any:
        """Around what a block hands over at its end: as the result of that method of the pipeline."""
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
        self._prepared = False

    def _stepped(self, original: Callable[..., Any], step: int, num_inference_steps: int, timestep: Any) -> Any:
        """Around a guider's `set_state`: steps that a late start left out are counted."""
        if step == 0:
            self._begun()
        left_out = max(0, num_inference_steps - len(self.backbone.parts.scheduler.timesteps))
        return original(step + left_out, num_inference_steps, timestep)

    def _asked(self, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Around what makes a guider's list of branches."""
        batches = original(*args, **kwargs)
        tables = [batch.as_dict() for batch in batches]
        self.backbone.asked = tuple(Asked(each.pop(KEY), each) for each in tables)
        return batches


def called_through(blocks: Any, call: Callable[[Any, Any, Any], Any]) -> Any:
    """Blocks of the same class and content that are called by `call(blocks, pipe, state)`; a deep copy is a plain one.

    Args:
        blocks: the user's, which stay as they are.
        call: as above.
    """
    kind = type(blocks)
    methods = {
        "__call__": lambda _self, pipe, state: call(blocks, pipe, state),
        "__deepcopy__": lambda _self, memo: copy.deepcopy(blocks, memo),
        "__module__": kind.__module__,
    }
    made = object.__new__(type(kind.__name__, (kind,), methods))
    vars(made).update(vars(blocks))
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
