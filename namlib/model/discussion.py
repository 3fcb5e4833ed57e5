"""A case discussion as a state that only answers move: what was told, what is asked now, and nothing of what follows.

Every stage is answered once. What experts made of it is compared only where the case says so, and traps of reasoning
are named by rules that are said aloud. Nothing here keeps anything: answers come in, the state comes out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from namlib.case_records import Case, CaseRecord, Person, Presentation
from namlib.discussion_records import (
    LIKELIHOOD,
    ConcordanceItem,
    Discussion,
    Finding,
    Hypothesis,
    Option,
    Panel,
    Qualifier,
    Stage,
    TestChoice,
    Verdict,
    inconsistent,
    unknown_names,
)
from namlib.frozen import frozen
from namlib.model import diagnosis, pathway
from namlib.model.case import answers_at
from namlib.model.diagnosis import Enmc2016
from namlib.model.findings import FIELDS, findings
from namlib.model.pathway import Walk
from namlib.model.rules import listed
from namlib.records import Criteria, Drug, Node, Pathway, ReasoningTrap, Refused

AnswersAt = Callable[[str], Mapping[str, Any]]
Standing = Literal["essential", "dangerous to miss", "plausible", "not plausible"]
CONFIDENCE = (0, 100, 10)  # from, to, step [%]


# --- answers -------------------------------------------------------------------------------------------------------


def _names(field: str, raw: object, known: Iterable[str], *, most: int | None = None) -> list[str]:
    if not isinstance(raw, list | tuple):
        raise Refused(field, "is not a list")
    offered = set(known)
    for name in raw:
        if not isinstance(name, str) or name not in offered:
            raise Refused(field, f"{str(name)[:40]!r} is not on offer")
    if len(set(raw)) != len(raw):
        raise Refused(field, "holds one thing twice")
    if not raw:
        raise Refused(field, "choose at least one")
    if most is not None and len(raw) > most:
        raise Refused(field, f"at most {most}, and {len(raw)} were chosen")
    return list(raw)


def _confidence(raw: object) -> int:
    low, high, _ = CONFIDENCE
    try:
        number = float(raw) if isinstance(raw, int | float | str) and not isinstance(raw, bool) else None
    except ValueError:
        number = None
    if number is None or not low <= number <= high:
        raise Refused("confidence", f"say how sure you are, from {low} to {high} %")
    return round(number)


def read_answer(discussion: Discussion, stage: Stage, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read an answer to a stage; the result is what is kept.

    Parameters
    ----------
    discussion : Discussion
        The case's discussion.
    stage : Stage
        One of its stages.
    raw : mapping
        ``text``, ``ranked`` and ``confidence``, ``chosen``, or a mark by id of an item, as the kind of the stage asks.

    Raises
    ------
    Refused
        Naming the field and what is accepted.
    """
    if stage.kind == "problem":
        text = raw.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refused("text", "is blank")
        return {"text": text}
    if stage.kind == "differential":
        known = [hypothesis.id for hypothesis in discussion.hypotheses]
        ranked = _names("ranked", raw.get("ranked"), known, most=stage.most)
        return {"ranked": ranked, "confidence": _confidence(raw.get("confidence"))}
    if stage.kind == "tests":
        return {"chosen": _names("chosen", raw.get("chosen"), [test.id for test in stage.tests], most=stage.most)}
    if stage.kind in ("label", "therapy"):
        chosen = raw.get("chosen")
        chosen = [chosen] if isinstance(chosen, str) else chosen
        most = None if stage.several else 1
        held = {"chosen": _names("chosen", chosen, [option.id for option in stage.options], most=most)}
        return {**held, "confidence": _confidence(raw.get("confidence"))} if stage.kind == "label" else held
    if stage.kind == "concordance":
        return {"marks": {item.id: _mark(item.id, raw) for item in stage.items}}
    return {"read": True}


def _mark(item: str, raw: Mapping[str, Any]) -> int:
    marks = raw.get("marks")
    given = marks.get(item) if isinstance(marks, Mapping) else raw.get(item)
    if isinstance(given, bool) or not isinstance(given, int | str) or not re.fullmatch(r"[+-]?\d", str(given)):
        raise Refused(item, "choose one")
    if int(given) not in LIKELIHOOD:
        raise Refused(item, "choose one")
    return int(given)


# --- the state -----------------------------------------------------------------------------------------------------


