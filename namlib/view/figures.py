"""Still figures for the narrative, drawn by matplotlib and always with alt text, caption and table.

matplotlib is imported here and nowhere else, and only when a figure is drawn.
"""

from __future__ import annotations

import base64
import io
import math
import textwrap
from collections.abc import Sequence
from fractions import Fraction
from html import escape
from typing import TYPE_CHECKING, Literal

from namlib.cite import Bibliography
from namlib.model.antibody import Prediction, evaluate
from namlib.model.dosing import dose, said_unit
from namlib.model.mimics import MatrixCell, MatrixRow
from namlib.records import MIMIC_FEATURES, AntibodyTest, CkSeries, CkStrength, Drug, Refused, Regimen
from namlib.table import Html, html, html_table
from namlib.units import number, percent, span
from namlib.view.palette import BLUE, GREEN, GREY, ORANGE, VERMILLION
from namlib.view.picture import Picture
from namlib.view.sentences import HOW_READ_WORDS, whom

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINE = {"adult": (BLUE, "-"), "any": (GREEN, "-"), "paediatric": (ORANGE, "--"), "not_stated": (VERMILLION, ":")}


def _blank(width: float, height: float) -> Figure:
    """Start a figure of a size [inches]; nothing is shown on a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110)
    FigureCanvasAgg(figure)
    return figure


def _finished(
    figure: Figure,
    *,
    title: str,
    caption: str,
    alt: str,
    table: str,
    words: str,
    behind: str = "The numbers behind it",
) -> Picture:
    """Finish a figure: image with alt text, caption, what is behind it one click away, and all of it in words."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    held = io.BytesIO()
    figure.savefig(held, format="png", metadata={"Software": ""})
    image = base64.b64encode(held.getvalue()).decode("ascii")
    markup = (
        f'<figure style="margin:0"><img alt="{escape(alt)}" src="data:image/png;base64,{image}" style="max-width:100%">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        f'<details><summary>{behind}</summary><div style="overflow-x:auto">{table}</div></details>'
    )
    return Picture(Html(markup), f"{title}. {caption} {words}")


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
    lines: list[list[float]] = []
    for regimen in regimens:
        amounts = [
            dose(regimen, drug, {"weight_kg": weight, "height_cm": height_cm}, None).chart_high for weight in weights_kg
        ]
        if any(amount is None for amount in amounts):
            raise ValueError(f"{regimen.id} cannot be drawn against weight: a size is missing or it states no dose")
        lines.append([amount for amount in amounts if amount is not None])

    figure = _blank(8, 4.2)
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
    unit_words = said_unit(drug.chart_unit, regimens[0])
    words = f"In {unit_words}: {ends}."
    return _finished(figure, title=title, caption=caption, alt=alt, table=table, words=words)


# How each kind of cell is drawn: shape first, colour second, so that the grid reads in grey as well.
_Fill = Literal["full", "left", "none"]
_MARKS: dict[str, tuple[str, str, _Fill]] = {
    "differs": ("D", VERMILLION, "full"),
    "in part": ("D", VERMILLION, "left"),
    "overlaps": ("o", BLUE, "none"),
    "nothing stated": ("_", GREY, "none"),
    "reference": ("s", GREY, "full"),
}
_MARK_WORDS = {
    "differs": "tells it from IMNM",
    "in part": "tells in part",
    "overlaps": "seen in both",
    "nothing stated": "nothing read",
    "reference": "what it is compared with",
}
_HEADINGS = {
    "age at onset": "Age at\nonset",
    "weakness pattern": "Weakness",
    "eyes, face, swallowing": "Eyes,\nface,\nswallow",
    "skin, joints, lung": "Skin,\njoints,\nlung",
    "family and genes": "Family,\ngenes",
    "blood tests": "Blood\ntests",
}


def _cell_html(cell: MatrixCell, cites: Bibliography) -> Html:
    if not cell.seen:
        return Html("<small>nothing read</small>")
    words = _MARK_WORDS[cell.compared]
    mark = "" if cell.compared == "reference" else f"<strong>{words[0].upper()}{words[1:]}:</strong> "
    notes = [f"({HOW_READ_WORDS[how]})" for how in cell.how_read if how != "primary"]
    small = " ".join([cites.links(cell.sources), *map(html, (*notes, *cell.caveats))])
    return Html(f"{mark}{html('; '.join(cell.seen))}<br><small>{small}</small>")


