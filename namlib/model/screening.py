"""The risk of cancer near the onset of myositis by the IMACS guideline of 2023, and what that guideline asks for.

Factors, groups and panels are ``data/criteria/imacs_2023.yaml``; this module counts. What was not answered is unknown
and never counts as absent, so the group is an interval. Factors of low risk are listed and never change the group:
the rule does not subtract.

Source of the method: the rule as row ``imacs_rule`` of the ledger states it. Subtype and antibody are counted as two
factors, which is an assumption (see ``imacs_hmgcr_example``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.model.diagnosis import (
    MET_WORDS,
    Enmc2016,
    ItemResult,
    RemarkResult,
    compiled,
    once,
    remarks_list,
    unanswered,
)
from namlib.model.rules import Truth, all_of, listed, said
from namlib.records import Criteria, Panel, RiskGroup
from namlib.table import html, html_table

Findings = Mapping[str, Any]
Level = Literal["high", "intermediate", "low"]

LEVELS: tuple[Level, ...] = ("high", "intermediate", "low")
# The items of this group are kinds of myositis, of which a person has one.
ONE_KIND = "subtype"
SUBTYPE = "myositis_subtype"
IMNM = "IMNM"


@frozen
class CancerRisk:
    """Where a patient stands by the IMACS guideline of 2023.

    ``group_low`` counts what is known to be there, ``group_high`` adds everything unknown; every full set of answers
    lies between. ``panels`` are asked for at diagnosis whatever the open answers turn out to be, ``panels_if_higher``
    only in the higher groups. ``missing`` names every unanswered question of a factor, ``deciding`` those that could
    still change the group.
    """

    group_low: str
    group_high: str
    title: str
    because: str
    factors: tuple[ItemResult, ...]
    missing: tuple[str, ...]
    deciding: tuple[str, ...]
    applies: bool | None
    applies_words: str
    preconditions: tuple[ItemResult, ...]
    panels: tuple[Panel, ...]
    panels_if_higher: tuple[Panel, ...]
    later: str
    stops: tuple[RemarkResult, ...]
    qualifications: tuple[RemarkResult, ...]
    facts: tuple[str, ...]
    criteria: Criteria

    @property
    def settled(self) -> bool:
        """Whether no answer that is still missing could change the group."""
        return self.group_low == self.group_high

    def of_level(self, level: Level) -> tuple[ItemResult, ...]:
        """Return the factors of one level, met or not."""
        return tuple(part for part in self.factors if part.item.level == level)

    def __repr__(self) -> str:
        return f"{self.criteria.name}: {self.title}"

    def _repr_html_(self) -> str:
        rows = [
            (
                part.item.label,
                part.item.level,
                MET_WORDS[part.met],
                part.why,
                "" if part.met is not None else part.item.test,
            )
            for part in self.factors
        ]
        headers = ["factor", "risk", "for this patient", "why", "what would tell"]
        shown = [html_table(f"{self.criteria.name}: {self.title}", headers, rows)]
        shown.append(f"<p>{html(self.because)} {html(self.applies_words)}</p>")
        asked = [(panel, "asked for at diagnosis") for panel in self.panels]
        asked += [(panel, "asked for only in the higher group") for panel in self.panels_if_higher]
        if asked:
            cells = [(panel.label, when, "; ".join(panel.tests)) for panel, when in asked]
            shown.append(html_table("What the guideline asks for", ["panel", "when", "tests"], cells, style=False))
        shown.append(f"<p>{html(self.later)}</p>" if self.later else "")
        shown.append(remarks_list((*self.stops, *self.qualifications)))
        shown.append(f"<p><small>{html(self.criteria.caveat)}</small></p>")
        return "".join(shown)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "criteria": self.criteria.id,
            "title": self.title,
            "because": self.because,
            "group": [self.group_low, self.group_high],
            "settled": self.settled,
            "factors": [part.to_dict() | {"level": part.item.level} for part in self.factors],
            "missing": list(self.missing),
            "deciding": list(self.deciding),
            "applies": self.applies,
            "applies_words": self.applies_words,
            "panels": [panel.id for panel in self.panels],
            "panels_if_higher": [panel.id for panel in self.panels_if_higher],
            "later": self.later,
            "stops": [part.to_dict() for part in self.stops],
            "qualifications": [part.to_dict() for part in self.qualifications],
            "facts": list(self.facts),
        }


def _subtype(findings: Findings, enmc: Enmc2016) -> tuple[Findings, str]:
    """Take IMNM as the kind of myositis where nobody named one and the ENMC answer is IMNM without a stop."""
    if findings.get(SUBTYPE) is None and enmc.is_imnm and not enmc.stops:
        return {**findings, SUBTYPE: IMNM}, f"no kind was named; {enmc.criteria.name} says {enmc.title}"
    return findings, ""


def _factors(seen: Findings, taken: str, criteria: Criteria, enmc: Enmc2016) -> tuple[ItemResult, ...]:
    results = compiled(criteria).results(seen)
    told = []
    for part in results:
        if part.item.group == ONE_KIND and taken:
            part = ItemResult(part.item, part.met, taken, ())
        elif part.item.group == ONE_KIND and part.item.label == IMNM and part.met is None:
            if enmc.label == "not_met":
                part = ItemResult(part.item, False, f"no kind was named; {enmc.criteria.name} is not met", ())
            else:
                why = f"{part.why}; {enmc.criteria.name}: {enmc.title}" + (", with a stop" if enmc.stops else "")
                part = ItemResult(part.item, None, why, once((*part.missing, *enmc.deciding)))
        told.append(part)
    return tuple(told)


@lru_cache(maxsize=4096)
def _reach(
    groups: tuple[tuple[int | None, int | None], ...],
    counts: tuple[int, int],
    single: tuple[int, int],
    kinds: frozenset[Level],
) -> tuple[int, int, bool, bool, bool]:
    """First and last place reachable, and whether an open high factor, intermediate factor or kind could change it.

    Only counts matter, so every completion is tried as a pair of counts. ``single`` are the open factors of each
    level that stand for themselves, ``kinds`` the levels that an open kind of myositis could add one factor to.
    """

    def place(high: int, intermediate: int) -> int:
        for at, (needs_high, needs_intermediate) in enumerate(groups):
            if needs_high is None and needs_intermediate is None:
                return at
            if (needs_high is not None and high >= needs_high) or (
                needs_intermediate is not None and intermediate >= needs_intermediate
            ):
                return at
        return len(groups) - 1

    steps = {(0, 0), *((1, 0) if level == "high" else (0, 1) for level in kinds)}
    ends: set[int] = set()
    high_matters = intermediate_matters = kind_matters = False
    for more_high, more_intermediate in product(range(single[0] + 1), range(single[1] + 1)):
        here = (counts[0] + more_high, counts[1] + more_intermediate)
        by_kind = {step: place(here[0] + step[0], here[1] + step[1]) for step in steps}
        ends |= set(by_kind.values())
        kind_matters = kind_matters or len(set(by_kind.values())) > 1
        for step, now in by_kind.items():
            high, intermediate = here[0] + step[0], here[1] + step[1]
            high_matters = high_matters or (more_high < single[0] and place(high + 1, intermediate) != now)
            intermediate_matters = intermediate_matters or (
                more_intermediate < single[1] and place(high, intermediate + 1) != now
            )
    return min(ends), max(ends), high_matters, intermediate_matters, kind_matters


def imacs2023(findings: Findings, criteria: Criteria, enmc: Enmc2016) -> CancerRisk:
    """Sort a patient into the risk groups of the IMACS guideline, and say what it asks for.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays them out.
    criteria : Criteria
        ``data/criteria/imacs_2023.yaml``.
    enmc : Enmc2016
        The ENMC answer for the same patient. Where nobody named the kind of myositis, it decides whether IMNM is
        counted, unless something stops that answer.

    Returns
    -------
    CancerRisk
        The group as an interval; what is asked for at diagnosis and later.

    Examples
    --------
    >>> from namlib.model.diagnosis import enmc2016
    >>> from namlib.model.findings import findings
    >>> from namlib.store import load
    >>> known = {item.id: item for item in load().criteria}
    >>> case = findings({"myositis_subtype": "IMNM", "anti_hmgcr": "positive", "onset_age_years": 66.0})
    >>> imacs2023(case, known["imacs_2023"], enmc2016(case, known["enmc_2016"]))
    IMACS 2023: moderate to high risk, if it applies
    """
    made = compiled(criteria)
    seen, taken = _subtype(findings, enmc)
    factors = _factors(seen, taken, criteria, enmc)
    preconditions = made.preconditions(seen)
    groups = criteria.groups
    counts, single, kinds = _counts(factors)
    top, bottom, *matter = _reach(
        tuple((group.high_factors, group.intermediate_factors) for group in groups), counts, single, kinds
    )
    deciding = _deciding(factors, *matter)
    low, high = groups[bottom], groups[top]
    applies = all_of(part.met for part in preconditions)
    panels = {panel.id: panel for panel in criteria.panels}
    at_least = low.at_diagnosis if applies is not False else ()
    at_most = high.at_diagnosis if applies is not False else ()
    remarks = made.said(findings, "not_met" if applies is False else low.id)
    title = f"{low.label} risk" if low is high else f"{low.label} to {high.label} risk"
    return CancerRisk(
        group_low=low.id,
        group_high=high.id,
        title={
            True: title,
            None: f"{title}, if it applies",
            False: f"not meant for this patient (by its factors {title})",
        }[applies],
        because=_because(factors, counts),
        factors=factors,
        missing=unanswered(made.items, findings),
        deciding=deciding,
        applies=applies,
        applies_words=_applies_words(applies, preconditions),
        preconditions=preconditions,
        panels=tuple(panels[name] for name in at_least),
        panels_if_higher=tuple(panels[name] for name in at_most if name not in at_least),
        later=_later(groups[top : bottom + 1]) if applies is not False else "",
        stops=tuple(part for part in remarks if part.remark.kind == "stop"),
        qualifications=tuple(part for part in remarks if part.remark.kind != "stop"),
        facts=once(
            fact
            for facts in (
                *(group.facts for group in groups[top : bottom + 1]),
                *(part.item.facts for part in (*factors, *preconditions)),
                *(panels[name].facts for name in at_most),
                *(part.remark.facts for part in remarks),
            )
            for fact in facts
        ),
        criteria=criteria,
    )


def _counts(factors: Sequence[ItemResult]) -> tuple[tuple[int, int], tuple[int, int], frozenset[Level]]:
    """Count the factors that are met, those that are open, and the levels an open kind of myositis could add to."""
    met = {"high": 0, "intermediate": 0, "low": 0}
    single = dict(met)
    kinds: set[Level] = set()
    for part in factors:
        level = part.item.level
        assert level, "a factor has a level"
        if part.met:
            met[level] += 1
        elif part.met is None and part.item.group == ONE_KIND:
            kinds.add(level)
        elif part.met is None:
            single[level] += 1
    return (met["high"], met["intermediate"]), (single["high"], single["intermediate"]), frozenset(kinds - {"low"})


def _deciding(factors: Sequence[ItemResult], high: bool, intermediate: bool, kind: bool) -> tuple[str, ...]:
    """Questions whose answer could still change the group, those of high factors first."""
    found: list[str] = []
    for level, matters in (("high", high), ("intermediate", intermediate)):
        for part in factors:
            if part.met is None and part.item.level == level and (kind if part.item.group == ONE_KIND else matters):
                found += part.missing
    return once(found)


def _applies_words(applies: Truth, preconditions: Sequence[ItemResult]) -> str:
    lacking = [said(part.item.label) for part in preconditions if part.met is applies]
    if applies:
        return f"The guideline is meant for this patient: {listed(lacking)}."
    if applies is False:
        return f"The guideline is not meant for this patient; it needs: {listed(lacking)}."
    return f"Whether the guideline is meant for this patient is open; it needs: {listed(lacking)}."


def _because(factors: Sequence[ItemResult], counts: tuple[int, int]) -> str:
    told = []
    for level, count in (("high", counts[0]), ("intermediate", counts[1])):
        names = [said(part.item.label) for part in factors if part.met and part.item.level == level]
        told.append(f"{count} of {level} risk" + (f" ({listed(names)})" if names else ""))
    unknown = [said(part.item.label) for part in factors if part.met is None and part.item.level != "low"]
    low = [said(part.item.label) for part in factors if part.met and part.item.level == "low"]
    sentences = [f"Factors known to be present: {listed(told)}."]
    if low:
        sentences.append(f"Of low risk and not subtracted: {listed(low)}.")
    if unknown:
        sentences.append(f"Not known: {listed(unknown)}.")
    return " ".join(sentences)


def _later(groups: Sequence[RiskGroup]) -> str:
    """Say what follows, for each group that is still possible."""
    if len(groups) == 1:
        return groups[0].later
    named: dict[str, list[str]] = {}
    for group in groups:
        named.setdefault(group.later, []).append(group.label)
    return " ".join(f"If the risk is {listed(labels, 'or')}: {said(later)}" for later, labels in named.items() if later)