@frozen
class Told:
    """A stage that was told and answered."""

    stage: Stage
    answer: Mapping[str, Any]


@frozen
class State:
    """How far a discussion has come. ``now`` is the stage that is open, ``None`` once the last was told.

    ``unfit`` names stages whose kept answer no longer fits the case, because the case has changed since.
    """

    discussion: Discussion
    told: tuple[Told, ...]
    now: Stage | None
    unfit: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether everything was told."""
        return self.now is None

    def __repr__(self) -> str:
        told, whole = len(self.told), len(self.discussion.stages)
        return f"{told} of {whole} stages" + (f"; now: {self.now.heading}" if self.now else "; finished")

    def first(self, kind: str) -> Told | None:
        """Return the first stage of a kind that was answered."""
        return next((one for one in self.told if one.stage.kind == kind), None)

    @property
    def chosen_tests(self) -> tuple[TestChoice, ...]:
        """Every test chosen so far, in the order of the stages."""
        return tuple(test for one in self.told for test in chosen_tests(one))

    @property
    def known(self) -> tuple[Finding, ...]:
        """Findings that were brought to light so far."""
        return known_findings(self.discussion, self.told)


def state_of(discussion: Discussion, answers: Mapping[str, Mapping[str, Any]]) -> State:
    """Replay answers in the order of the stages; what stands behind the first open stage is not read at all.

    Parameters
    ----------
    discussion : Discussion
        The case's discussion.
    answers : mapping
        What was answered, by id of stage.

    Returns
    -------
    State
        How far those answers lead.
    """
    told: list[Told] = []
    for stage in discussion.stages:
        if stage.kind == "recap":
            # The end is only read: it is told as soon as everything before it was.
            return State(discussion, (*told, Told(stage, {"read": True})), None)
        raw = answers.get(stage.id)
        if raw is None:
            return State(discussion, tuple(told), stage)
        try:
            told.append(Told(stage, read_answer(discussion, stage, raw)))
        except Refused:
            return State(discussion, tuple(told), stage, (stage.id,))
    return State(discussion, tuple(told), None)


def commit(state: State, stage: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read the answer to the stage that is open, and refuse an answer to any other.

    Raises
    ------
    Refused
        If that stage was answered before or is not told yet, or the answer is not accepted.
    """
    if any(one.stage.id == stage for one in state.told):
        raise Refused(stage, "was answered before; a stage is answered once")
    if state.now is None or state.now.id != stage:
        raise Refused(stage, "is not told yet")
    return read_answer(state.discussion, state.now, raw)


def chosen_tests(told: Told) -> tuple[TestChoice, ...]:
    """The tests that were chosen at a stage, in the order of the stage."""
    chosen = told.answer.get("chosen", ()) if told.stage.kind == "tests" else ()
    return tuple(test for test in told.stage.tests if test.id in chosen)


def known_findings(discussion: Discussion, told: Sequence[Told]) -> tuple[Finding, ...]:
    """Findings that the stem, a jump or a chosen test has brought to light."""
    sources = {one.stage.id for one in told} | {test.id for one in told for test in chosen_tests(one) if test.result}
    return tuple(finding for finding in discussion.findings if finding.known_from in sources)


def shown_answers(told: Sequence[Told], patient: AnswersAt) -> dict[str, Any]:
    """Collect the answers of a patient that were shown so far, and no other.

    Parameters
    ----------
    told : sequence of Told
        Stages that were told.
    patient : callable
        Gives the answers known at a point of the record.
    """
    shown: dict[str, Any] = {}
    for one in told:
        at = one.stage.until or one.stage.at
        names = [*one.stage.shows, *(name for test in chosen_tests(one) for name in test.shows)]
        if names:
            held = patient(at)
            shown |= {name: held[name] for name in names if name in held}
    return shown


def course_until(case: Case, until: str) -> Case:
    """Return what a case holds of CK and strength up to a point, and nothing else of it.

    Parameters
    ----------
    case : Case
        The case.
    until : str
        A point of its record.
    """
    record = case.record
    last = record.place(until)
    ck = tuple(one for one in record.ck if record.place(one.at) <= last)
    strength = tuple(one for one in record.strength if record.place(one.at) <= last)
    part = CaseRecord(
        Person(sex=record.person.sex),
        Presentation(""),
        record.times[: last + 1],
        record.clocks,
        sources=record.sources,
        read=record.read,
        ck=ck,
        strength=strength,
    )
    return Case(case.id, case.title, case.kind, part, inspired_by=case.inspired_by)


