"""The claims check: every clinical number in notebook prose must be one that a cited row of the ledger gives.

Run it with ``python -m namlib check``. This page says how an author satisfies it.

**What counts as a clinical number.** A number with a unit of dose (mg, g, mg/kg/d, mg/m2/wk, "25 a week" ...), a
percentage, "6 of 8" or "6/8", a CK or U/L, a duration or an age (days, weeks, months, years, "week 24"), kg, cm, m2,
sessions, an odds ratio, a confidence interval, a p value, and a count of patients, studies or guidelines in digits.
Number words count before a unit or "of" ("three of nine", "six weeks"), and before people from three up. Years of
publication, table, line, section and notebook numbers, minutes, and counts of other things ("two commands", "two
sources") are not clinical.

**What a clinical number needs.**

1. A link to a reference in the same sentence, table row or list item: ``[Valiyil 2010](https://doi.org/...)``. In a
   list item a sentence without a link of its own may lean on the item's links. The address is the ``url`` of an entry
   of ``sources.bib``; the label begins with that entry's label and may go on (", Table 2", " line 17"). A link that
   follows the full stop still belongs to the sentence before it.
2. A row of one of the linked references that gives the same number, in the same kind of unit: the row's own fields,
   or a number in its statement, caveat, course, cap note, note, frequency, ``agent`` or ``studied_in``. A dose that
   stands only in a *caveat* does not vouch: caveats talk about other sources. A range must be given as that range;
   one end of it may stand alone. 1 g is 1000 mg, 12 months are 1 year, 7 days are 1 week, "mg/kg/day" is mg/kg/d,
   "6/8" is "6 of 8"; a percentage is never computed from n/N. A dose written without its period fits a row with one,
   never the reverse. Values may be printed as :func:`namlib.units.number` prints them. Results of arithmetic are rows
   too (``how_read`` derived) and are cited by any of their sources.
3. The right population. Where the clause (or table column, row, or heading above) says adult, a row for adults or for
   all must give the number; where it says child, paediatric or juvenile, a row for children. A dose that only
   children's rows give must say so in words.
4. The right drug: where a sentence names one drug, a dose must not come from rows of other drugs only.
5. Methotrexate is never daily. A per-day unit or "daily" that belongs to methotrexate is refused unless the words
   beside it deny it ("never daily", "daily by mistake", "daily use has been fatal"), and a methotrexate dose needs
   its week in the same sentence or row.
6. A number that only rows of standing ``caveat`` give needs one of these words in the cell: recalled, from memory,
   not read, unread, not seen, caveat, flag, as printed, printed, second-hand, to be confirmed.
7. A dose that only a starting document gives must read as a quotation: "S1", "S2", "prints", "printed" or "as
   printed" outside the link label, or a label that names the line.

**Fictional patients.** A cell with the comment ``<!-- example patient -->`` (in code: ``# example patient``) may
state weight, height, body surface and age without a source, and a CK in a sentence that cites nothing. Doses,
percentages and counts are never exempt.

**Links.** An http(s) address that is neither in ``sources.bib`` nor in :data:`ALLOWED_ADDRESSES` is refused.

**Code cells.** Numbers in outputs come from data, so no string and no comment of a code cell may hold a clinical
number.

Code spans, code fences and HTML comments are not read. Words such as "half" or "a third", and the words "one" and
"two" before people, are not seen either: write numbers with denominators.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import unquote

from namlib.prose import (
    COUNTS,
    NUMBER,
    PERIODS,
    SERIES,
    Link,
    Passage,
    Quantity,
    is_year,
    links,
    passages,
    plain,
    quantities,
    unit_at,
    value_of,
    visible,
)
from namlib.records import STARTING_DOCUMENTS, Fact, Ledger, Regimen, Source
from namlib.units import UNITS, number, span

# Addresses a notebook may link to that are no reference: the two licences, and the tools a reader installs.
ALLOWED_ADDRESSES = (
    "https://creativecommons.org/licenses/by/4.0",
    "https://opensource.org/license/mit",
    "https://www.python.org/downloads",
    "https://jupyter.org",
)

EXAMPLE_PATIENT = re.compile(r"<!--\s*example patient\s*-->")
EXAMPLE_PATIENT_IN_CODE = re.compile(r"#\s*example patient\b")
_BODY = ("kg", "cm", "m2", "age")

Population = Literal["adult", "paediatric", "both", ""]

# --- what the ledger offers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """One number of one row, as a cited reference gives it."""

    row: str
    kind: str
    values: tuple[Decimal, ...]
    shown: str
    population: str
    standing: str
    drug: str
    from_field: bool

    def fits_kind(self, kind: str) -> bool:
        """Whether a number of this kind may be compared with the offer."""
        if kind == self.kind or {kind, self.kind} == {"age", "mo"}:
            return True
        if kind == "of" or self.kind == "of":
            return False
        if kind.startswith("mg"):  # "1 g", where the row says 1 g a day
            return self.kind.rpartition("/")[0] == kind and self.kind.rpartition("/")[2] in PERIODS
        if kind.startswith("dose/"):
            return self.kind.startswith("mg") and self.kind.endswith(kind.removeprefix("dose"))
        return (kind in COUNTS and self.kind == "count") or kind == "interval"

    def fits(self, found: Quantity) -> bool:
        """Whether the number is the one offered: the same range, or one end of it, or the same n of N."""
        if not self.fits_kind(found.kind):
            return False
        if len(found.values) == 1:
            return self.kind != "of" and found.values[0] in self.values
        return found.values == self.values


_PER_INTAKE = ("mg", "mg/kg", "mg/m2")
_FREQUENCY_PERIOD = {"once daily": "d", "daily": "d", "once weekly": "wk", "monthly": "mo"}


def _kind_of(unit_code: str) -> tuple[str, Decimal]:
    """Return the kind a unit of the ledger belongs to, and the factor into that kind's base unit."""
    unit = UNITS[unit_code]
    if unit.mass:
        basis = {"per_kg": "/kg", "per_m2": "/m2"}.get(unit.basis, "")
        return f"mg{basis}" + (f"/{unit.period}" if unit.period else ""), Decimal(1000 if unit.mass == "g" else 1)
    kind, factor = {"a": ("mo", 12), "mo": ("mo", 1), "wk": ("d", 7), "d": ("d", 1)}.get(unit_code, (unit_code, 1))
    return kind, Decimal(factor)