def mimic_matrix(rows: Sequence[MatrixRow], cites: Bibliography, *, title: str, caption: str) -> Picture:
    """Draw which features tell each mimic from IMNM, as a grid of marks, with every cell's words in a table.

    Parameters
    ----------
    rows : sequence of MatrixRow
        IMNM first, then the mimics, as :func:`namlib.model.mimics.feature_matrix` lays them out.
    cites : Bibliography
        The sources the cells are linked to.
    title, caption : str
        The answer the figure gives, and what to see in it.
    """
    from matplotlib.lines import Line2D

    figure = _blank(9.4, 8.6)
    axes = figure.add_axes((0.315, 0.085, 0.675, 0.80))
    for place, row in enumerate(rows):
        for column, cell in enumerate(row.cells):
            shape, colour, fill = _MARKS[cell.compared]
            faint = cell.compared in ("nothing stated", "reference")
            axes.plot(
                column,
                place,
                marker=shape,
                fillstyle=fill,
                color=colour,
                markerfacecoloralt="white",
                markeredgewidth=1.6,
                markersize=6 if faint else 9,
                alpha=0.6 if faint else 1,
            )
            if set(cell.how_read) == {"recalled"}:
                axes.text(column + 0.2, place, "?", va="center", fontsize=10, color=GREY)
    for place in range(len(rows) + 1):
        axes.axhline(place - 0.5, color=GREY, linewidth=1.1 if place == 1 else 0.5, alpha=0.8 if place == 1 else 0.3)
    axes.set_xlim(-0.5, len(MIMIC_FEATURES) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    headings = [_HEADINGS.get(name, name[0].upper() + name[1:]) for name in MIMIC_FEATURES]
    axes.set_xticks(range(len(MIMIC_FEATURES)), headings, fontsize=9)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), [textwrap.fill(row.name, 40) for row in rows], fontsize=8.8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=shape,
            fillstyle=fill,
            color=colour,
            markerfacecoloralt="white",
            markeredgewidth=1.6,
            markersize=8,
            label=_MARK_WORDS[kind],
        )
        for kind, (shape, colour, fill) in _MARKS.items()
        if kind != "reference"
    ]
    handles.append(Line2D([], [], linestyle="none", marker="$?$", color=GREY, markersize=7, label="recalled, not read"))
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.008), ncols=5, frameon=False, fontsize=9.5)

    mimics = [row for row in rows if row.cells[0].compared != "reference"]
    told = ". ".join(f"{row.name}: {'; '.join(_telling(row)) or 'none'}" for row in mimics)
    alt = (
        f"Grid. Down: IMNM and {len(mimics)} diseases taken for it. Across: {len(MIMIC_FEATURES)} features. A filled "
        "diamond marks a feature that tells the disease from IMNM, a half-filled one a feature that tells in part, a "
        "ring one that is seen in both, a dash that nothing was read; a question mark stands beside what is only "
        f"recalled. Features that tell: {told}."
    )
    table = html_table(
        f"{len(mimics)} diseases and IMNM, feature by feature",
        ["disease", *MIMIC_FEATURES, "the test that would tell"],
        ([row.name, *(_cell_html(cell, cites) for cell in row.cells), row.test] for row in rows),
    )
    return _finished(
        figure,
        title=title,
        caption=caption,
        alt=alt,
        table=table,
        words=f"Features that tell: {told}.",
        behind="The words behind every mark, with sources",
    )


def _telling(row: MatrixRow) -> list[str]:
    """Name the features that tell a mimic from IMNM, marking those that tell only in part."""
    return [
        cell.feature + (" (in part)" if cell.compared == "in part" else "")
        for cell in row.cells
        if cell.compared in ("differs", "in part")
    ]


# --- CK and strength -----------------------------------------------------------------------------------------------

# Shape and words repeat what the colour says.
_STATE = {
    "full": ("^", BLUE),
    "better": ("^", BLUE),
    "weak": ("o", GREY),
    "no better": ("v", VERMILLION),
    "worse": ("v", VERMILLION),
    "still weak": ("v", VERMILLION),
}
_KEY = (
    ("o", GREY, "weak, before treatment"),
    ("v", VERMILLION, "no better, worse or still weak"),
    ("^", BLUE, "stronger, or full strength"),
)
_CK_AXIS = (400.0, 30_000.0)
_CK_TICKS = (500, 1500, 5000, 15_000)
_CK_TITLE = "The same CK goes with weak and with strong muscles"
_CK_CAPTION = (
    "Each row is one published moment at which both were stated. CK falls while a man stays weak, stays raised in "
    "people at full strength, and is normal in a woman whose muscle has turned to fat. A source without a number has "
    "its mark in a margin; a bar is one standard deviation each way, cut at the end of the axis. These rows were "
    "chosen because they state both: they are not a sample."
)