# --- comparison with the experts -----------------------------------------------------------------------------------


@frozen
class QualifierFound:
    """A qualifier of the experts, and the spelling of it found in what was written; blank where none was."""

    qualifier: Qualifier
    found: str


def find_qualifiers(stage: Stage, text: str) -> tuple[QualifierFound, ...]:
    """Look for the experts' qualifiers in a problem statement. It is a search for words and no understanding.

    Examples
    --------
    >>> subacute = Qualifier("subacute", "it matters", ("weeks",), convention=True)
    >>> asked = Stage("p", "problem", 5, expert="x", qualifiers=(subacute,))
    >>> find_qualifiers(asked, "Weak for five WEEKS.")[0].found, find_qualifiers(asked, "a weekend")[0].found
    ('weeks', '')
    """

    def found(qualifier: Qualifier) -> str:
        for word in qualifier.words or (qualifier.name,):
            if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
                return word
        return ""

    return tuple(QualifierFound(qualifier, found(qualifier)) for qualifier in stage.qualifiers)


@frozen
class HypothesisCompared:
    """One hypothesis in the learner's order and in that of the experts, with what was known when it was ranked.

    ``yours`` and ``experts`` are places from 1, ``None`` where it was not ranked.
    """

    hypothesis: Hypothesis
    yours: int | None
    experts: int | None
    supporting: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def standings(self) -> tuple[Standing, ...]:
        """How experts see it in this case."""
        one = self.hypothesis
        marks: list[Standing] = []
        if one.essential:
            marks.append("essential")
        if one.dangerous:
            marks.append("dangerous to miss")
        return tuple(marks) or (("plausible",) if one.plausible else ("not plausible",))

    @property
    def missed(self) -> bool:
        """Whether it had to be on the list and was not."""
        return self.yours is None and (self.hypothesis.essential or self.hypothesis.dangerous)


def compare_ranking(discussion: Discussion, told: Sequence[Told], place: int) -> tuple[HypothesisCompared, ...]:
    """Put a ranking beside that of the experts.

    Parameters
    ----------
    discussion : Discussion
        The case's discussion.
    told : sequence of Told
        Stages that were told.
    place : int
        Which of them holds the ranking; only what was known there is weighed.
    """
    stage, answer = told[place].stage, told[place].answer
    texts = {finding.id: finding.text for finding in known_findings(discussion, told[:place])}
    yours, experts = list(answer["ranked"]), list(stage.ranked)

    def rank(order: list[str], name: str) -> int | None:
        return order.index(name) + 1 if name in order else None

    compared = [
        HypothesisCompared(
            one,
            rank(yours, one.id),
            rank(experts, one.id),
            tuple(texts[name] for name in one.supported_by if name in texts),
            tuple(texts[name] for name in (*one.against, *one.excluded_by) if name in texts),
        )
        for one in discussion.hypotheses
    ]
    last = len(compared) + 1
    return tuple(sorted(compared, key=lambda one: (one.yours or last, one.experts or last)))


@frozen
class OptionCompared:
    """One option, whether it was chosen, and what the experts say of it."""

    option: Option
    chosen: bool

    @property
    def verdict(self) -> Verdict:
        """The experts' verdict."""
        return self.option.verdict


def compare_options(told: Told) -> tuple[OptionCompared, ...]:
    """Put a choice of options beside what experts say of each: the chosen ones first."""
    chosen = told.answer["chosen"]
    compared = [OptionCompared(option, option.id in chosen) for option in told.stage.options]
    return tuple(sorted(compared, key=lambda one: not one.chosen))


@frozen
class LabelJudged:
    """A class beside the ENMC 2016 answer to what had been shown, and to all that the record held at that point.

    ``agrees`` is whether class and answer are the same, ``None`` where the class has no counterpart in the criteria.
    """

    option: Option
    shown: Enmc2016
    whole: Enmc2016
    agrees_with_shown: bool | None
    agrees_with_whole: bool | None

    @property
    def words(self) -> str:
        """What agrees and what parts, in words."""
        shown = f"From what you had been shown ENMC 2016 says: {self.shown.title}"
        whole = f"from all that the record held by then: {self.whole.title}"
        if self.agrees_with_shown is None:
            return f"{shown}; {whole}. Your class, {self.option.name}, has no counterpart there."
        yours = {True: "agrees with", False: "parts from"}
        return (
            f"{shown}; your class, {self.option.name}, {yours[self.agrees_with_shown]} that. "
            f"And {whole}, which it {yours[bool(self.agrees_with_whole)]}."
        )


