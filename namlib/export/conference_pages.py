"""What the papers of a case conference say: learner handout, facilitator guide, slides and discussion report.

Only content is decided here; how it looks is for the printers. The handout holds the first stage and nothing else of
the case: not even its title or its id, which may name the disease.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from namlib.case_records import Case, CaseDrug, CaseRecord
from namlib.cite import Bibliography, reference
from namlib.course.cases import Case as CourseCase
from namlib.discussion_records import LIKELIHOOD, ConcordanceItem, Discussion, Stage
from namlib.export.paper import (
    Block,
    Deck,
    Document,
    Drawing,
    Folded,
    Grid,
    Heading,
    Listing,
    NewPage,
    Paragraph,
    Run,
    Slide,
    Text,
    WriteHere,
    joined,
    plain,
    shape,
)
from namlib.export.votes import Ballot, Bar, ballot_chart, bar_chart, offers, signed
from namlib.frozen import frozen
from namlib.model import discussion as model
from namlib.model.case import completeness, computed_dose, order_of_events, without_a_point
from namlib.model.discussion import Told
from namlib.view.case import FICTIONAL_WORDS, PUBLISHED_WORDS, course_alt, course_svg
from namlib.view.discussion import NO_CLAIM, PANEL_NOTE, TRAP_NOTE, VERDICTS, WORD_SEARCH, WORTH, Support
from namlib.view.palette import GREEN
from namlib.view.sentences import HOW_READ_WORDS

Imprint = tuple[tuple[str, str], ...]

_DASH = "\N{EN DASH}"
_CHART_NOTE = (
    "Full letters are dated, hollow ones have an order and no date. The table of the order of events holds the numbers."
)
_MARKS = {"for": "+", "against": "\N{MINUS SIGN}", "excludes": "\N{MULTIPLICATION SIGN}"}
_NO_ANSWERS = (
    "No answers were handed to this build, so this report holds the stages and what the authors made of them, and "
    "nothing about a learner or a group."
)
# What a learner writes on while the stages are told; it says nothing of any case.
_WORKSHEET = (
    ("Sum the patient up in one or two sentences", 4),
    ("What it could be, the most likely first, and how sure you are of the first", 6),
    ("Tests you ask for, and what each result would change", 6),
    ("The class you commit to, how sure you are, and what it rests on", 3),
    ("The first step of treatment, and why", 4),
    ("What you did not expect", 3),
    ("What you take along", 3),
)


@frozen
class Answered:
    """Answers from an export: what was told and answered, in order, and what to know of them."""

    told: tuple[Told, ...]
    notes: tuple[str, ...] = ()

    def place(self, stage: Stage) -> int | None:
        """Where a stage stands among what was told and answered."""
        return next((place for place, one in enumerate(self.told) if one.stage.id == stage.id), None)


@frozen
class Material:
    """All that the papers are made of."""

    case: CourseCase
    support: Support
    imprint: Imprint
    reviewed: date
    behind: tuple[tuple[str, tuple[str, ...]], ...] = ()
    answered: Answered | None = None
    ballots: tuple[Ballot, ...] = ()

    @property
    def discussion(self) -> Discussion:
        """The discussion half of the case."""
        assert self.case.discussion is not None
        return self.case.discussion

    @property
    def cites(self) -> Bibliography:
        """Sources by key."""
        return self.support.cites

    @property
    def mark(self) -> str:
        """What every page says of the patient."""
        return FICTIONAL_WORDS if self.case.fictional else PUBLISHED_WORDS

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """Ids of the facts that the case names; a number in brackets is a place in this list."""
        return self.case.facts

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of every source behind the case, by label."""
        keys = {*self.case.sources, *completeness(self.case).sources}
        for name in self.facts:
            keys |= {*self.support.facts[name].sources}
        for _, behind in self.behind:
            keys |= {*behind}
        return tuple(sorted(keys, key=lambda key: (self.cites.by_key[key].label, key)))


# --- small parts ---------------------------------------------------------------------------------------------------


def _link(material: Material, key: str) -> Run:
    source = material.cites.by_key[key]
    return Run(source.label, url=source.url if source.url.startswith("https://") else "")


def _links(material: Material, keys: Iterable[str]) -> list[Run | str]:
    made: list[Run | str] = []
    for key in dict.fromkeys(keys):
        made += ["; ", _link(material, key)] if made else [_link(material, key)]
    return made


def _keys(material: Material, record: Any) -> list[str]:
    held = [key for name in record.facts for key in material.support.facts[name].sources]
    return list(dict.fromkeys([*held, *record.sources]))


def _rests(material: Material, record: Any, *, numbers: bool = True) -> Text:
    """Say in brackets what a claim rests on: its sources, and the numbers of its facts in the list of facts."""
    if record.convention:
        return (Run(f"({NO_CLAIM.rstrip('.').lower()})", italic=True),)
    keys = _keys(material, record)
    if not keys:
        return ""
    places = sorted(material.facts.index(name) + 1 for name in record.facts)
    facts = f" [{', '.join(map(str, places))}]" if numbers and places else ""
    return ("(", *_links(material, keys), ")", facts)


def _claim(material: Material, text: str, record: Any, *, numbers: bool = True) -> Text:
    return joined((text, _rests(material, record, numbers=numbers)))


def _paragraphs(text: str) -> list[Block]:
    return [Paragraph(" ".join(part.split())) for part in text.split("\n\n") if part.strip()]


def _own_words(text: str) -> list[Block]:
    """What somebody wrote, line by line as it was written."""
    return [Paragraph(line, "quote") for line in text.splitlines() if line.strip()]


def _minutes(value: float) -> str:
    return f"{value:g} min"