def ck_and_strength(moments: Sequence[CkStrength], labels: Sequence[str], links: Sequence[Html]) -> Picture:
    """Draw CK and strength side by side for published moments, in the order given, grouped by patient or series.

    Parameters
    ----------
    moments : sequence of CkStrength
        Moments of one patient or series stand next to each other.
    labels, links : sequences
        What the source of each moment is called, and the same as a link.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    # One line for each moment, one for each heading, half a line between groups.
    heights: list[float] = []
    headings: list[tuple[float, str]] = []
    y, before = 0.0, ""
    for moment, label in zip(moments, labels, strict=True):
        if moment.who != before:
            y -= 0.55 if before else 0.0
            headings.append((y, f"{moment.who} ({label})"))
            y -= 1.0
        heights.append(y)
        y, before = y - 1.0, moment.who

    figure = _blank(10.2, 0.29 * -y + 1.35)
    tall = figure.get_figheight()
    low_edge, high_edge = 0.62 / tall, 1 - 0.95 / tall
    axes = figure.add_axes((0.457, low_edge, 0.21, high_edge - low_edge))
    # Left of this margin there is room for the longest heading.
    normal = figure.add_axes((0.4, low_edge, 0.05, high_edge - low_edge), sharey=axes)
    raised = figure.add_axes((0.674, low_edge, 0.05, high_edge - low_edge), sharey=axes)
    axes.set_xscale("log")
    axes.set_xlim(*_CK_AXIS)
    axes.set_ylim(y + 0.4, 0.7)
    axes.xaxis.set_major_locator(FixedLocator(_CK_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.set_xlabel("CK [U/L], logarithmic")
    axes.grid(axis="x", color="#8883", linewidth=0.8)
    for margin, words in ((normal, "normal"), (raised, "raised,\nno number")):
        margin.set_facecolor("#8881")
        margin.set_xlim(0, 1)
        margin.set_xticks([0.5], [words])
    for part in (axes, normal, raised):
        part.tick_params(labelsize=9, length=0, labelleft=False)
        part.set_yticks([])
        part.spines[:].set_visible(False)

    for height, heading in headings:
        normal.text(-7.8, height, heading, va="center", fontsize=9.5, fontweight="bold")
    path: list[tuple[float, float]] = []
    for place, (moment, height) in enumerate(zip(moments, heights, strict=True)):
        shape, colour = _STATE[moment.strength]
        where = {"normal": normal, "raised": raised}.get(moment.ck, axes)
        across = 0.5 if moment.value is None else moment.value
        if moment.sd is not None and moment.value is not None:
            ends = (max(moment.value - moment.sd, _CK_AXIS[0]), moment.value + moment.sd)
            axes.plot(ends, (height, height), color=colour, linewidth=1.6, alpha=0.55)
        if moment.ck == "above":
            axes.annotate(
                "",
                (moment.value * 3 if moment.value else 0, height),
                (moment.value or 0, height),
                arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.6},
            )
        where.plot([across], [height], marker=shape, color=colour, markersize=8.5, linestyle="none", clip_on=False)
        normal.text(-7.6, height, moment.moment, va="center", fontsize=9)
        raised.text(1.2, height, moment.strength_said, va="center", fontsize=9)
        # A thin line joins the moments of one patient that have a number.
        path = path if place and moments[place - 1].who == moment.who else []
        if moment.ck == "value" and moment.value is not None:
            path.append((moment.value, height))
            if len(path) > 1:
                axes.plot(*zip(*path[-2:], strict=True), color=GREY, linewidth=0.9, zorder=0)
    raised.text(1.2, 0.95, "strength, as stated", va="bottom", fontsize=9.5, fontweight="bold")
    key = figure.add_axes((0.01, 1 - 0.62 / tall, 0.98, 0.2 / tall))
    key.set_axis_off()
    key.set_xlim(0, 1)
    key.set_ylim(0, 1)
    for across, (shape, colour, words) in zip((0.01, 0.23, 0.5), _KEY, strict=True):
        key.plot([across], [0.5], marker=shape, color=colour, markersize=8, linestyle="none", clip_on=False)
        key.text(across + 0.014, 0.5, words, va="center", fontsize=9)

    said = [f"{one.who}, {one.moment}: CK {one.ck_said}; strength: {one.strength_said}" for one in moments]
    alt = (
        "Dot chart of published moments, one to a row. Across: creatine kinase in U/L on a logarithmic axis, with "
        "margins for normal and for raised without a number. Shape and words: strength. Strong and weak people stand "
        f"above one another all along the axis. {'. '.join(said)}."
    )
    table = html_table(
        "CK and strength, stated at the same moment",
        ["who", "when", "CK", "strength", "source", "how it was read"],
        (
            [
                one.who,
                one.moment,
                one.ck_said,
                one.strength_said,
                link,
                HOW_READ_WORDS[one.how_read] + (f". {one.caveat}" if one.caveat else ""),
            ]
            for one, link in zip(moments, links, strict=True)
        ),
    )
    words = f"{'. '.join(said)}."
    return _finished(figure, title=_CK_TITLE, caption=_CK_CAPTION, alt=alt, table=table, words=words)


# --- CK ------------------------------------------------------------------------------------------------------------

_STATISTICS = {"median": ("o", True), "median peak": ("o", False), "mean": ("D", True), "mean peak": ("D", False)}
_STATISTIC_WORDS = {
    "median": "median",
    "median peak": "median of the highest values",
    "mean": "mean",
    "mean peak": "mean of the highest values",
}


def _ck_group(series: CkSeries) -> tuple[int, str, str]:
    """Place a cohort on the drawing: order, heading and colour of its group."""
    if series.disease != "IMNM":
        return 3, f"{series.disease} (another disease)", GREY
    known = {
        "any": (0, "IMNM, any antibody", VERMILLION),
        "HMGCR": (1, "anti-HMGCR", BLUE),
        "SRP": (2, "anti-SRP", GREEN),
    }
    return known.get(series.subtype, (0, series.subtype, VERMILLION))


def _spread_words(series: CkSeries) -> str:
    if not series.spread:
        return "not seen"
    return f"{span(series.low, series.high)} ({series.spread})"


def ck_by_cohort(
    series: Sequence[CkSeries],
    sources: Sequence[str],
    limits: Sequence[tuple[float, str]],
    *,
    title: str,
    caption: str,
) -> Picture:
    """Draw the CK of cohorts beside each other, each by its own statistic.

    Parameters
    ----------
    series, sources : sequences
        What to draw, and who each is from.
    limits : sequence of (float, str)
        Lines across the drawing [U/L] and what to call them.
    title, caption : str
        The answer the figure gives, and what to see in it.
    """
    from matplotlib.lines import Line2D

    pairs = sorted(zip(series, sources, strict=True), key=lambda pair: (_ck_group(pair[0])[0], pair[0].value))
    places: list[float] = []
    headings: list[tuple[float, str]] = []
    place, group = 0.0, -1
    for item, _ in pairs:
        order, heading, _ = _ck_group(item)
        if order != group:
            headings.append((place, heading))
            place, group = place + 0.9, order
        places.append(place)
        place += 1.0
    height = 0.3 * place + 1.9
    figure = _blank(9.2, height)
    axes = figure.add_axes((0.24, 1.0 / height, 0.43, 1 - 1.75 / height))
    across = axes.get_yaxis_transform()  # along the axis in U/L it is data, across it a share of the width
    for y, heading in headings:
        axes.text(-0.54, y, heading, transform=across, va="center", fontsize=9, fontweight="bold")
    for y, (item, source) in zip(places, pairs, strict=True):
        _, _, colour = _ck_group(item)
        marker, filled = _STATISTICS[item.statistic]
        if item.low is not None and item.high is not None:
            dashes = "-" if item.spread == "range" else ":"
            axes.plot([item.low, item.high], [y, y], color=colour, linewidth=3, alpha=0.45, linestyle=dashes)
        axes.plot(
            item.value, y, marker, color=colour, markersize=7, markerfacecolor=colour if filled else "white", zorder=3
        )
        people = f", n = {item.n_total}" if item.n_total else ""
        second_hand = ", second-hand" if item.how_read == "secondary" else ""
        axes.text(-0.51, y, f"{item.cohort}{people}", transform=across, va="center", fontsize=8)
        axes.text(1.12, y, number(item.value), transform=across, va="center", ha="right", fontsize=8)
        axes.text(1.15, y, f"{source}{second_hand}", transform=across, va="center", fontsize=7.5, color="#444444")
    for higher, (value, words) in enumerate(sorted(limits)):
        axes.axvline(value, color="black", linewidth=1.2, linestyle=(0, (5, 3)), zorder=0)
        axes.annotate(words, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
                      ha="left" if higher else "right", va="bottom", fontsize=8)  # fmt: skip
    axes.set_xscale("log")
    axes.set_ylim(place - 0.3, -0.6)
    axes.set_yticks([])
    ticks = [tick for tick in (30.0, 100, 300, 1000, 3000, 10_000, 30_000)]
    axes.set_xticks(ticks, [number(tick) for tick in ticks], fontsize=8)
    axes.minorticks_off()
    axes.set_xlim(20, 50_000)
    axes.set_xlabel("CK [U/L], logarithmic", fontsize=9)
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    keys = [
        Line2D([], [], marker=marker, color="black", linestyle="", markersize=6,
               markerfacecolor="black" if filled else "white", label=_STATISTIC_WORDS[name])
        for name, (marker, filled) in _STATISTICS.items()
    ]  # fmt: skip
    figure.legend(handles=keys, loc="lower left", ncols=4, fontsize=8, frameon=False, bbox_to_anchor=(0.0, 0.0))

    said = "; ".join(
        f"{_ck_group(item)[1]}, {item.cohort}: {_STATISTIC_WORDS[item.statistic]} {number(item.value)}"
        + (f", {item.spread} {span(item.low, item.high)}" if item.spread else "")
        for item, _ in pairs
    )
    lines = "; ".join(f"line at {number(value)}: {words}" for value, words in limits)
    alt = f"Dot chart with ranges, one row for each cohort. Across: CK in U/L on a logarithmic axis. {said}. {lines}."
    table = html_table(
        "CK by cohort [U/L]",
        ["cohort", "whose", "people", "statistic", "value", "spread", "measured", "source", "how it was read"],
        (
            [
                item.cohort,
                f"{_ck_group(item)[1]}; {'children' if item.population == 'paediatric' else item.population}",
                item.n_total or "not seen",
                _STATISTIC_WORDS[item.statistic],
                number(item.value),
                _spread_words(item),
                item.measured,
                source,
                f"{HOW_READ_WORDS[item.how_read]}{'. ' + item.caveat if item.caveat else ''}",
            ]
            for item, source in pairs
        ),
    )
    return _finished(figure, title=title, caption=caption, alt=alt, table=table, words=f"In U/L: {said}.")


# --- antibody tests ------------------------------------------------------------------------------------------------

# Where the axis runs and where it is marked: from 1 in 100,000 to 90 percent.
_PRETEST_TICKS = (
    Fraction(1, 100_000),
    Fraction(1, 10_000),
    Fraction(1, 1000),
    Fraction(1, 100),
    Fraction(1, 10),
    Fraction(1, 2),
    Fraction(9, 10),
)
_MOST_PANELS = 4


def _log_odds(share: float | Fraction) -> float:
    return math.log(float(share / (1 - share)))


def _share(log_odds: float) -> Fraction:
    return Fraction(1 / (1 + math.exp(-log_odds)))


def _where(steps: Sequence[float], rising: Sequence[float], level: float) -> float:
    """Find the step at which a rising curve passes a level, or the last."""
    return next((step for step, value in zip(steps, rising, strict=True) if value >= level), steps[-1])


def predictive_values(
    tests: Sequence[AntibodyTest],
    labels: Sequence[str],
    settings: Sequence[tuple[str, Fraction, Fraction, str]],
    *,
    title: str,
    caption: str,
) -> Picture:
    """Draw what a positive result is worth against the probability before the test, one panel for each test.

    Parameters
    ----------
    tests, labels : sequences
        Tests of kind ``counted`` with a measured specificity, and what to call each, line by line.
    settings : sequence of (target, low, high, words)
        How likely a target is in some people, drawn in the panels of tests for that target.
    title, caption : str
        The answer the figure gives, and what to see in it.

    Raises
    ------
    Refused
        If there is no test, or more than fit, or specificity was not measured in one.
    """
    if not 0 < len(tests) <= _MOST_PANELS:
        raise Refused("tests", f"{len(tests)} tests; 1 to {_MOST_PANELS} can be drawn")
    unmeasured = [test.id for test in tests if evaluate(test, _PRETEST_TICKS[0]).specificity is None]
    if unmeasured:
        raise Refused("tests", f"{unmeasured[0]} cannot be drawn: its specificity was not measured")

    low, high = _log_odds(_PRETEST_TICKS[0]), _log_odds(_PRETEST_TICKS[-1])
    steps = [low + (high - low) * i / 120 for i in range(121)]
    inches = 0.7 + 2.7 * len(tests)
    figure = _blank(inches, 4.3)
    left, gap = 0.65 / inches, 0.3 / inches
    width = (1 - left - 0.1 / inches - gap * (len(tests) - 1)) / len(tests)
    for place, (test, label) in enumerate(zip(tests, labels, strict=True)):
        axes = figure.add_axes((left + place * (width + gap), 0.22, width, 0.54))
        results = [evaluate(test, _share(step)) for step in steps]
        cautious, counted, best = (
            [100 * float(getattr(result, end).value.ppv) for result in results]
            for end in ("cautious", "counted", "best")
        )
        axes.fill_between(steps, cautious, best, color=BLUE, alpha=0.18, linewidth=0)
        axes.plot(steps, cautious, color=BLUE, linewidth=2.4)
        axes.plot(steps, counted, color=VERMILLION, linewidth=1.8, linestyle="--")
        # Direct labels: below the solid curve, which has nobody under it, and above the dashed one.
        axes.text(_where(steps, cautious, 30) + 0.4, 26, "cautious\nend", color=BLUE, fontsize=8, va="top")
        if min(counted) < 50:
            axes.text(_where(steps, counted, 38) - 0.6, 40, "as counted", color=VERMILLION, fontsize=8, ha="right")
        else:
            axes.text(low + 0.36 * (high - low), 96, "as counted", color=VERMILLION, fontsize=8, va="top")
        for target, from_, to, words in settings:
            if target == test.target:
                start, end = _log_odds(from_), _log_odds(to)
                axes.axvspan(start - 0.06, end + 0.06, color=GREY, alpha=0.45, linewidth=0)
                at_left = end < (low + high) / 2
                axes.text(
                    end + 0.25 if at_left else start - 0.25, 62, words, ha="left" if at_left else "right", fontsize=8
                )
        axes.set_xlim(low, high)
        axes.set_ylim(0, 104)
        axes.set_xticks([_log_odds(tick) for tick in _PRETEST_TICKS], [percent(tick) for tick in _PRETEST_TICKS])
        axes.tick_params(axis="x", labelsize=8, rotation=60)
        axes.set_yticks(range(0, 101, 25), [f"{tick}%" if place == 0 else "" for tick in range(0, 101, 25)], fontsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(label, fontsize=8.5, loc="left")
        if place == 0:
            axes.set_ylabel("of the positives, so many have it", fontsize=9)
    labels = [", ".join(label.split("\n")) for label in labels]
    figure.text(left, 0.02, "probability before the test (scale of log odds)", fontsize=9)

    shown = [
        Fraction(1, 100_000),
        Fraction(1, 1000),
        Fraction(1, 100),
        Fraction(1, 10),
        Fraction(3, 10),
        Fraction(1, 2),
    ]

    def cell(result: Prediction) -> str:
        assert result.counted is not None and result.cautious is not None and result.best is not None
        ends = [end.value.ppv for end in (result.cautious, result.counted, result.best)]
        least, middle, most = ("unknown" if end is None else percent(end) for end in ends)
        return f"{middle} ({least} to {most})"

    table = html_table(
        "What a positive result is worth: as counted (cautious to best end of the exact 95% limits)",
        ["test", *(f"{percent(pretest)} before" for pretest in shown)],
        (
            [label, *(cell(evaluate(test, pretest)) for pretest in shown)]
            for test, label in zip(tests, labels, strict=True)
        ),
    )
    said = "; ".join(
        f"{label}: {cell(evaluate(test, shown[0]))} at {percent(shown[0])} before the test, "
        f"{cell(evaluate(test, shown[4]))} at {percent(shown[4])}"
        for test, label in zip(tests, labels, strict=True)
    )
    alt = (
        "Line charts, one for each test. Across: probability before the test on a scale of log odds. Up: share of the "
        f"positives who have the disease, as counted and with the band of the exact limits; all rise. {said}."
    )
    return _finished(figure, title=title, caption=caption, alt=alt, table=table, words=f"{said}.")