class _RowOffers:
    """Collects the offers of one row."""

    def __init__(self, row: Fact | Regimen) -> None:
        self.row = row
        self.drug = row.drug if isinstance(row, Regimen) else ""
        self.made: list[Offer] = []
        self.of_cap: list[Offer] = []

    def add(self, kind: str, values: Sequence[Decimal], shown: str, *, from_field: bool, cap: bool = False) -> None:
        row = self.row
        offer = Offer(row.id, kind, tuple(values), shown, row.population, row.standing, self.drug, from_field)
        (self.of_cap if cap else self.made).append(offer)

    def field(self, low: float | None, high: float | None, unit_code: str, *, cap: bool = False) -> None:
        given = [value for value in (low, high) if value is not None]
        if not given or not unit_code:
            return
        kind, factor = _kind_of(unit_code)
        kinds = [kind]
        # "1 g, once daily" is also 1 g a day: an amount per intake gets its period from a frequency of one intake.
        if isinstance(self.row, Regimen) and self.row.doses_per_day in (None, 1) and kind in _PER_INTAKE and not cap:
            how_often = self.row.frequency.split(" on ")[0].split(" for ")[0]
            if how_often in _FREQUENCY_PERIOD:
                kinds.append(f"{kind}/{_FREQUENCY_PERIOD[how_often]}")
        shown = f"{span(low, high)} {unit_code}"
        exact = [abs(Decimal(repr(float(value)))) for value in given]
        printed = [abs(Decimal(number(value).replace(",", ""))) for value in given]
        for one_kind in kinds:
            for values in {tuple(sorted(set(exact))), tuple(sorted(set(printed)))}:
                self.add(one_kind, [value * factor for value in values], shown, from_field=True, cap=cap)

    def text(self, text: str, *, doses: bool = True) -> None:
        rest = text
        for found in quantities(text):
            rest = rest[: found.start] + "\0" * (found.end - found.start) + rest[found.end :]
            if doses or not found.is_dose:
                self.add(found.kind, found.values, found.written, from_field=False)
        for count in NUMBER.finditer(rest):
            if not is_year(count[0]):
                self.add("count", [value_of(count[0])], count[0], from_field=False)