def until(case: Case, time: str) -> Case:
    """Return the case as its record stood at a point: nothing that came later is in it.

    Parameters
    ----------
    case : Case
        The case.
    time : str
        Id of the last point that is kept.
    """
    record = case.record
    last = record.place(time)

    def kept(rows: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(row for row in rows if row.at and record.place(row.at) <= last)

    def drug_then(drug: CaseDrug) -> CaseDrug | None:
        begins = drug.start or next((event.at for event in drug.events), "")
        if begins and record.place(begins) > last:
            return None
        if not drug.points and drug.role not in ("cause", "background"):
            return None
        stop = drug.stop if drug.stop and record.place(drug.stop) <= last else ""
        return dataclasses.replace(drug, events=kept(drug.events), stop=stop)

    drugs = tuple(drug for drug in map(drug_then, record.drugs) if drug is not None)
    shorter = CaseRecord(
        record.person,
        record.presentation,
        record.times[: last + 1],
        record.clocks,
        record.sources,
        record.read,
        ck=kept(record.ck),
        strength=kept(record.strength),
        labels=kept(record.labels),
        events=kept(record.events),
        adverse_events=kept(record.adverse_events),
        drugs=drugs,
    )
    return dataclasses.replace(case, record=shorter)


def _course(case: Case, caption: str) -> Drawing:
    return Drawing(course_svg(case), course_alt(case), caption)


def _course_slide(case: Case) -> Drawing:
    """The course as a slide has room for it: numbers and drugs, without names and events."""
    record = dataclasses.replace(case.record, labels=(), events=(), adverse_events=())
    # Nor its id, which the words for a screen reader would say: it may name the disease.
    return _course(dataclasses.replace(case, id="the-patient", record=record), "")


def _ballot(material: Material, item: str) -> list[Block]:
    """The votes on one item as a chart and as a table; nothing where nobody voted."""
    ballot = next((one for one in material.ballots if one.item == item), None)
    if ballot is None:
        return []
    rows = tuple((bar.name, str(bar.count), f"{bar.count} of {ballot.voters}") for bar in ballot.bars)
    note = f"{ballot.voters} people voted" + (", each for as many as they liked." if ballot.several else ".")
    return [
        Drawing(ballot_chart(ballot), ballot.words, f"Votes of the room. {note}", 0.85),
        Grid(f"Votes: {ballot.question}", ("Choice", "Votes", "Share"), rows, (5, 1, 2), small=True),
    ]


# --- what every paper ends with --------------------------------------------------------------------------------------


def _facts_used(material: Material) -> list[Block]:
    if not material.facts:
        return [
            Heading("Facts used"),
            Paragraph("No fact of the ledger: what this paper holds is the record."),
        ]
    rows = []
    for place, name in enumerate(material.facts, start=1):
        fact = material.support.facts[name]
        read = HOW_READ_WORDS[fact.how_read] + (f". {fact.caveat}" if fact.caveat else "")
        said: Text = (fact.statement, " ", Run(f"({fact.id})", italic=True))
        rows.append((str(place), said, tuple(_links(material, fact.sources)), read))
    return [
        Heading("Facts used"),
        Paragraph("Numbers in square brackets point here. Each fact is one row of the course's ledger.", "small"),
        Grid(
            "Facts behind this case",
            ("No.", "What is stated", "Source", "How it was read"),
            tuple(rows),
            (1, 8, 3, 4),
            True,
        ),
    ]


def _references(material: Material) -> list[Block]:
    rows: list[tuple[Text, ...]] = []
    for key in material.sources:
        source = material.cites.by_key[key]
        address = source.url.removeprefix("https://") if source.url.startswith("https://") else "a file of this course"
        rows.append(((_link(material, key),), reference(source), address))
    if not rows:
        return []
    return [
        Heading("Sources"),
        Grid("Sources named here", ("Mark", "Reference", "Address"), tuple(rows), (3, 8, 5), small=True),
    ]


def _behind(material: Material) -> list[Block]:
    if not material.behind:
        return []
    made: list[Run | str] = ["The patient is invented after published cases: "]
    for place, (name, keys) in enumerate(material.behind):
        made += ["; " if place else "", f"{name} (", *_links(material, keys), ")"]
    return [Paragraph((*made, "."))]


# --- handout -------------------------------------------------------------------------------------------------------


def handout(material: Material) -> Document:
    """The learner's paper: the first stage, and room to commit to an answer before each of the others is told."""
    stem = material.discussion.stages[0]
    blocks: list[Block] = [
        Heading("The patient"),
        *_paragraphs(stem.text),
        Heading("Commit, then hear on"),
        Paragraph(
            "More is told stage by stage. Write your answer before the next stage is told; what you wrote stands. "
            "Nothing that follows is on this paper."
        ),
        *(WriteHere(label, lines) for label, lines in _WORKSHEET),
        Heading("Facts and sources"),
        Paragraph(
            "Facts used on this paper: none. It tells an invented patient and claims nothing of the disease. What the "
            "discussion rests on is named in its report, fact by fact and source by source.",
            "small",
        ),
    ]
    return Document(
        "Learner handout", "A case for discussion", material.mark, True, material.imprint[1:], tuple(blocks)
    )


# --- what experts made of a stage ----------------------------------------------------------------------------------


def _qualifier_table(material: Material, stage: Stage, written: str | None, *, claims: bool = True) -> Grid:
    found = model.find_qualifiers(stage, written or "")
    rows: list[tuple[Text, ...]] = []
    for one in found:
        mine = () if written is None else (f"found: {one.found}" if one.found else "not found",)
        why = _claim(material, one.qualifier.why, one.qualifier) if claims else one.qualifier.why
        rows.append((one.qualifier.name, *mine, why))
    heads = (
        ("Qualifier", "Why it matters") if written is None else ("Qualifier", "In what was written", "Why it matters")
    )
    return Grid("What the authors put into theirs", heads, tuple(rows), (2, 6) if written is None else (2, 2, 5))


def _standing(one: Any) -> str:
    marks = [word for word, on in (("essential", one.essential), ("dangerous to miss", one.dangerous)) if on]
    marks = marks or ["plausible" if one.plausible else "not plausible"]
    return f"{', '.join(marks)}; {one.frequency} behind such a start"


def _ranking_table(
    material: Material, stage: Stage, told: Sequence[Told] | None, place: int | None, *, numbers: bool = True
) -> Grid:
    discussion = material.discussion
    yours: dict[str, int] = {}
    if told is not None and place is not None:
        yours = {name: rank for rank, name in enumerate(told[place].answer["ranked"], start=1)}
    experts = {name: rank for rank, name in enumerate(stage.ranked, start=1)}
    last = len(discussion.hypotheses) + 1
    ordered = sorted(discussion.hypotheses, key=lambda one: (experts.get(one.id, last), yours.get(one.id, last)))
    rows: list[tuple[Text, ...]] = []
    for one in ordered:
        mine = (str(yours.get(one.id, _DASH)),) if place is not None else ()
        rows.append(
            (
                one.name,
                str(experts.get(one.id, _DASH)),
                *mine,
                _standing(one),
                _claim(material, one.feedback, one, numbers=numbers),
            )
        )
    heads = (
        "Hypothesis",
        "Authors",
        *(("Committed",) if place is not None else ()),
        "How the authors see it here",
        "Feedback",
    )
    widths = (5, 3, 4, 4, 10) if place is not None else (5, 3, 4, 11)
    return Grid("The authors' order", heads, tuple(rows), widths)


def _tests_table(
    material: Material, stage: Stage, chosen: Iterable[str] | None, *, results: bool, numbers: bool = True
) -> Grid:
    picked = None if chosen is None else set(chosen)
    rows: list[tuple[Text, ...]] = []
    for test in stage.tests:
        name = test.name if picked is None or test.id not in picked else f"{test.name} (chosen)"
        result = test.result or f"Not available. {test.not_available}"
        rows.append(
            (
                name,
                *((result,) if results else ()),
                f"{WORTH[test.worth]}; {test.cost[:1].lower()}{test.cost[1:]}" if test.cost else WORTH[test.worth],
                _claim(material, test.feedback, test, numbers=numbers),
            )
        )
    heads = ("Test", *(("Result",) if results else ()), "Worth and cost", "Feedback")
    return Grid("Every test that is on offer", heads, tuple(rows), (5, 5, 4, 8) if results else (5, 4, 9))


def _options_table(material: Material, stage: Stage, chosen: Iterable[str] | None, *, numbers: bool = True) -> Grid:
    picked = set(chosen or ())
    rows = tuple(
        (
            f"{option.name} (chosen)" if option.id in picked else option.name,
            VERDICTS[option.verdict],
            _claim(material, option.feedback, option, numbers=numbers),
        )
        for option in stage.options
    )
    return Grid("What the authors say of each", ("Option", "Verdict", "Feedback"), rows, (4, 3, 9))


def _panel_bars(material: Material, item: ConcordanceItem) -> tuple[tuple[Bar, ...], int]:
    answers = material.support.panel.of(item.id) if material.support.panel is not None else ()
    bars = tuple(Bar(str(mark), f"{signed(mark)} {words}", answers.count(mark)) for mark, words in LIKELIHOOD.items())
    return bars, len(answers)


def _panel_chart(material: Material, item: ConcordanceItem, width: float = 1.0) -> Drawing:
    bars, members = _panel_bars(material, item)
    panel = material.support.panel
    whose = "FICTIONAL panel" if panel is not None and panel.info.fictional else "Panel"
    counts = ", ".join(f"{bar.name} {bar.count}" for bar in bars)
    words = f"{whose}, {members} members: {counts}."
    return Drawing(bar_chart(words, bars, members, f"members, of {members}", colour=GREEN), words, words, width)


def _panel_who(material: Material) -> list[Block]:
    panel = material.support.panel
    if panel is None:
        return []
    mark = "FICTIONAL panel. " if panel.info.fictional else "Panel. "
    cites: Text = ("(", *_links(material, panel.info.sources), ")") if panel.info.sources else ""
    return [Paragraph(joined(((Run(mark, bold=True), panel.info.who), cites)))]


def _panel_table(material: Material, stage: Stage, marks: Mapping[str, int] | None) -> Grid:
    rows: list[tuple[Text, ...]] = []
    for item in stage.items:
        bars, _ = _panel_bars(material, item)
        mine = () if marks is None else (signed(marks[item.id]),)
        name = material.discussion.hypothesis(item.hypothesis).name
        rows.append(
            (
                f"{name}. New: {item.new_fact}",
                *mine,
                *(str(bar.count) for bar in bars),
                _claim(material, item.because, item),
            )
        )
    heads = (
        "Hypothesis and new fact",
        *(() if marks is None else ("Mark",)),
        *(signed(mark) for mark in LIKELIHOOD),
        "Why",
    )
    widths = (7, *(() if marks is None else (2,)), 1, 1, 1, 1, 1, 7)
    return Grid("How many of the panel gave each mark", heads, tuple(rows), widths, small=True)


def _points(material: Material, stage: Stage, *, numbers: bool = True) -> Listing:
    return Listing(tuple(_claim(material, point.text, point, numbers=numbers) for point in stage.points))


def expert_map(material: Material) -> list[Block]:
    """The authors' map: every hypothesis, every finding, and what each finding does to each hypothesis."""
    discussion = material.discussion
    hypotheses = discussion.hypotheses
    listed = tuple((str(place), one.name, _standing(one)) for place, one in enumerate(hypotheses, start=1))
    rows: list[tuple[Text, ...]] = []
    names = {test.id: test.name for test in discussion.tests} | {one.id: one.heading for one in discussion.stages}
    for finding in discussion.findings:
        cells = []
        for one in hypotheses:
            mark = next(
                (
                    _MARKS[what]
                    for what, held in (
                        ("for", one.supported_by),
                        ("against", one.against),
                        ("excludes", one.excluded_by),
                    )
                    if finding.id in held
                ),
                "",
            )
            cells.append(mark)
        rows.append((finding.text, names[finding.known_from], *cells))
    numbers = tuple(str(place) for place in range(1, len(hypotheses) + 1))
    return [
        Grid("Hypotheses", ("No.", "Hypothesis", "How the authors see it here"), listed, (1, 6, 7), small=True),
        Grid(
            f"What each finding does: {_MARKS['for']} speaks for, {_MARKS['against']} speaks against, "
            f"{_MARKS['excludes']} excludes; blank: neither",
            ("Finding", "Known from", *numbers),
            tuple(rows),
            (8, 6, *(1 for _ in numbers)),
            small=True,
        ),
    ]


# --- facilitator guide ---------------------------------------------------------------------------------------------


def guide(material: Material) -> Document:
    """The paper of whoever leads: timings, what to read aloud, to ask and to listen for, and what the authors say."""
    case, discussion = material.case, material.discussion
    clock = 0.0
    sheet: list[tuple[Text, ...]] = []
    for place, stage in enumerate(discussion.stages, start=1):
        what = "the room commits" if stage.asked else "is told"
        span = f"{clock:g}{_DASH}{clock + stage.minutes:g}"
        sheet.append((str(place), stage.heading, _minutes(stage.minutes), span, what))
        clock += stage.minutes
    blocks: list[Block] = [
        Paragraph("For whoever leads. It holds the whole case: learners get the handout.", "box"),
        Heading("What is practised"),
        Listing(discussion.objectives),
        *_behind(material),
        Heading("Run sheet"),
        Grid(
            f"{len(discussion.stages)} stages, {_minutes(discussion.minutes)}",
            ("Stage", "What it is", "Time", "Minute", "What happens"),
            tuple(sheet),
            (1, 6, 2, 2, 3),
        ),
        Heading("How to lead it"),
        Listing(
            (
                "Before: print the handout, open the slides, keep this guide to yourself.",
                "Where the slide has an orange bar the room commits in writing before anybody speaks. Only then go on.",
                "Ask for reasons before you show what the authors say; who parts from them may be right. "
                "No panel has approved the case.",
                "Votes that were counted can be put into a table and handed to the next build; they then appear on the "
                "slides and in the report. The names it takes are at the end of this guide.",
                "Slides: the arrow keys go on and back, Home and End jump, o opens all results of a slide, f fills the "
                "screen.",
            )
        ),
    ]
    for place, stage in enumerate(discussion.stages, start=1):
        blocks += _guide_stage(material, stage, place)
    blocks += [NewPage(), Heading("The authors' map"), *expert_map(material)]
    blocks += [Heading("Course"), _course(case, f"{material.mark} {_CHART_NOTE}")]
    blocks += _vote_names(material)
    blocks += [*_facts_used(material), *_references(material)]
    return Document("Facilitator guide", case.title, material.mark, case.fictional, material.imprint, tuple(blocks))


def _guide_stage(material: Material, stage: Stage, place: int) -> list[Block]:
    blocks: list[Block] = [Heading(f"{place}. {stage.heading} ({_minutes(stage.minutes)})")]
    if stage.text:
        blocks += [Heading("Read aloud", 2), *_paragraphs(stage.text)]
    if stage.prompt:
        blocks.append(Paragraph((Run("Ask the room to commit: ", bold=True), stage.prompt), "box"))
    if stage.ask:
        blocks += [Heading("Questions", 2), Listing(stage.ask)]
    if stage.listen_for:
        blocks += [Heading("Listen for", 2), Listing(stage.listen_for)]
    blocks += _guide_experts(material, stage)
    return blocks


def _guide_experts(material: Material, stage: Stage) -> list[Block]:
    blocks: list[Block] = []
    if stage.kind == "problem":
        blocks = [Paragraph(stage.expert, "quote"), _qualifier_table(material, stage, None)]
    elif stage.kind == "differential":
        if stage.feedback:
            blocks.append(Paragraph(_claim(material, stage.feedback, stage)))
        blocks.append(_ranking_table(material, stage, None, None))
    elif stage.kind == "tests":
        blocks = [_tests_table(material, stage, None, results=True)]
    elif stage.kind in ("label", "therapy"):
        names = {test.id: test.name for test in material.discussion.tests}
        if stage.deciding:
            blocks.append(Paragraph(("It is decided by: ", ", ".join(names[name] for name in stage.deciding), ".")))
        blocks.append(_options_table(material, stage, None))
    elif stage.kind == "concordance":
        blocks = [*_panel_who(material), Paragraph(PANEL_NOTE, "small"), _panel_table(material, stage, None)]
    elif stage.kind == "recap":
        return [_points(material, stage), Heading("What this single case cannot tell", 2), Listing(stage.cannot_tell)]
    elif stage.kind == "done":
        return [Paragraph(_rests(material, stage), "small")]
    elif stage.kind == "feedback":
        was = material.discussion.hypothesis(material.discussion.turned_out).name
        return [Paragraph(("In this case it was: ", Run(was, bold=True), "."))]
    return [Heading("What the authors say", 2), *blocks] if blocks else []


def _vote_names(material: Material) -> list[Block]:
    rows: list[tuple[Text, ...]] = []
    for item, offer in offers(material.discussion).items():
        if offer.stage.kind == "concordance":
            rows.append((item, f"{signed(min(LIKELIHOOD))} to {signed(max(LIKELIHOOD))}", offer.question))
            continue
        most = "one each" if offer.most == 1 else f"up to {offer.most} each" if offer.most else "any number each"
        names = "; ".join(f"{choice} = {name}" for choice, name in offer.choices.items())
        rows.append((item, most, names))
    return [
        Heading("Names for a table of votes"),
        Paragraph(
            "A CSV file with the columns participant, item and choice, one row for each choice. Names of participants "
            "are only counted and appear nowhere.",
            "small",
        ),
        Grid("What may be voted on", ("item", "choices", "choice = what it means"), tuple(rows), (3, 2, 9), small=True),
    ]


# --- report --------------------------------------------------------------------------------------------------------


def report(material: Material) -> Document:
    """The discussion report of a teaching case, or the report on a published record."""
    blocks = _discussed(material) if material.case.discussion is not None else []
    name = "Discussion report" if material.case.discussion is not None else "Case report sheet"
    blocks += [NewPage()] if blocks else []
    blocks += _recorded(material)
    blocks += [*_facts_used(material), *_references(material)]
    return Document(name, material.case.title, material.mark, material.case.fictional, material.imprint, tuple(blocks))


def _discussed(material: Material) -> list[Block]:
    discussion, answered = material.discussion, material.answered
    blocks: list[Block] = [Heading("What is practised"), Listing(discussion.objectives), *_behind(material)]
    notes = answered.notes if answered is not None else (_NO_ANSWERS,)
    blocks += [Paragraph(note, "box") for note in notes]
    if not material.ballots:
        blocks.append(Paragraph("No votes were handed to this build.", "small"))
    for place, stage in enumerate(discussion.stages, start=1):
        blocks.append(Heading(f"{place}. {stage.heading}"))
        blocks += _paragraphs(stage.text)
        if stage.prompt:
            blocks.append(Paragraph((Run(stage.prompt, italic=True),)))
        blocks += _reported(material, stage)
    return blocks


def _reported(material: Material, stage: Stage) -> list[Block]:
    answered = material.answered
    place = answered.place(stage) if answered is not None and stage.asked else None
    told = answered.told if answered is not None else None
    answer = told[place].answer if told is not None and place is not None else None
    blocks: list[Block] = []
    if stage.asked and answered is not None and answer is None:
        blocks.append(Paragraph("Nothing was committed to here.", "box"))
    if answer is not None:
        blocks += _committed(material, stage, answer)
    if stage.kind != "concordance":
        blocks += _ballot(material, stage.id)
    return [*blocks, *_compared(material, stage, told, place)]


def _committed(material: Material, stage: Stage, answer: Mapping[str, Any]) -> list[Block]:
    discussion = material.discussion
    lead = Paragraph((Run("Committed to:", bold=True),))
    sure = f"Confidence: {answer['confidence']} %." if "confidence" in answer else ""
    if stage.kind == "problem":
        return [lead, *_own_words(answer["text"])]
    if stage.kind == "differential":
        names: tuple[Text, ...] = tuple(discussion.hypothesis(name).name for name in answer["ranked"])
        return [lead, Listing(names, ordered=True), Paragraph(f"{sure[:-1]} in the first." if sure else "")]
    if stage.kind == "tests":
        names = tuple(
            (Run(test.name, bold=True), f": {test.result or f'not available. {test.not_available}'}")
            for test in stage.tests
            if test.id in answer["chosen"]
        )
        return [lead, Listing(names)]
    if stage.kind in ("label", "therapy"):
        names = tuple(option.name for option in stage.options if option.id in answer["chosen"])
        return [lead, Listing(names), *([Paragraph(sure)] if sure else [])]
    return []


def _compared(material: Material, stage: Stage, told: Sequence[Told] | None, place: int | None) -> list[Block]:
    answer = told[place].answer if told is not None and place is not None else None
    support = material.support
    head = Heading("Beside the authors" if answer is not None else "What the authors say", 2)
    chosen = answer.get("chosen") if answer is not None else None
    if stage.kind == "problem":
        written = str(answer["text"]) if answer is not None else None
        note: list[Block] = [Paragraph(WORD_SEARCH, "small")] if written is not None else []
        return [head, Paragraph(stage.expert, "quote"), *note, _qualifier_table(material, stage, written)]
    if stage.kind == "differential":
        blocks: list[Block] = [head]
        if told is not None and place is not None:
            missed = [
                one.hypothesis.name for one in model.compare_ranking(material.discussion, told, place) if one.missed
            ]
            if missed:
                blocks.append(
                    Paragraph((Run("Not on the list, and it should be: ", bold=True), ", ".join(missed), "."))
                )
        if stage.feedback:
            blocks.append(Paragraph(_claim(material, stage.feedback, stage)))
        return [*blocks, _ranking_table(material, stage, told, place)]
    if stage.kind == "tests":
        missing = [test.name for test in stage.tests if test.worth == "deciding" and test.id not in (chosen or ())]
        blocks = [head]
        if chosen is not None and missing:
            blocks.append(Paragraph((Run("Not chosen, and it decides: ", bold=True), ", ".join(missing), ".")))
        return [*blocks, _tests_table(material, stage, chosen, results=True)]
    if stage.kind == "label":
        blocks = [head]
        if told is not None and place is not None:
            judged = model.judge_label(told, place, support.patient, support.criteria)
            blocks.append(Paragraph(judged.words))
        return [*blocks, _options_table(material, stage, chosen)]
    if stage.kind == "therapy":
        blocks = [head]
        if told is not None and place is not None:
            steps = model.judge_steps(told, place, support.patient, support.pathway, support.drugs)
            blocks.append(Paragraph(steps.words))
        return [*blocks, _options_table(material, stage, chosen)]
    if stage.kind == "concordance":
        return _reported_panel(material, stage, answer)
    if stage.kind == "done":
        return [Paragraph(_rests(material, stage), "small")]
    if stage.kind == "feedback":
        return _reported_traps(material, stage, told)
    if stage.kind == "recap":
        return [_points(material, stage), Heading("What this single case cannot tell", 2), Listing(stage.cannot_tell)]
    return []


def _reported_panel(material: Material, stage: Stage, answer: Mapping[str, Any] | None) -> list[Block]:
    blocks = _panel_who(material)
    marks = dict(answer["marks"]) if answer is not None else None
    if marks is not None and material.support.panel is not None:
        scored = model.score_concordance(stage, marks, material.support.panel)
        blocks.append(Paragraph((Run(f"{scored.words[:1].upper()}{scored.words[1:]}.", bold=True),)))
    blocks += [Paragraph(PANEL_NOTE, "small"), _panel_table(material, stage, marks)]
    return [*blocks, *_panel_ballots(material, stage)]


def _panel_ballots(material: Material, stage: Stage) -> list[Block]:
    """The votes on all concordance items: a chart for each, and one table for all."""
    blocks: list[Block] = []
    rows: list[tuple[Text, ...]] = []
    for item in stage.items:
        found = next((one for one in material.ballots if one.item == f"{stage.id}/{item.id}"), None)
        if found is not None:
            caption = f"Votes of the room, {found.voters} people. {found.question}"
            blocks.append(Drawing(ballot_chart(found), found.words, caption, 0.85))
            rows.append((found.question, *(str(bar.count) for bar in found.bars), str(found.voters)))
    if rows:
        heads = ("Hypothesis and new fact", *(signed(mark) for mark in LIKELIHOOD), "Voted")
        blocks.append(Grid("Votes: how many gave each mark", heads, tuple(rows), (9, 1, 1, 1, 1, 1, 2), small=True))
    return blocks


def _reported_traps(material: Material, stage: Stage, told: Sequence[Told] | None) -> list[Block]:
    was = material.discussion.hypothesis(material.discussion.turned_out).name
    blocks: list[Block] = [Paragraph(("In this case it was: ", Run(was, bold=True), "."))]
    if told is None:
        return blocks
    order = [one.id for one in material.discussion.stages]
    before = [one for one in told if order.index(one.stage.id) < order.index(stage.id)]
    verdicts = {True: "yes", False: "no", None: "cannot be judged"}
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            one.trap.name,
            verdicts[one.caught],
            f"{one.because[:1].upper()}{one.because[1:]}.",
            f"{one.trap.about} {one.trap.said}",
        )
        for one in model.find_traps(material.discussion, before, material.support.traps)
    )
    heads = ("Trap", "Does its rule apply?", "What decided that", "The trap and its rule")
    return [
        *blocks,
        Heading("Traps of reasoning", 2),
        Paragraph(TRAP_NOTE, "small"),
        Grid("Three rules, put to the answers", heads, rows, (3, 3, 6, 7), small=True),
    ]