def judge_label(told: Sequence[Told], place: int, patient: AnswersAt, criteria: Criteria) -> LabelJudged:
    """Put the class chosen at a stage beside the ENMC 2016 criteria, by what had been shown and by the whole record.

    Parameters
    ----------
    told : sequence of Told
        Stages that were told.
    place : int
        Which of them holds the class.
    patient : callable
        Gives the answers known at a point of the record.
    criteria : Criteria
        ``data/criteria/enmc_2016.yaml``.
    """
    stage = told[place].stage
    (option,) = [option for option in stage.options if option.id in told[place].answer["chosen"]]
    shown = diagnosis.enmc2016(findings(shown_answers(told[:place], patient)), criteria)
    whole = diagnosis.enmc2016(findings(dict(patient(stage.at))), criteria)
    if not option.enmc:
        return LabelJudged(option, shown, whole, None, None)
    return LabelJudged(option, shown, whole, option.enmc == shown.label, option.enmc == whole.label)


@frozen
class StepsJudged:
    """Steps of treatment beside the walk of the pathway by what had been shown.

    ``on_route`` and ``off_route`` are chosen options whose node the walk takes, or does not; ``open`` those it leaves
    undecided; ``not_chosen`` boxes of treatment the walk takes and nobody chose.
    """

    walk: Walk
    on_route: tuple[Option, ...]
    open: tuple[Option, ...]
    off_route: tuple[Option, ...]
    not_chosen: tuple[Node, ...]

    @property
    def words(self) -> str:
        """What agrees and what parts, in words."""

        def quoted(names: Iterable[str]) -> str:
            return listed([f'"{name}"' for name in names])

        parts = []
        if self.on_route:
            parts.append(f"its route has a box for {quoted(one.name for one in self.on_route)}")
        if self.off_route:
            parts.append(f"its route does not come past {quoted(one.name for one in self.off_route)}")
        if self.open:
            parts.append(f"it leaves open {quoted(one.name for one in self.open)}")
        if self.not_chosen:
            parts.append(f"on its route and not among your choices: {listed([node.title for node in self.not_chosen])}")
        said = "; ".join(parts) or "none of your choices has a box of its own there"
        asked = [label[:1].lower() + label[1:] for label in pathway.asked(self.walk.missing)]
        waiting = f" It still asks for {listed(asked)}." if asked else ""
        return f"The course's pathway, by what you had been shown: {said}.{waiting}"


def judge_steps(
    told: Sequence[Told], place: int, patient: AnswersAt, graph: Pathway, drugs: Iterable[Drug]
) -> StepsJudged:
    """Put the steps of treatment chosen at a stage beside the walk of the therapy pathway by what had been shown."""
    stage = told[place].stage
    walk = pathway.walk(findings(shown_answers(told[:place], patient)), graph, drugs)
    chosen = [option for option in stage.options if option.id in told[place].answer["chosen"] and option.node]
    taken, undecided = set(walk.taken), set(walk.open)
    on_offer = {option.node for option in stage.options if option.node}
    nodes = {step.node.id: step.node for step in walk.steps}
    return StepsJudged(
        walk,
        tuple(option for option in chosen if option.node in taken),
        tuple(option for option in chosen if option.node in undecided),
        tuple(option for option in chosen if option.node not in taken | undecided),
        tuple(
            nodes[name] for name in walk.taken if name in on_offer and name not in {option.node for option in chosen}
        ),
    )


# --- traps of reasoning --------------------------------------------------------------------------------------------


@frozen
class TrapFound:
    """One trap, whether its rule applies to the answers (``None``: cannot be judged), and what in them decided that."""

    trap: ReasoningTrap
    caught: bool | None
    because: str

    def __repr__(self) -> str:
        verdict = {True: "yes", False: "no", None: "cannot be judged"}[self.caught]
        return f"{self.trap.name}: {verdict}; {self.because}"


def _places(told: Sequence[Told], kind: str) -> list[int]:
    return [place for place, one in enumerate(told) if one.stage.kind == kind]


