"""Region prompts: a subject's box reads the subject's own text, and its tokens of all frames stand at one place.

After the released program of DiTraj (arXiv:2509.21839), by its rules alone. Beyond it: several subjects, texts made of
the prompt where none are written, frames that do not show a subject. See docs/methods/region-prompts.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from hitmark.control import (
    Abilities,
    AttentionCall,
    AttentionSite,
    Control,
    LayerCall,
    Layout,
    Needs,
    Proceed,
    Scope,
    Step,
    knob,
)
from hitmark.errors import HitmarkError
from hitmark.methods.gathering import Gathering, gathering
from hitmark.methods.regions import check_subjects, masked

PHRASE = "{phrase}"


@dataclass(frozen=True)
class RegionPrompts(Control):
    """Texts by region in attention to words, and one place for all frames of a subject in full attention."""

    method: ClassVar[str] = "region-prompts"
    replaces: ClassVar[bool] = True  # and words have other places in the texts that it gives
    needs: ClassVar[Needs] = Needs(words=True, subjects=True)

    prompt_share: float = knob(
        0.6,
        low=0,
        high=1,
        grid=(0.2, 0.4, 0.6, 1.0),
        help="Share of the steps, from the first, in which regions read texts of their own (published: 30 of 50).",
    )
    place_share: float = knob(
        0.1,
        low=0,
        high=1,
        grid=(0.0, 0.1, 0.2),
        help="Share of the steps in which a subject's tokens of all frames stand at one place (published: 5 of 50).",
    )
    subject: str = knob(
        PHRASE,
        help="What a subject's box reads; {phrase} stands for its phrase.",
        more="Published are texts of 80 to 100 words, written by a language model. Several subjects: one text for all, "
        "or one each in the order of the scene, parted by |.",
    )
    background: str = knob(
        "",
        help="What everything outside of boxes reads; empty: the prompt without the phrases of the subjects.",
    )
    box_cells: str = knob(
        "code",
        choices=("code", "whole"),
        help="Which cells of a box are moved: as the released code, all but its last row and column, or the whole box.",
        more="In the code corners are cut to cells each by itself, of the last frame that a latent frame stands for.",
    )

    def check(self, layout: Layout) -> None:
        """Raise HitmarkError unless every subject has a phrase that is in the prompt, and every region a text."""
        self.texts(layout)

    def refusal(self, abilities: Abilities, model: str) -> str | None:
        """Words and video must be looked at in layers of their own, and everything in the video at everything."""
        if "words" not in abilities.scopes:
            return (
                f"{self.method} gives regions another text, and in {model} the words stand in one sequence with the "
                "video and change from layer to layer. Use it with a Wan or LTX model, or choose ivg-da."
            )
        if "video" not in abilities.scopes:
            return (
                f"{self.method} moves positions in full attention, and {model} has none. Use it with a Wan or LTX "
                "model, or choose ivg-da."
            )
        return None

    def texts(self, layout: Layout) -> list[str]:
        """The background's text, then each subject's."""
        prompt = check_subjects(self.method, layout)
        assert prompt is not None
        phrases = [str(track.phrase) for track in layout.subjects]
        written = [part.strip() for part in self.subject.split("|")]
        if len(written) not in (1, len(phrases)) or not all(written):
            raise HitmarkError(
                f"{self.method}: subject must have one text, or one for each of the {len(phrases)} subjects, parted by "
                f"|, but got {self.subject!r}."
            )
        written = written * len(phrases) if len(written) == 1 else written
        background = self.background.strip() or prompt.without(phrases)
        if not background:
            raise HitmarkError(
                f"{self.method}: nothing of the prompt {prompt.text!r} is left for the background. Say in it where the "
                "subject is, or write what the background reads: --set background=TEXT."
            )
        return [background, *(text.replace(PHRASE, phrase) for text, phrase in zip(written, phrases, strict=True))]

    def edited_scopes(self, abilities: Abilities) -> frozenset[Scope]:
        """Words and the whole video, those with a share of the steps."""
        return frozenset(scope for scope in abilities.scopes if self._share(scope) > 0)

    def _share(self, scope: Scope) -> float:
        return {"words": self.prompt_share, "video": self.place_share}.get(scope, 0.0)

    def attends(self, site: AttentionSite, step: Step) -> bool:
        """Words and the whole video, each in its first steps."""
        return step.within(0, self._share(site.scope))

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """Run the layer with each region's text, or with tokens in other places."""
        gathered = gathering(step.layout, call.site.grid, self.box_cells == "code")
        if call.site.scope == "words":
            return self._read(call, step.layout, gathered, proceed)
        if not gathered.moves:
            return proceed(call)
        return proceed(replace(call, places=torch.from_numpy(gathered.places.reshape(-1))))

    def attention(self, call: AttentionCall, step: Step) -> Tensor:
        """A subject and the background that stands where its tokens have been moved do not see each other."""
        if call.site.scope != "video":
            return call.run()
        gathered = gathering(step.layout, call.site.grid, self.box_cells == "code")
        if not gathered.displaced.any():
            return call.run()
        count = len(step.layout.subjects)
        labels = call.tokens(gathered.labels + (gathered.displaced << count))

        def may_see(one: int, other: int) -> bool:
            return not (_clash(one, other, count) or _clash(other, one, count))

        return masked(call, labels, labels, may_see)

    def _read(self, call: LayerCall, layout: Layout, gathered: Gathering, proceed: Proceed) -> Tensor:
        """What branches that read the prompt add, from each region's own text."""
        if not any(branch.prompted for branch in call.branches):
            return proceed(call)
        background, *others = self.texts(layout)
        labels = call.order(gathered.labels)[None, :, :, None]
        output = proceed(replace(call, text=background))
        for number, text in enumerate(others, start=1):
            if bool((labels == number).any()):
                output = torch.where(labels == number, proceed(replace(call, text=text)), output)
        return output


def _clash(subject: int, background: int, count: int) -> bool:
    """Whether one label is of a subject, and the other of background that stands where this one's tokens are."""
    number = subject & ((1 << count) - 1)
    return subject >> count == 0 and number > 0 and bool(background >> count >> (number - 1) & 1)
