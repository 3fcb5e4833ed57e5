"""What a notebook calls: cases, fictional and published, as objects that know their course."""

from __future__ import annotations

import json
from binascii import crc32
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namlib import case_files, case_records
from namlib.case_files import Known
from namlib.course import bibliography, criteria_record, ledger, named
from namlib.discussion_records import Discussion, Panel
from namlib.frozen import frozen, retyped
from namlib.model import case as model
from namlib.records import PublishedRecord
from namlib.table import Column, Html, Table, html
from namlib.view.discussion import Support
from namlib.view.picture import Picture

if TYPE_CHECKING:
    from namlib.model.patient import Patient


@cache
def known() -> Known:
    """Return what a case file may refer to."""
    return Known.of(ledger(), model.check_answers, model.contradictions_in_time, _check_discussion)


def _check_discussion(
    record: case_records.CaseRecord, discussion: Discussion
) -> Iterable[tuple[tuple[str | int, ...], str]]:
    from namlib.model.discussion import problems

    labels = [label.id for label in criteria_record("enmc_2016").labels]
    return problems(record, discussion, labels, [node.id for node in ledger().pathway.nodes])


@frozen
class Case(case_records.Case):
    """One case: a fictional teaching case, or the record of a published patient.

    Examples
    --------
    >>> case = Case.load("IMNM-01")
    >>> case
    IMNM-01, published record: Statin, rhabdomyolysis suspected, then anti-HMGCR
    >>> case.moments
    ('before the antibody result', 'with the anti-HMGCR result')
    >>> case.patient_at("before the antibody result").anti_hmgcr
    'not_tested'
    """

    # A frozen record gets a listing of its fields unless the class says otherwise itself.
    __repr__ = case_records.Case.__repr__

    @classmethod
    def load(cls, case: str | Path) -> Case:
        """Load a case of the course by its id, or any case file by its path.

        Raises
        ------
        namlib.case_files.CaseError
            If the file is refused: every problem with its place in the file, line and reason.
        KeyError
            If the course has no case of that id; the message lists those it has.
        """
        if isinstance(case, Path) or case.endswith((".yaml", ".yml")):
            return cls.of(case_files.load(Path(case), known()))
        return cls.of(_by_id(case))

    @classmethod
    def of(cls, case: case_records.Case) -> Case:
        """Take over a case that was read elsewhere."""
        return retyped(cls, case)

    @property
    def moments(self) -> tuple[str, ...]:
        """Names of the moments at which a patient can be made of the record, in the order of events."""
        if self.kind == "published":
            return tuple(moment.at for moment in self._published().moments)
        return tuple(time.id for time in self.record.times)

    def patient_at(self, moment: str) -> Patient:
        """Make the patient of what was known at one moment, and of nothing that came to light later.

        Parameters
        ----------
        moment : str
            One of :attr:`moments`. For a published record these are the moments of ``published_records.yaml``, whose
            answers were entered from the report; a point of the record that belongs to one is taken as well.

        Raises
        ------
        KeyError
            If there is no such moment; the message lists those there are.
        """
        from namlib.model.patient import Patient

        if self.kind == "published":
            by_name = {entry.at: entry for entry in self._published().moments}
            by_name |= {time.id: by_name[time.moment] for time in self.record.times if time.moment in by_name}
            return Patient(**named("moment", by_name, moment).known)
        named("moment", dict.fromkeys(self.moments), moment)
        return Patient(**model.answers_at(self.record, moment))

    def picture(self) -> Picture:
        """Draw the course: CK, strength, drugs and names of the illness over time, with the same as a table."""
        from namlib.view import case as view

        return view.course_picture(self, bibliography())

    def table(self) -> Picture:
        """Show who it is about, doses as printed and computed, contradictions, and what the record cannot say."""
        from namlib.view import case as view

        return view.record_table(self, bibliography())

    def timeline(self) -> Picture:
        """Lay the course out as a table, point by point."""
        from namlib.view import case as view

        return view.timeline_picture(self)

    def completeness(self) -> Picture:
        """Hold the record against items 5 to 10 of the CARE checklist: what is there, what is missing."""
        from namlib.view import case as view

        found = model.completeness(self)
        return Picture(view.completeness_table(found, bibliography()), repr(found))

    def classes(self) -> Table[model.ClassAt]:
        """Put every moment to ENMC 2016 and EULAR/ACR 2017, each with what was known by then.

        Examples
        --------
        >>> for row in Case.load("IMNM-08").classes():
        ...     print(row)
        IMNM-08, age 63: antibody-negative IMNM
        IMNM-08, age 69: anti-HMGCR myopathy
        """
        from namlib.course.diagnosis import classify_enmc2016, classify_eular_acr2017

        expected = {entry.at: entry.expected for entry in self._published().moments} if not self.fictional else {}
        rows = []
        for moment in self.moments:
            patient = self.patient_at(moment)
            enmc = classify_enmc2016(patient)
            stops = tuple(part.remark.words for part in enmc.stops)
            score = classify_eular_acr2017(patient).title
            rows.append(
                model.ClassAt(
                    self.id, moment, enmc.title, enmc.next_test, stops, score, expected.get(moment, ""), self.sources
                )
            )
        columns: list[Any] = [
            Column("Moment", lambda row: row.moment),
            Column("ENMC 2016", lambda row: row.enmc2016),
            Column("Next test", lambda row: row.next_test),
            Column("Stop signs", lambda row: "; ".join(row.stops)),
            Column("EULAR/ACR 2017", lambda row: row.eular_acr2017),
        ]
        if expected:
            columns.append(Column("Expected of the record", lambda row: row.expected))
        mark = " (FICTIONAL)" if self.fictional else ""
        return Table(rows, f"What the criteria say of {self.id}{mark}, moment by moment", columns, noun="moment")

    def _published(self) -> PublishedRecord:
        return named("published record", {record.id: record for record in ledger().published_records}, self.id)


