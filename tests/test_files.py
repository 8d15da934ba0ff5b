from __future__ import annotations

import errno
import os
import shutil

import pytest

from hitmark.errors import HitmarkError
from hitmark.files import OutputError, ensure_writable, write_text, written_whole


def test_a_file_appears_whole_and_with_ordinary_permissions(tmp_path):
    target = tmp_path / "note.txt"
    with written_whole(target) as temporary:
        temporary.write_text("half")
        assert not target.exists()
        assert temporary.suffix == ".txt"
        assert temporary.parent == tmp_path
    assert target.read_text() == "half"
    assert target.stat().st_mode & 0o400
    plain = tmp_path / "plain"
    plain.write_text("")
    assert target.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError, HitmarkError])
def test_an_interruption_leaves_the_earlier_file_and_nothing_else(tmp_path, interruption):
    target = tmp_path / "note.txt"
    target.write_text("earlier")

    def interrupted():
        with written_whole(target) as temporary:
            temporary.write_text("half")
            raise interruption

    with pytest.raises(interruption):
        interrupted()
    assert target.read_text() == "earlier"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_disk_full_is_one_readable_error(tmp_path):
    with pytest.raises(OutputError, match="the disk is full") as caught, written_whole(tmp_path / "a.mp4"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "a.mp4" in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_write_text_into_a_missing_folder(tmp_path):
    with pytest.raises(OutputError, match="create it first"):
        write_text(tmp_path / "missing" / "a.json", "{}")


def test_a_folder_is_no_file(tmp_path):
    for act in (lambda: ensure_writable(tmp_path), lambda: write_text(tmp_path, "")):
        with pytest.raises(OutputError, match="that is a folder"):
            act()


def test_ensure_writable_creates_one_folder_and_leaves_nothing_in_it(tmp_path):
    ensure_writable(tmp_path / "out" / "clip.mp4")
    assert os.listdir(tmp_path / "out") == []
    with pytest.raises(OutputError, match="does not exist"):
        ensure_writable(tmp_path / "a" / "b" / "clip.mp4")
    assert not (tmp_path / "a").exists()


def test_ensure_writable_under_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/clip\.mp4"):
        ensure_writable(tmp_path / "file" / "clip.mp4")


def test_ensure_writable_on_a_read_only_folder(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(OutputError, match="a folder that you may write to"):
        ensure_writable(tmp_path / "clip.mp4")


def test_ensure_writable_counts_the_free_space(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1_000_000))
    ensure_writable(tmp_path / "clip.mp4", needed_bytes=999_999)
    with pytest.raises(OutputError, match="about 5 MB are needed and the disk has 1 MB free"):
        ensure_writable(tmp_path / "clip.mp4", needed_bytes=5_000_000)