def _offers(row: Fact | Regimen) -> _RowOffers:
    offers = _RowOffers(row)
    offers.field(row.low, row.high, row.unit)
    if isinstance(row, Fact):
        offers.field(row.value, row.value, row.unit)
        for count in (row.n, row.n_total):
            if count is not None:
                offers.add("{patient}", [Decimal(count)], str(count), from_field=True)
        if row.n is not None and row.n_total is not None:
            offers.add("of", [Decimal(row.n), Decimal(row.n_total)], f"{row.n} of {row.n_total}", from_field=True)
        texts = [row.statement]
    else:
        offers.field(None, row.cap, row.cap_unit, cap=True)
        texts = [row.course, row.cap_note, row.note, row.frequency, row.agent, row.studied_in]
    for text in texts:
        offers.text(text)
    offers.text(row.caveat, doses=False)
    return offers


# --- the check -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: the rule broken, the number or link as written, and the closest rows.

    ``cell`` counts all cells of the notebook from 1.
    """

    notebook: str
    cell: int
    rule: str
    written: str
    problem: str
    passage: str
    nearest: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.notebook}, cell {self.cell}: {self.written!r}: {self.problem}", f"    in: {self.passage}"]
        return "\n".join(lines + [f"    near: {row}" for row in self.nearest])


@dataclass(frozen=True, slots=True)
class Report:
    """What the check found, and how much it looked at."""

    findings: tuple[Finding, ...]
    numbers: int
    notebooks: int

    def __str__(self) -> str:
        if not self.findings:
            return f"claims: {self.numbers} numbers in {self.notebooks} notebooks, all sourced"
        named = len({finding.notebook for finding in self.findings})
        return "\n".join(
            [
                *map(str, self.findings),
                f"claims: {len(self.findings)} findings in {named} of {self.notebooks} notebooks",
            ]
        )


_CAVEAT_WORD = re.compile(
    r"\b(?:recalled|from memory|not read|unread|not seen|caveats?|flag(?:s|ged)?|printed|second-?hand|to be confirmed)"
    r"\b",
    re.I,
)
_QUOTING = re.compile(r"\bS[12]\b|\bprints?\b|\bprinted\b")
_ADULT = re.compile(r"\badults?\b", re.I)
_CHILD = re.compile(
    r"\b(?:child(?:ren|hood)?|pa?ediatrics?|juvenile|JDM|infants?|adolescents?|boys?|girls?|teenagers?)\b", re.I
)
_DENIED = re.compile(r"\b(?:not|never)\s+(?:\w+\s+){0,2}?(?:adults?|child(?:ren)?|pa?ediatric|juvenile)\b", re.I)
_CLAUSE_END = re.compile(r",(?!\d)|[;:()\u2014|]|\b(?:but|and|while|whereas|versus|vs|against)\b", re.I)

_DAILY = re.compile(
    r"/\s*d(?:ay)?\b|\b(?:daily|every\s+(?:day|night)|each\s+day|per\s+day|a\s+day|nightly)\b(?!\s+of\b)", re.I
)
_DENIED_BEFORE = re.compile(r"\b(?:never|not)\s+(?:(?:to|be|is|as|taken|given|a|once|for)\s+){0,3}$", re.I)
_DENIED_AFTER = re.compile(
    r"\s*(?:\w+\s+){0,2}?(?:by mistake|in error|has been fatal|have been fatal|has killed|is a mistake|is an error)",
    re.I,
)
_WEEK = re.compile(r"\bweek|/wk\b", re.I)
_DIRECTLY = r"\s*(?:of\s+|\()?\s*(?:(?:oral|IV|intravenous|subcutaneous|SC|pulsed?|high-dose)\s+){0,2}"

# Substances a dose in the same sentence may belong to, beside the drugs of the ledger.
_BESIDE = {
    name: name
    for name in (
        "folic acid",
        "folate",
        "folinic acid",
        "steroid",
        "steroids",
        "glucocorticoid",
        "glucocorticoids",
        "corticosteroid",
        "corticosteroids",
        "calcium",
        "vitamin D",
    )
} | {"methotrexate": "methotrexate", "MTX": "methotrexate"}


@dataclass(slots=True)
class _Cell:
    """Where the checker is: the cell, and what it must know of all of it."""

    notebook: str
    place: int
    text: str
    example_patient: bool
    findings: list[Finding] = field(default_factory=list)
    numbers: int = 0

    def report(self, rule: str, written: str, problem: str, passage: str, nearest: Sequence[str] = ()) -> None:
        words = " ".join(passage.split())
        shown = words if len(words) <= 160 else words[:157] + "..."
        self.findings.append(
            Finding(self.notebook, self.place, rule, " ".join(written.split()), problem, shown, tuple(nearest))
        )


class Checker:
    """Holds the ledger in the form the check needs. Make one, then call :meth:`check`.

    Parameters
    ----------
    ledger : Ledger
        The validated ledger.
    allowed : sequence of str
        Beginnings of addresses that may be linked to without being references.
    """

    def __init__(self, ledger: Ledger, allowed: Sequence[str] = ALLOWED_ADDRESSES) -> None:
        self.allowed = tuple(allowed)
        self.sources = {source.key: source for source in ledger.sources}
        self.by_address = {_address(source.url): source for source in ledger.sources}
        self.offers: dict[str, list[Offer]] = {}
        self.labels: dict[str, str] = {}
        rows: tuple[Fact | Regimen, ...] = (*ledger.facts, *ledger.regimens)
        for row in rows:
            self.labels[row.id] = "; ".join(self.sources[key].label for key in row.sources if key in self.sources)
            made = _offers(row)
            for key in row.sources:
                self.offers.setdefault(key, []).extend(made.made)
            stated = row.cap_source if isinstance(row, Regimen) else ""
            for key in (stated,) if stated in self.sources else row.sources:
                self.offers.setdefault(key, []).extend(made.of_cap)
        names = dict(_BESIDE)
        for drug in ledger.drugs:
            names |= {name: drug.key for name in (drug.name, drug.key.replace("_", " "), *drug.also_called)}
        self.drug_keys = {regimen.drug for regimen in ledger.regimens} | {drug.key for drug in ledger.drugs}
        names |= {key.replace("_", " "): key for key in self.drug_keys}
        self.drug_names = {name.lower(): key for name, key in names.items()}
        ordered = "|".join(re.escape(name) for name in sorted(self.drug_names, key=len, reverse=True))
        self.drug = re.compile(rf"(?<![A-Za-z])(?:{ordered})(?![A-Za-z])", re.I)
        self.drug_directly = re.compile(rf"{_DIRECTLY}(?P<drug>{self.drug.pattern})", re.I)

    def check(self, notebooks: Iterable[tuple[str, Mapping[str, Any]]]) -> Report:
        """Check every cell of every notebook (nbformat 4, as read from JSON)."""
        findings: list[Finding] = []
        numbers = seen = 0
        for name, notebook in notebooks:
            seen += 1
            for place, content in enumerate(notebook["cells"], start=1):
                source = content["source"] if isinstance(content["source"], str) else "".join(content["source"])
                if content["cell_type"] == "code":
                    cell = _Cell(name, place, source, bool(EXAMPLE_PATIENT_IN_CODE.search(source)))
                    self._code(cell)
                else:
                    cell = _Cell(name, place, visible(source), bool(EXAMPLE_PATIENT.search(source)))
                    self._prose(cell, source)
                findings += cell.findings
                numbers += cell.numbers
        return Report(tuple(findings), numbers, seen)

    # --- links ---

    def _source_of(self, link: Link) -> Source | None:
        return self.by_address.get(_address(link.target))

    def _cited(self, text: str) -> list[str]:
        found = (self._source_of(link) for link in links(text))
        return list(dict.fromkeys(source.key for source in found if source))

    def _links(self, cell: _Cell) -> None:
        for link in links(cell.text):
            around = cell.text[max(0, link.start - 80) : link.end]
            source = self._source_of(link)
            if source is None:
                outside = link.target.lower().startswith(("http:", "https:", "//"))
                if outside and not link.target.startswith(self.allowed):
                    cell.report(
                        "address",
                        link.target,
                        "this address is no reference of sources.bib and not on the allowed list",
                        around,
                    )
                continue
            if not source.citable and source.key not in STARTING_DOCUMENTS:
                cell.report("uncitable", link.target, f"{source.key} must not be cited", around)
            if not _label_fits(plain(link.label), source.label):
                cell.report("label", link.label or link.target, f"this reference is called {source.label!r}", around)

    def _without_labels(self, text: str) -> str:
        """Return plain text where a reference's name is gone but what a label says beyond it stays."""
        for link in reversed(links(text)):
            source = self._source_of(link)
            label = plain(link.label)
            said = label.removeprefix(source.label) if source and _label_fits(label, source.label) else label
            text = text[: link.start] + said + text[link.end :]
        return plain(text)

    # --- prose ---

    def _prose(self, cell: _Cell, markdown: str) -> None:
        self._links(cell)
        cell_words = self._without_labels(cell.text)
        for passage in passages(markdown):
            own = self._cited(passage.text)
            cited = own or self._cited(passage.pool)
            parts = [(self._without_labels(context), self._without_labels(text)) for context, text in passage.parts]
            parts = [(context, _with_column_unit(context, text)) for context, text in parts]
            heading = self._without_labels(passage.heading)
            self._methotrexate(cell, passage, parts, heading)
            whole = " | ".join(text for _, text in parts)
            for context, text in parts:
                for found in quantities(text):
                    if cell.example_patient and (found.kind in _BODY or (found.kind == "U/L" and not own)):
                        continue
                    cell.numbers += 1
                    population = _population_at(found, text, context, whole, heading)
                    self._number(cell, passage, found, cited, population, whole, cell_words)

    def _number(
        self,
        cell: _Cell,
        passage: Passage,
        found: Quantity,
        cited: Sequence[str],
        population: Population,
        whole: str,
        cell_words: str,
    ) -> None:
        def wrong(rule: str, problem: str) -> None:
            cell.report(rule, found.written, problem, passage.text, self._nearest(found, cited))

        if not cited:
            wrong("no-link", "no reference is linked in this sentence, row or item")
            return
        named = ", ".join(self.sources[key].label for key in cited)
        offers = [offer for key in cited for offer in self.offers.get(key, ()) if offer.fits(found)]
        if not offers:
            wrong("no-row", f"no row gives this for {named}")
            return
        # A number in a row's own fields belongs to the row; one in its text may be quoted from elsewhere.
        offers = [offer for offer in offers if offer.from_field] or offers
        populations = {offer.population for offer in offers}
        if population == "adult" and populations == {"paediatric"}:
            wrong("population", "is said of adults, but only rows for children give it")
        elif population == "paediatric" and populations == {"adult"}:
            wrong("population", "is said of children, but only rows for adults give it")
        elif not population and found.is_dose and populations == {"paediatric"}:
            wrong("population", "is a children's dose, and nothing here says so")
        drugs = {self.drug_names[name[0].lower()] for name in self.drug.finditer(whole)} & self.drug_keys
        if (
            found.is_dose
            and len(drugs) == 1
            and all(offer.drug for offer in offers)
            and not drugs & {offer.drug for offer in offers}
        ):
            others = ", ".join(sorted({offer.drug for offer in offers}))
            wrong("drug", f"is said of {drugs.pop()}, but only rows of {others} give it")
        if all(offer.standing == "caveat" for offer in offers) and not _CAVEAT_WORD.search(cell_words):
            wrong(
                "caveat",
                "only rows with a caveat give this, and no word in this cell says so (recalled, not read, caveat, ...)",
            )
        printed_only = set(cited) <= set(STARTING_DOCUMENTS) or all(offer.standing == "as_printed" for offer in offers)
        if found.is_dose and printed_only and not self._quotes(passage, whole):
            wrong(
                "quotation",
                "is a starting document's dose, and nothing marks it as quoted (S1, S2, prints, as printed)",
            )

    def _quotes(self, passage: Passage, whole: str) -> bool:
        labels = (link.label for link in links(passage.text) + links(passage.pool))
        return bool(_QUOTING.search(whole)) or any(re.search(r"\blines?\s+\d", label) for label in labels)

    def _nearest(self, found: Quantity, cited: Sequence[str]) -> tuple[str, ...]:
        """Up to three rows: numbers of this kind from the linked references, closest first; then who does give it."""

        def told(offer: Offer) -> str:
            return f"{offer.row} ({self.labels[offer.row]}; {offer.population}): {offer.shown}"

        def distance(offer: Offer) -> tuple[bool, Decimal]:
            return len(offer.values) != len(found.values), abs(offer.values[-1] - found.values[-1]) + abs(
                offer.values[0] - found.values[0]
            )

        linked = [offer for key in cited for offer in self.offers.get(key, ()) if offer.fits_kind(found.kind)]
        here = list(dict.fromkeys(told(offer) for offer in sorted(linked, key=distance)))
        everyone = (offer for key, offers in self.offers.items() if key not in cited for offer in offers)
        elsewhere = list(dict.fromkeys(told(offer) for offer in everyone if offer.fits(found)))
        elsewhere = [row for row in elsewhere if row not in here]
        return tuple((here[: 2 if elsewhere else 3] + elsewhere)[:3])

    # --- methotrexate ---

    def _methotrexate(self, cell: _Cell, passage: Passage, parts: Sequence[tuple[str, str]], heading: str) -> None:
        text = " | ".join(
            f"{said} ({context})" if context and re.search(r"\d", said) else said for context, said in parts
        )
        names = list(self.drug.finditer(text))
        above = {self.drug_names[name[0].lower()] for name in self.drug.finditer(heading)}

        def belongs(start: int, end: int) -> bool:
            if directly := self.drug_directly.match(text, end):
                return self.drug_names[directly["drug"].lower()] == "methotrexate"
            before = [name for name in names if name.end() <= start]
            if before or names:
                return self.drug_names[(before[-1] if before else names[0])[0].lower()] == "methotrexate"
            return above == {"methotrexate"}

        for daily in _DAILY.finditer(text):
            if (
                not belongs(*daily.span())
                or _DENIED_BEFORE.search(text[: daily.start()])
                or _DENIED_AFTER.match(text, daily.end())
            ):
                continue
            written = text[max(0, daily.start() - 24) : daily.end()].strip()
            cell.report("methotrexate-daily", written, "methotrexate is once weekly, never daily", passage.text)
        for found in quantities(text):
            if found.kind in _PER_INTAKE and belongs(found.start, found.end) and not _WEEK.search(text):
                cell.report("methotrexate-week", found.written, "a methotrexate dose without its week", passage.text)

    # --- code ---

    def _code(self, cell: _Cell) -> None:
        source = re.sub(r"^[ \t]*[%!].*$", "pass", cell.text, flags=re.M)
        try:
            tree = ast.parse(source)
            comments = [
                token.string
                for token in tokenize.generate_tokens(io.StringIO(source).readline)
                if token.type == tokenize.COMMENT
            ]
        except (SyntaxError, tokenize.TokenError) as wrong:
            cell.report(
                "code",
                source.splitlines()[0] if source.strip() else "",
                f"cannot be read as Python: {wrong}",
                cell.text,
            )
            return
        for text in (*_strings(tree), *comments):
            for found in quantities(text):
                if not (cell.example_patient and found.kind in _BODY):
                    problem = "a clinical number written into code; it has to come from the ledger"
                    cell.report("code", found.written, problem, text, self._nearest(found, ()))


