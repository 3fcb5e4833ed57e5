"""Walk the therapy pathway for one patient: the steps taken and why, what is open, what to check, what would change it.

The graph is ``data/pathway.yaml``. From every step reached, each way whose condition is true is followed, so routes run
in parallel and urgent steps never replace the rest. A way whose condition is unknown is never followed: it is listed
with the answer that would decide it. No step is entered twice, so the relapse loop ends where it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, Literal

from namlib.frozen import Itself, frozen
from namlib.model.findings import FIELDS, Field, drug_words
from namlib.model.rules import QUESTIONS, Evaluation, Rule, Truth, answer_words, listed, rule, said
from namlib.records import Check, CheckKind, Drug, Edge, Node, Pathway
from namlib.table import html, html_table

Findings = Mapping[str, Any]
Duty = Literal["contraindicated", "do first", "watch"]
Status = Literal["taken", "open"]

DUTIES: tuple[Duty, ...] = ("contraindicated", "do first", "watch")
# Changing the response asks about a later day, and changing age or sex about somebody else: such changes rank last.
_ANOTHER_DAY = ("response",)
_SOMEBODY_ELSE = "body"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _once(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))


def asked(missing: Sequence[str]) -> tuple[str, ...]:
    """Name what a reader has to answer, by the labels of the form, each once.

    Examples
    --------
    >>> asked(["used_ivig", "used_rituximab", "age_group"])
    ('Treatments already used', 'Age')
    """
    return _once(FIELDS[QUESTIONS[key].field].label for key in missing)


def deciding(missing: Sequence[str]) -> str:
    """Say which test or answer would decide an open way.

    Examples
    --------
    >>> deciding(["anti_srp"]), deciding(["weakness", "anti_hmgcr"])
    ('the test: anti-SRP antibody', 'the test: anti-HMGCR antibody; the answer: severity of weakness')
    """
    fields = [FIELDS[name] for name in _once(QUESTIONS[key].field for key in missing)]
    tests = [said(field.label) for field in fields if field.group == "tests" or field.kind == "test"]
    answers = [said(field.label) for field in fields if field.group != "tests" and field.kind != "test"]
    parts = []
    for noun, names in (("test", tests), ("answer", answers)):
        if names:
            parts.append(f"the {noun if len(names) == 1 else noun + 's'}: {listed(names)}")
    return "; ".join(parts)


@frozen
class Way:
    """One arrow of the walk. ``returns`` is true where it leads back to a step that came earlier."""

    edge: str
    start: str
    end: str
    label: str
    why: Evaluation
    facts: tuple[str, ...]
    whose: str = ""
    returns: bool = False

    def reason(self) -> str:
        """Say the way's label, and the answers that opened it or keep it open."""
        return self.label if self.why.form == "always" else f"{self.label}; {self.why.words()}"

    def words(self) -> str:
        """Say the reason, and who takes the way where sources differ."""
        return f"{self.reason()} [{self.whose}]" if self.whose else self.reason()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "edge": self.edge,
            "start": self.start,
            "end": self.end,
            "label": self.label,
            "value": self.why.value,
            "why": self.why.words(),
            "condition": self.why.condition,
            "facts": list(self.facts),
            "whose": self.whose,
            "returns": self.returns,
        }


