"""Tests of hitmark.datasets."""
