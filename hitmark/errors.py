"""The one base class of errors that are meant for a person: the command line prints them without a traceback."""

from __future__ import annotations


class HitmarkError(ValueError):
    """What was expected, what came, and the fix. Raised for inputs; `assert` stays for our own invariants.

    Attributes:
        hint: what may help, as a sentence that a page can show by itself; it ends the error's text. None where the fix
            is a part of the sentence.
    """

    def __init__(self, sentence: str = "", *, hint: str | None = None) -> None:
        """Of a sentence, and what may help."""
        super().__init__(sentence)
        self.hint = hint

    @property
    def sentence(self) -> str:
        """What went wrong, without the hint."""
        return super().__str__()

    def __str__(self) -> str:
        """All that there is to say."""
        return self.sentence if self.hint is None else f"{self.sentence} {self.hint}"


class GenerationError(HitmarkError):
    """A clip cannot be made from these inputs or on this machine; the message has the fix."""


class HitmarkWarning(UserWarning):
    """What was decided, or is allowed but probably not meant: in Python a warning, the commands print it as a note."""
