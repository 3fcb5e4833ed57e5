"""What the discussion of a teaching case is: stages that are told one by one, what experts made of each, and a panel.

The learner commits to an answer before the next stage is shown. So the file holds more than a learner has read, and
nothing here may reach a page before :mod:`namlib.model.discussion` says that it is revealed. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar, Literal, TypeVar

from namlib.frozen import frozen
from namlib.records import Refused

StageKind = Literal[
    "stem",
    "problem",
    "differential",
    "tests",
    "label",
    "therapy",
    "jump",
    "done",
    "feedback",
    "concordance",
    "recap",
]
Frequency = Literal["common", "uncommon", "rare"]
TestWorth = Literal["deciding", "useful", "little", "harmful"]
Verdict = Literal["best", "defensible", "too early", "wrong", "harmful"]
# "Given this new fact the hypothesis is ..."; the numbers are the marks of a panel.
LIKELIHOOD: dict[int, str] = {
    -2: "much less likely",
    -1: "less likely",
    0: "neither less nor more likely",
    1: "more likely",
    2: "much more likely",
}

# Which parts belong to which kind of stage. id, kind, title, minutes, ask and listen_for belong to all.
PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # kind: (needed, allowed)
    "stem": (("text", "at"), ("shows",)),
    "problem": (("expert", "qualifiers"), ("prompt",)),
    "differential": (("ranked",), ("prompt", "most", "feedback", "facts", "sources", "convention")),
    "tests": (("tests", "at"), ("prompt", "most", "text")),
    "label": (("options", "at"), ("prompt", "deciding")),
    "therapy": (("options", "at"), ("prompt", "several", "text")),
    "jump": (("text", "until"), ("shows",)),
    "done": (("text",), ("facts", "sources", "convention")),
    "feedback": ((), ("text",)),
    "concordance": (("items",), ("prompt",)),
    "recap": (("points", "cannot_tell"), ()),
}
TITLES: dict[str, str] = {
    "stem": "The patient",
    "problem": "Your problem statement",
    "differential": "Your differential diagnosis",
    "tests": "Your tests",
    "label": "Commit to a class",
    "therapy": "Choose the next step of treatment",
    "jump": "Time passes",
    "done": "What was done",
    "feedback": "Your choices, one by one",
    "concordance": "What would a new fact change?",
    "recap": "What to take along",
}
# Every discussion tells these, in this order of first appearance; more of any kind may stand between.
ORDER: tuple[StageKind, ...] = (
    "stem",
    "problem",
    "differential",
    "tests",
    "label",
    "therapy",
    "jump",
    "done",
    "feedback",
    "recap",
)
# Stages in which the learner is asked something; the others are read.
ASKED = frozenset({"problem", "differential", "tests", "label", "therapy", "concordance"})
_COMMON_PARTS = frozenset({"id", "kind", "title", "minutes", "ask", "listen_for"})
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PANEL_FILE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}\.csv")

Problem = tuple[tuple[str | int, ...], str]


def _need(condition: object, field: str, reason: str) -> None:
    if not condition:
        raise Refused(field, reason)


def _need_id(name: str) -> None:
    _need(_IDENTIFIER.fullmatch(name), "id", f"{name[:50]!r} is not made of small letters, digits and hyphens")


def _need_support(record: Any) -> None:
    """Refuse a claim that names neither a fact nor a source, unless it says that it is a convention of the course."""
    told = record.facts or record.sources or record.convention
    _need(told, "facts", "names no fact and no source; if none is needed, say convention: true")
    both = record.convention and (record.facts or record.sources)
    _need(not both, "convention", "is for a claim that rests on no fact and no source")


class _Strict:
    """A record in a case file: a field that it does not have is refused and not passed over."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}


@frozen
class Qualifier(_Strict):
    """A word that experts use to sum a patient up, such as "subacute" for "over three months", and why it matters.

    ``words`` are the spellings by which it is found in what a learner wrote; without them its own name is looked for.
    """

    name: str
    why: str
    words: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need(self.name, "name", "is blank")
        _need(all(word.strip() for word in self.words), "words", "holds a blank")
        _need_support(self)


