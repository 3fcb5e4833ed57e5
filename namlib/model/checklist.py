"""The checks a starting document asks for, against what was entered of a patient.

Four states are kept apart: answered, not asked yet, not tested, and not reported. None of the last three is a "no".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.model.findings import FIELDS, UNANSWERED, findings
from namlib.model.rules import answer_words, listed, said
from namlib.records import SeedLine, Verdict

State = Literal["answered", "not asked yet", "not tested", "not reported"]

# A number of CK says little without its limit: whether it is above is told beside it.
_ALSO = {"ck_u_per_l": "ck_above_limit"}


@frozen
class Entered:
    """One answer a line asks for: its label, its state, and what was entered in words, blank where nothing was."""

    field: str
    label: str
    state: State
    answer: str = ""

    def words(self) -> str:
        """Say the label with what was entered, or that it was not asked yet."""
        return f"{self.label}: {self.answer or self.state}"


@frozen
class ChecklistLine:
    """One line of a starting document that asks for a check, what was entered for it, and what the evidence says."""

    seed: str
    line: int
    claim: str
    entered: tuple[Entered, ...]
    verdict: Verdict
    why: str
    facts: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether everything the line asks for was answered."""
        return all(item.state == "answered" for item in self.entered)

    def __repr__(self) -> str:
        return f"{self.seed} line {self.line}: {listed([said(item.words()) for item in self.entered])}"


def entered(name: str, answers: Mapping[str, Any]) -> Entered:
    """Say what was entered for one field, and what follows from other answers.

    Examples
    --------
    >>> entered("muscle_biopsy", {}).words(), entered("muscle_biopsy", {"muscle_biopsy": "not_done"}).words()
    ('Muscle biopsy: not asked yet', 'Muscle biopsy: not done')
    >>> entered("muscle_biopsy", {"muscle_biopsy": "not_done"}).state
    'not tested'
    >>> entered("ck_u_per_l", {"ck_u_per_l": 711.0, "ck_upper_limit_u_per_l": 170.0}).words()
    'Creatine kinase: 711 U/L; above the upper limit: yes'
    >>> entered("ck_u_per_l", {"ck_u_per_l": 711.0}).words()
    'Creatine kinase: 711 U/L; above the upper limit: not known'
    >>> entered("ck_u_per_l", {"ck_raised": True}).words()
    'Creatine kinase: no number; above the upper limit: yes'
    >>> entered("proximal_weakness", {"weak_proximal_legs": True}).words()
    'Proximal weakness: yes'
    """
    laid_out = findings(answers)
    label = FIELDS[name].label
    raw = answers.get(name)
    if raw in UNANSWERED:
        return Entered(name, label, "not reported" if raw == "not_reported" else "not tested", answer_words(name, raw))
    value = laid_out[name]
    words = "" if value is None else answer_words(name, value)
    if name in _ALSO and (words or laid_out[_ALSO[name]] is not None):
        above = answer_words(_ALSO[name], laid_out[_ALSO[name]])
        words = f"{words or 'no number'}; above the upper limit: {above}"
    return Entered(name, label, "answered" if words else "not asked yet", words)


def checklist(answers: Mapping[str, Any], lines: Iterable[SeedLine]) -> tuple[ChecklistLine, ...]:
    """Set the lines that ask for a check against what was entered.

    Parameters
    ----------
    answers : mapping
        What was entered, as :meth:`namlib.model.patient.Patient.answers` returns it.
    lines : iterable of SeedLine
        Lines of the starting documents; those that name no field are left out.
    """
    return tuple(
        ChecklistLine(
            row.seed,
            row.line,
            row.claim,
            tuple(entered(name, answers) for name in row.fields),
            row.verdict,
            row.why,
            row.facts,
        )
        for row in lines
        if row.fields
    )