def _lines(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _recorded(material: Material) -> list[Block]:
    """The record: course as a drawing and as a table, doses, contradictions, and what it cannot say."""
    case, record = material.case, material.case.record
    blocks: list[Block] = [Heading("The course"), _course(case, f"{material.mark} {_CHART_NOTE}")]
    if record.read:
        cites = _links(material, record.sources)
        blocks.insert(1, Paragraph(("Source: ", *cites, f". What was read of it: {record.read}.")))
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (
            f"{point.letter}. {point.label}",
            point.when,
            _lines((*point.ck, *point.strength)),
            _lines(point.tests),
            _lines((*point.drugs, *point.events, *(f"called: {label}" for label in point.labels))),
        )
        for point in order_of_events(record)
    )
    heads = ("Point", "When", "CK and strength", "Antibodies, biopsy, tests", "Drugs, events, names of the illness")
    blocks.append(Grid("Order of events", heads, rows, (5, 4, 5, 6, 7), small=True))
    loose = without_a_point(record)
    if loose:
        blocks += [Heading("In the record without a place in the order", 2), Listing(loose)]
    blocks += [*_about(record), *_doses(record), *_contradictions(material)]
    if not case.fictional:
        blocks += _criteria(material)
    blocks += _care(material)
    return blocks


def _about(record: CaseRecord) -> list[Block]:
    person = record.person
    told = (
        ("How it began", record.presentation.summary),
        ("Onset as published", record.presentation.onset_as_published),
        ("Tempo", record.presentation.tempo),
        ("Examination", record.presentation.examination),
        ("Other illness", person.comorbidities),
        ("Family", person.family_history),
        ("Called by its authors", record.reported_as),
        ("What made it hard", record.challenges),
        ("Also considered", record.considered),
        ("Prognosis", record.prognosis),
        ("Adherence", record.adherence),
        ("Limits", " ".join(record.caveats)),
        ("Notes", " ".join(f"{note.about[:1].upper()}{note.about[1:]}: {note.text}" for note in record.notes)),
    )
    rows = tuple((name, text) for name, text in told if text)
    return [Heading("The record"), Grid("In words", ("What", "In the record"), rows, (2, 7), small=True)]