@frozen
class Finding(_Strict):
    """One finding of the case that weighs for or against a hypothesis; known from a stage or a test on."""

    id: str
    text: str
    known_from: str

    def __post_init__(self) -> None:
        _need_id(self.id)


@frozen
class Hypothesis(_Strict):
    """One diagnosis on offer, and how experts see it in this case.

    ``plausible``: fits what the stem tells. ``essential``: must be on the list. ``dangerous``: must not be missed, even
    where it is unlikely. ``frequency`` is how often it is behind such a stem, by the judgement of the case's authors.
    ``supported_by``, ``against`` and ``excluded_by`` name findings.
    """

    id: str
    name: str
    frequency: Frequency
    feedback: str
    plausible: bool = True
    essential: bool = False
    dangerous: bool = False
    supported_by: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    excluded_by: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need_id(self.id)
        _need(self.plausible or not self.essential, "essential", "cannot be without being plausible")
        twice = {name for name in self.supported_by if name in (*self.against, *self.excluded_by)}
        _need(not twice, "supported_by", f"{', '.join(sorted(twice))} also speaks against it")
        _need_support(self)


@frozen
class TestChoice(_Strict):
    """One test on offer. Without a ``result`` it is not available in this case, and ``not_available`` says why.

    ``shows`` names answers of a patient that the result gives; their values stand in the record, at the stage's ``at``.
    """

    __test__ = False  # pytest takes every class called Test... for its own

    id: str
    name: str
    worth: TestWorth
    feedback: str
    result: str = ""
    not_available: str = ""
    group: str = ""
    cost: str = ""
    shows: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need_id(self.id)
        _need(bool(self.result) != bool(self.not_available), "result", "needs a result, or not_available with a reason")
        _need(self.result or not self.shows, "shows", "a test that is not available shows nothing")
        _need_support(self)


@frozen
class Option(_Strict):
    """One class, or one step of treatment, that a learner may choose.

    ``hypothesis`` is the one a class stands for; ``enmc`` the label of ENMC 2016 that means the same, where there is
    one; ``node`` the node of the therapy pathway that a step belongs to.
    """

    id: str
    name: str
    verdict: Verdict
    feedback: str
    hypothesis: str = ""
    enmc: str = ""
    node: str = ""
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need_id(self.id)
        _need_support(self)


@frozen
class ConcordanceItem(_Strict):
    """A hypothesis and one new fact: does it become more or less likely? A panel answered; there is no key."""

    id: str
    hypothesis: str
    new_fact: str
    because: str
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need_id(self.id)
        _need_support(self)


@frozen
class Point(_Strict):
    """One thing to take along."""

    text: str
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False

    def __post_init__(self) -> None:
        _need(self.text, "text", "is blank")
        _need_support(self)


