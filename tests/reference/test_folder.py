"""Folders of other tools."""

import numpy as np
import pytest
from PIL import Image

from hitmark.media.video import write_video
from hitmark.reference import CrudeVideoError, MotionSignal, read_reference, write_reference
from hitmark.reference.folder import read_first_frame, read_prompt


def signal(frames=5, height=32, width=48):
    values = np.zeros((frames, height, width, 3), np.uint8)
    mask = np.zeros((frames, height, width), bool)
    for frame in range(frames):
        values[frame] = np.linspace(20, 200, width)[None, :, None]
        values[frame, 8:16, 4 + 4 * frame : 12 + 4 * frame] = [220, 40, 30]
        mask[frame, 8:16, 4 + 4 * frame : 12 + 4 * frame] = True
    return MotionSignal(values, mask)


def picture():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))


@pytest.mark.parametrize("lossless", [False, True])
def test_what_is_written_is_read_again(tmp_path, lossless):
    given = signal()
    paths = write_reference(given, tmp_path / "new", picture(), "a red box", lossless=lossless)
    assert all(path.is_file() for path in paths)
    back = read_reference(tmp_path / "new")
    assert (back.mask == given.mask).all()
    if lossless:
        assert (back.frames == given.frames).all()
    else:
        assert [path.name for path in paths] == ["first_frame.png", "motion_signal.mp4", "mask.mp4", "prompt.txt"]
        assert np.abs(back.frames.astype(int) - given.frames).mean() < 3
    assert (np.asarray(read_first_frame(tmp_path / "new")) == np.asarray(picture())).all()
    assert read_prompt(tmp_path / "new") == "a red box"


def test_nothing_is_overwritten_unless_asked(tmp_path):
    write_reference(signal(), tmp_path, picture())
    before = (tmp_path / "motion_signal.mp4").read_bytes()
    with pytest.raises(CrudeVideoError, match=r"already there.*--force"):
        write_reference(signal(7), tmp_path, picture())
    assert (tmp_path / "motion_signal.mp4").read_bytes() == before
    write_reference(signal(7), tmp_path, picture(), lossless=True, overwrite=True)
    assert len(read_reference(tmp_path).frames) == 7  # and no second video is left that would be ambiguous


def test_a_video_with_a_mask_of_another_size_color_and_length(tmp_path):
    given = signal()
    write_video(given.frames, tmp_path / "crude.mkv", 8)
    colored = np.zeros((7, 16, 24, 3), np.uint8)
    colored[:, 4:8, 2:6, 2] = 255  # any channel counts
    write_video(colored, tmp_path / "where.mkv", 8)
    read = read_reference(tmp_path / "crude.mkv", tmp_path / "where.mkv")
    assert read.mask.shape == (5, 32, 48)
    assert read.mask[:, 8:16, 4:12].all()
    assert read.mask.sum() == 5 * 8 * 8
    assert any("7 frames" in note for note in read.notes)


def test_a_mask_picture_holds_for_every_frame(tmp_path):
    write_reference(signal(), tmp_path, picture())
    Image.fromarray(signal().mask[0].astype(np.uint8) * 255).save(tmp_path / "one.png")
    assert (read_reference(tmp_path, tmp_path / "one.png").mask == signal().mask[0]).all()


def test_errors_name_the_file_and_the_fix(tmp_path):
    write_video(signal().frames, tmp_path / "crude.mp4", 8)
    with pytest.raises(CrudeVideoError, match="--mask: expected a mask"):
        read_reference(tmp_path / "crude.mp4")
    with pytest.raises(CrudeVideoError, match="does not exist"):
        read_reference(tmp_path / "none.mp4", tmp_path / "crude.mp4")
    (tmp_path / "half").mkdir()
    write_video(signal().frames, tmp_path / "half" / "motion_signal.mp4", 8)
    with pytest.raises(CrudeVideoError, match=r"expected one mask.mp4.*got none; put it there"):
        read_reference(tmp_path / "half")
    write_video(signal().frames, tmp_path / "half" / "motion_signal.mkv", 8)
    with pytest.raises(CrudeVideoError, match=r"motion_signal.mp4, motion_signal.mkv; remove one"):
        read_reference(tmp_path / "half")
    write_video(signal(3).frames, tmp_path / "short.mkv", 8)
    with pytest.raises(CrudeVideoError, match=r"at least 5 frames.*got 3"):
        read_reference(tmp_path / "crude.mp4", tmp_path / "short.mkv")


def test_a_longer_reference_is_cut_with_a_note_and_a_shorter_one_refused():
    cut = signal().first(3)
    assert len(cut.frames) == len(cut.mask) == 3
    assert "first 3" in cut.notes[0]
    assert signal().first(5).notes == ()
    with pytest.raises(CrudeVideoError, match=r"at least 9 frames.*--frames 5"):
        signal().first(9)


def test_shapes_that_do_not_belong_together_are_refused():
    with pytest.raises(CrudeVideoError, match="uint8"):
        MotionSignal(signal().frames / 255.0, signal().mask)
    with pytest.raises(CrudeVideoError, match="bool"):
        MotionSignal(signal().frames, signal().mask.astype(np.uint8))
