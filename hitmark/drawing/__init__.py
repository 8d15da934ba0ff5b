"""Scenes drawn: plans of motion, contact sheets."""