def _doses(record: CaseRecord) -> list[Block]:
    rows: list[tuple[Text, ...]] = []
    for drug in record.drugs:
        odd = f" Odd: {drug.flag}." + (f" Likely meant: {drug.likely}." if drug.likely else "") if drug.flag else ""
        rows.append(
            (
                f"{drug.agent} ({drug.role})",
                (drug.dose_as_published or "not in the record") + odd,
                repr(computed_dose(drug, record)).partition(": ")[2] if drug.dose is not None else "no dose in numbers",
                drug.response or "not in the record",
            )
        )
    heads = ("Drug", "Dose as published", "Computed from it", "Response, in our words")
    return [Grid("Doses: what was given, no advice", heads, tuple(rows), (3, 4, 5, 5), small=True)] if rows else []


def _contradictions(material: Material) -> list[Block]:
    rows: list[tuple[Text, ...]] = []
    for pair in material.case.record.contradictions:
        sides: list[Run | str] = []
        for side in pair.versions:
            where = [part for part in (side.where, material.cites.text([side.source]) if side.source else "") if part]
            sides.append(f"{'; ' if sides else ''}{side.says} ({', '.join(where)})")
        rows.append((pair.about, tuple(sides), pair.handled))
    heads = ("About", "What is said", "In this record")
    return [Grid("Contradictions, all sides kept", heads, tuple(rows), (3, 7, 5), small=True)] if rows else []


