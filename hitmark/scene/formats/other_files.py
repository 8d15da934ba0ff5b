"""What a file is that is no scene, and what to do with it: said in one sentence where that is certain."""

from __future__ import annotations

import codecs

from hitmark.media.images import EXTENSIONS, ImageError, format_name, shown_size
from hitmark.scene.formats.source import Source

CLIPS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".gif", ".m4v")
WEIGHTS = (".safetensors", ".ckpt")


def what_it_is(source: Source) -> str | None:
    """Return a sentence for a picture, a clip, a folder of frames, weights or an empty file; None for all else."""
    if source.is_folder:
        return _folder(source)
    suffix = source.path.suffix.lower()
    kind = format_name(source.data[:64]) or ""
    if (unread := _no_text(source)) is not None:
        return unread
    if "video" in kind or (suffix in CLIPS and suffix != ".gif") or (suffix == ".gif" and source.data[:3] == b"GIF"):
        return _clip(source)
    if suffix in WEIGHTS:
        return f"{source.path}: this is a file of weights, not a scene; models are given with --model"
    if kind in ("HEIC", "AVIF") or _is_picture(source):
        return (
            f"{source.path}: this is a picture, not a scene; `hitmark generate --image {source.path.name} --box "
            '0.1,0.5,0.3,0.8 --path "0.5,0.3 0.8,0.6"` makes a clip that starts with it'
        )
    return None


def _no_text(source: Source) -> str | None:
    """Of a file with nothing in it, or text of another encoding."""
    if not source.data.strip():
        return f"{source.path}: the file is empty; give a scene file"
    if source.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return (
            f"{source.path}: expected UTF-8 text, got UTF-16 (as Windows PowerShell writes it); save it as UTF-8, in "
            "PowerShell by `| Out-File -Encoding utf8 FILE`"
        )
    return None


def _is_picture(source: Source) -> bool:
    if not source.data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"GIF8", b"8BPS")):
        return False
    try:
        shown_size(source.data)
    except ImageError:
        return False
    return True


def _clip(source: Source) -> str:
    record = source.path.with_suffix(".json")
    if record.is_file():
        return f"{source.path}: this is a clip, not a scene; the record beside it, {record.name}, says how it was made"
    return (
        f"{source.path}: this is a clip, not a scene, and no record {record.name} lies beside it; give a scene file "
        f"(`hitmark score {source.path.name} SCENE` measures a clip against one)"
    )


def _folder(source: Source) -> str | None:
    pictures = [path for path in source.path.iterdir() if path.suffix.lower() in EXTENSIONS]
    if len(pictures) > 1:
        return f"{source.path}: this is a folder of {len(pictures)} pictures, not a scene; a scene is one file"
    if any((source.path / name).is_file() for name in ("img.png", "img.jpg")):
        return f"{source.path}: an SG-I2V folder needs traj.npy beside its picture, and there is none; add it"
    return None
