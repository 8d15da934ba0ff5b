"""What a clip would take: memory of each part of the work, passes of the network, multiplications."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hitmark.run.rehearsal.counting import Counted


@dataclass
class Work:
    """One part of the work on a clip.

    Attributes:
        peak: the most bytes that it allocates at one time.
        products: multiplications with additions, of all that is done of it.
        times: how often it is done, where that is counted.
    """

    peak: int = 0
    products: float = 0.0
    times: int = 0

    def add(self, count: Counted) -> None:
        """Once more."""
        self.peak, self.products, self.times = (
            max(self.peak, count.peak),
            self.products + count.products,
            self.times + 1,
        )


@dataclass
class Estimate:
    """What a clip would take.

    Attributes:
        weights: bytes of each network of the pipeline.
        parts: "words", "picture", "steps", "preview", "guidance", "decoding", "frames", those that there are.
    """

    weights: dict[str, int] = field(default_factory=dict)
    parts: dict[str, Work] = field(default_factory=lambda: defaultdict(Work))

    @property
    def peak(self) -> int:
        """Bytes: all weights, and the part that allocates most."""
        return sum(self.weights.values()) + max((part.peak for part in self.parts.values()), default=0)

    @property
    def largest(self) -> str:
        """The part that allocates most."""
        return max(self.parts, key=lambda name: self.parts[name].peak)

    @property
    def products(self) -> float:
        """Multiplications with additions, of everything."""
        return sum(part.products for part in self.parts.values())
