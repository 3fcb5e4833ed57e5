"""The claims check of the item bank: every number of an item comes from a row that the item names, or is invented.

It is the check of :mod:`namlib.claims`, made narrower. There a linked source vouches with all its rows; here only the
facts and regimens that the item or the option names do. And a number without a unit, which the notebooks may use
freely, has to stand in one of those rows too. Years are exempt, and so is what ``fictional_numbers`` lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any

from namlib.cite import Bibliography
from namlib.claims import Checker, Finding, Report
from namlib.frozen import Itself
from namlib.prose import NUMBER, is_year, quantities, value_of
from namlib.records import Ledger, Question

# Filled in for an invented number; no number, and nothing that a number could belong to.
_INVENTED = "(invented)"


def _texts(question: Question) -> Iterator[tuple[str, str, tuple[str, ...], tuple[str, ...]]]:
    """Yield each text of an item: where it stands, what it says, and the facts and regimens that may vouch for it."""
    own, doses = question.facts, question.regimens
    for paragraph in question.stem.split("\n"):
        yield "stem", paragraph, own, doses
    yield "objective", question.objective, own, doses
    yield "takeaway", question.takeaway, own, doses
    for option in question.options:
        facts, regimens = (*own, *option.facts), (*doses, *option.regimens)
        yield f"{option.id}, text", option.text, facts, regimens
        yield f"{option.id}, feedback", option.feedback, facts, regimens
    if question.number is not None:
        held = question.number
        facts, regimens = (*own, *held.facts), (*doses, *held.regimens)
        yield "number, feedback", held.feedback, facts, regimens
        yield "number, otherwise", held.otherwise, facts, regimens
        for slip in held.slips:
            yield "slip, feedback", slip.feedback, (*facts, *slip.facts), (*regimens, *slip.regimens)


class ItemChecker:
    """Holds the ledger; a checker is made for each set of rows that some item names."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.facts = {fact.id: fact for fact in ledger.facts}
        self.regimens = {regimen.id: regimen for regimen in ledger.regimens}
        self.bibliography = Bibliography(ledger.sources)

    def check(self, question: Question) -> tuple[list[Finding], int]:
        """Check one item: what is wrong, and how many numbers were looked at."""
        findings: list[Finding] = []
        numbers = 0
        for place, text, facts, regimens in _texts(question):
            for written in sorted(question.fictional_numbers, key=len, reverse=True):
                text = re.sub(rf"(?<![\w.,]){re.escape(written)}(?!\w)", _INVENTED, text)
            checker = _checker(Itself(self), frozenset(facts), frozenset(regimens))
            keys = dict.fromkeys(
                key
                for row in (*map(self.facts.get, facts), *map(self.regimens.get, regimens))
                if row
                for key in row.sources
            )
            links = ", ".join(self.bibliography.markdown(key) for key in keys)
            # One list item a text: each of its sentences may lean on the links at its end.
            cell = {"cell_type": "markdown", "source": f"- {text} ({links})" if links else f"- {text}"}
            report = checker.check([(f"{question.id}, {place}", {"cells": [cell]})])
            findings += report.findings
            numbers += report.numbers + self._bare(checker, question, place, text, findings)
        return findings, numbers

    def _bare(self, checker: Checker, question: Question, place: str, text: str, findings: list[Finding]) -> int:
        """Look for numbers in digits that stand in none of the rows named."""
        rest = text
        for found in quantities(text):
            rest = rest[: found.start] + " " * (found.end - found.start) + rest[found.end :]
        known = {value for offers in checker.offers.values() for offer in offers for value in offer.values}
        seen = 0
        for number in NUMBER.finditer(rest):
            if not number[0][0].isalpha() and not is_year(number[0]):
                seen += 1
                if value_of(number[0]) not in known:
                    problem = "stands in no row that the item names, and is not listed as invented"
                    findings.append(Finding(f"{question.id}, {place}", 1, "bare", number[0], problem, text))
        return seen


@lru_cache(maxsize=512)
def _checker(held: Itself[ItemChecker], facts: frozenset[str], regimens: frozenset[str]) -> Checker:
    items = held.held
    parts: dict[str, Any] = {field.name: () for field in fields(Ledger)}
    parts |= {
        "facts": tuple(items.facts[name] for name in sorted(facts) if name in items.facts),
        "regimens": tuple(items.regimens[name] for name in sorted(regimens) if name in items.regimens),
        "sources": items.ledger.sources,
        "drugs": items.ledger.drugs,
    }
    return Checker(Ledger(**parts))


def check(ledger: Ledger) -> Report:
    """Check every item of the bank against the rows it names.

    Parameters
    ----------
    ledger : Ledger
        The validated ledger.

    Returns
    -------
    Report
        ``findings`` is empty when every number is in a row that is named, or listed as invented. ``notebooks`` counts
        items.
    """
    checker = ItemChecker(ledger)
    findings: list[Finding] = []
    numbers = 0
    for question in ledger.questions:
        wrong, seen = checker.check(question)
        findings += wrong
        numbers += seen
    return Report(tuple(findings), numbers, len(ledger.questions))