@frozen
class Stage(_Strict):
    """One stage. Which parts it has depends on its kind, see :data:`PARTS`.

    ``at`` is the point of the record at which it stands, ``until`` the point up to which time jumps. ``minutes``,
    ``ask`` and ``listen_for`` are for whoever leads a discussion in a room.
    """

    id: str
    kind: StageKind
    minutes: float
    title: str = ""
    text: str = ""
    prompt: str = ""
    at: str = ""
    until: str = ""
    shows: tuple[str, ...] = ()
    expert: str = ""
    qualifiers: tuple[Qualifier, ...] = ()
    ranked: tuple[str, ...] = ()
    most: int | None = None
    tests: tuple[TestChoice, ...] = ()
    options: tuple[Option, ...] = ()
    deciding: tuple[str, ...] = ()
    several: bool = False
    items: tuple[ConcordanceItem, ...] = ()
    points: tuple[Point, ...] = ()
    cannot_tell: tuple[str, ...] = ()
    feedback: str = ""
    facts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    convention: bool = False
    ask: tuple[str, ...] = ()
    listen_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need_id(self.id)
        _need(0 < self.minutes <= 120, "minutes", f"{self.minutes:g} is not a time for one stage")
        needed, allowed = PARTS[self.kind]
        for field in fields(self):
            given = getattr(self, field.name) != field.default
            if field.name in needed:
                _need(given, field.name, f"is needed in a stage of kind {self.kind}")
            elif field.name not in _COMMON_PARTS and field.name not in allowed:
                _need(not given, field.name, f"is not for a stage of kind {self.kind}")
        _need(self.most is None or self.most > 0, "most", "lets nobody choose anything")
        if self.feedback or self.facts or self.sources or self.kind == "done":
            _need_support(self)
        if self.options:
            _need(len(self.options) > 1, "options", "one option is no choice")
            _need(any(option.verdict == "best" for option in self.options), "options", "none of them is the best")
        for name, rows in (("tests", self.tests), ("options", self.options), ("items", self.items)):
            ids: list[str] = [row.id for row in rows]
            _need(len(set(ids)) == len(ids), name, "holds one id twice")

    @property
    def heading(self) -> str:
        """The title of the stage, or the usual one of its kind."""
        return self.title or TITLES[self.kind]

    @property
    def asked(self) -> bool:
        """Whether the learner answers something here, other than that it was read."""
        return self.kind in ASKED


@frozen
class PanelInfo(_Strict):
    """The panel behind the concordance items: its file in ``data/cases/panels/``, and who the members are."""

    file: str
    who: str
    fictional: bool
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need(_PANEL_FILE.fullmatch(self.file), "file", "is not a plain file name that ends in .csv")
        _need(self.who, "who", "does not say who answered")
        _need(not (self.fictional and self.sources), "sources", "an invented panel has no source")


@frozen
class PanelAnswer:
    """What one member of a panel answered to one item: a number of :data:`LIKELIHOOD`."""

    item: str
    member: str
    answer: int

    def __post_init__(self) -> None:
        _need(self.answer in LIKELIHOOD, "answer", f"{self.answer} is not one of {', '.join(map(str, LIKELIHOOD))}")


@frozen
class Panel:
    """Every answer of a panel."""

    info: PanelInfo
    answers: tuple[PanelAnswer, ...]

    def of(self, item: str) -> tuple[int, ...]:
        """Return the answers to one item."""
        return tuple(answer.answer for answer in self.answers if answer.item == item)


Part = TypeVar("Part", "Stage", "Hypothesis")


def _of_id(what: str, rows: tuple[Part, ...], name: str) -> Part:
    for row in rows:
        if row.id == name:
            return row
    raise KeyError(f"no {what} {name!r}; known: {', '.join(row.id for row in rows)}")


@frozen
class Discussion(_Strict):
    """The discussion half of a teaching case."""

    objectives: tuple[str, ...]
    turned_out: str
    hypotheses: tuple[Hypothesis, ...]
    findings: tuple[Finding, ...]
    stages: tuple[Stage, ...]
    panel: PanelInfo | None = None

    def __post_init__(self) -> None:
        _need(self.objectives, "objectives", "says nothing of what is practised")
        _need(len(self.hypotheses) > 2, "hypotheses", "a differential needs three or more")
        kinds = [stage.kind for stage in self.stages]
        missing = [kind for kind in ORDER if kind not in kinds]
        _need(not missing, "stages", f"has no stage of kind {', '.join(missing)}")
        first = [kinds.index(kind) for kind in ORDER]
        _need(first == sorted(first), "stages", f"does not begin each kind in this order: {', '.join(ORDER)}")
        _need(kinds[0] == "stem" and kinds.count("stem") == 1, "stages", "does not begin with its one stem")
        _need(kinds[-1] == "recap" and kinds.count("recap") == 1, "stages", "does not end with its one recap")
        last_choice = max(place for place, kind in enumerate(kinds) if kind in ("tests", "label", "therapy"))
        _need("feedback" in kinds[last_choice:], "stages", "no feedback follows the last choice")
        _need(("concordance" in kinds) == (self.panel is not None), "panel", "belongs with a stage of kind concordance")

    @property
    def minutes(self) -> float:
        """How long it takes in a room."""
        return sum(stage.minutes for stage in self.stages)

    def stage(self, name: str) -> Stage:
        """Return a stage by its id.

        Raises
        ------
        KeyError
            If there is none; the message lists those there are.
        """
        return _of_id("stage", self.stages, name)

    def hypothesis(self, name: str) -> Hypothesis:
        """Return a hypothesis by its id.

        Raises
        ------
        KeyError
            If there is none; the message lists those there are.
        """
        return _of_id("hypothesis", self.hypotheses, name)

    @property
    def tests(self) -> tuple[TestChoice, ...]:
        """Every test on offer, of all stages."""
        return tuple(test for stage in self.stages for test in stage.tests)

    def __repr__(self) -> str:
        return f"Discussion: {len(self.stages)} stages, {self.minutes:g} minutes"