def _criteria(material: Material) -> list[Block]:
    rows: tuple[tuple[Text, ...], ...] = tuple(
        (row.moment, row.enmc2016, row.next_test, row.eular_acr2017) for row in material.case.classes()
    )
    if not rows:
        return []
    heads = ("Moment", "ENMC 2016", "Next test", "EULAR/ACR 2017")
    return [Grid("What two sets of criteria say, moment by moment", heads, rows, (4, 4, 4, 4), small=True)]


def _care(material: Material) -> list[Block]:
    found = completeness(material.case)
    words = {"filled": "filled", "partly": "in part", "missing": "missing"}
    rows = tuple((f"{item.id} {item.title}", words[item.state], _lines(item.lacks)) for item in found.items)
    keys = [key for key in found.sources if key in material.cites.by_key]
    note: Text = (
        "It measures this record; what a record lacks may stand in what was not read. Items after ",
        *_links(material, keys),
        ".",
    )
    caption = f"CARE items: {found.filled} of {len(found.items)} filled"
    return [Grid(caption, ("CARE item", "State", "Lacks"), rows, (6, 2, 8), small=True), Paragraph(note, "small")]


# --- slides --------------------------------------------------------------------------------------------------------

_LINE_CHARACTERS, _SLIDE_LINES = 100, 22.0


