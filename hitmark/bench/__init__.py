"""Comparisons of methods on many scenes, and the demonstration page."""