def inconsistent(discussion: Discussion) -> Iterator[Problem]:
    """Find what no single entry can see: ids that occur twice, names of things that are not there, order that cheats.

    Yields
    ------
    (path, reason)
        Where in the discussion, and what is wrong.
    """
    stages = [stage.id for stage in discussion.stages]
    tests = [test.id for test in discussion.tests]
    hypotheses = {hypothesis.id for hypothesis in discussion.hypotheses}
    findings = {finding.id for finding in discussion.findings}
    yield from _twice("stages", stages)
    yield from _twice("hypotheses", [hypothesis.id for hypothesis in discussion.hypotheses])
    yield from _twice("findings", [finding.id for finding in discussion.findings])
    seen: set[str] = set()
    for place, stage in enumerate(discussion.stages):
        for number, test in enumerate(stage.tests):
            if test.id in seen or test.id in stages:
                yield ("stages", place, "tests", number, "id"), f"{test.id!r} occurs twice"
            seen.add(test.id)
    yield from _unknown(("turned_out",), [discussion.turned_out], hypotheses, "hypothesis")
    for place, finding in enumerate(discussion.findings):
        known = {*tests, *(stage.id for stage in discussion.stages if stage.kind in ("stem", "jump"))}
        yield from _unknown(("findings", place, "known_from"), [finding.known_from], known, "test, stem or jump")
    for place, hypothesis in enumerate(discussion.hypotheses):
        for part in ("supported_by", "against", "excluded_by"):
            yield from _unknown(("hypotheses", place, part), getattr(hypothesis, part), findings, "finding")
    offered: set[str] = set()
    for place, stage in enumerate(discussion.stages):
        here = ("stages", place)
        offered |= {test.id for test in stage.tests}
        yield from _unknown((*here, "ranked"), stage.ranked, hypotheses, "hypothesis")
        yield from _unknown((*here, "deciding"), stage.deciding, offered, "test offered before")
        for number, option in enumerate(stage.options):
            path = (*here, "options", number, "hypothesis")
            yield from _unknown(path, filter(None, [option.hypothesis]), hypotheses, "hypothesis")
            if stage.kind == "therapy" and (option.hypothesis or option.enmc):
                yield path, "is for a class and not for a step of treatment"
            if stage.kind == "label" and option.node:
                yield (*here, "options", number, "node"), "is for a step of treatment and not for a class"
        for number, item in enumerate(stage.items):
            yield from _unknown((*here, "items", number, "hypothesis"), [item.hypothesis], hypotheses, "hypothesis")


