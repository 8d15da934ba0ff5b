"""Scenes with and without control on the embedded models, and their page."""
