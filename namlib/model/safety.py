"""What has to be looked at before, beside and during a plan: one row for each check, with why and on what evidence.

The checks of one drug come from ``data/drugs.yaml``, those of pairs and of whole plans from ``data/plan_checks.yaml``;
all are judged by :func:`namlib.model.pathway.judged`. A row says whether it applies, does not apply, or cannot be told
yet. What cannot be told counts for nothing but a question: no result ever says that a plan is safe.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.model.pathway import asked, judged
from namlib.model.rules import QUESTIONS, Evaluation, answer_words, listed, rule, said
from namlib.records import Check, CheckKind, Drug, Fact, PlanCheck, PlanSection, Refused

State = Literal["applies", "not known", "does not apply", "no row"]

CONVENTION = "course convention"
SECTIONS: dict[PlanSection, str] = {
    "contraindication": "Contraindications",
    "before": "Before the first dose",
    "interaction": "Interactions",
    "vaccines": "Vaccines",
    "pregnancy": "Pregnancy",
    "while given": "While it is given",
    "statins": "Statins and lipids",
}
_SECTION_OF: dict[CheckKind, PlanSection] = {
    "contraindication": "contraindication",
    "pre_check": "before",
    "interaction": "interaction",
    "monitoring": "while given",
}
# Sections in which a drug without any row is named: silence of the ledger is not an all-clear.
_NEEDED: tuple[PlanSection, ...] = (
    "contraindication",
    "before",
    "interaction",
    "vaccines",
    "pregnancy",
    "while given",
)
_ANY_PLAN = "any plan"
_PREGNANT = "pregnant"
_STATES: dict[bool | None, State] = {True: "applies", None: "not known", False: "does not apply"}


@frozen
class SafetyRow:
    """One thing to look at.

    ``drugs`` are the drugs of the plan that share it. ``reason`` says in words why it applies, does not, or cannot be
    told; ``asked`` names the answers that are lacking. It rests on ``facts``, or ``convention`` is true.
    """

    section: PlanSection
    state: State
    kind: CheckKind
    text: str
    drugs: tuple[str, ...]
    reason: str
    missing: tuple[str, ...]
    facts: tuple[str, ...]
    sources: tuple[str, ...]
    checks: tuple[str, ...]
    convention: bool = False

    @property
    def asked(self) -> tuple[str, ...]:
        """Labels of the answers that are lacking."""
        return asked(self.missing)

    @property
    def basis(self) -> str:
        """What the row rests on: its sources, or the words that say that it is this course's convention."""
        return CONVENTION if self.convention else ", ".join(self.sources)

    def words(self) -> str:
        """Say the row in one line."""
        ask = f"Ask first: {listed([said(label) for label in self.asked])}. " if self.asked else ""
        drugs = listed(self.drugs)
        return f"{drugs[:1].upper()}{drugs[1:]}, {self.state}: {ask}{self.text} [{self.basis}]"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "section": self.section,
            "state": self.state,
            "kind": self.kind,
            "drugs": list(self.drugs),
            "text": self.text,
            "reason": self.reason,
            "asked": list(self.asked),
            "facts": list(self.facts),
            "basis": self.basis,
            "checks": list(self.checks),
        }