def deck(material: Material) -> Deck:
    """The slides: what is asked stands before what is revealed; title and id of the case come last."""
    discussion = material.discussion
    slides = [
        Slide(
            "A case for discussion",
            (
                Paragraph(material.mark, "lead"),
                Paragraph(
                    "More is told stage by stage. Commit to your answer before the next stage is told; it stands.",
                ),
                Paragraph(f"{len(discussion.stages)} stages, about {discussion.minutes:g} minutes.", "small"),
            ),
            "title",
        )
    ]
    settled = 0
    for place, stage in enumerate(discussion.stages):
        over = f"Stage {place + 1} of {len(discussion.stages)} \N{MIDDLE DOT} about {stage.minutes:g} minutes"
        made = list(_stage_slides(material, stage))
        if stage.kind == "feedback":
            # What an earlier feedback has settled is not said again.
            made += list(_feedback_slides(material, discussion.stages[settled:place]))
            settled = place
        slides += [dataclasses.replace(slide, over=over) for slide in made]
    slides += _last_slides(material)
    return Deck(
        "Case for discussion",
        material.mark,
        material.case.fictional,
        material.imprint,
        tuple(part for slide in slides for part in split(slide)),
    )


def _stage_slides(material: Material, stage: Stage) -> Iterator[Slide]:
    discussion = material.discussion
    title = stage.heading
    prompt = [Paragraph(stage.prompt, "lead")] if stage.prompt else []
    texts = _paragraphs(stage.text)
    if stage.kind in ("stem", "done"):
        rests = [Paragraph(_rests(material, stage, numbers=False), "small")] if stage.kind == "done" else []
        yield Slide(title, (*texts, *rests))
        jumps = [one.until for one in discussion.stages if one.kind == "jump"]
        if stage.kind == "done" and jumps[-1] != material.case.record.times[-1].id:
            yield Slide("The whole course", (_course_slide(material.case),), "told")
    elif stage.kind == "problem":
        yield Slide(title, tuple(prompt), "asked")
        # The names of sources may name a disease, and the room has not ranked any yet.
        expert = (Paragraph(stage.expert, "quote"), _qualifier_table(material, stage, None, claims=False))
        yield Slide("The authors' statement", expert, "revealed")
    elif stage.kind == "differential":
        names: tuple[Text, ...] = tuple(sorted(one.name for one in discussion.hypotheses))
        yield Slide(title, (*prompt, Listing(names)), "asked")
        yield from _vote_slides(material, stage.id)
    elif stage.kind == "tests":
        yield Slide(title, (*texts, *prompt, _offer_of_tests(stage)), "asked")
        yield from _vote_slides(material, stage.id)
        results = tuple((test.name, test.result or f"Not available. {test.not_available}") for test in stage.tests)
        yield Slide("Results", (Folded(results, ("Test", "Result")),), "revealed")
    elif stage.kind in ("label", "therapy"):
        names = tuple(sorted(option.name for option in stage.options))
        yield Slide(title, (*texts, *prompt, Listing(names)), "asked")
        yield from _vote_slides(material, stage.id)
    elif stage.kind == "jump":
        yield Slide(title, tuple(texts))
        yield Slide("The course so far", (_course_slide(until(material.case, stage.until)),), "told")
    elif stage.kind == "concordance":
        yield Slide(title, tuple(prompt), "asked") if stage.prompt else Slide(title, (), "asked")
        yield from _concordance_slides(material, stage)
    elif stage.kind == "recap":
        yield Slide(title, (_points(material, stage, numbers=False),), "revealed")
        yield Slide("What this single case cannot tell", (Listing(stage.cannot_tell),), "revealed")
    elif texts:
        yield Slide(title, tuple(texts))


