"""The EULAR/ACR score as a waterfall: every item a step, both models side by side, the cut-offs as lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from namlib.model.diagnosis import Comparison, EularAcr2017, ScoredItem
from namlib.table import Html, html, html_table
from namlib.units import span
from namlib.view.palette import BLUE, ORANGE
from namlib.view.picture import Picture

_LABEL_WIDTH, _PANEL_WIDTH, _PANEL_GAP, _ROW, _TOP, _FOOT = 262, 300, 34, 22, 62, 8
_WIDTH = _LABEL_WIDTH + 2 * _PANEL_WIDTH + _PANEL_GAP
_SHORTEST_AXIS = 10.0
_COLOUR = {"no_biopsy": BLUE, "biopsy": ORANGE}

_STYLE = (
    "<style>.nam-score svg{width:100%;max-width:940px;height:auto;display:block;font-family:inherit}"
    ".nam-score svg text{fill:currentColor;font-size:12px}.nam-score svg .nam-small{font-size:11px}"
    ".nam-score svg .nam-strong{font-weight:600;font-size:13px}"
    # Words that stand on a line keep a margin of the page's colour around them.
    ".nam-score svg .nam-over{font-size:11px;paint-order:stroke;stroke:var(--jp-layout-color0,#fff);stroke-width:5px}"
    ".nam-score figcaption{font-size:.92em;margin:.3em 0}</style>"
)


def _panel(result: EularAcr2017, rows: Sequence[str], left: int, end: float, height: int) -> str:
    """Draw one model: a step for every row, its total, and its cut-offs as lines from top to bottom."""
    scale = (_PANEL_WIDTH - 40) / end
    by_id = {row.item.id: row for row in result.items}
    colour = _COLOUR[result.model.id]
    parts = [f'<text x="{left}" y="16" class="nam-strong">{html(result.model.name)}</text>']
    for cut, name, level in (
        (result.model.probable, "probable", 34),
        (result.model.definite, "definite", 34),
    ):
        x = left + cut * scale
        parts.append(
            f'<path d="M{x:.1f} {_TOP - 12}V{height - _FOOT}" stroke="currentColor" stroke-dasharray="4 3"/>'
            f'<text x="{x:.1f}" y="{level}" text-anchor="middle" class="nam-small">{name}</text>'
            f'<text x="{x:.1f}" y="{level + 13}" text-anchor="middle" class="nam-small">from {cut:g}</text>'
        )
    reached = 0.0
    for place, row_id in enumerate(rows):
        y = _TOP + place * _ROW
        row = by_id.get(row_id)
        points = None if row is None else row.points
        if row is None or points is None:
            parts.append(f'<text x="{left + reached * scale + 4:.1f}" y="{y + 14}" class="nam-over">no item: 0</text>')
            continue
        width = float(points)
        if row.met is False:
            parts.append(f'<text x="{left + reached * scale + 4:.1f}" y="{y + 14}" class="nam-over">not met: 0</text>')
            continue
        fill = f'fill="{colour}"' if row.met else f'fill="{colour}" fill-opacity=".15" stroke-dasharray="4 3"'
        parts.append(
            f'<rect x="{left + reached * scale:.1f}" y="{y + 3}" width="{width * scale:.1f}" height="15" '
            f'stroke="{colour}" {fill}/>'
            f'<text x="{left + (reached + width) * scale + 4:.1f}" y="{y + 14}" class="nam-over">'
            f"{points:g}{'' if row.met else ' if present'}</text>"
        )
        reached += width
    y = _TOP + len(rows) * _ROW + 6
    low, high = result.score_low, result.score_high
    parts.append(
        f'<rect x="{left}" y="{y}" width="{low * scale:.1f}" height="17" fill="{colour}" stroke="currentColor"/>'
    )
    if high > low:
        parts.append(
            f'<rect x="{left + low * scale:.1f}" y="{y}" width="{(high - low) * scale:.1f}" height="17" '
            f'fill="none" stroke="{colour}" stroke-dasharray="4 3"/>'
        )
    parts.append(f'<text x="{left}" y="{y + 33}" class="nam-strong">{html(total_words(result))}</text>')
    return "".join(parts)


def total_words(result: EularAcr2017) -> str:
    """Say the total of a model, its class and the probability for display."""
    low, high = result.score_low, result.score_high
    score = f"{low:.1f} points" if low == high else f"{low:.1f} to {high:.1f} points"
    chance = span(*(round(100 * part) for part in (result.probability_low, result.probability_high)))
    return f"{score}, {result.title.removeprefix('open, ')}, {chance}%"


def _shown(comparison: Comparison) -> list[ScoredItem]:
    """The items worth a row: met or open in either model, and those of the biopsy when there was one."""
    with_biopsy = comparison.with_biopsy
    return [
        row
        for row in with_biopsy.items
        if row.met is not False or (row.item.group == "biopsy" and comparison.used.model.id == "biopsy")
    ]


def score_picture(comparison: Comparison, unscored: Sequence[str], title: str, caption: str) -> Picture:
    """Draw both models for one patient.

    Parameters
    ----------
    comparison : Comparison
        Both models on the same patient.
    unscored : sequence of str
        Findings that make the disease and have no item, such as the antibody.
    title, caption : str
        What the figure answers, and what to see in it.
    """
    rows = _shown(comparison)
    labels = [row.item.label for row in rows] + list(unscored)
    ids = [row.item.id for row in rows] + [f"no item: {words}" for words in unscored]
    pair = (comparison.without_biopsy, comparison.with_biopsy)
    end = max(_SHORTEST_AXIS, *(math.ceil(result.score_high) for result in pair))
    height = _TOP + len(labels) * _ROW + 52
    said = "".join(
        f'<text x="4" y="{_TOP + place * _ROW + 14}">{html(label)}</text>' for place, label in enumerate(labels)
    )
    said += f'<text x="4" y="{_TOP + len(labels) * _ROW + 20}" class="nam-strong">Total</text>'
    lefts = (_LABEL_WIDTH, _LABEL_WIDTH + _PANEL_WIDTH + _PANEL_GAP)
    panels = "".join(_panel(result, ids, left, end, height - 34) for result, left in zip(pair, lefts, strict=True))
    ends = "; ".join(f"{result.model.name} {total_words(result)}" for result in pair)
    alt = (
        f"Two waterfall charts side by side, points from 0 to {end:g}, one step for each item. {ends}. "
        "The table below holds the same numbers."
    )

    def weight(result: EularAcr2017, row_id: str) -> str:
        row = {item.item.id: item for item in result.items}.get(row_id)
        if row is None or row.points is None:
            return "no item"
        return f"{row.points:g}" if row.met else f"{row.points:g} if present" if row.met is None else "0"

    table = html_table(
        "Points by item",
        ["item", *(result.model.name for result in pair)],
        [
            *([label, *(weight(result, row_id) for result in pair)] for label, row_id in zip(labels, ids, strict=True)),
            ["Total", *(total_words(result) for result in pair)],
        ],
    )
    markup = (
        f'<div class="nam-score">{_STYLE}<figure style="margin:0"><p><strong>{html(title)}</strong></p>'
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{html(alt)}">{said}{panels}</svg>'
        f"<figcaption>{html(caption)}</figcaption></figure>"
        f"<details><summary>The numbers behind it</summary>{table}</details></div>"
    )
    return Picture(Html(markup), f"{title}. {caption} {ends}.")
