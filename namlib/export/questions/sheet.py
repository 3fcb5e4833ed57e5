"""An item laid out for export: every text in its final words, the sources resolved, nothing left to look up."""

from __future__ import annotations

from collections.abc import Iterable

from namlib.cite import Bibliography
from namlib.frozen import frozen
from namlib.records import Ledger, NumberKey, Question, QuestionKind, QuestionOption
from namlib.table import html
from namlib.units import UNITS, number

NOTICE = "For learning, not for care."
# Titles of the notebooks, for categories and decks; by number, so that a renamed notebook moves no item.
NOTEBOOKS = {
    "00": "00 Start here",
    "01": "01 Reach the diagnosis",
    "02": "02 Choose therapy by tier",
    "03": "03 Treat by antibody",
    "04": "04 Follow the patient",
    "05": "05 Understand relapse",
    "06": "06 Discuss a case",
}


@frozen
class Cited:
    """One source of an item. ``address`` is blank where it leads nowhere outside the course."""

    label: str
    address: str


@frozen
class Sheet:
    """One item, laid out. ``stem`` names the unit where a number is asked for; ``paragraphs`` are its parts."""

    id: str
    kind: QuestionKind
    notebook: str
    objective: str
    stem: str
    options: tuple[QuestionOption, ...]
    key: tuple[str, ...]
    number: NumberKey | None
    takeaway: str
    sources: tuple[Cited, ...]
    tags: tuple[str, ...]
    revision: int

    @property
    def paragraphs(self) -> list[str]:
        """The stem by paragraphs."""
        return self.stem.split("\n")

    @property
    def closing(self) -> list[str]:
        """What is said after answering, whatever was chosen: the point, the sources, the notice."""
        cited = "; ".join(f"{source.label} {source.address}".strip() for source in self.sources)
        return [self.takeaway, f"Sources: {cited}", NOTICE]

    @property
    def closing_html(self) -> str:
        """The same as HTML, the sources linked."""
        cited = "; ".join(
            f'<a href="{html(source.address)}">{html(source.label)}</a>' if source.address else str(html(source.label))
            for source in self.sources
        )
        return f"<p>{html(self.takeaway)}</p><p>Sources: {cited}</p><p>{NOTICE}</p>"

    @property
    def stem_html(self) -> str:
        """The stem as HTML."""
        return "".join(f"<p>{html(paragraph)}</p>" for paragraph in self.paragraphs)

    @property
    def answer(self) -> str:
        """The key in words: the text of the right options, or the number with its unit."""
        if self.number is not None:
            ends = number(self.number.low), number(self.number.high)
            unit = UNITS[self.number.unit].spoken
            return f"{ends[0]} {unit}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]} {unit}"
        return "; ".join(option.text for option in self.options if option.id in self.key)

    def share(self, option: QuestionOption) -> float:
        """Percent of the mark for choosing an option: the key adds up to 100, the rest takes as much away."""
        if self.kind != "multiple":
            return 100.0 if option.id in self.key else 0.0
        if option.id in self.key:
            return 100.0 / len(self.key)
        return -100.0 / (len(self.options) - len(self.key))


def sheets(questions: Iterable[Question], ledger: Ledger, bibliography: Bibliography) -> list[Sheet]:
    """Lay items out for export."""
    rows = {fact.id: fact.sources for fact in ledger.facts}
    rows |= {regimen.id: regimen.sources for regimen in ledger.regimens}
    made = []
    for question in questions:
        named = [key for name in (*question.all_facts, *question.all_regimens) for key in rows[name]]
        keys = dict.fromkeys([*named, *question.sources])
        sources = [bibliography.by_key[key] for key in keys]
        stem = question.stem
        if question.number is not None:
            stem += f"\nAnswer in {UNITS[question.number.unit].spoken}."
        tags = (f"notebook-{question.notebook}", question.topic.replace(" ", "-"), question.difficulty, *question.tags)
        made.append(
            Sheet(
                question.id,
                question.kind,
                NOTEBOOKS[question.notebook],
                question.objective,
                stem,
                question.options,
                question.key,
                question.number,
                question.takeaway,
                tuple(Cited(held.label, held.url if held.url.startswith("https://") else "") for held in sources),
                tuple(dict.fromkeys(tags)),
                question.revision,
            )
        )
    return made


def places(items: Iterable[Sheet]) -> list[str]:
    """Name items, for a sentence on what was lost: the first three and how many more."""
    names = [item.id for item in items]
    return names if len(names) <= 3 else [*names[:3], f"{len(names) - 3} more"]