@frozen
class SafetyList:
    """All rows of a plan for one patient, by section. It never says that a plan is safe."""

    plan: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[SafetyRow, ...]

    def of(self, section: PlanSection, *states: State) -> tuple[SafetyRow, ...]:
        """Rows of a section, of some states or of all."""
        return tuple(row for row in self.rows if row.section == section and (not states or row.state in states))

    @property
    def contraindicated(self) -> tuple[SafetyRow, ...]:
        """Contraindications that are met, in any section."""
        return tuple(row for row in self.rows if row.kind == "contraindication" and row.state == "applies")

    @property
    def not_known(self) -> tuple[SafetyRow, ...]:
        """Rows that cannot be told yet; none of them counts as absent."""
        return tuple(row for row in self.rows if row.state == "not known")

    @property
    def asked(self) -> tuple[str, ...]:
        """Labels of all answers that are lacking, each once."""
        return tuple(dict.fromkeys(label for row in self.not_known for label in row.asked))

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of every fact the rows rest on, sorted."""
        return tuple(sorted({fact for row in self.rows for fact in row.facts}))

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of every source the rows rest on, sorted."""
        return tuple(sorted({key for row in self.rows for key in row.sources}))

    def words(self) -> str:
        """Say what is met, what is open and what has to be asked, in one sentence or two."""
        met = len(self.contraindicated)
        open_ = sum(row.kind == "contraindication" for row in self.not_known)
        parts = [
            f"Plan of {listed(self.names)}: {met} contraindication{'' if met == 1 else 's'} met, "
            f"{open_} that cannot be told yet"
        ]
        first = len(self.of("before", "applies"))
        parts.append(f"{first} thing{'' if first == 1 else 's'} to do before the first dose")
        both = len(self.of("interaction", "applies"))
        parts.append(f"{both} interaction{'' if both == 1 else 's'}")
        told = "; ".join(parts) + "."
        if self.asked:
            # "takes allopurinol" reads as an answer; what is lacking is whether somebody does.
            lacking = [said(label) for label in self.asked]
            lacking = [f"whether the patient {label}" if label.startswith("takes ") else label for label in lacking]
            told += f" Not answered, and so not cleared: {listed(lacking)}."
        return f"{told} This list can rule a plan out and never rules one in."

    def __repr__(self) -> str:
        return self.words()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "plan": list(self.plan),
            "words": self.words(),
            "asked": list(self.asked),
            "rows": [row.to_dict() for row in self.rows],
            "sources": list(self.sources),
        }


def plan_keys(plan: object, drugs: Iterable[Drug]) -> tuple[str, ...]:
    """Read a plan: keys or other names of drugs, each kept once, in the order of the ledger.

    Raises
    ------
    Refused
        If the plan is empty, is not a collection of names, or names a drug that the ledger does not hold.

    Examples
    --------
    >>> mtx = Drug("methotrexate", "methotrexate", "antimetabolite", "sparing agent", "mg/wk", ("MTX",))
    >>> plan_keys(["MTX", "methotrexate"], [mtx])
    ('methotrexate',)
    >>> plan_keys(["metotrexate"], [mtx])
    Traceback (most recent call last):
    namlib.records.Refused: plan: 'metotrexate' is not in the ledger; did you mean 'methotrexate'?
    """
    known = list(drugs)
    named: dict[str, str] = {}
    for drug in known:
        named.update(dict.fromkeys((name.casefold() for name in (drug.key, drug.name, *drug.also_called)), drug.key))
    if isinstance(plan, str):
        plan = [plan]
    if isinstance(plan, Mapping) or not isinstance(plan, Iterable):
        raise Refused("plan", f"{str(plan)[:40]!r} is not a collection of drugs")
    wanted: set[str] = set()
    for item in plan:
        key = named.get(item.strip().casefold()) if isinstance(item, str) else None
        if key is None:
            near = difflib.get_close_matches(str(item)[:40].casefold(), named, n=1)
            hint = f"did you mean {named[near[0]]!r}?" if near else f"known: {', '.join(drug.key for drug in known)}"
            raise Refused("plan", f"{str(item)[:40]!r} is not in the ledger; {hint}")
        wanted.add(key)
    if not wanted:
        raise Refused("plan", "is empty: name at least one drug")
    return tuple(drug.key for drug in known if drug.key in wanted)


def _section(check: Check, topics: Mapping[str, str]) -> PlanSection:
    """A drug's own check goes by what it asks: pregnancy and vaccines have their own sections."""
    if _PREGNANT in rule(check.when).questions:
        return "pregnancy"
    if any(topics.get(fact) == "vaccination" for fact in check.facts):
        return "vaccines"
    return _SECTION_OF[check.kind]


def _reason(why: Evaluation) -> str:
    """Say the answers a check was judged by, each question once."""
    if why.form == "always":
        return "always"
    told = {leaf.field: answer_words(leaf.field, leaf.read) for leaf in why.leaves()}
    return "; ".join(f"{said(QUESTIONS[key].label)}: {words}" for key, words in told.items())