def _anchoring(discussion: Discussion, told: Sequence[Told], trap: ReasoningTrap) -> TrapFound:
    rankings = _places(told, "differential")
    if not rankings:
        return TrapFound(trap, None, "nothing was ranked")
    first = discussion.hypothesis(told[rankings[0]].answer["ranked"][0])
    threshold = trap.confidence_percent or 0.0
    acted: list[tuple[int, str, int]] = []
    for place in rankings[1:]:
        acted.append((place, told[place].answer["ranked"][0], told[place].answer["confidence"]))
    for place in _places(told, "label"):
        options = {option.id: option.hypothesis for option in told[place].stage.options}
        acted.append((place, options[told[place].answer["chosen"][0]], told[place].answer["confidence"]))
    excluded = False
    for place, hypothesis, confidence in sorted(acted):
        shown = [one for one in known_findings(discussion, told[:place]) if one.id in first.excluded_by]
        excluded |= bool(shown)
        if shown and hypothesis == first.id and confidence >= threshold:
            texts = listed([one.text for one in shown])
            return TrapFound(
                trap,
                True,
                f"you ranked {first.name} first, were shown {texts}, and kept to it with {confidence} % confidence",
            )
    if not excluded:
        return TrapFound(trap, False, f"nothing that you were shown excludes {first.name}, which you ranked first")
    return TrapFound(trap, False, f"{first.name}, which you ranked first, was given up or held with less confidence")


def _closure(discussion: Discussion, told: Sequence[Told], trap: ReasoningTrap) -> TrapFound:
    labels = [place for place in _places(told, "label") if told[place].stage.deciding]
    if not labels:
        return TrapFound(trap, None, "the case names no test that decides")
    threshold = trap.confidence_percent or 0.0
    names = {test.id: test.name for test in discussion.tests}
    because = "a test that decides was chosen before the class was named"
    for place in labels:
        stage, answer = told[place].stage, told[place].answer
        chosen = {test.id for one in told[:place] for test in chosen_tests(one)}
        (option,) = [option for option in stage.options if option.id in answer["chosen"]]
        if chosen & set(stage.deciding):
            continue
        deciding = listed([names[name] for name in stage.deciding], "or")
        if not option.hypothesis:
            because = f"{deciding} had not been chosen, and you named no class"
        elif answer["confidence"] >= threshold:
            words = f"you named {option.name} with {answer['confidence']} % confidence, without {deciding}"
            return TrapFound(trap, True, words)
        else:
            because = f"{deciding} had not been chosen, and you were only {answer['confidence']} % sure"
    return TrapFound(trap, False, because)


def _base_rate(discussion: Discussion, told: Sequence[Told], trap: ReasoningTrap) -> TrapFound:
    rankings = _places(told, "differential")
    if not rankings:
        return TrapFound(trap, None, "nothing was ranked")
    place = rankings[0]
    known = {finding.id for finding in known_findings(discussion, told[:place])}
    order = [discussion.hypothesis(name) for name in told[place].answer["ranked"]]
    unranked = [one for one in discussion.hypotheses if one not in order]

    def balance(one: Hypothesis) -> int:
        return len(known & set(one.supported_by)) - len(known & {*one.against, *one.excluded_by})

    common = [one for one in discussion.hypotheses if one.frequency == "common" and one.plausible]
    common = [one for one in common if not known & set(one.excluded_by)]
    if not common:
        return TrapFound(trap, None, "no common hypothesis was left open by what had been told")
    for rank, rare in enumerate(order):
        if rare.frequency != "rare":
            continue
        for other in common:
            if other not in order[rank + 1 :] and other not in unranked:
                continue
            if balance(rare) - balance(other) < (trap.findings or 0):
                words = (
                    f"you ranked {rare.name}, rare behind such a start, above {other.name}, which is common; of what "
                    f"had been told, findings for minus findings against make {balance(rare):+d} for the first and "
                    f"{balance(other):+d} for the second"
                )
                return TrapFound(trap, True, words)
    return TrapFound(trap, False, "no rare hypothesis stands above a common one without a reason")


_RULES: dict[str, Callable[[Discussion, Sequence[Told], ReasoningTrap], TrapFound]] = {
    "anchoring": _anchoring,
    "premature_closure": _closure,
    "base_rate_neglect": _base_rate,
}


