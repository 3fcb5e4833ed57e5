"""Still figures for the narrative, drawn by matplotlib and always with alt text, caption and table.

matplotlib is imported here and nowhere else, and only when a figure is drawn.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from namlib.model.dosing import dose, said_unit
from namlib.records import Drug, Regimen
from namlib.table import Html, html_table
from namlib.units import number
from namlib.view.palette import BLUE, GREEN, ORANGE, VERMILLION
from namlib.view.picture import Picture
from namlib.view.sentences import whom

_LINE = {"adult": (BLUE, "-"), "any": (GREEN, "-"), "paediatric": (ORANGE, "--"), "not_stated": (VERMILLION, ":")}


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Move labels up until no two stand closer than the gap, keeping their order.

    Examples
    --------
    >>> _apart([80.0, 75.0, 240.0], gap=10.0)
    [85.0, 75.0, 240.0]
    """
    placed = list(heights)
    floor = float("-inf")
    for index in sorted(range(len(placed)), key=lambda i: placed[i]):
        placed[index] = floor = max(placed[index], floor + gap)
    return placed


def dose_by_weight(
    drug: Drug,
    regimens: Sequence[Regimen],
    labels: Sequence[str],
    weights_kg: Sequence[float],
    *,
    title: str,
    caption: str,
    height_cm: float | None = None,
) -> Picture:
    """Draw the upper end of each regimen's rule against body weight, and the drug's adult ceiling.

    Parameters
    ----------
    drug : Drug
        The drug, for its unit and ceiling.
    regimens, labels : sequences
        What to draw, and what to call each line.
    weights_kg : sequence of float
        Weights along the axis [kg].
    title, caption : str
        The answer the figure gives, and what to see in it.
    height_cm : float, optional
        Height for rules per square metre [cm].

    Raises
    ------
    ValueError
        If a regimen cannot be computed from weight (and height) alone.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines: list[list[float]] = []
    for regimen in regimens:
        amounts = [
            dose(regimen, drug, {"weight_kg": weight, "height_cm": height_cm}, None).chart_high for weight in weights_kg
        ]
        if any(amount is None for amount in amounts):
            raise ValueError(f"{regimen.id} cannot be drawn against weight: a size is missing or it states no dose")
        lines.append([amount for amount in amounts if amount is not None])

    figure = Figure(figsize=(8, 4.2), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.09, 0.13, 0.55, 0.75))
    top = max(max(line) for line in lines) * 1.08
    heights = _apart([line[-1] for line in lines], gap=top * 0.065)
    for regimen, label, line, height in zip(regimens, labels, lines, heights, strict=True):
        colour, dashes = _LINE[regimen.population]
        axes.plot(weights_kg, line, color=colour, linestyle=dashes, linewidth=2.2)
        axes.text(weights_kg[-1] + 2, height, label, va="center", fontsize=9)
    if drug.adult_ceiling is not None:
        axes.axhline(drug.adult_ceiling.amount, color=VERMILLION, linewidth=1.4, linestyle=(0, (6, 4)))
        axes.annotate(
            f"adult ceiling {number(drug.adult_ceiling.amount)}",
            (weights_kg[0], drug.adult_ceiling.amount),
            xytext=(3, 4),
            textcoords="offset points",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    axes.set_xlim(weights_kg[0], weights_kg[-1])
    axes.set_ylim(0, top)
    axes.set_xlabel("weight [kg]")
    axes.set_ylabel(f"{drug.name} [{drug.chart_unit}]")
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")

    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": ""})
    image = base64.b64encode(held.getvalue()).decode("ascii")
    ends = "; ".join(
        f"{label}: {number(line[0])} at {number(weights_kg[0])} kg, {number(line[-1])} at {number(weights_kg[-1])} kg"
        for label, line in zip(labels, lines, strict=True)
    )
    alt = f"Line chart. Across: weight in kg. Up: {drug.name} in {drug.chart_unit}, upper end of each rule. {ends}."
    shown = [weight for weight in weights_kg if weight % 10 == 0]
    table = html_table(
        f"{drug.name}: upper end of each rule [{drug.chart_unit}]",
        ["regimen", "whose", *(f"{number(weight)} kg" for weight in shown)],
        (
            [label, whom(regimen), *(number(line[list(weights_kg).index(weight)]) for weight in shown)]
            for regimen, label, line in zip(regimens, labels, lines, strict=True)
        ),
    )
    markup = (
        f'<figure style="margin:0"><img alt="{escape(alt)}" src="data:image/png;base64,{image}" style="max-width:100%">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        f"<details><summary>The numbers behind it</summary>{table}</details>"
    )
    unit_words = said_unit(drug.chart_unit, regimens[0])
    return Picture(Html(markup), f"{title}. {caption} In {unit_words}: {ends}.")