def _offer_of_tests(stage: Stage) -> Block:
    grouped: dict[str, list[str]] = {}
    for test in stage.tests:
        grouped.setdefault(test.group, []).append(
            f"{test.name} ({test.cost[:1].lower()}{test.cost[1:]})" if test.cost else test.name
        )
    if list(grouped) == [""]:
        return Listing(tuple(grouped[""]))
    rows: tuple[tuple[Text, ...], ...] = tuple((group, "; ".join(names)) for group, names in grouped.items())
    return Grid("", ("Where", "Tests, and what each costs"), rows, (2, 9))


def _vote_slides(material: Material, item: str) -> Iterator[Slide]:
    ballot = next((one for one in material.ballots if one.item == item), None)
    if ballot is not None:
        drawing = Drawing(ballot_chart(ballot), ballot.words, f"{ballot.voters} people voted.")
        yield Slide("What the room chose", (Paragraph(ballot.question), drawing))


def _concordance_slides(material: Material, stage: Stage) -> Iterator[Slide]:
    for number, item in enumerate(stage.items, start=1):
        said: list[Block] = [
            Paragraph(("Hypothesis: ", Run(material.discussion.hypothesis(item.hypothesis).name, bold=True))),
            Paragraph(("New: ", Run(item.new_fact, bold=True))),
        ]
        marks: tuple[Text, ...] = tuple(f"{signed(mark)} {words}" for mark, words in LIKELIHOOD.items())
        title = f"New fact {number} of {len(stage.items)}"
        yield Slide(title, (*said, Paragraph("The hypothesis becomes"), Listing(marks)), "asked")
        yield from _vote_slides(material, f"{stage.id}/{item.id}")
        why = Paragraph(_claim(material, item.because, item, numbers=False))
        yield Slide(f"The panel on new fact {number}", (*said, _panel_chart(material, item, 0.9), why), "revealed")


