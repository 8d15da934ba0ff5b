"""The covariate shift of edited attention: what a layer gives with the edit, against what it gives without."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from hitmark.control import Control, LayerCall, Proceed, Step
from hitmark.maths.moments import SMALLEST

REGIONS = ("background", "subjects")


@dataclass(frozen=True)
class ShiftRow:
    """One layer at one step, in one region, in the prompt's branch.

    Attributes:
        layer: path of the module.
        kind: "spatial", "temporal", "cross" or "full". cells: of the token grid of a frame.
        step: 0-based index in the loop. region: of REGIONS.
        mean: root mean square over channels of the difference of the means, in standard deviations of the unedited
            output of that channel.
        deviation: standard deviation with the edit divided by the one without, root mean square over
            channels; 1 = alike, 0 = the edit gives a region's tokens one and the same value.
        distance: mean over channels of the Wasserstein distance (order 1) between the two sets of values, in standard
            deviations of the unedited ones.
    """

    layer: str
    kind: str
    cells: int
    step: int
    region: str
    mean: float
    deviation: float
    distance: float


def shift(edited: Tensor, plain: Tensor) -> tuple[float, float, float]:
    """Mean, deviation and distance as in `ShiftRow`, of tokens (count, channels) with and without the edit."""
    spread = plain.std(dim=0, correction=0) + SMALLEST
    mean = ((edited.mean(dim=0) - plain.mean(dim=0)) / spread).square().mean().sqrt()
    deviation = (edited.std(dim=0, correction=0) / spread).square().mean().sqrt()
    distance = ((edited.sort(dim=0).values - plain.sort(dim=0).values).abs().mean(dim=0) / spread).mean()
    return float(mean), float(deviation), float(distance)


@dataclass(frozen=True)
class ShiftProbe(Control):
    """Measures the shift of every layer that the controls before it edit. Costs one more run of those layers."""

    method: ClassVar[str] = "shift-probe"
    watches: ClassVar[bool] = True
    refines: ClassVar[bool] = True

    rows: list[ShiftRow] = field(default_factory=list)

    def attention_layer(self, call: LayerCall, step: Step, proceed: Proceed) -> Tensor:
        """Compare, and hand on what was given."""
        output = proceed(call)
        prompted = [place for place, branch in enumerate(call.branches) if branch.prompted]
        if prompted:
            labels = call.order(step.layout.regions(call.site.grid) > 0)
            edited, plain = (each[prompted[-1]].float() for each in (output, call.untouched(call)))
            for number, region in enumerate(REGIONS):
                chosen = labels == bool(number)
                if int(chosen.sum()) > 1:
                    values = shift(edited[chosen], plain[chosen])
                    cells = call.site.grid[1] * call.site.grid[2]
                    self.rows.append(ShiftRow(call.site.name, call.site.kind, cells, step.index, region, *values))
        return output


def averaged(rows: Iterable[ShiftRow]) -> dict[tuple[str, str], tuple[float, float, float]]:
    """(kind, region) to mean, deviation and distance, averaged over layers and steps."""
    groups: dict[tuple[str, str], list[ShiftRow]] = {}
    for row in rows:
        groups.setdefault((row.kind, row.region), []).append(row)
    return {
        group: (
            _mean([row.mean for row in some]),
            _mean([row.deviation for row in some]),
            _mean([row.distance for row in some]),
        )
        for group, some in sorted(groups.items())
    }


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