def _strings(tree: ast.AST) -> Iterator[str]:
    """Yield every string of the code; an f-string as one text, its literal parts in place."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            said = []
            for part in node.values:
                held = part.value if isinstance(part, ast.FormattedValue) else part
                said.append(str(held.value) if isinstance(held, ast.Constant) else "\0")
                inside.add(id(held))
            yield "".join(said)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def _address(url: str) -> str:
    """Return an address in the form two writings of it share."""
    address = unquote(url).rstrip("/")
    return address.lower() if address.lower().startswith("https://doi.org/") else address


def _label_fits(label: str, wanted: str) -> bool:
    rest = label.strip().removeprefix(wanted)
    return label.strip().startswith(wanted) and not rest[:1].isalnum()


def _with_column_unit(context: str, text: str) -> str:
    """Give a table cell that begins with a bare number the unit its column heading names."""
    if not context:
        return text
    leading = re.match(rf"\W*(?:(?:up to|max(?:imum)?|about|median|mean)\s+)?(?P<series>{SERIES})", text, re.I)
    if not leading or any(found.start <= leading.start("series") < found.end for found in quantities(text)):
        return text
    starts = [place.start() for place in re.finditer(r"(?:^|(?<=[\s(\[,]))(?=\S)", context)]
    units = [(unit[0] in COUNTS, place, unit[2]) for place in starts if (unit := unit_at(context, place))]
    if not units:
        return text
    _, start, end = min(units)  # "adults, mg/kg/d" heads doses, not counts of adults
    cut = leading.end("series")
    return f"{text[:cut]} {context[start:end]} {text[cut:]}".rstrip()


def _population(text: str) -> Population:
    text = _DENIED.sub(" ", text)
    adult, child = bool(_ADULT.search(text)), bool(_CHILD.search(text))
    return "both" if adult and child else "adult" if adult else "paediatric" if child else ""


def _population_at(found: Quantity, text: str, context: str, whole: str, heading: str) -> Population:
    """Whose number this is said to be, by clause, column, row or heading; "both" where the words do not tell."""
    here = _population(text)
    if here == "both":
        here = _population_of_clause(found, text)
    for said in (here, _population(context), _population(whole)):
        if said:
            return said
    above = _population(heading)
    return "" if above == "both" else above


def _population_of_clause(found: Quantity, text: str) -> Population:
    ends = [0, *(end.end() for end in _CLAUSE_END.finditer(text)), len(text)]
    clauses = [(start, _population(text[start:end])) for start, end in pairwise(ends)]
    mine = max(place for place, (start, _) in enumerate(clauses) if start <= found.start)
    if clauses[mine][1]:
        return clauses[mine][1]
    before = [said for _, said in clauses[:mine] if said]
    after = [said for _, said in clauses[mine + 1 :] if said]
    return before[-1] if before else after[0] if after else "both"


def check(notebooks: Iterable[tuple[str, Mapping[str, Any]]], ledger: Ledger) -> Report:
    """Check notebooks against the ledger.

    Parameters
    ----------
    notebooks : iterable of (str, mapping)
        File name and content (nbformat 4 JSON) of each notebook.
    ledger : Ledger
        The validated ledger.

    Returns
    -------
    Report
        ``findings`` is empty when every clinical number is sourced; ``str()`` of it is the printed result.

    Examples
    --------
    >>> from namlib.store import load
    >>> cell = {"cell_type": "markdown", "source": "Nearly 99 of 100 patients improved."}
    >>> [finding.rule for finding in check([("x.ipynb", {"cells": [cell]})], load()).findings]
    ['no-link']
    """
    return Checker(ledger).check(notebooks)