def unknown_names(
    discussion: Discussion,
    *,
    times: Sequence[str],
    answers: Collection[str],
    labels: Collection[str] = (),
    nodes: Collection[str] = (),
) -> Iterator[Problem]:
    """Find every name that points at nothing outside the discussion, facts and sources apart.

    Those are looked up for the whole case at once, where its file is read.

    Parameters
    ----------
    discussion : Discussion
        What to look through.
    times : sequence of str
        Points of the record, in order.
    answers : collection of str
        Fields of a patient.
    labels, nodes : collection of str
        Labels of ENMC 2016 and nodes of the pathway; none: not checked.

    Yields
    ------
    (path, reason)
        Where in the discussion, and what is wrong.
    """
    for path, record in _walk((), discussion):
        yield from _unknown((*path, "shows"), getattr(record, "shows", ()), answers, "answer")
    order = list(times)
    latest = -1
    for place, stage in enumerate(discussion.stages):
        for part in ("at", "until"):
            name = getattr(stage, part)
            path = ("stages", place, part)
            yield from _unknown(path, filter(None, [name]), times, "point of the record")
            if name in order:
                if order.index(name) < latest:
                    yield path, f"{name!r} is earlier than a stage above it"
                latest = max(latest, order.index(name))
        for number, option in enumerate(stage.options):
            here = ("stages", place, "options", number)
            if labels:
                yield from _unknown((*here, "enmc"), filter(None, [option.enmc]), labels, "label of ENMC 2016")
            if nodes:
                yield from _unknown((*here, "node"), filter(None, [option.node]), nodes, "node of the pathway")


def panel_from(
    info: PanelInfo, rows: Iterable[Mapping[str, str]], items: Collection[str]
) -> tuple[Panel | None, list[str]]:
    """Make a panel of the rows of its file.

    Parameters
    ----------
    info : PanelInfo
        What the case says of the panel.
    rows : iterable of mapping
        Columns ``item``, ``member`` and ``answer``.
    items : collection of str
        Ids of the concordance items.

    Returns
    -------
    (panel, problems)
        The panel where all is well, and a sentence for everything that is not.

    Examples
    --------
    >>> info = PanelInfo("p.csv", "Nobody: invented", True)
    >>> panel_from(info, [{"item": "a", "member": "1", "answer": "+2"}], ["a"])[0].of("a")
    (2,)
    >>> panel_from(info, [{"item": "a", "member": "1", "answer": "3"}], ["a", "b"])[1][0]
    'p.csv, row 2: answer: 3 is not one of -2, -1, 0, 1, 2'
    """
    problems: list[str] = []
    made: list[PanelAnswer] = []
    seen: set[tuple[str, str]] = set()
    for line, row in enumerate(rows, start=2):
        place = f"{info.file}, row {line}"
        if set(row) != {"item", "member", "answer"}:
            problems.append(f"{place}: the columns are item, member and answer")
            break
        item, member, text = (str(row[name] or "").strip() for name in ("item", "member", "answer"))
        if item not in items:
            problems.append(f"{place}: item: {item[:40]!r} is not in the case")
        if not member:
            problems.append(f"{place}: member: is blank")
        if (item, member) in seen:
            problems.append(f"{place}: member: {member[:40]!r} answered {item[:40]!r} twice")
        seen.add((item, member))
        try:
            if not re.fullmatch(r"[+-]?\d", text):
                raise Refused("answer", f"{text[:20]!r} is not a whole number")
            made.append(PanelAnswer(item, member, int(text)))
        except Refused as refused:
            problems.append(f"{place}: {refused}")
    answered = {answer.item for answer in made}
    problems += [f"{info.file}: nobody answered the item {item!r}" for item in items if item not in answered]
    return (None, problems) if problems else (Panel(info, tuple(made)), [])


def _twice(part: str, ids: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, name in enumerate(ids):
        if name in seen:
            yield (part, place, "id"), f"{name!r} occurs twice"
        seen.add(name)


def _unknown(path: tuple[str | int, ...], named: Iterable[str], known: Collection[str], what: str) -> Iterator[Problem]:
    for name in named:
        if name not in known:
            yield path, f"{name!r} is not a known {what}"


def _walk(path: tuple[str | int, ...], record: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, record
    for field in fields(record):
        held = getattr(record, field.name)
        if isinstance(held, _Strict):
            yield from _walk((*path, field.name), held)
        elif isinstance(held, tuple):
            for place, item in enumerate(held):
                if isinstance(item, _Strict):
                    yield from _walk((*path, field.name, place), item)
