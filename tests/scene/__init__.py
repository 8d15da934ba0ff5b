"""Tests of hitmark.scene."""
