"""Write docs/families.md: which method acts on which family of models, and why it does not where it does not.

    python scripts/make_families_table.py

Everything in it is asked of the code that refuses; a test holds the page to it.
"""

from __future__ import annotations

from pathlib import Path

from hitmark.backbones.families import FAMILIES, MODULAR_FAMILIES
from hitmark.errors import HitmarkError
from hitmark.method_fit import check_acting_points
from hitmark.methods import METHODS, build

PAGE = Path(__file__).parents[1] / "docs" / "families.md"
ROWS = FAMILIES | MODULAR_FAMILIES
USED: dict[str, list[tuple[str, dict[str, object]]]] = {
    "peekaboo": [("peekaboo", {}), ("peekaboo", {"as_published": "paper"})],
    "mask-normalization": [("peekaboo+mask-normalization", {"as_published": "paper"})],
    "freetraj": [("freetraj", {}), ("freetraj", {"as_published": "code"})],
    "trailblazer": [("trailblazer", {}), ("trailblazer", {"as_published": "code"})],
}
"""Methods that are used in another way than by their bare names."""
HEAD = """# Which method acts on which model family

Made from the code by `python scripts/make_families_table.py`: "acts", or the number of the reason below. Image-to-video
families start from a given picture, those with "or words" where a call has one; without it, methods that read a picture
are refused. "Acts" is tested on random weights of the real classes (`tests/contract/test_families.py`; the last row,
which is a modular pipeline alone, in `test_minimax_h3.py`): clips change, and everything is as before afterwards. That
a method steers is measured on the embedded models alone. **Nothing was run on real weights** of the others; settings
on them are not tuned. What each method does in full and joint attention is on its own page in [methods](methods).

"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


def page() -> str:
    """The whole page."""
    reasons: list[str] = []
    methods = [used for name in METHODS if METHODS[name] for used in USED.get(name, [(name, {})])]
    titles = [" ".join([name, *(f"{knob}={value}" for knob, value in knobs.items())]) for name, knobs in methods]
    rows = [f"| pipeline | image | attention | {' | '.join(titles)} |", "|" + "---|" * (3 + len(titles))]
    for pipeline, family in ROWS.items():
        abilities = family.abilities
        cells = [_cell(name, knobs, pipeline, reasons) for name, knobs in methods]
        scopes = ", ".join(sorted(abilities.scopes))
        image = "" if not abilities.takes_image else "yes" if family.given_in is None else "or words"
        rows.append(f"| {pipeline} | {image} | {scopes} | {' | '.join(cells)} |")
    listed = [f"{number}. {reason}" for number, reason in enumerate(reasons, start=1)]
    return HEAD + "\n".join([*rows, "", *listed, ""])


def _cell(name: str, knobs: dict[str, object], pipeline: str, reasons: list[str]) -> str:
    try:
        check_acting_points(build(name, knobs), "this model", ROWS[pipeline].abilities)
    except HitmarkError as error:
        if str(error) not in reasons:
            reasons.append(str(error))
        return f"({reasons.index(str(error)) + 1})"
    return "acts"


if __name__ == "__main__":
    main()
