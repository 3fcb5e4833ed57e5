"""A plan's safety list and the visit grid as HTML: every row with reason and sources, or marked as convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from namlib.cite import Bibliography
from namlib.model.rules import listed, said
from namlib.model.safety import CONVENTION, SECTIONS, SafetyList, SafetyRow
from namlib.records import VISITS, Drug, Fact, VisitCell
from namlib.table import Html, html, html_table

# One width for each column in all tables of a page, so that the eye finds the same thing in the same place.
_STYLE = (
    "<style>.nam-safety .nam-table{table-layout:fixed;width:100%}"
    ".nam-safety th small{font-weight:400}.nam-safety :is(th,td){overflow-wrap:break-word}"
    ".nam-list th:nth-child(1){width:17%}.nam-list thead th:nth-child(2){width:13%}"
    ".nam-list thead th:nth-child(4),.nam-list thead th:nth-child(5){width:16%}"
    ".nam-grid th:nth-child(1){width:18%}.nam-grid thead th:nth-child(2){width:13%}</style>"
)
_SHOWN = ("applies", "not known", "no row")


def basis_links(row: SafetyRow, cites: Bibliography) -> Html:
    """Link the sources of a row, or say that it is this course's convention."""
    return Html(f"<em>{CONVENTION}</em>") if row.convention else cites.links(row.sources)


def _state(row: SafetyRow) -> Html:
    words = "contraindicated" if row.kind == "contraindication" and row.state == "applies" else row.state
    ask = f"<br><small>ask: {html(listed([said(label) for label in row.asked]))}</small>" if row.asked else ""
    return Html(f"<strong>{html(words)}</strong>{ask}")


def checklist_html(result: SafetyList, cites: Bibliography) -> str:
    """Lay a safety list out, a table for each section; what does not apply comes last, with why."""
    shown = [f"<p>{html(result.words())}</p>"]
    style = True
    for section, title in SECTIONS.items():
        rows = [row for row in result.of(section) if row.state in _SHOWN]
        if not rows:
            continue
        cells = [(", ".join(row.drugs), _state(row), row.text, row.reason, basis_links(row, cites)) for row in rows]
        headers = ["for", "state", "what", "judged by", "source"]
        shown.append(html_table(title, headers, cells, style=style))
        style = False
    fallen = [row for row in result.rows if row.state == "does not apply"]
    if fallen:
        fell = [
            (", ".join(row.drugs), SECTIONS[row.section], row.text, row.reason, basis_links(row, cites))
            for row in fallen
        ]
        caption = (
            "Judged, and does not apply. A row written for adults that falls away has not been answered for a child."
        )
        table = html_table(caption, ["for", "section", "what", "judged by", "source"], fell, style=False)
        shown.append(f"<details><summary>{len(fallen)} more rows that do not apply here</summary>{table}</details>")
    return f'<div class="nam-safety nam-list">{_STYLE}{"".join(shown)}</div>'


def _cell(cell: VisitCell | None, cites: Bibliography, facts: Mapping[str, Fact]) -> Html:
    if cell is None:
        return Html("")
    if cell.basis == CONVENTION:
        return Html(f"{html(cell.does)}<br><small><em>{CONVENTION}</em></small>")
    sources = dict.fromkeys(key for name in cell.facts for key in facts[name].sources)
    return Html(f"{html(cell.does)}<br><small>{html(cell.basis)}: {cites.links(sources)}</small>")


def grid_html(
    cells: Sequence[VisitCell], words: str, cites: Bibliography, facts: Mapping[str, Fact], drugs: Mapping[str, Drug]
) -> str:
    """Lay the visit grid out: one row for each measure, one column for each visit, each cell with who fixed it."""
    shown = [f"<p>{html(words)}</p>"]
    style = True
    for group in dict.fromkeys(cell.group for cell in cells):
        here = [cell for cell in cells if cell.group == group]
        rows = []
        for measure in dict.fromkeys(cell.measure for cell in here):
            by_visit: dict[str, VisitCell] = {cell.visit: cell for cell in here if cell.measure == measure}
            any_cell = next(iter(by_visit.values()))
            why = dict.fromkeys(key for cell in by_visit.values() for name in cell.why for key in facts[name].sources)
            only = ", ".join(drugs[key].name for key in any_cell.drugs)
            head = Html(
                html(measure)
                + (f"<br><small>only with {html(only)}</small>" if only else "")
                + (f"<br><small>why: {cites.links(why)}</small>" if why else "")
            )
            rows.append([head, *(_cell(by_visit.get(visit), cites, facts) for visit in VISITS)])
        shown.append(html_table(f"{group[0].upper()}{group[1:]}", ["what", *VISITS], rows, style=style))
        style = False
    return f'<div class="nam-safety nam-grid">{_STYLE}{"".join(shown)}</div>'
