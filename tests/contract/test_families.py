"""Every family through the one interface: nothing is changed unasked, and what is changed is what was asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_args

import diffusers
import pytest
import torch
from torch.nn import functional

from hitmark.backbones import backbone_for
from hitmark.control import AttentionCall, Control, LayerCall, Positions, Step
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.methods import build
from hitmark.methods.peekaboo import Peekaboo

from .families import CASES, METHODS_HERE, crude, given, pipeline, plain, run, wanted
from .pipelines import traces

SCHEDULERS = [(name, scheduler) for name, case in CASES.items() for scheduler in case.schedulers]


@dataclass(frozen=True)
class Nothing(Control):
    """Acts everywhere, and changes nothing."""

    sites: set = field(default_factory=set)

    def initial_noise(self, noise: Any, layout: Any, generator: Any) -> Any:
        assert 0.5 < noise.std() < 1.5
        return noise

    def latents(self, latents: Any, step: Step) -> Any:
        return latents

    def prediction(self, clean: Any, step: Step) -> Any:
        return clean

    def attention(self, call: AttentionCall, step: Step) -> Any:
        self.sites.add((call.site.scope, call.site.grid, call.site.text))
        assert call.queries.shape[0] == len(call.branches)
        return call.run()

    def attention_layer(self, call: LayerCall, step: Step, proceed: Any) -> Any:
        assert torch.equal(call.rows(call.frames(call.tokens)), call.tokens)
        return proceed(call)


@pytest.mark.parametrize("name", CASES)
def test_a_control_that_changes_nothing_changes_no_bit_and_leaves_no_trace(name: str) -> None:
    pipe, control, before = pipeline(name), Nothing(), plain(name)
    clean = traces(pipe)
    with attach(pipe, wanted(name), control):
        inside = run(name)
        twin = copy.deepcopy(pipe)
    assert torch.equal(inside, before)
    assert traces(pipe) == clean
    assert {scope for scope, _, _ in control.sites} == backbone_for(pipe).abilities.scopes
    for network in backbone_for(twin).networks():  # a copy made inside the block has nothing of it
        assert not any("hitmark" in str(type(each)) for module in network.modules() for each in vars(module).values())
    with attach(twin, wanted(name), Nothing()):
        pass
    case = CASES[name]
    frames, channels, side = case.latents
    assert backbone_for(pipe).canonical(before, (frames, side, side)).shape == (1, frames, channels, side, side)


@dataclass(frozen=True)
class Bump(Control):
    """Adds to the latents before the second step."""

    method = "bump"

    def latents(self, latents: Any, step: Step) -> Any:
        return latents + 0.25 if step.index == 1 else latents


@pytest.mark.parametrize(("name", "scheduler"), [*((name, None) for name in CASES), *SCHEDULERS])
def test_an_edit_of_latents_is_the_same_edit_made_in_a_callback(
    name: str, scheduler: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solvers that would go on from the latents of the last step are made to forget them, in both."""
    pipe, case = pipeline(name), CASES[name]
    if scheduler is not None:
        monkeypatch.setattr(pipe, "scheduler", getattr(diffusers, scheduler)(**case.schedulers[scheduler]))
    frames, _channels, side = case.latents
    backbone = backbone_for(pipe)

    def change(pipe: Any, index: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        if index == 0:
            edited = backbone.canonical(values["latents"], (frames, side, side)).clone()
            edited[:, given(name) :] += 0.25
            values["latents"] = backbone.held(edited, values["latents"])
            if hasattr(pipe.scheduler, "last_sample"):
                pipe.scheduler.last_sample = None
        return values

    if not case.calls:
        pytest.skip("this pipeline tells nobody of its steps")
    before = plain(name) if scheduler is None else run(name)
    public = run(name, callback_on_step_end=change)
    with attach(pipe, wanted(name), Bump()):
        got = run(name)
    assert torch.equal(got, public)
    assert not torch.equal(got, before)


@pytest.mark.parametrize("name", CASES)
def test_a_callback_that_replaces_the_latents_is_heard(name: str) -> None:
    """Controls see what the user's callback made of the latents."""
    pipe, case, seen = pipeline(name), CASES[name], []
    if not case.calls:
        pytest.skip("this pipeline tells nobody of its steps")

    class Look(Control):
        watches = True

        def latents(self, latents: Any, step: Step) -> Any:
            seen.append(latents)
            return latents

    def change(_pipe: Any, index: int, _timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        return {"latents": torch.full_like(values["latents"], 0.5)} if index == 0 else {}

    with attach(pipe, wanted(name), Look()):
        run(name, callback_on_step_end=change)
    assert torch.allclose(seen[1][:, given(name) :], torch.tensor(0.5), atol=1e-2)


@dataclass(frozen=True)
class Estimates(Control):
    """Asks the estimator at every step, and writes down what the pipeline says there."""

    guidance: float = 3.0
    ahead: list = field(default_factory=list)
    own: list = field(default_factory=list)

    def latents(self, latents: Any, step: Step) -> Any:
        assert step.estimator is not None
        self.ahead.append(step.estimator(latents, step.index, self.guidance))
        return latents

    def prediction(self, clean: Any, step: Step) -> Any:
        self.own.append(clean)
        return clean


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_the_estimator_says_what_the_pipeline_says(name: str, guided: bool) -> None:
    """At every step, also the first, at which the negative branch has not been run yet."""
    if not guided and not CASES[name].calls:
        pytest.skip("guidance is an object of this pipeline, not an argument of its call")
    probe, guidance = Estimates(), CASES[name].plainly | ({} if guided else {"guidance_scale": 1.0})
    before = run(name, **guidance) if guidance else plain(name)
    with attach(pipeline(name), wanted(name), probe):
        assert torch.equal(run(name, **guidance), before)
    assert len(probe.own) == 2
    for ahead, own in zip(probe.ahead, probe.own, strict=True):
        assert float((ahead - own).abs().max()) < 1e-5 * float(own.std())


class Dense(Peekaboo):
    """The masks of the paper as one boolean table of queries and keys."""

    def attention(self, call: AttentionCall, step: Step) -> Any:
        layout = step.layout
        labels, prompt = layout.regions(call.site.grid), layout.prompt
        rows = labels.reshape(len(labels), -1).T if call.site.scope == "cell" else labels
        words = set() if prompt is None else set(prompt.positions("red thing"))
        before, after = call.site.text
        parts = []
        for place, branch in enumerate(call.branches):

            def text(count: int, prompted: bool = branch.prompted) -> list[int | None]:
                if prompt is None or not prompted:
                    return [None] * count
                return [1 if at in words else None if at in prompt.shared else 0 for at in range(count)]

            def table(video: list[int], text: Callable[..., list[int | None]] = text) -> list[list[bool]]:
                if call.site.scope == "words":
                    asking: list[int | None] = list(video)
                    asked = text(call.keys.shape[3])
                else:
                    own = text(before + after)
                    asking = asked = [*own[:before], *video, *own[before:]]
                    given = layout.given * labels[0].size
                    asked = [None if before <= at < before + given else value for at, value in enumerate(asked)]
                return [[None in (a, b) or a == b for b in asked] for a in asking]

            allowed = torch.tensor([table(row) for row in rows.reshape(call.queries.shape[1], -1).tolist()])[:, None]
            seen = call.seen()
            if seen is not None:
                allowed = allowed & seen[place]
            heads = (each[place] for each in (call.queries, call.keys, call.values))
            parts.append(functional.scaled_dot_product_attention(*heads, attn_mask=allowed))
        return torch.stack(parts)


@pytest.mark.parametrize("name", CASES)
def test_masks_by_region_are_a_dense_mask(name: str) -> None:
    results = []
    for control in (Peekaboo(1, "paper"), Dense(1, "paper")):
        with attach(pipeline(name), wanted(name), control):
            results.append(run(name))
    got, dense = results
    assert float((got - dense).abs().max()) < 1e-4 * float(dense.std())
    assert float((got - plain(name)).abs().max()) > 1e-2 * float(dense.std())


def tried(name: str, controls: Any, reference: Any) -> None:
    """Attach, and call a pipeline whose calls say what can act on it."""
    pipe = pipeline(name)
    with attach(pipe, wanted(name), controls, reference=reference):
        if backbone_for(pipe).family.given_in is not None:
            run(name)


@pytest.mark.parametrize("method", METHODS_HERE)
@pytest.mark.parametrize("name", CASES)
def test_each_method_acts_or_says_why_not(name: str, method: str) -> None:
    pipe, (written, parameters) = pipeline(name), METHODS_HERE[method]
    before, clean = plain(name), traces(pipe)
    reference = crude(name) if method == "time-to-move" else None
    if method in CASES[name].refuses:
        with pytest.raises(HitmarkError, match=CASES[name].refuses[method]):
            tried(name, build(written, parameters), reference)
        assert traces(pipe) == clean
        return
    with attach(pipe, wanted(name), build(written, parameters), reference=reference):
        first = run(name)
        second = run(name) if method == "sg-i2v" else first
    assert torch.isfinite(first).all()
    assert not torch.equal(first, before)
    assert torch.equal(first, second)
    assert traces(pipe) == clean


@dataclass(frozen=True)
class Reads(Control):
    """Reads features at the first step, in three ways; `first`: of a layer before which none looks at other frames."""

    first: str | None = "0"
    found: dict = field(default_factory=dict)

    def latents(self, latents: Any, step: Step) -> Any:
        if step.index == 0:
            still = latents[:, :1].expand_as(latents)
            for label, budget in (("plain", None), ("checkpointed", 0.0)):
                variable = latents.clone().requires_grad_(True)
                with torch.enable_grad():
                    layers = step.self_attention(variable, first_frame_keys=False, memory_budget=budget)
                    (gradient,) = torch.autograd.grad(sum(layer.queries.square().sum() for layer in layers), variable)
                self.found[label] = layers, gradient
            for positions in get_args(Positions) if self.first is not None else ():
                options: dict[str, Any] = {"first_frame_keys": False, "memory_budget": None, "positions": positions}
                self.found[positions] = step.self_attention(still, self.first, **options)[0]
            self.found["given"] = step.layout.given
        return latents


@pytest.mark.parametrize("name", CASES)
def test_features_are_the_layers_own(name: str) -> None:
    """Checkpointing changes no bit; given frames have no gradient; a still video has the same queries in all frames."""
    probe = Reads("0" if "video" in backbone_for(pipeline(name)).abilities.scopes else None)
    with attach(pipeline(name), wanted(name), probe):
        assert torch.equal(run(name), plain(name))
    (layers, gradient), (others, other) = probe.found["plain"], probe.found["checkpointed"]
    assert torch.equal(gradient, other)
    for one, two in zip(layers, others, strict=True):
        assert torch.equal(one.queries, two.queries)
        assert one.queries.shape[2] == one.height * one.width
        assert one.keys.shape == one.values.shape == one.queries.shape
    first = probe.found["given"]
    assert first == given(name)
    assert not gradient[:, :first].any()
    assert gradient[:, first:].abs().sum() > 0
    if not first and not CASES[name].image and probe.first is not None:
        spread = {
            positions: float((each.queries - each.queries[:1]).abs().max())
            for positions, each in probe.found.items()
            if positions in get_args(Positions)
        }
        assert max(spread["same-time"], spread["same-place"]) < 1e-4 < spread["own"]