@cache
def _compiled() -> dict[str, Callable[[], case_records.Case]]:
    return case_files.compiled()


@cache
def _by_id(name: str) -> case_records.Case:
    path = named("case", case_files.files(), name)
    return _compiled()[name]() if name in _compiled() else case_files.load(path, known())


def cases(kind: str | None = None) -> Table[Case]:
    """List the cases of the course: published records first, then the fictional teaching cases.

    Parameters
    ----------
    kind : str, optional
        ``"teaching"`` or ``"published"``.

    Raises
    ------
    namlib.case_files.CaseError
        If a file of the course is refused.
    KeyError
        For another kind.

    Examples
    --------
    >>> all(case.fictional for case in cases("teaching"))
    True
    """
    if kind is not None:
        named("kind of case", {"teaching": None, "published": None}, kind)
    rows = [Case.of(_by_id(name)) for name in case_files.files()]
    cites = bibliography()
    columns: list[Any] = [
        Column("Case", lambda case: Html(f"<code>{html(case.id)}</code>")),
        Column("What it is about" if kind != "teaching" else "How it begins", lambda case: case.title),
    ]
    if kind is None:
        columns.append(Column("Kind", lambda case: "FICTIONAL, for teaching" if case.fictional else "published"))
    if kind == "teaching":
        # Not the published cases behind it: they would tell how it ends.
        columns += [
            Column("Stages", lambda case: len(case.discussion.stages) if case.discussion else "no discussion yet"),
            Column("Minutes in a room", lambda case: f"{case.discussion.minutes:g}" if case.discussion else ""),
        ]
    else:
        columns += [
            Column("Points in time", lambda case: len(case.record.times)),
            Column("Source", lambda case: "invented" if case.fictional else cites.links(case.record.sources)),
            Column("What was read", lambda case: case.record.read),
        ]
    chosen = [case for case in rows if kind is None or case.kind == kind]
    caption = {"teaching": "Teaching cases, all fictional", "published": "Published cases"}.get(kind or "", "Cases")
    return Table(chosen, caption, columns, noun="case")


def panel_of(case: case_records.Case, folder: Path | None = None) -> Panel | None:
    """Return the panel behind the concordance items of a case, if it has any.

    Parameters
    ----------
    case : Case
        The case.
    folder : Path, optional
        Where the file of the panel lies; by default among those of the course.

    Raises
    ------
    namlib.case_files.CaseError
        If its file is refused.
    """
    if case.discussion is None or case.discussion.panel is None:
        return None
    items = [item.id for stage in case.discussion.stages for item in stage.items]
    return case_files.read_panel(case.discussion.panel, items, folder)


def case_sum(case: case_records.Case) -> str:
    """Return a short sum of a case, by which to tell one state of its file from another."""
    written = json.dumps(case.to_dict(), sort_keys=True, ensure_ascii=True)
    return f"{crc32(written.encode()):08x}"


def support_of(case: Case, panel: Panel | None) -> Support:
    """Gather what the pages of a discussion look up: facts, sources, criteria, pathway, traps, the patient in time."""
    held = ledger()
    return Support(
        {fact.id: fact for fact in held.facts},
        bibliography(),
        criteria_record("enmc_2016"),
        held.pathway,
        held.drugs,
        held.reasoning_traps,
        lambda at: case.patient_at(at).answers(),
        panel,
    )
