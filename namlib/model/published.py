"""Published patients put to the criteria: what was expected at each moment, what came out, and why the two part.

A record holds only what was read of a report, so a label that does not come out is usually an answer that was not in
the text. The classifier is handed in: this module knows neither criteria nor thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from namlib.frozen import frozen
from namlib.model.findings import FIELDS, contradiction, findings, read
from namlib.records import Moment, PublishedRecord, Refused

# The labels of the criteria that each label of a record stands for: there are many ways not to know.
STANDS_FOR: dict[str, tuple[str, ...]] = {
    "anti-SRP myopathy": ("anti_srp_myopathy",),
    "anti-HMGCR myopathy": ("anti_hmgcr_myopathy",),
    "antibody-negative IMNM": ("antibody_negative_imnm",),
    "cannot classify": ("incomplete_serology", "biopsy_needed", "not_enough_known", "dual_positive_review"),
    "not IMNM": ("not_met",),
}

# Returns a result with label, title, missing, next_test, stops and qualifications.
Classifier = Callable[[Mapping[str, Any]], Any]


@frozen
class ClassifiedMoment:
    """One moment of a published record, as expected and as the criteria answer it.

    ``missing`` are labels of what was not answered, ``stops`` and ``qualifications`` what the classifier says beside
    its label. ``difference`` explains why the two labels part and is blank where they agree.
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


def put_to(records: Iterable[PublishedRecord], classify: Classifier) -> tuple[ClassifiedMoment, ...]:
    """Put every moment of the records to a classifier.

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
                    tuple(answer.missing),
                    answer.next_test,
                    tuple(answer.stops),
                    tuple(answer.qualifications),
                    record.reported_as,
                    record.read,
                    record.caveat,
                    record.sources,
                )
            )
    return tuple(rows)