def _feedback_slides(material: Material, stages: Sequence[Stage]) -> Iterator[Slide]:
    for stage in stages:
        if stage.kind == "differential":
            lead = [Paragraph(_claim(material, stage.feedback, stage, numbers=False))] if stage.feedback else []
            table = _ranking_table(material, stage, None, None, numbers=False)
            yield Slide("The authors' order", (*lead, table), "revealed")
        elif stage.kind == "tests":
            table = _tests_table(material, stage, None, results=False, numbers=False)
            yield Slide("What each test was worth", (table,), "revealed")
        elif stage.kind in ("label", "therapy"):
            table = _options_table(material, stage, None, numbers=False)
            title = "The classes, one by one" if stage.kind == "label" else "The steps, one by one"
            yield Slide(title, (table,), "revealed")
    was = material.discussion.hypothesis(material.discussion.turned_out)
    yield Slide("In this case it was", (Paragraph((Run(was.name, bold=True),), "lead"),), "revealed")


def _last_slides(material: Material) -> list[Slide]:
    versions = tuple(f"{name}: {value}" for name, value in material.imprint)
    labels = tuple(material.cites.by_key[key].label for key in material.sources)
    linked: list[Run | str] = _links(material, material.sources)
    facts = ", ".join(material.facts) or "none"
    return [
        Slide("What was practised", (Listing(material.discussion.objectives),), "end"),
        Slide(
            "What this rests on",
            (
                Paragraph((Run(material.case.title, bold=True),)),
                *_behind(material),
                Paragraph((Run(f"{len(labels)} sources: ", bold=True), *linked), "small"),
                Paragraph((Run(f"{len(material.facts)} facts of the ledger: ", bold=True), facts), "small"),
                Listing(versions),
            ),
            "end",
        ),
    ]


# --- slides that hold too much ---------------------------------------------------------------------------------------


def _height(block: Block) -> float:
    """About how many lines a block takes on a slide, at the size to which letters may shrink without harm."""

    def lines(text: Text, room: float = _LINE_CHARACTERS) -> int:
        return max(1, -(-len(plain(text)) // max(int(room), 1)))

    if isinstance(block, Paragraph):
        return lines(block.text) + 0.5
    if isinstance(block, Listing):
        return sum(lines(item) + 0.2 for item in block.items)
    if isinstance(block, Grid):
        return 2 + sum(_row_height(block, row) for row in block.rows)
    if isinstance(block, Folded):
        return 1 + sum(_row_height(Grid("", block.heads, (), (1, 2)), item) for item in block.items)
    if isinstance(block, Drawing):
        wide, high = shape(block.svg)
        return min(_SLIDE_LINES - 3, _SLIDE_LINES * 1.55 * block.width * high / wide) + (1.0 if block.caption else 0.0)
    return 1.0


def _row_height(grid: Grid, row: Sequence[Text]) -> float:
    widths = grid.widths or (1,) * len(grid.heads)
    room = [_LINE_CHARACTERS * 1.05 * width / sum(widths) - 2 for width in widths]
    return max(-(-len(plain(cell)) // max(int(place), 1)) for cell, place in zip(row, room, strict=True)) * 0.9 + 0.4


def _pieces(block: Block) -> Iterator[tuple[Block, float]]:
    """A block in the smallest parts that can stand on slides of their own."""
    if isinstance(block, Grid) and block.rows:
        for row in block.rows:
            yield dataclasses.replace(block, rows=(row,)), _row_height(block, row)
    elif isinstance(block, Listing):
        for place, item in enumerate(block.items):
            # An ordered list that goes on elsewhere would count anew.
            yield (
                (block, _height(block))
                if block.ordered and not place
                else (Listing((item,)), _height(Listing((item,))))
            )
            if block.ordered:
                break
    else:
        yield block, _height(block)


def _packed(blocks: Iterable[Block], most: float) -> list[list[Block]]:
    """Fill pages with pieces of blocks, none higher than so many lines unless a single piece is."""
    pages: list[list[Block]] = [[]]
    used = 0.0
    for block in blocks:
        for piece, height in _pieces(block):
            last = pages[-1][-1] if pages[-1] else None
            head = 2.0 if isinstance(piece, Grid) and not isinstance(last, Grid) else 0.0
            if pages[-1] and used + height + head > most:
                pages.append([])
                used, last, head = 0.0, None, 2.0 if isinstance(piece, Grid) else 0.0
            used += height + head
            if isinstance(piece, Grid) and isinstance(last, Grid) and last.heads == piece.heads:
                pages[-1][-1] = dataclasses.replace(last, rows=(*last.rows, *piece.rows))
            elif isinstance(piece, Listing) and isinstance(last, Listing) and not piece.ordered:
                pages[-1][-1] = Listing((*last.items, *piece.items))
            else:
                pages[-1].append(piece)
    return pages


def split(slide: Slide) -> Iterator[Slide]:
    """Break a slide that holds too much into several; a table or list stays together as far as it goes.

    Parameters
    ----------
    slide : Slide
        The slide.

    Yields
    ------
    Slide
        The slide itself, or its parts, numbered in the title.
    """
    if sum(map(_height, slide.blocks)) <= _SLIDE_LINES:
        yield slide
        return
    pages = _packed(slide.blocks, _SLIDE_LINES)
    # As low a limit as gives no more parts, so that letters are about as large on each.
    for most in range(int(_SLIDE_LINES) - 1, 0, -1):
        lower = _packed(slide.blocks, float(most))
        if len(lower) > len(pages):
            break
        pages = lower
    for number, blocks in enumerate(pages, start=1):
        title = f"{slide.title} ({number} of {len(pages)})" if len(pages) > 1 else slide.title
        yield dataclasses.replace(slide, title=title, blocks=tuple(blocks), part=number if len(pages) > 1 else 0)