def _of_plan(check: PlanCheck, plan: tuple[str, ...]) -> tuple[str, ...] | None:
    """The drugs of the plan a check is about; none for any plan, ``None`` where it does not belong to the plan."""
    here = tuple(key for key in plan if key in check.drugs)
    beside = tuple(key for key in plan if key in check.beside)
    if (check.drugs and not here) or (check.beside and not beside):
        return None
    return tuple(key for key in plan if key in here or key in beside)


def safety(
    findings: Mapping[str, Any],
    plan: object,
    drugs: Iterable[Drug],
    plan_checks: Iterable[PlanCheck],
    facts: Iterable[Fact],
) -> SafetyList:
    """List what has to be looked at before, beside and during a plan, for one patient.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays it out; a missing key counts as not answered.
    plan : collection of str
        Drugs by key or another of their names; a single name is a plan of one.
    drugs, plan_checks, facts
        Rows of the ledger.

    Raises
    ------
    Refused
        If the plan is not accepted.

    Examples
    --------
    >>> when = {"field": "liver_disease", "is": True}
    >>> check = Check("liver", "contraindication", "Chronic liver disease.", ("f",), when)
    >>> mtx = Drug("methotrexate", "methotrexate", "antimetabolite", "sparing agent", "mg/wk", checks=(check,))
    >>> safety({"liver_disease": True}, ["methotrexate"], [mtx], (), ()).contraindicated[0].words()
    'Methotrexate, applies: Chronic liver disease. []'
    >>> safety({}, "methotrexate", [mtx], (), ()).asked
    ('Chronic liver disease or alcohol excess',)
    """
    known = {drug.key: drug for drug in drugs}
    keys = plan_keys(plan, known.values())
    held = {fact.id: fact for fact in facts}
    topics = {name: fact.topic for name, fact in held.items()}
    name_of = {key: known[key].name for key in keys}

    def row(
        check: Check | PlanCheck, section: PlanSection, about: tuple[str, ...], convention: bool = False
    ) -> SafetyRow:
        _, why, missing = judged(check.kind, check.when, findings)
        value = why.value
        if value is False and why.if_asked() is None:
            # False only because nobody has answered: here that is a question, not an all-clear.
            value, missing = None, why.unknown_fields()
        sources = dict.fromkeys(key for name in check.facts if name in held for key in held[name].sources)
        return SafetyRow(
            section,
            _STATES[value],
            check.kind,
            check.text,
            tuple(name_of[key] for key in about) or (_ANY_PLAN,),
            _reason(why),
            missing,
            check.facts,
            tuple(sources),
            (check.id,),
            convention,
        )

    rows = [row(check, _section(check, topics), (key,)) for key in keys for check in known[key].checks]
    covered = {(drug, item.section) for item in rows for drug in item.drugs}
    for check in plan_checks:
        about = _of_plan(check, keys)
        if about is not None:
            rows.append(row(check, check.section, about, check.convention))
            covered |= {(name_of[key], check.section) for key in about}
    for section in _NEEDED:
        bare = tuple(name for name in name_of.values() if (name, section) not in covered)
        if bare:
            words = "The ledger holds no row on this. That is not the same as nothing to look at."
            rows.append(
                SafetyRow(section, "no row", "pre_check", words, bare, "nothing was read", (), (), (), (), True)
            )
    return SafetyList(keys, tuple(name_of.values()), _merged(rows))


_STATE_ORDER: tuple[State, ...] = ("applies", "not known", "no row", "does not apply")


def _merged(rows: Iterable[SafetyRow]) -> tuple[SafetyRow, ...]:
    """Say what several drugs share once, in the order of sections, what applies first."""
    groups: dict[tuple[Any, ...], list[SafetyRow]] = {}
    for row in rows:
        groups.setdefault((row.section, row.state, row.text, row.reason, row.convention), []).append(row)

    def once(items: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part for item in items for part in item))

    merged = [
        SafetyRow(
            same[0].section,
            same[0].state,
            same[0].kind,
            same[0].text,
            once(row.drugs for row in same),
            same[0].reason,
            same[0].missing,
            once(row.facts for row in same),
            once(row.sources for row in same),
            once(row.checks for row in same),
            same[0].convention,
        )
        for same in groups.values()
    ]
    order = list(SECTIONS)
    return tuple(sorted(merged, key=lambda row: (order.index(row.section), _STATE_ORDER.index(row.state))))
