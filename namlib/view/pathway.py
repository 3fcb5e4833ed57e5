"""The therapy pathway as a graph with the route marked, and the same walk as text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from namlib.cite import Bibliography
from namlib.model.findings import FIELDS
from namlib.model.pathway import DrugCheck, Walk, Way, asked
from namlib.model.rules import QUESTIONS, rule
from namlib.records import Edge, Fact, Ledger, Node
from namlib.table import Html, html
from namlib.view.palette import BLUE, GREY, ORANGE, VERMILLION
from namlib.view.sentences import HOW_READ_WORDS
from namlib.view.slots import Page, Slots, StateSlot

LANES = ("beside", "HMGCR", "all", "SRP", "seronegative", "controlled")
_LANE_WORDS = {
    "beside": "beside the route",
    "HMGCR": "anti-HMGCR",
    "all": "everyone",
    "SRP": "anti-SRP",
    "seronegative": "seronegative",
    "controlled": "once controlled",
}
_BOX_WIDTH, _BOX_HEIGHT, _GAP, _ROW, _TOP = 134, 42, 18, 66, 34
_WIDTH = len(LANES) * (_BOX_WIDTH + _GAP) + _GAP
_WRAP_AT = 17

_STYLE = (
    "<style>"
    ".nam-path .nam-grid{display:grid;grid-template-columns:minmax(0,1.7fr) minmax(0,1fr);gap:1em;align-items:start}"
    "@media(max-width:760px){.nam-path .nam-grid{grid-template-columns:1fr}}"
    ".nam-path svg{width:100%;height:auto;display:block;font-family:inherit}"
    ".nam-path svg text{font-size:12px;fill:currentColor}.nam-path svg .nam-small{font-size:11px}"
    ".nam-path g rect{fill:var(--jp-layout-color1,#fff)}"
    f".nam-path g[aria-describedby=nam-on] .nam-box{{stroke:{BLUE};stroke-width:3;fill:#cfe6f5}}"
    f".nam-path g[aria-describedby=nam-on] text{{fill:#111;font-weight:600}}"
    f".nam-path g[aria-describedby=nam-open] .nam-box{{stroke:{ORANGE};stroke-width:3;stroke-dasharray:6 4}}"
    f".nam-path g[aria-describedby=nam-off] .nam-box{{stroke:{GREY};stroke-width:1}}"
    ".nam-path g[aria-describedby=nam-off] text{opacity:.8}"
    f".nam-path path[aria-describedby=nam-on]{{stroke:{BLUE};stroke-width:2.6}}"
    f".nam-path path[aria-describedby=nam-open]{{stroke:{ORANGE};stroke-width:2;stroke-dasharray:6 4}}"
    f".nam-path path[aria-describedby=nam-off]{{stroke:{GREY};stroke-opacity:.35;stroke-width:1}}"
    ".nam-path g .nam-mark{display:none}"
    ".nam-path g[aria-describedby=nam-on] .nam-yes,.nam-path g[aria-describedby=nam-open] .nam-ask{display:inline}"
    ".nam-path [data-node]{cursor:pointer}.nam-path li:empty{display:none}"
    ".nam-path h4{margin:.4em 0 .2em}.nam-path ul,.nam-path ol{margin:.2em 0;padding-left:1.3em}"
    ".nam-path .nam-walk,.nam-path .nam-detail{border:1px solid #8886;border-radius:4px;padding:.3em .8em}"
    ".nam-path .nam-walk,.nam-path .nam-detail{font-size:.9em}"
    # Live, the text has a room of its own and scrolls, so that nothing below it moves.
    ".nam-explorer .nam-path .nam-detail{height:23em;overflow:auto}"
    ".nam-explorer .nam-path .nam-walk{height:32em;overflow:auto}"
    ".nam-explorer .nam-path .nam-summary{min-height:6em;margin:0}"
    ".nam-explorer .nam-path .nam-change{min-height:4.5em;margin:0}"
    "</style>"
)


def _wrapped(title: str) -> list[str]:
    """Break a title into at most two lines of similar length."""
    if len(title) <= _WRAP_AT or " " not in title:
        return [title]
    middle = len(title) / 2
    cut = min((place for place, letter in enumerate(title) if letter == " "), key=lambda place: abs(place - middle))
    return [title[:cut], title[cut + 1 :]]


def _lane_start(lane: str) -> int:
    return _GAP + LANES.index(lane) * (_BOX_WIDTH + _GAP)


def _corner(node: Node) -> tuple[int, int]:
    return _lane_start(node.lane), _TOP + node.stage * _ROW


def _curve(start: Node, end: Node) -> str:
    (x1, y1), (x2, y2) = _corner(start), _corner(end)
    half = _BOX_WIDTH // 2
    if end.stage > start.stage:
        bow = half + _GAP // 2 + 4 if start.lane == end.lane and end.stage - start.stage > 1 else 0
        top, foot = y1 + _BOX_HEIGHT, y2 - 3
        bend = (foot - top) / 2
        return (
            f"M{x1 + half} {top}C{x1 + half + bow} {top + bend:g} {x2 + half + bow} {foot - bend:g} {x2 + half} {foot}"
        )
    if end.stage == start.stage:
        leaving, arriving = (x1 + _BOX_WIDTH, x2 - 3) if x2 > x1 else (x1, x2 + _BOX_WIDTH + 3)
        return f"M{leaving} {y1 + _BOX_HEIGHT // 2}H{arriving}"
    edge = _WIDTH - 4
    return f"M{x1 + _BOX_WIDTH} {y1 + _BOX_HEIGHT // 2}H{edge}V{y2 + _BOX_HEIGHT // 2 - 14}H{x2 + _BOX_WIDTH + 3}"


def _box(node: Node, state: str) -> str:
    x, y = _corner(node)
    lines = _wrapped(node.title)
    first = y + _BOX_HEIGHT // 2 + 4 - 7 * (len(lines) - 1)
    said = "".join(
        f'<text x="{x + _BOX_WIDTH // 2 + 4}" y="{first + 14 * place}" text-anchor="middle">{html(line)}</text>'
        for place, line in enumerate(lines)
    )
    radius = {"question": 20, "check": 10}.get(node.kind, 4)
    mark = "".join(
        f'<text class="nam-mark {name}" x="{x + 6}" y="{y + 13}" aria-hidden="true">{sign}</text>'
        for name, sign in (("nam-yes", "\N{CHECK MARK}"), ("nam-ask", "?"))
    )
    extra = ""
    if node.kind == "urgent":
        extra = f'<path d="M{x} {y}v{_BOX_HEIGHT}" stroke="{VERMILLION}" stroke-width="7"/>'
    if node.kind == "end":
        extra = f'<path d="M{x + 4} {y + _BOX_HEIGHT - 4}h{_BOX_WIDTH - 8}" stroke="currentColor" stroke-width="2"/>'
    return (
        f'<g data-node="{html(node.id)}" aria-label="{html(node.title)}" {state}>'
        f'<rect class="nam-box" x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="{radius}"/>'
        f"{extra}{said}{mark}</g>"
    )


def _states(walk: Walk, nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    """Write the state of every box and then of every arrow, one letter each."""
    taken, open_ = set(walk.taken), set(walk.open)
    taken_edges, open_edges = set(walk.taken_edges), set(walk.open_edges)
    boxes = "".join("1" if node.id in taken else "?" if node.id in open_ else "0" for node in nodes)
    return boxes + "".join("1" if edge.id in taken_edges else "?" if edge.id in open_edges else "0" for edge in edges)


def _graph(states: StateSlot, nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    by_id = {node.id: node for node in nodes}
    height = _TOP + (max(node.stage for node in nodes) + 1) * _ROW
    lanes = "".join(
        f'<text x="{_lane_start(lane) + _BOX_WIDTH // 2}" y="18" text-anchor="middle" class="nam-small">'
        f"{html(_LANE_WORDS[lane])}</text>"
        for lane in LANES
    )
    arrows = [
        f'<path d="{_curve(by_id[edge.start], by_id[edge.end])}" fill="none" marker-end="url(#nam-tip)" '
        f"{states.of(place)}/>"
        for place, edge in enumerate(edges, start=len(nodes))
    ]
    boxes = [_box(node, states.of(place)) for place, node in enumerate(nodes)]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="group" '
        'aria-label="Therapy pathway; the walk beside it says the same in words.">'
        '<defs><marker id="nam-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto" '
        'markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>'
        f"{lanes}{''.join(arrows)}{''.join(boxes)}</svg>"
    )


def _sorted_nodes(ledger: Ledger) -> list[Node]:
    return sorted(ledger.pathway.nodes, key=lambda node: (node.stage, LANES.index(node.lane)))


def phrases(ledger: Ledger, bibliography: Bibliography) -> list[Html]:
    """List the pieces of markup that come back again and again, for a browser to hold."""
    said = [node.title for node in ledger.pathway.nodes]
    said += [text for edge in ledger.pathway.edges for text in (edge.label, edge.whose)]
    said += [text for drug in ledger.drugs for text in (drug.name, *(check.text for check in drug.checks))]
    conditions = [edge.when for edge in ledger.pathway.edges]
    conditions += [check.when for drug in ledger.drugs for check in drug.checks]
    said += sorted({FIELDS[QUESTIONS[key].field].label for item in conditions for key in rule(item).questions})
    shown = {name for node in ledger.pathway.nodes for name in node.facts}
    shown |= {name for edge in ledger.pathway.edges for name in edge.facts}
    pieces = [html(text) for text in said if text]
    pieces += [_evidence(fact, bibliography) for fact in ledger.facts if fact.id in shown]
    return list(dict.fromkeys(pieces))


def _way(slots: Slots, way: Way) -> str:
    reason = "" if way.why.form == "always" else f" <small>({html(way.why.words())})</small>"
    whose = f" <em>Whose: {slots.say(way.whose)}.</em>" if way.whose else ""
    return f"{slots.say(way.label)}{reason}{whose}"


def _step_texts(slots: Slots, walk: Walk) -> dict[str, Html]:
    texts = {}
    for step in walk.steps:
        if step.status == "taken":
            why = "; or: ".join(_way(slots, way) for way in step.ways) or html(step.why)
            texts[step.node.id] = Html(f"<strong>{slots.say(step.node.title)}</strong>: {why}")
    opened = sorted(walk.undecided, key=lambda item: item.way.end)
    for end, items in groupby(opened, key=lambda item: item.way.end):
        if end in texts:
            continue
        held = list(items)
        needs = ", ".join(slots.say(label) for label in dict.fromkeys(label for item in held for label in item.asked))
        labels = "; or: ".join(slots.say(item.way.label) for item in held)
        texts[end] = Html(f"? <strong>{slots.say(held[0].title)}</strong> is open: {labels}. Needs: {needs}.")
    return texts


def _check_texts(slots: Slots, walk: Walk) -> dict[str, Html]:
    """Say each check once, with the drugs of the route it belongs to."""
    merged: dict[str, list[DrugCheck]] = {}
    for item in (*walk.contraindicated, *walk.do_first):
        merged.setdefault(item.text, []).append(item)
    texts = {}
    for text, items in merged.items():
        names = ", ".join(slots.say(name) for name in dict.fromkeys(item.drug_name for item in items))
        ask = ", ".join(
            slots.say(label) for label in dict.fromkeys(label for item in items for label in asked(item.missing))
        )
        duty = f"ask first: {ask}" if ask else items[0].duty
        texts[text] = Html(f"<strong>{names}</strong> ({duty}). {slots.say(text)}")
    return texts


def _evidence(fact: Fact, bibliography: Bibliography) -> Html:
    how = HOW_READ_WORDS[fact.how_read] + (f"; {fact.caveat}" if fact.caveat else "")
    return Html(f"<li>{html(fact.statement)} {bibliography.links(fact.sources)} <small>({html(how)})</small></li>")


def _detail(slots: Slots, walk: Walk, ledger: Ledger, bibliography: Bibliography, selected: str) -> Html:
    """Open one box: what it is, why it is on the route or not, what is missing, and the evidence with its sources."""
    node = next(node for node in ledger.pathway.nodes if node.id == selected)
    step = next((step for step in walk.steps if step.node.id == selected), None)
    if step is None:
        why = "Not on this route."
        ways = [edge for edge in ledger.pathway.edges if edge.end == selected]
        why += " It is reached by: " + "; ".join(edge.label for edge in ways) + "."
        reason = html(why)
    elif step.status == "open":
        reason = html("; ".join(item.words() for item in walk.undecided if item.way.end == selected))
    else:
        titles = {item.id: item.title for item in ledger.pathway.nodes}
        reason = Html(
            "; or: ".join(f"from “{html(titles[way.start])}”: {_way(slots, way)}" for way in step.ways)
            or html(step.why)
        )
    missing = [item for item in walk.undecided if item.way.start == selected]
    lacks = "".join(f"<li>{html(item.words())}</li>" for item in missing)
    facts = {fact.id: fact for fact in ledger.facts}
    evidence = "".join(
        slots.known(_evidence(facts[name], bibliography)) for name in (step.facts if step else node.facts)
    )
    return Html(
        f"<h4>{html(node.title)}</h4><p>{html(node.text)}</p><h4>Why here</h4><p>{reason}</p>"
        + (f"<h4>What is missing from here</h4><ul>{lacks}</ul>" if lacks else "")
        + f"<h4>Evidence</h4><ul>{evidence}</ul>"
    )


def telling_box(walk: Walk) -> str:
    """Pick the box to open first: the last question on the route, where it last parted or waits for an answer."""
    return next(
        step.node.id for step in reversed(walk.steps) if step.status == "taken" and step.node.kind == "question"
    )


def pathway_page(
    walk: Walk, ledger: Ledger, bibliography: Bibliography, selected: str | None = None, known: Sequence[Html] = ()
) -> Page:
    """Draw the pathway with a patient's route, the walk in words beside it, and one box opened.

    Parameters
    ----------
    walk : Walk
        What :func:`namlib.model.pathway.walk` found.
    ledger, bibliography
        For the graph, the facts and their links.
    selected : str, optional
        Id of the box to open; :func:`telling_box` when not given.
    known : sequence of Html
        Phrases the browser already holds (see :func:`phrases`).
    """
    slots = Slots(known)
    nodes = _sorted_nodes(ledger)
    shown = selected or telling_box(walk)
    summary = slots.text(repr(walk) + ".", "p", 'class="nam-summary"')
    change = walk.nearest_change.words if walk.nearest_change else "No single different answer alters the steps."
    nearest = slots.text(f"Nearest change: {change}", "p", 'class="nam-change"')
    edges = ledger.pathway.edges
    states = slots.states(_states(walk, nodes, edges))
    texts = _step_texts(slots, walk)
    steps = "".join(slots.markup(texts.get(node.id, Html("")), "li") for node in nodes)
    checks = _check_texts(slots, walk)
    every_check = dict.fromkeys(
        check.text for drug in ledger.drugs for check in drug.checks if check.kind != "monitoring"
    )
    looks = "".join(slots.markup(checks.get(text, Html("")), "li") for text in every_check)
    opened = slots.markup(
        _detail(slots, walk, ledger, bibliography, shown),
        "div",
        'class="nam-detail" tabindex="0" role="region" aria-label="The box that is open"',
    )
    legend = (
        '<p class="nam-legend"><small><span id="nam-on">\N{CHECK MARK} solid blue: on the route</span>; '
        '<span id="nam-open">? dashed: open, an answer is missing</span>; '
        '<span id="nam-off">thin grey: not on the route</span>. Red bar: urgent, beside everything else.</small></p>'
    )
    return slots.page(
        lambda: (
            f'<div class="nam-path">{_STYLE}{summary}{nearest}{legend}<div class="nam-grid">'
            f"<div>{_graph(states, nodes, edges)}</div><div>{opened}"
            '<div class="nam-walk" tabindex="0" role="region" aria-label="The walk in words"><h4>The walk in words</h4>'
            f"<ol>{steps}</ol><details><summary>Look at first, before any drug here</summary><ul>{looks}</ul></details>"
            "</div></div></div></div>"
        )
    )
