"""Observers: find a known thing in the frames of a clip, without being told where it is."""
