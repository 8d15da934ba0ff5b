"""The page's style sheet and its script. The page shows the same without the script, but cannot be sorted."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5c6670; --line: #d9dee3; --back: #ffffff; --plate: #f4f6f8;
  --good: #12703f; --bad: #b3261e; --k0: #0072b2; --k1: #c05000; --k2: #00805c; --k3: #a8327d; --k4: #7a6400;
  --k5: #5b4bb5; --k6: #6b6b6b; --k7: #00808f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #a3adb7; --line: #363c43; --back: #15181b; --plate: #1f2428; --good: #63d297;
    --bad: #ff8a80; --k0: #56b4e9; --k1: #ff9f45; --k2: #4fd1a5; --k3: #e58fc4; --k4: #e6cf4a; --k5: #a99cf5;
    --k6: #b0b0b0; --k7: #5fd3e0; }
}
.c0 { --k: var(--k0); } .c1 { --k: var(--k1); } .c2 { --k: var(--k2); } .c3 { --k: var(--k3); }
.c4 { --k: var(--k4); } .c5 { --k: var(--k5); } .c6 { --k: var(--k6); } .c7 { --k: var(--k7); }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 72rem; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; margin: 0 0 .4rem; } h2 { font-size: 1.25rem; margin: 2.6rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .2rem; } h3 .soft { font-weight: 400; }
p, .notes { max-width: 46rem; } .soft, small { color: var(--soft); font-size: .86rem; }
.notes { border-left: 3px solid var(--bad); background: var(--plate); padding: .6rem 1rem; margin: 1rem 0; }
.notes ul { margin: 0; padding-left: 1.1rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; font-size: .86rem; vertical-align: bottom; }
tbody th { font-weight: 500; min-width: 8rem; max-width: 18rem; } td.note { min-width: 16rem; }
tbody th, thead th:first-child { position: sticky; left: 0; background: var(--back); }
@media (max-width: 30rem) { tbody th { max-width: 9rem; } }
.number { text-align: right; white-space: nowrap; } td small { display: block; }
.better small.gap { color: var(--good); } .worse small.gap { color: var(--bad); }
b.mark { color: var(--k); margin-right: .45em; }
.chart { overflow-x: auto; } .chart svg { display: block; width: 100%; min-width: 27rem; max-width: 38rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg .mark { fill: var(--k); font-weight: 700; }
.grid { stroke: var(--line); stroke-width: 1; } .curve { fill: none; stroke: var(--soft); stroke-dasharray: 4 4; }
.whisker { stroke: var(--k); stroke-width: 1.5; fill: none; opacity: .6; } .point { fill: var(--k); }
.line { fill: none; stroke: var(--k); stroke-width: 2; } .band { fill: var(--k); opacity: .13; }
.dots { fill: var(--k); opacity: .35; } .box { fill: none; stroke: var(--k); stroke-width: 1.5; }
.median { stroke: var(--k); stroke-width: 2.5; } .mean { fill: var(--back); stroke: var(--ink); stroke-width: 1.5; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem 2rem; }
.tools { display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: center; padding: .7rem 1rem;
  background: var(--plate); border-radius: 6px; margin: 1rem 0; }
.tools label { display: flex; gap: .45rem; align-items: center; font-size: .9rem; max-width: 100%; }
select, input { font: inherit; color: inherit; accent-color: var(--k0); max-width: 100%; min-width: 0; }
article { border-top: 1px solid var(--line); padding: .9rem 0 1.1rem; }
article h3 { margin-top: .4rem; }
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .9rem; }
figure { margin: 0; min-width: 0; } figcaption { font-size: .86rem; padding-top: .25rem; }
.film { width: 100%; border-radius: 5px; background-color: var(--plate); background-size: cover; }
.film.moving { animation: film 2s infinite; }
@keyframes film { from { background-position-x: 0%; } to { background-position-x: 100%; } }
@media (prefers-reduced-motion: reduce) { .film.moving { animation: none; } }
.still .film.moving { animation: none; background-position-x: var(--at, 0%); }
.none { display: grid; place-items: center; aspect-ratio: 1; padding: .6rem; background: var(--plate);
  border-radius: 5px; color: var(--soft); font-size: .86rem; text-align: center; }
details { margin: .6rem 0; } summary { cursor: pointer; } dt { font-weight: 600; margin-top: .8rem; }
dd { margin: 0; max-width: 46rem; } code { font-size: .86rem; overflow-wrap: anywhere; }
.label { background: var(--plate); border-radius: 4px; padding: .05rem .45rem; font-size: .8rem; }
"""

SCRIPT = """
const data = JSON.parse(document.getElementById("values").textContent);
const list = document.getElementById("list"), cards = [...list.children];
const [figure, row, order, kind] = ["figure", "row", "order", "kind"].map(name => document.getElementById(name));
const play = document.getElementById("play"), at = document.getElementById("at");
function value(card) {
  const values = data.cards[card.dataset.card].map(each => each[figure.value]);
  if (row.value !== "") return values[row.value];
  const known = values.filter(each => each !== null);
  return known.length ? known.reduce((a, b) => a + b) / known.length : null;
}
function show() {
  const worst = data.figures[figure.value].better === "greater" ? 1 : -1;
  const sign = worst * (order.value === "worst" ? 1 : -1);
  const sorted = cards.map(card => [card, value(card)]);
  sorted.sort((a, b) => (a[1] === null) - (b[1] === null) || sign * (a[1] - b[1]));
  for (const [card] of sorted) {
    list.append(card);
    card.hidden = kind.value !== "" && card.dataset.kind !== kind.value;
    for (const text of card.querySelectorAll("[data-row]")) {
      const own = data.cards[card.dataset.card][text.dataset.row][figure.value];
      text.textContent = data.figures[figure.value].name + " " + (own === null ? "-" : Number(own.toPrecision(3)));
    }
  }
}
function move() {
  document.body.classList.toggle("still", !play.checked);
  at.disabled = play.checked;
  for (const film of list.querySelectorAll(".moving")) {
    const last = film.dataset.frames - 1;
    film.style.setProperty("--at", 100 * Math.round(at.value * last) / last + "%");
  }
}
for (const choice of [figure, row, order, kind]) choice.addEventListener("change", show);
for (const choice of [play, at]) choice.addEventListener("input", move);
play.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
document.getElementById("tools").hidden = false;
show();
move();
"""