@frozen
class Step:
    """One box of the walk. ``taken``: some way to it is true. ``open``: every way to it waits for an answer."""

    node: Node
    ways: tuple[Way, ...]
    status: Status

    @property
    def why(self) -> str:
        """Why the walk is here: every way that led in, in words."""
        return "; or: ".join(_once(way.words() for way in self.ways)) or "the pathway starts here"

    @property
    def whose(self) -> tuple[str, ...]:
        """Who takes a way to this step, where sources differ."""
        return _once(way.whose for way in self.ways if way.whose)

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of the facts of the step and of the ways to it."""
        return _once([*self.node.facts, *(fact for way in self.ways for fact in way.facts)])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "node": self.node.id,
            "title": self.node.title,
            "kind": self.node.kind,
            "text": self.node.text,
            "drugs": list(self.node.drugs),
            "status": self.status,
            "why": self.why,
            "ways": [way.to_dict() for way in self.ways],
            "facts": list(self.facts),
        }


@frozen
class Undecided:
    """A way that starts on the route and waits for an answer. ``missing`` are the findings that could decide it."""

    way: Way
    title: str
    missing: tuple[str, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """Labels of what to answer."""
        return asked(self.missing)

    def words(self) -> str:
        """Say what is open and what would decide it."""
        return f"Open: {self.title} ({self.way.label}). Decided by {deciding(self.missing)}."

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "way": self.way.to_dict(),
            "title": self.title,
            "missing": list(self.missing),
            "asked": list(self.asked),
            "words": self.words(),
        }


@frozen
class DrugCheck:
    """One check of one drug on the route, and what it asks for.

    ``duty`` is ``contraindicated``, ``do first`` (a check that applies, or a question that has to be answered before
    the drug can be judged) or ``watch``. ``missing`` names the answers that are lacking; none where the check applies.
    """

    drug: str
    drug_name: str
    check: str
    kind: CheckKind
    duty: Duty
    text: str
    why: Evaluation
    missing: tuple[str, ...]
    facts: tuple[str, ...]
    steps: tuple[str, ...]

    def words(self) -> str:
        """Say the drug, what to do, and what has to be known for it."""
        return CheckGroup((self.drug_name,), self.duty, self.text, asked(self.missing), self.facts).words()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "drug": self.drug,
            "check": self.check,
            "kind": self.kind,
            "duty": self.duty,
            "text": self.text,
            "why": self.why.words(),
            "missing": list(self.missing),
            "words": self.words(),
            "facts": list(self.facts),
            "steps": list(self.steps),
        }


@frozen
class CheckGroup:
    """The same check for every drug of the route that shares it. ``asked`` are labels of what has to be answered."""

    drugs: tuple[str, ...]
    duty: Duty
    text: str
    asked: tuple[str, ...]
    facts: tuple[str, ...]

    def words(self) -> str:
        """Say the drugs, what to do, and what has to be known for it."""
        ask = f"Ask first: {listed([said(label) for label in self.asked])}. " if self.asked else ""
        drugs = listed(self.drugs)
        return f"{drugs[0].upper()}{drugs[1:]}, {self.duty}: {ask}{self.text}"


@frozen
class Change:
    """One answer given differently, and what it would do to the set of steps taken."""

    field: str
    answer: str
    was_unanswered: bool
    adds: tuple[str, ...]
    drops: tuple[str, ...]
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "field": self.field,
            "answer": self.answer,
            "was_unanswered": self.was_unanswered,
            "adds": list(self.adds),
            "drops": list(self.drops),
            "words": self.words,
        }


@frozen
class Walk:
    """The route of one patient through the pathway, with reasons, open choices, checks and the nearest change."""

    steps: tuple[Step, ...]
    undecided: tuple[Undecided, ...]
    checks: tuple[DrugCheck, ...]
    nearest_change: Change | None

    @property
    def taken(self) -> tuple[str, ...]:
        """Ids of the boxes on the route, in order."""
        return tuple(step.node.id for step in self.steps if step.status == "taken")

    @property
    def open(self) -> tuple[str, ...]:
        """Ids of the boxes that only an answer could open, in order."""
        return tuple(step.node.id for step in self.steps if step.status == "open")

    @property
    def taken_edges(self) -> tuple[str, ...]:
        """Ids of the arrows followed."""
        return tuple(way.edge for step in self.steps if step.status == "taken" for way in step.ways)

    @property
    def open_edges(self) -> tuple[str, ...]:
        """Ids of the arrows that wait for an answer."""
        return tuple(item.way.edge for item in self.undecided)

    @property
    def ends(self) -> tuple[str, ...]:
        """Ids of the end boxes reached."""
        return tuple(step.node.id for step in self.steps if step.status == "taken" and step.node.kind == "end")

    @property
    def missing(self) -> tuple[str, ...]:
        """Findings that could decide an open way, each once."""
        return _once(key for item in self.undecided for key in item.missing)

    @property
    def contraindicated(self) -> tuple[DrugCheck, ...]:
        """Checks that rule a drug of the route out."""
        return self._with("contraindicated")

    @property
    def do_first(self) -> tuple[DrugCheck, ...]:
        """Checks, and unanswered questions, that come before a drug of the route."""
        return self._with("do first")

    @property
    def watch(self) -> tuple[DrugCheck, ...]:
        """Interactions and monitoring that go with a drug of the route."""
        return self._with("watch")

    @property
    def grouped_checks(self) -> tuple[CheckGroup, ...]:
        """The checks for reading: each once, with all drugs that share it, contraindications first."""
        merged: dict[tuple[Duty, str, tuple[str, ...]], list[DrugCheck]] = {}
        for check in self.checks:
            merged.setdefault((check.duty, check.text, asked(check.missing)), []).append(check)
        return tuple(
            CheckGroup(
                _once(check.drug_name for check in same),
                duty,
                text,
                ask,
                _once(fact for check in same for fact in check.facts),
            )
            for (duty, text, ask), same in merged.items()
        )

    def _with(self, duty: Duty) -> tuple[DrugCheck, ...]:
        return tuple(check for check in self.checks if check.duty == duty)

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of every fact the walk rests on, sorted."""
        named = [step.facts for step in self.steps] + [check.facts for check in self.checks]
        named += [item.way.facts for item in self.undecided]
        return tuple(sorted({fact for facts in named for fact in facts}))

    def sentences(self) -> tuple[str, ...]:
        """Tell the walk as text, one sentence or two for each step, open choice, check and change."""
        told = [f"{step.node.title}: {step.why}." for step in self.steps if step.status == "taken"]
        told += [item.words() for item in self.undecided]
        told += [group.words() for group in self.grouped_checks]
        if self.nearest_change is not None:
            told.append(self.nearest_change.words)
        return tuple(told)

    def __repr__(self) -> str:
        ends = [step.node.title for step in self.steps if step.node.id in self.ends]
        parts = [
            f"Route of {_counted(len(self.taken), 'step')}" + (f" to: {listed(ends)}" if ends else ", no end reached")
        ]
        if self.undecided:
            labels = listed([said(label) for label in asked(self.missing)])
            parts.append(f"{_counted(len(self.undecided), 'way')} open, waiting for {labels}")
        else:
            parts.append("nothing open")
        duties = [group.duty for group in self.grouped_checks]
        parts.append(_counted(duties.count("contraindicated"), "contraindication"))
        parts.append(f"{_counted(duties.count('do first'), 'check')} to do first")
        return "; ".join(parts)

    def _repr_html_(self) -> str:
        shown = [f"<p>{html(repr(self))}.</p>", self._steps_table()]
        if self.undecided:
            shown.append(self._open_table())
        shown.append(self._checks_table() if self.checks else "<p>No drug check belongs to this route.</p>")
        if self.nearest_change is not None:
            shown.append(f"<p>Nearest change: {html(self.nearest_change.words)}</p>")
        return "".join(shown)

    def _steps_table(self) -> str:
        rows = [
            (
                step.node.title,
                step.node.kind,
                step.node.text,
                "; or: ".join(_once(way.reason() for way in step.ways)) or step.why,
                "; ".join(step.whose),
                ", ".join(step.facts),
            )
            for step in self.steps
            if step.status == "taken"
        ]
        return html_table(
            "Steps of the route, in order", ["step", "kind", "what it means", "why", "whose", "facts"], rows
        )

    def _open_table(self) -> str:
        rows = [
            (item.title, item.way.label, deciding(item.missing), item.way.whose, ", ".join(item.way.facts))
            for item in self.undecided
        ]
        headers = ["would lead to", "if", "decided by", "whose", "facts"]
        return html_table("Not decided, because an answer is missing", headers, rows, style=False)

    def _checks_table(self) -> str:
        rows = [
            (
                ", ".join(group.drugs),
                group.duty,
                group.text,
                ", ".join(said(label) for label in group.asked) or "nothing, it applies",
                ", ".join(group.facts),
            )
            for group in self.grouped_checks
        ]
        headers = ["drug", "what", "check", "still to be answered", "facts"]
        return html_table("Checks for the drugs on the route", headers, rows, style=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that survives a round trip through JSON unchanged."""
        return {
            "summary": repr(self),
            "steps": [step.to_dict() for step in self.steps],
            "undecided": [item.to_dict() for item in self.undecided],
            "checks": [check.to_dict() for check in self.checks],
            "nearest_change": None if self.nearest_change is None else self.nearest_change.to_dict(),
            "sources": list(self.sources),
        }


# --- the graph, made ready -----------------------------------------------------------------------------------------


@frozen
class _Map:
    """The pathway with its conditions ready and its boxes numbered; walking it needs no look-ups by name."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    rules: tuple[Rule, ...]
    ends: tuple[int, ...]
    ways_out: tuple[tuple[int, ...], ...]
    places: tuple[tuple[int, int], ...]
    starts: tuple[int, ...]
    start: int
    asking: Mapping[str, frozenset[int]]
    limits: Mapping[str, frozenset[float]]


def _mapped(pathway: Pathway) -> _Map:
    return _drawn_once(Itself(pathway))


@lru_cache(maxsize=4)
def _drawn_once(same: Itself[Pathway]) -> _Map:
    pathway = same.held
    number_of = {node.id: place for place, node in enumerate(pathway.nodes)}
    rules = tuple(rule(edge.when) for edge in pathway.edges)
    starts = tuple(number_of[edge.start] for edge in pathway.edges)
    asking: dict[str, set[int]] = {}
    limits: dict[str, set[float]] = {}
    for way, ready in enumerate(rules):
        for key in ready.questions:
            asking.setdefault(key, set()).add(way)
            limits.setdefault(key, set()).update(ready.limits)
    return _Map(
        nodes=pathway.nodes,
        edges=pathway.edges,
        rules=rules,
        ends=tuple(number_of[edge.end] for edge in pathway.edges),
        ways_out=tuple(
            tuple(way for way, box in enumerate(starts) if box == here) for here in range(len(pathway.nodes))
        ),
        places=tuple((node.stage, place) for place, node in enumerate(pathway.nodes)),
        starts=starts,
        start=number_of[pathway.start],
        asking={key: frozenset(ways) for key, ways in asking.items()},
        limits={key: frozenset(cuts) for key, cuts in limits.items()},
    )


def _reached(chart: _Map, values: Sequence[Truth]) -> set[int]:
    """Every box that true ways lead to."""
    reached, waiting = {chart.start}, [chart.start]
    while waiting:
        for way in chart.ways_out[waiting.pop()]:
            if values[way] and chart.ends[way] not in reached:
                reached.add(chart.ends[way])
                waiting.append(chart.ends[way])
    return reached


def _route(chart: _Map, values: Sequence[Truth]) -> list[int]:
    """Boxes on the route or open beside it, in reading order: by row of the drawing, never before a way led there."""
    taken = _reached(chart, values)
    order, queued = [], {chart.start}
    waiting = [chart.places[chart.start]]
    while waiting:
        here = heappop(waiting)[1]
        order.append(here)
        for way in chart.ways_out[here] if here in taken else ():
            end = chart.ends[way]
            if values[way] is not False and end not in queued:
                queued.add(end)
                heappush(waiting, chart.places[end])
    return order


# --- what one different answer would do ----------------------------------------------------------------------------


def _alternatives(key: str, limits: Iterable[float]) -> tuple[Any, ...]:
    """Answers worth trying: all of a closed list; for a number, one on each side of every limit asked about."""
    question = QUESTIONS[key]
    if question.kind != "number":
        return question.values
    field = FIELDS[question.field]
    cuts = sorted({field.low, *limits, field.high})
    return tuple(sorted({*cuts, *((low + high) / 2 for low, high in pairwise(cuts))}))


@frozen
class _Trial:
    """One answer given differently: the findings it sets, and the clause that supposes it."""

    field: str
    answer: str
    was_unanswered: bool
    given: Mapping[str, Any]
    supposed: str


def _supposed(field: Field, answer: str) -> str:
    if field.name == "age_years":
        return f"If the patient were {answer}"
    if field.kind == "yes_no":
        return f"If the answer to “{field.label}” were {answer}"
    return f"If {said(field.label)} were {answer}"


def _treatment_trials(field: Field, findings: Findings) -> list[_Trial]:
    """Treatments are answered together: one is ticked or cleared, or, where nothing was answered, one alone or none."""
    drugs = {f"{field.name}_{choice}": drug_words(choice) for choice in field.choices}
    if any(findings.get(key) is not None for key in drugs):
        return [
            _Trial(
                field.name,
                f"{drug} {'not used' if findings[key] else 'used'}",
                False,
                {key: not findings[key]},
                f"If {drug} had {'not been used' if findings[key] else 'already been used'}",
            )
            for key, drug in drugs.items()
            if findings.get(key) is not None
        ]
    none = dict.fromkeys(drugs, False)
    trials = [_Trial(field.name, "none", True, none, "If no treatment had been used")]
    for key, drug in drugs.items():
        trials.append(_Trial(field.name, f"{drug} only", True, {**none, key: True}, f"If only {drug} had been used"))
    return trials


def _trials(chart: _Map, findings: Findings) -> list[_Trial]:
    """Every single answer that could be different and that some way asks for."""
    limits = chart.limits
    trials: list[_Trial] = []
    for key, question in QUESTIONS.items():
        field = FIELDS[question.field]
        if key not in limits or field.kind == "set":
            continue
        read = findings.get(key)
        for answer in _alternatives(key, limits[key]):
            if answer != read:
                words = answer_words(key, answer)
                trials.append(_Trial(field.name, words, read is None, {key: answer}, _supposed(field, words)))
    for field in FIELDS.values():
        if field.kind == "set" and any(f"{field.name}_{choice}" in limits for choice in field.choices):
            trials += _treatment_trials(field, findings)
    return trials


def _distance(trial: _Trial) -> int:
    """How far a change is from the patient as described: 0 for a missing answer, 3 for somebody else."""
    if trial.was_unanswered:
        return 0
    if FIELDS[trial.field].group == _SOMEBODY_ELSE:
        return 3
    return 2 if trial.field in _ANOTHER_DAY else 1


def _change_words(supposed: str, adds: Sequence[str], drops: Sequence[str]) -> str:
    parts = []
    if adds:
        parts.append(f"add {listed([f'“{title}”' for title in adds])}")
    if drops:
        parts.append(f"leave out {listed([f'“{title}”' for title in drops])}")
    return f"{supposed}, the route would {' and '.join(parts)}."


def changes(findings: Findings, pathway: Pathway) -> tuple[Change, ...]:
    """Try every single different answer and keep those that alter the set of steps taken, the nearest first.

    Nearest means, in this order: an answer that is missing before one that would have to be different, and among these
    the response, then age and sex, last; a change close to where the route now ends before one near its beginning;
    fewer steps changed before more; then the order in which a reader is asked.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays it out.
    pathway : Pathway
        The graph to walk.

    Examples
    --------
    >>> start, first, pulse = (Node(name, name, "end", "all", 0, "") for name in ("start", "first", "pulse"))
    >>> always = Edge("e1", "start", "first", "always", ("f",))
    >>> severe = Edge("e2", "start", "pulse", "severe", ("f",), {"field": "weakness", "is": "severe"})
    >>> changes({"weakness": "mild"}, Pathway("start", (start, first, pulse), (always, severe)))[0].words
    'If severity of weakness were severe, the route would add “pulse”.'
    """
    return _changes(_mapped(pathway), findings)


def _changes(chart: _Map, findings: Findings) -> tuple[Change, ...]:
    values = [ready.decide(findings) for ready in chart.rules]
    route = _reached(chart, values)
    order = [box for box in _route(chart, values) if box in route]
    place_of = {box: place for place, box in enumerate(order)}
    starts, asking = chart.starts, chart.asking
    field_order = {name: place for place, name in enumerate(FIELDS)}

    ranked = []
    for turn, trial in enumerate(_trials(chart, findings)):
        supposed = {**findings, **trial.given}
        touched = [way for key in trial.given for way in asking.get(key, ())]
        here = {way: chart.rules[way].decide(supposed) for way in touched if starts[way] in route}
        turned = [way for way, value in here.items() if (value is True) is not (values[way] is True)]
        if not turned:
            continue
        beyond = {way: chart.rules[way].decide(supposed) for way in touched if way not in here}
        tried = list(values)
        for way, value in (*here.items(), *beyond.items()):
            tried[way] = value
        other = _reached(chart, tried)
        if other == route:
            continue
        # Where the two routes part: the first shared box from which a way opens or closes.
        parting = min(place_of[starts[way]] for way in turned if chart.ends[way] in route ^ other)
        rank = (_distance(trial), -parting, len(route ^ other), field_order[trial.field], turn)
        ranked.append((rank, trial, other))
    ranked.sort(key=lambda item: item[0])

    found = []
    for _, trial, other in ranked:
        adds = [chart.nodes[box] for box in sorted(other - route, key=chart.places.__getitem__)]
        drops = [chart.nodes[box] for box in order if box not in other]
        words = _change_words(trial.supposed, [node.title for node in adds], [node.title for node in drops])
        found.append(
            Change(
                trial.field,
                trial.answer,
                trial.was_unanswered,
                tuple(node.id for node in adds),
                tuple(node.id for node in drops),
                words,
            )
        )
    return tuple(found)


# --- checks --------------------------------------------------------------------------------------------------------


def _duty(kind: CheckKind, value: Truth) -> Duty | None:
    if value is False:
        return None
    if value is None:
        # A drug whose contraindication or interaction nobody has asked about cannot be judged yet.
        return "watch" if kind == "monitoring" else "do first"
    return {"contraindication": "contraindicated", "pre_check": "do first"}.get(kind, "watch")  # type: ignore[return-value]


def judged(kind: CheckKind, when: Any, findings: Findings) -> tuple[Duty | None, Evaluation, tuple[str, ...]]:
    """Judge one check for one patient.

    Returns
    -------
    (duty, why, missing)
        What it asks for (``None``: it does not apply), the tree of reasons, and the answers that are lacking.

    Raises
    ------
    namlib.records.Refused
        If the condition is malformed.

    Examples
    --------
    >>> judged("contraindication", {"field": "liver_disease", "is": True}, {})[::2]
    ('do first', ('liver_disease',))
    """
    why = rule(when).evaluate(findings)
    return _duty(kind, why.value), why, why.unknown_fields() if why.value is None else ()


def _drug_check(drug: Drug, check: Check, findings: Findings, steps: tuple[str, ...]) -> DrugCheck | None:
    duty, why, missing = judged(check.kind, check.when, findings)
    if duty is None:
        return None
    return DrugCheck(drug.key, drug.name, check.id, check.kind, duty, check.text, why, missing, check.facts, steps)


def _checks(order: Sequence[Node], drugs: Iterable[Drug], findings: Findings) -> tuple[DrugCheck, ...]:
    used_in: dict[str, list[str]] = {}
    for node in order:
        for key in node.drugs:
            used_in.setdefault(key, []).append(node.id)
    by_key = {drug.key: drug for drug in drugs}
    found = [
        result
        for key, steps in used_in.items()
        for check in by_key[key].checks
        if (result := _drug_check(by_key[key], check, findings, tuple(steps))) is not None
    ]
    return tuple(sorted(found, key=lambda result: DUTIES.index(result.duty)))


# --- the walk ------------------------------------------------------------------------------------------------------


def walk(findings: Findings, pathway: Pathway, drugs: Iterable[Drug]) -> Walk:
    """Follow the pathway for one patient.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays it out; a missing key counts as not answered.
    pathway : Pathway
        The graph: boxes, arrows, conditions.
    drugs : iterable of Drug
        Holds the checks of every drug a box names.

    Returns
    -------
    Walk
        Steps taken and open, ways undecided, checks by duty, and the nearest single change that alters the steps taken.

    Raises
    ------
    namlib.records.Refused
        If a condition is malformed.

    Examples
    --------
    >>> ask = Node("ask", "Anti-SRP?", "question", "all", 0, "")
    >>> combine = Node("combine", "Combine", "end", "SRP", 1, "")
    >>> edge = Edge("e", "ask", "combine", "anti-SRP", ("srp_weaker",), {"field": "anti_srp", "is": "positive"})
    >>> walk({"anti_srp": "positive"}, Pathway("ask", (ask, combine), (edge,)), ())
    Route of 2 steps to: Combine; nothing open; 0 contraindications; 0 checks to do first
    >>> walk({}, Pathway("ask", (ask, combine), (edge,)), ()).undecided[0].words()
    'Open: Combine (anti-SRP). Decided by the test: anti-SRP antibody.'
    """
    chart = _mapped(pathway)
    values = [ready.decide(findings) for ready in chart.rules]
    taken = _reached(chart, values)
    order = _route(chart, values)
    place_of = {box: place for place, box in enumerate(order)}

    ways_in: dict[int, list[Way]] = {box: [] for box in order}
    undecided = []
    for box in order:
        for number in chart.ways_out[box] if box in taken else ():
            if values[number] is False:
                continue
            edge, end = chart.edges[number], chart.ends[number]
            why = chart.rules[number].evaluate(findings)
            way = Way(
                edge.id, edge.start, edge.end, edge.label, why, edge.facts, edge.whose, place_of[end] <= place_of[box]
            )
            if why.value is None:
                undecided.append(Undecided(way, chart.nodes[end].title, why.unknown_fields()))
            if why.value or end not in taken:
                ways_in[end].append(way)

    steps = tuple(Step(chart.nodes[box], tuple(ways_in[box]), "taken" if box in taken else "open") for box in order)
    checks = _checks([chart.nodes[box] for box in order if box in taken], drugs, findings)
    nearest = next(iter(_changes(chart, findings)), None)
    return Walk(steps, tuple(undecided), checks, nearest)