def find_traps(discussion: Discussion, told: Sequence[Told], traps: Iterable[ReasoningTrap]) -> tuple[TrapFound, ...]:
    """Put the rules of ``data/reasoning_traps.yaml`` to the answers given so far.

    Parameters
    ----------
    discussion : Discussion
        The case's discussion.
    told : sequence of Told
        Stages that were told, with their answers.
    traps : iterable of ReasoningTrap
        The rules, with their thresholds.
    """
    return tuple(_RULES[trap.id](discussion, told, trap) for trap in traps)


# --- concordance ---------------------------------------------------------------------------------------------------


@frozen
class ItemScored:
    """One concordance item: the learner's mark, how many of the panel gave each mark, and the credit."""

    item: ConcordanceItem
    mark: int
    panel: Mapping[int, int]
    credit: float

    @property
    def most_chosen(self) -> tuple[int, ...]:
        """The mark, or marks, that most of the panel gave."""
        most = max(self.panel.values())
        return tuple(mark for mark, count in self.panel.items() if count == most)


@frozen
class Concordance:
    """All items of a stage, scored against a panel."""

    items: tuple[ItemScored, ...]
    panel: Panel

    @property
    def total(self) -> float:
        """Sum of the credits."""
        return sum(item.credit for item in self.items)

    @property
    def words(self) -> str:
        """The score in words."""
        who = "an invented panel" if self.panel.info.fictional else "the panel"
        return f"{self.total:.2f} of {len(self.items)} points against {who}"


def score_concordance(stage: Stage, marks: Mapping[str, int], panel: Panel) -> Concordance:
    """Score marks against a panel, with partial credit.

    A mark earns the number of panel members who gave it, divided by the number who gave the most frequent mark. Marks
    that nobody gave earn nothing.

    Parameters
    ----------
    stage : Stage
        A stage of kind concordance.
    marks : mapping
        The learner's marks by id of item, numbers of :data:`namlib.discussion_records.LIKELIHOOD`.
    panel : Panel
        The panel's answers.

    Examples
    --------
    >>> from namlib.discussion_records import PanelAnswer, PanelInfo
    >>> item = ConcordanceItem("i", "h", "a new fact", "why", convention=True)
    >>> asked = Stage("c", "concordance", 5, items=(item,))
    >>> gave = [1, 1, 1, 1, 0, 0, -1]
    >>> answers = tuple(PanelAnswer("i", str(n), mark) for n, mark in enumerate(gave))
    >>> panel = Panel(PanelInfo("p.csv", "invented", True), answers)
    >>> [score_concordance(asked, {"i": mark}, panel).total for mark in (1, 0, -1, -2)]
    [1.0, 0.5, 0.25, 0.0]
    """
    scored = []
    for item in stage.items:
        counted = Counter(panel.of(item.id))
        gave = {mark: counted.get(mark, 0) for mark in LIKELIHOOD}
        scored.append(ItemScored(item, marks[item.id], gave, gave[marks[item.id]] / max(gave.values())))
    return Concordance(tuple(scored), panel)


# --- what a file is checked for ------------------------------------------------------------------------------------


def problems(
    record: CaseRecord, discussion: Discussion, labels: Iterable[str], nodes: Iterable[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find what is wrong between a discussion and its record: names that lead nowhere, answers that are not there.

    Parameters
    ----------
    record, discussion
        The two halves of a case.
    labels, nodes : iterable of str
        Labels of ENMC 2016 and nodes of the pathway.

    Yields
    ------
    (path, reason)
        Where in the discussion, and what is wrong.
    """
    yield from inconsistent(discussion)
    times = [time.id for time in record.times]
    named = list(
        unknown_names(discussion, times=times, answers=FIELDS, labels={*labels, *diagnosis.TITLES}, nodes=set(nodes))
    )
    yield from named
    if named:
        return
    for place, stage in enumerate(discussion.stages):
        at = stage.until or stage.at
        if not at:
            continue
        try:
            held = answers_at(record, at)
        except Refused as refused:
            yield (
                ("stages", place, "until" if stage.until else "at"),
                f"at {at!r} the record contradicts itself: {refused}",
            )
            continue
        parts: list[tuple[tuple[str | int, ...], Sequence[str]]] = [(("stages", place, "shows"), stage.shows)]
        parts += [(("stages", place, "tests", number, "shows"), test.shows) for number, test in enumerate(stage.tests)]
        for path, names in parts:
            for name in names:
                if name not in held:
                    yield path, f"the record holds no answer to {name!r} at {at!r}"
