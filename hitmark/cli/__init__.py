"""The command line: parse, call, print. Everything heavy is imported inside the commands."""

from __future__ import annotations

from hitmark.cli.app import app, main

__all__ = ["app", "main"]
