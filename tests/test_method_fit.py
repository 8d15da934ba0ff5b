"""Whether a method fits a model is said before the weights are loaded, as attaching would say it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from hitmark.backbones.catalog import model_card
from hitmark.backbones.families import FAMILIES
from hitmark.backbones.tiny import tiny_svd, tiny_text_to_video
from hitmark.control import Abilities, AttentionSite
from hitmark.errors import HitmarkError
from hitmark.hooks import attach
from hitmark.method_fit import check_acting_points, check_family, check_method, check_tracks
from hitmark.methods import METHODS, build
from hitmark.methods.spec import MethodSpec
from hitmark.reference import MotionSignal
from hitmark.run.plan import plan
from hitmark.scene.schema import Scene

NAMES = [*METHODS, "peekaboo+mask-normalization", "mask-normalization+peekaboo", "peekaboo+sg-i2v"]
CAR = {"name": "car", "phrase": "car", "keyframes": [{"time": 0, "box": [0.1, 0.1, 0.4, 0.4]}]}


def refusal(methods: str, model: str) -> str | None:
    try:
        check_family(build(methods), model_card(model))
    except HitmarkError as error:
        return str(error)
    return None


def attaching(methods: str, pipe: Any) -> bool:
    """Whether the method can be attached to a pipeline."""
    scene = Scene.from_dict({"prompt": "a car", "subjects": [CAR], "frames": 4})
    try:
        crude = MotionSignal(np.zeros((4, 8, 8, 3), np.uint8), np.ones((4, 8, 8), bool))
        needed = any(control.needs.reference for control in build(methods))
        with attach(pipe, scene, build(methods), reference=crude if needed else None):
            return True
    except HitmarkError:
        return False


@pytest.mark.parametrize("model", ["sprites-i2v", "sprites-t2v"])
def test_it_says_of_every_method_what_attaching_says(model: str) -> None:
    tiny = tiny_svd if model_card(model).takes_picture else tiny_text_to_video
    pipe = tiny(channels=(32, 32), layers=1)
    assert {name: refusal(name, model) is None for name in NAMES} == {name: attaching(name, pipe) for name in NAMES}


def test_a_refusal_names_method_model_and_what_would_do() -> None:
    assert refusal("sg-i2v", "sprites-i2v") is None
    text = refusal("sg-i2v", "sprites-t2v")
    assert text is not None
    assert text.startswith("sg-i2v reads what things look like")
    assert "sprites-t2v takes none" in text
    assert "choose a text-to-video method" in text
    text = refusal("trailblazer", "sprites-i2v")
    assert text is not None
    assert text.startswith("trailblazer edits attention")
    assert "sprites-i2v does not read" in text
    assert "choose sg-i2v" in text
    text = refusal("mask-normalization+peekaboo", "sprites-t2v")
    assert text is not None
    assert text.startswith("mask-normalization corrects")
    assert "peekaboo+mask-normalization" in text


def test_methods_that_need_a_subject_say_so_and_the_others_do_not() -> None:
    empty = Scene(prompt="a car", frames=4, width=64, height=64)
    needs = {"sg-i2v", "peekaboo", "ivg-da", "freetraj", "trailblazer", "query-warp", "region-prompts"}
    for name in needs:
        with pytest.raises(HitmarkError, match="the scene has none"):
            check_tracks(build(name), empty, ())
    for name in set(METHODS) - needs:
        check_tracks(build(name), empty, ())


def test_a_subject_without_words_is_refused_for_text_alone() -> None:
    nameless = Scene.from_dict({"prompt": "a car", "subjects": [{**CAR, "phrase": None}]})
    planned = plan(nameless.replace(model="sprites-t2v", method={"name": "peekaboo"}))
    with pytest.raises(HitmarkError, match="has no phrase"):
        check_method(planned.controls, planned.card, planned.scene, planned.tracks)
    planned = plan(nameless.replace(model="sprites-i2v", method={"name": "sg-i2v"}), picture=True)
    check_method(planned.controls, planned.card, planned.scene, planned.tracks)


def test_words_are_wanted_of_a_clip_from_a_picture_too_where_the_model_reads_them() -> None:
    nameless = Scene.from_dict({"prompt": "a car", "subjects": [{**CAR, "phrase": None}], "frames": 9})
    scene = nameless.replace(model="wan2.1-i2v-14b", method={"name": "peekaboo"})
    planned = plan(scene, picture=True)
    with pytest.raises(HitmarkError, match="has no phrase"):
        check_method(planned.controls, planned.card, planned.scene, planned.tracks)
    named = plan(scene.replace(subjects=[CAR]), picture=True)
    check_method(named.controls, named.card, named.scene, named.tracks)


def test_a_model_whose_words_cannot_be_located_is_not_said_to_read_none() -> None:
    unknown = Abilities(takes_image=False, reads_words=False, scopes=frozenset({"video"}))
    with pytest.raises(HitmarkError, match=r"where some-model looks at them is not known.*choose ivg-da\.$"):
        check_acting_points(build("trailblazer"), "some-model", unknown)
    check_acting_points(build("ivg-da"), "some-model", unknown)


def test_the_page_of_methods_and_families_is_what_the_code_says() -> None:
    from scripts.make_families_table import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "run python scripts/make_families_table.py"


@pytest.mark.parametrize(
    ("methods", "model", "fits"),
    [
        ("trailblazer+mask-normalization", "sprites-wan", False),  # words in layers of their own: nothing to correct
        ("trailblazer+mask-normalization", "sprites-t2v", True),  # it edits attention over time there too
        ("trailblazer+mask-normalization kinds=cross", "sprites-wan", True),
        ("trailblazer+mask-normalization", "cogvideox-2b", True),  # words stand in the video's own sequence
        ("trailblazer+ivg-da parts=spatial,temporal", "sprites-wan", True),
        ("freetraj+mask-normalization parts=noise,cross", "sprites-wan", False),
        ("freetraj+mask-normalization", "sprites-wan", True),
        ("region-prompts+mask-normalization place_share=0", "sprites-wan", False),
        ("region-prompts+mask-normalization", "sprites-wan", True),
        ("query-warp+mask-normalization", "sprites-i2v", True),
    ],
)
def test_a_correction_of_nothing_is_refused(methods: str, model: str, fits: bool) -> None:
    spec = MethodSpec.parse(methods)
    try:
        check_family(build(spec.name, spec.knobs), model_card(model))
        text = None
    except HitmarkError as error:
        text = str(error)
    assert (text is None) == fits, text
    assert fits or "mask-normalization would change nothing: in sprites-wan it corrects full attention" in str(text)


@pytest.mark.parametrize(
    ("methods", "model", "lost", "instead"),
    [
        (
            "trailblazer+peekaboo",
            "sprites-t2v",
            "peekaboo both edit cross and temporal",
            "parts=spatial",
        ),
        (
            "trailblazer+ivg-da",
            "sprites-wan",
            "peekaboo both edit cross attention",
            "parts=spatial,temporal",
        ),
        ("freetraj+trailblazer", "cogvideox-2b", "trailblazer both edit full", "parts=noise"),
        ("trailblazer+ivg-da parts=spatial,temporal", "sprites-wan", None, None),
        ("trailblazer+peekaboo parts=spatial temporal_steps=0", "sprites-t2v", None, None),
        ("freetraj+trailblazer parts=noise,spatial,temporal", "sprites-wan", None, None),
        (
            "freetraj+region-prompts",
            "sprites-wan",
            "prompts both edit cross and full",
            "parts=noise",
        ),
        ("region-prompts+trailblazer", "sprites-wan", "trailblazer both edit cross", None),
        ("freetraj+ivg-da noise_cutoff=0", "sprites-wan", "peekaboo both edit cross and full", "freetraj.parts=noise"),
        ("freetraj+region-prompts parts=noise", "sprites-wan", None, None),
        ("trailblazer+peekaboo peekaboo.as_published=paper masked_steps=0", "sprites-wan", None, None),
        ("freetraj+peekaboo guided_steps=0", "sprites-t2v", None, None),
        ("peekaboo+region-prompts place_share=0 as_published=paper parts=spatial,temporal", "sprites-wan", None, None),
        ("query-warp+peekaboo as_published=paper", "sprites-wan", None, None),
    ],
)
def test_two_methods_of_which_one_would_be_lost_are_refused(
    methods: str, model: str, lost: str | None, instead: str | None
) -> None:
    spec = MethodSpec.parse(methods)
    if lost is None:
        check_family(build(spec.name, spec.knobs), model_card(model))
        return
    with pytest.raises(HitmarkError) as told:
        check_family(build(spec.name, spec.knobs), model_card(model))
    assert lost in str(told.value)
    assert (found.group(1) if (found := re.search(r"--set (.*)\.$", str(told.value))) else None) == instead
    if instead is not None:
        name, _, value = instead.partition("=")
        check_family(build(spec.name, spec.knobs | {name: value}), model_card(model))


@pytest.mark.parametrize(
    ("methods", "lost", "settings"),
    [
        (
            "freetraj+temporal-intrinsic",
            "what freetraj does",
            ["noise_cutoff=0", "freetraj.parts=spatial,temporal,cross"],
        ),
        (
            "temporal-intrinsic+freetraj parts=noise",
            "what temporal-intrinsic",
            ["freetraj.parts=cross", "noise_cutoff=0"],
        ),
        (
            "freetraj+ivg-da",
            "what freetraj does",
            ["noise_cutoff=0", "freetraj.parts=spatial,temporal,cross"],
        ),
    ],
)
def test_two_methods_that_write_the_start_noise_are_refused(methods: str, lost: str, settings: list[str]) -> None:
    def check(setting: str = "") -> None:
        spec = MethodSpec.parse(f"{methods} {setting}")
        check_family(build(spec.name, spec.knobs), model_card("sprites-t2v"))

    with pytest.raises(HitmarkError, match="start noise, where") as told:
        check()
    assert lost in str(told.value)
    assert re.findall(r"--set (\S+?)(?: |\.$)", str(told.value)) == settings
    for setting in settings:
        if "ivg-da" not in methods:
            check(setting)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "none"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_method_promises_no_attention_that_it_does_not_edit(name: str, family: str) -> None:
    """At the first step, in a layer with every tag, it acts on the kinds of attention that it names and no other."""
    abilities = FAMILIES[family].abilities
    step = SimpleNamespace(index=0, noise_share=1.0, within=lambda first, last: last > first)
    tags = frozenset({"up", "middle", "second", "down", "first"})
    for control in build(name):
        promised = control.edited_scopes(abilities)
        for scope in abilities.scopes:
            text = (0, 4) if scope == "video" and "words" not in abilities.scopes else (0, 0)
            site: Any = AttentionSite("layer", scope, (2, 4, 4), text, 0.5, tags)
            assert control.attends(site, cast("Any", step)) == (scope in promised), (type(control), scope)
