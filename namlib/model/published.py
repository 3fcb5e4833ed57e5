"""Published patients put to the criteria: what was expected at each moment, what came out, and why the two part.

A record holds only what was read of a report, so a label that does not come out is usually an answer that was not in
the text. The classifier is handed in: this module knows neither criteria nor thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from namlib.frozen import frozen
from namlib.model.findings import FIELDS, contradiction, findings, read
from namlib.model.rules import QUESTIONS
from namlib.records import Moment, PublishedRecord, Refused

if TYPE_CHECKING:
    from namlib.model.diagnosis import Enmc2016

# The labels of the criteria that each label of a record stands for: there are many ways not to know.
STANDS_FOR: dict[str, tuple[str, ...]] = {
    "anti-SRP myopathy": ("anti_srp_myopathy",),
    "anti-HMGCR myopathy": ("anti_hmgcr_myopathy",),
    "antibody-negative IMNM": ("antibody_negative_imnm",),
    "cannot classify": ("incomplete_serology", "biopsy_needed", "not_enough_known", "dual_positive_review"),
    "not IMNM": ("not_met",),
}


@frozen
class ClassifiedMoment:
    """One moment of a published record, as expected and as the criteria answer it.

    ``missing`` are the questions whose answer could still change the label, ``stops`` and ``qualifications`` what is
    said beside it. ``difference`` explains why the two labels part and is blank where they agree.
    """

    record: str
    title: str
    at: str
    expected: str
    because: str
    label: str
    obtained: str
    agrees: bool
    difference: str
    missing: tuple[str, ...]
    next_test: str
    stops: tuple[str, ...]
    qualifications: tuple[str, ...]
    reported_as: str
    was_read: str
    caveat: str
    sources: tuple[str, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """Labels of what is missing, as the form asks them."""
        return tuple(dict.fromkeys(FIELDS[QUESTIONS[key].field].label for key in self.missing))

    def __repr__(self) -> str:
        outcome = "as expected" if self.agrees else f"expected {self.expected}"
        return f"{self.record}, {self.at}: {self.obtained} ({outcome})"


def known_answers(moment: Moment) -> dict[str, Any]:
    """Read what was known at a moment as the form reads it; nothing is filled in.

    Raises
    ------
    Refused
        For an answer that the form of a patient would refuse.

    Examples
    --------
    >>> known_answers(Moment("admission", {"ck_u_per_l": 711, "anti_srp": "not_tested"}, "cannot classify", "no test"))
    {'ck_u_per_l': 711.0, 'anti_srp': 'not_tested'}
    >>> known_answers(Moment("admission", {"ck": 711}, "cannot classify", "no test"))
    Traceback (most recent call last):
    namlib.records.Refused: ck: is not a field of a patient
    """
    for name in moment.known:
        if name not in FIELDS:
            raise Refused(name, "is not a field of a patient")
    answers = {name: read(name, raw) for name, raw in moment.known.items()}
    wrong = contradiction(answers)
    if wrong is not None:
        raise wrong
    return answers


def agrees(expected: str, label: str) -> bool:
    """Say whether a label of the criteria is one that the expected label stands for.

    Examples
    --------
    >>> agrees("cannot classify", "biopsy_needed"), agrees("not IMNM", "incomplete_serology")
    (True, False)
    """
    return label in STANDS_FOR[expected]


def put_to(
    records: Iterable[PublishedRecord], classify: Callable[[Mapping[str, Any]], Enmc2016]
) -> tuple[ClassifiedMoment, ...]:
    """Put every moment of the records to the criteria.

    Parameters
    ----------
    records : iterable of PublishedRecord
        Records of the ledger.
    classify : callable
        Takes findings as :func:`namlib.model.findings.findings` lays them out, and returns the answer of the criteria.

    Raises
    ------
    Refused
        If a record holds an answer that the form of a patient would refuse.
    """
    rows = []
    for record in records:
        for moment in record.moments:
            answer = classify(findings(known_answers(moment)))
            rows.append(
                ClassifiedMoment(
                    record.id,
                    record.title,
                    moment.at,
                    moment.expected,
                    moment.because,
                    answer.label,
                    answer.title,
                    agrees(moment.expected, answer.label),
                    moment.difference,
                    answer.deciding,
                    answer.next_test,
                    tuple(part.remark.words for part in answer.stops),
                    tuple(part.remark.words for part in answer.qualifications),
                    record.reported_as,
                    record.read,
                    record.caveat,
                    record.sources,
                )
            )
    return tuple(rows)
