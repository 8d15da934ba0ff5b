"""The one base class of errors that are meant for a person: the command line prints them without a traceback."""

from __future__ import annotations


class HitmarkError(ValueError):
    """What was expected, what came, and the fix. Raised for inputs; `assert` stays for our own invariants."""


class HitmarkWarning(UserWarning):
    """What was decided, or is allowed but probably not meant: in Python a warning, the commands print it as a note."""
