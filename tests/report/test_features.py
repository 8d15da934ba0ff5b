"""Frechet distances of rows, with every reason not to trust them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from hitmark.bench.store import FEATURES
from hitmark.errors import HitmarkError
from hitmark.media.video import write_video
from hitmark.metrics.frechet import FeatureMoments, frechet_distance
from hitmark.report import features
from hitmark.report.distance_table import cells
from hitmark.report.feature_draws import WIDEST
from hitmark.report.features import feature_distances, feature_sets, read_reference
from hitmark.report.numbers import signed
from hitmark.report.run_record import BenchRun, read_run
from hitmark.report.statistics import Difference, Ratio
from hitmark.report.summary import baselines
from hitmark.report.write import make_report
from tests.report.fakes import FakeRun, errors, painted

SET = "sprites-perceptual"


def made(folder: Path, vectors: dict[str, np.ndarray]) -> BenchRun:
    """One clip for each vector of each row."""
    fake = FakeRun(folder, list(vectors))
    for row, some in vectors.items():
        for number, vector in enumerate(some):
            fake.add(row, f"s{number}", errors(0.5), features=vector[None])
    return read_run(folder)


@pytest.fixture
def vectors() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(0)
    return {"none": generator.normal(size=(6, 3)), "peekaboo": generator.normal(2.0, 1.0, size=(6, 3))}


def means(frames: np.ndarray) -> np.ndarray:
    """Stands for a network: mean and spread of a clip, and where its brightest column is."""
    values = frames.astype(float)
    return np.array([[values.mean(), values.std(), values.sum((0, 1, 3)).argmax()]])


def test_distances_are_those_of_the_kept_vectors(tmp_path: Path, vectors: dict[str, np.ndarray]) -> None:
    run = made(tmp_path / "run", vectors)
    true = np.random.default_rng(1).normal(size=(50, 3))
    np.savez(tmp_path / "true.npz", allow_pickle=False, **{SET: true, "other": true})
    assert feature_sets(run) == [SET]
    found = feature_distances(run, read_reference(str(tmp_path / "true.npz"), [SET]))
    kept = [each for each in found if each.features == SET]
    assert [(each.label, each.clips, each.reference, each.note) for each in kept] == [
        ("none", 6, 50, ""),
        ("peekaboo", 6, 50, ""),
    ]
    for each in kept:
        expected = frechet_distance(FeatureMoments().add(vectors[each.label]), FeatureMoments().add(true))
        assert each.distance == pytest.approx(expected)
    others = [each for each in found if each.features == "other"]
    assert [each.distance for each in others] == [None, None]
    assert all("6 clips without these features" in each.note for each in others)


def test_a_row_is_compared_with_its_baseline_in_the_same_draws_of_scenes(tmp_path: Path) -> None:
    """Against a slow bootstrap with loops: two clips a scene, which are drawn together."""
    generator = np.random.default_rng(3)
    rows = {name: generator.normal(shift, 1.0, size=(7, 2, 3)) for name, shift in (("none", 2.0), ("peekaboo", 1.0))}
    fake = FakeRun(tmp_path / "run", list(rows))
    for name, values in rows.items():
        for scene, noise in np.ndindex(7, 2):
            fake.add(name, f"s{scene}", errors(0.5), noise=noise, features=values[scene, noise][None])
    run, true = read_run(tmp_path / "run"), generator.normal(size=(40, 3))
    np.savez(tmp_path / "true.npz", allow_pickle=False, **{SET: true})
    reference = read_reference(str(tmp_path / "true.npz"), [SET])
    none, ours = feature_distances(run, reference, baselines(run.rows), 200)
    assert (none.difference, none.ratio) == (None, None)
    assert ours.difference is not None
    assert ours.ratio is not None

    def distance(name: str, scenes: Iterable[int]) -> float:
        some = np.concatenate([rows[name][scene] for scene in scenes])
        return frechet_distance(FeatureMoments().add(some), FeatureMoments().add(true))

    picks = np.random.default_rng(0).integers(7, size=(200, 7))
    drawn = [(distance("peekaboo", pick), distance("none", pick)) for pick in picks]
    gaps, shares = [one - other for one, other in drawn], [one / other for one, other in drawn]
    whole = distance("peekaboo", range(7)), distance("none", range(7))
    assert ours.difference.mean == pytest.approx(whole[0] - whole[1])
    assert (ours.difference.pairs, ours.difference.scenes) == (14, 7)
    assert (ours.difference.low, ours.difference.high) == pytest.approx(tuple(np.quantile(gaps, [0.025, 0.975])))
    assert ours.ratio.value == pytest.approx(whole[0] / whole[1])
    assert (ours.ratio.low, ours.ratio.high) == pytest.approx(tuple(np.quantile(shares, [0.025, 0.975])))
    (_, row) = cells([none, ours])
    assert row[3].startswith(signed(ours.difference.mean))
    assert row[3].endswith("*") == ours.difference.sure


def test_equal_rows_differ_by_nothing_and_unequal_or_wide_ones_are_not_compared(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    same, wide = generator.normal(size=(6, 3)), generator.normal(size=(6, WIDEST + 1))
    true = {SET: generator.normal(size=(9, 3)), "other": wide}
    np.savez(tmp_path / "true.npz", allow_pickle=False, **true)
    for number, (none, ours) in enumerate([(same, same), (same, same[:5]), (wide, wide)]):
        run = made(tmp_path / f"run{number}", {"none": none, "peekaboo": ours})
        reference = read_reference(str(tmp_path / "true.npz"), [SET])
        if none is wide:
            reference.moments = {SET: FeatureMoments().add(wide)}
        found = feature_distances(run, reference, baselines(run.rows), 100)[1]
        if number == 0:
            assert found.difference == Difference(0.0, 0.0, 0.0, 6, 6)
            assert found.ratio == Ratio(1.0, 1.0, 1.0)
        else:
            assert (found.difference, found.ratio) == (None, None)


def test_other_true_clips_say_what_a_perfect_model_would_have(tmp_path: Path, vectors: dict[str, np.ndarray]) -> None:
    made(tmp_path / "run", vectors)
    generator = np.random.default_rng(1)
    sets = {name: generator.normal(size=(count, 3)) for name, count in (("true", 50), ("others", 6))}
    for name, values in sets.items():
        np.savez(tmp_path / f"{name}.npz", allow_pickle=False, **{SET: values})
    report = make_report(
        tmp_path / "run", reference=str(tmp_path / "true.npz"), perfect=str(tmp_path / "others.npz"), clips=0, draws=100
    )
    perfect = report.distances[-1]
    expected = frechet_distance(*(FeatureMoments().add(sets[name]) for name in ("others", "true")))
    assert (perfect.label, perfect.distance, perfect.clips) == ("true clips", pytest.approx(expected), 6)
    with pytest.raises(HitmarkError, match="--perfect: expected --reference too"):
        make_report(tmp_path / "run", perfect=str(tmp_path / "others.npz"), clips=0, draws=100)
    (tmp_path / "torn.npz").write_bytes(b"PK")
    with pytest.raises(HitmarkError, match=r"--perfect: .*torn\.npz"):
        make_report(tmp_path / "run", reference=str(tmp_path / "true.npz"), perfect=str(tmp_path / "torn.npz"), clips=0)


def test_too_few_clips_and_unequal_numbers_are_told(tmp_path: Path, vectors: dict[str, np.ndarray]) -> None:
    run = made(tmp_path / "run", {"none": vectors["none"][:2], "peekaboo": vectors["peekaboo"]})
    np.savez(tmp_path / "true.npz", allow_pickle=False, **{SET: vectors["none"]})
    none, ours = feature_distances(run, read_reference(str(tmp_path / "true.npz"), [SET]))
    assert "2 clips for 3 features" in none.note
    assert "different numbers of clips" in none.note
    assert "different numbers of clips" in ours.note


def test_torn_and_infinite_features_are_left_out(tmp_path: Path, vectors: dict[str, np.ndarray]) -> None:
    spoiled = vectors["none"].copy()
    spoiled[0, 1] = np.inf
    run = made(tmp_path / "run", {"none": spoiled})
    run.clips[1].folder.joinpath(FEATURES).write_bytes(b"torn")
    np.savez(tmp_path / "true.npz", allow_pickle=False, **{SET: vectors["none"]})
    (found,) = feature_distances(run, read_reference(str(tmp_path / "true.npz"), [SET]))
    assert found.clips == 4
    assert "2 clips without these features" in found.note


def test_a_folder_of_videos_is_a_reference(
    tmp_path: Path, vectors: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(features.EXTRACTORS, SET, lambda: means)
    run = made(tmp_path / "run", vectors)
    (tmp_path / "true").mkdir()
    clips = [painted(level, (4 + level % 2, 24, 32)) for level in (0, 11, 22, 40)]
    for number, clip in enumerate(clips):
        write_video(clip, tmp_path / "true" / f"{number}.mkv")
    (tmp_path / "true" / "torn.mkv").write_bytes(b"no video")
    reference = read_reference(str(tmp_path / "true"), feature_sets(run))
    assert reference.moments[SET].mean == pytest.approx(np.concatenate([means(clip) for clip in clips]).mean(0))
    assert any("torn.mkv" in note for note in reference.notes)
    assert reference.shapes == {(4, 24, 32): 3, (5, 24, 32): 1}
    assert all("different lengths or sizes" in each.note for each in feature_distances(run, reference))


def test_a_dataset_of_true_clips_is_a_reference(
    tmp_path: Path, vectors: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(features.EXTRACTORS, SET, lambda: means)
    made(tmp_path / "run", vectors)
    report = make_report(tmp_path / "run", reference="sprites-text:tune:0-3", clips=0, draws=100)
    assert [each.reference for each in report.distances] == [3, 3]
    assert all(each.distance is not None for each in report.distances)


def test_references_that_cannot_be_used_are_refused(
    tmp_path: Path, vectors: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(features.EXTRACTORS, SET, lambda: means)
    with pytest.raises(HitmarkError, match=r"give a \.npz file"):
        read_reference("sprites-text:tune:0-3", ["i3d"])
    with pytest.raises(HitmarkError, match="no such file or folder"):
        read_reference(str(tmp_path / "nothing"), [SET])
    (tmp_path / "torn.npz").write_bytes(b"PK")
    with pytest.raises(HitmarkError, match=r"torn\.npz"):
        read_reference(str(tmp_path / "torn.npz"), [SET])
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").write_bytes(b"")
    with pytest.raises(HitmarkError, match="no clip that can be used"):
        read_reference(str(tmp_path / "videos"), [SET])


def test_without_a_reference_there_is_no_distance(tmp_path: Path, vectors: dict[str, np.ndarray]) -> None:
    made(tmp_path / "run", vectors)
    assert make_report(tmp_path / "run", clips=0, draws=100).distances == []
