"""Crude reference videos: the first picture cut up and dragged along the scene's tracks, with a mask of what is meant.

Methods of the kind of Time-to-Move (arXiv:2511.08633) start from such a video. Other tools keep it as a folder with a
"motion signal" and its mask; these folders are read and written here.
"""

from hitmark.reference.draw import draw_reference, reference_of
from hitmark.reference.folder import read_reference, write_reference
from hitmark.reference.signal import CrudeVideoError, MotionSignal

__all__ = ["CrudeVideoError", "MotionSignal", "draw_reference", "read_reference", "reference_of", "write_reference"]
