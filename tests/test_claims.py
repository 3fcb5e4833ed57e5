"""The claims check: true text stays green, and each planted error turns it red."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namlib import store
from namlib.__main__ import main
from namlib.claims import Checker, Finding, Report, check
from namlib.prose import links, passages, quantities, split_sentences
from namlib.records import Drug, Fact, Ledger, Pathway, Regimen, Source
from namlib.units import UNITS, number, span

ADULTS_URL = "https://doi.org/10.1000/adults"
CHILDREN_URL = "https://doi.org/10.1000/children"
SERIES_URL = "https://doi.org/10.1000/series(10)1"
SEED_URL = "../data/README.md#s1"

ADULTS = f"[Roe 2021]({ADULTS_URL})"
CHILDREN = f"[Doe 2017]({CHILDREN_URL})"
SERIES = f"[Poe 2010]({SERIES_URL})"
SEED = f"[S1]({SEED_URL})"

_DATED: dict[str, Any] = {"reviewed_on": date(2026, 11, 22), "review_by": date(2027, 11, 22), "locator": "Table 2"}


def source(key: str, label: str, url: str, **more: Any) -> Source:
    return Source(key, more.pop("kind", "cohort"), label, "A title", "J Test", 2020, label, url, **more)


def fact(id_: str, statement: str, *sources: str, **more: Any) -> Fact:
    given_ = {"population": "adult", "subtype": "any", "topic": "dose", "certainty": "low", "how_read": "primary"}
    return Fact(
        **{**_DATED, **given_, "standing": "shown", "id": id_, "statement": statement, "sources": sources, **more}
    )


def regimen(id_: str, drug: str, population: str, *sources: str, **more: Any) -> Regimen:
    given_ = {
        "id": id_,
        "drug": drug,
        "agent": drug,
        "role": "induction",
        "population": population,
        "subtype": "any",
        "studied_in": "IIM",
        "per": "day",
        "route": "oral",
        "frequency": "daily",
        "sources": sources,
        "certainty": "low",
        "how_read": "primary",
        "standing": "shown",
    }
    return Regimen(**{**_DATED, **given_, **more})


def drug(key: str, *also: str) -> Drug:
    return Drug(key, key, "a class", "glucocorticoid", "mg/d", also_called=also)


def with_parts(**parts: Any) -> Ledger:
    """A ledger whose other parts are empty."""
    return Ledger(**{**dict.fromkeys((field.name for field in dataclasses.fields(Ledger)), ()), **parts})


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    weekly: dict[str, Any] = {"per": "week", "frequency": "once weekly"}
    pulse: dict[str, Any] = {"per": "infusion", "route": "IV", "frequency": "once daily on 3 consecutive days"}
    printed: dict[str, Any] = {"standing": "as_printed", "how_read": "printed", "route": "not_stated"}
    return with_parts(
        sources=(
            source("roe2021", "Roe 2021", ADULTS_URL),
            source("doe2017", "Doe 2017", CHILDREN_URL),
            source("poe2010", "Poe 2010", SERIES_URL),
            source("seed1", "S1", SEED_URL, kind="starting document", citable=False),
        ),
        facts=(
            fact(
                "six_of_eight",
                "Six of eight refractory patients improved.",
                "poe2010",
                value=75.0,
                unit="%",
                n=6,
                n_total=8,
            ),
            fact(
                "relapse",
                "About 55% relapsed on taper.",
                "poe2010",
                value=55.0,
                unit="%",
                how_read="recalled",
                standing="caveat",
                caveat="Recalled, not read.",
            ),
            fact(
                "median_ck",
                "The median CK was 5326 U/L in 63 adults followed for 2 years; CK fell by 15.1%.",
                "roe2021",
                value=5326.0,
                unit="U/L",
            ),
            fact(
                "pulse_in_adult",
                "For an 80 kg adult the line gives 1200-2400 mg.",
                "seed1",
                "doe2017",
                low=1200.0,
                high=2400.0,
                unit="mg",
                how_read="derived",
            ),
            fact(
                "response",
                "Pooled mean time to response was 2.9 months (95% CI 1.9-4.1), pooled relapse 22.8%.",
                "poe2010",
                value=22.76,
                unit="%",
                population="any",
            ),
        ),
        regimens=(
            regimen(
                "pred_adult",
                "prednisone",
                "adult",
                "roe2021",
                low=0.5,
                high=1.0,
                unit="mg/kg/d",
                cap=80.0,
                cap_unit="mg/d",
                course="taper from about week 6",
            ),
            regimen("pred_child", "prednisone", "paediatric", "doe2017", "roe2021", low=1.0, high=2.0, unit="mg/kg/d"),
            regimen(
                "mp_child",
                "methylprednisolone",
                "paediatric",
                "doe2017",
                low=15.0,
                high=30.0,
                unit="mg/kg",
                cap=1000.0,
                cap_unit="mg",
                cap_source="roe2021",
                **pulse,
            ),
            regimen("mtx_adult", "methotrexate", "adult", "roe2021", low=15.0, high=25.0, unit="mg/wk", **weekly),
            regimen(
                "mtx_child",
                "methotrexate",
                "paediatric",
                "doe2017",
                low=15.0,
                high=20.0,
                unit="mg/m2/wk",
                cap=40.0,
                cap_unit="mg/wk",
                **weekly,
            ),
            regimen(
                "ivig",
                "ivig",
                "any",
                "poe2010",
                high=2.0,
                low=2.0,
                unit="g/kg",
                per="course",
                route="IV",
                frequency="monthly",
                caveat="Roe 2021 has 3 g/kg.",
                standing="caveat",
            ),
            regimen(
                "seed1_pred",
                "prednisone",
                "not_stated",
                "seed1",
                low=1.0,
                high=2.0,
                unit="mg/kg/d",
                derived_from="pred_child",
                **printed,
            ),
        ),
        drugs=(
            drug("prednisone", "prednisolone"),
            drug("methylprednisolone"),
            drug("methotrexate", "MTX"),
            drug("ivig", "IVIG"),
        ),
        conflicts=(),
        pathway=Pathway("start", (), ()),
        seed_lines=(),
    )


def notebook(*cells: str, code: Sequence[str] = ()) -> dict[str, Any]:
    prose = [{"cell_type": "markdown", "source": cell.splitlines(keepends=True)} for cell in cells]
    return {"cells": [*prose, *({"cell_type": "code", "source": text} for text in code)]}


def findings(ledger: Ledger, *cells: str, code: Sequence[str] = ()) -> tuple[Finding, ...]:
    return check([("02_test.ipynb", notebook(*cells, code=code))], ledger).findings


def rules(ledger: Ledger, *cells: str, code: Sequence[str] = ()) -> list[str]:
    return [finding.rule for finding in findings(ledger, *cells, code=code)]


GOOD = f"""# Choose the first dose

This notebook takes 25 minutes. It has two commands, needs Python 3.11 and follows notebook 00 (written in 2026).

Adults start prednisone at 0.5-1 mg/kg/day, at most 80 mg a day ({ADULTS}). Children start at
1–2 mg/kg/d ({CHILDREN}). Methylprednisolone for children is 15 to 30 mg/kg per dose, vs. a flat dose, e.g. in
Table 2 ([Doe 2017, Table 2]({CHILDREN_URL})), capped at 1 g ({ADULTS}).

- **Methotrexate**, adults: 15-25 mg once weekly, never daily. Its source is a table ({ADULTS}).
- After rituximab 6 of 8 patients improved, that is 75% ({SERIES}).
- The median CK was 5,326 U/L in 63 adults ({ADULTS}).

| drug | adults, mg/kg/d | children, mg/kg/d | source |
|---|---|---|---|
| prednisone | 0.5-1 | 1-2 | {ADULTS} |

> S1 prints 1-2 mg/kg/day of prednisone ({SEED}). In an 80 kg adult its pulse line gives 1,200-2,400 mg
> ([Doe 2017]({CHILDREN_URL})).

Relapse was seen in 55%, a number recalled and not read ({SERIES}).
"""

PLANTED = {
    "a changed digit in a dose": ("0.5-1 mg/kg/day", "0.5-7 mg/kg/day", "no-row"),
    "a changed digit in a count": ("6 of 8", "6 of 9", "no-row"),
    "a changed digit in a percentage": ("75%", "76%", "no-row"),
    "a changed digit in a table": ("| 0.5-1 |", "| 0.5-3 |", "no-row"),
    "a lost decimal point": ("at 0.5-1 mg", "at 5-10 mg", "no-row"),
    "a changed unit": ("at most 80 mg a day", "at most 80 g a day", "no-row"),
    "a changed period": ("at most 80 mg a day", "at most 80 mg a week", "no-row"),
    "a swapped source": (f"improved, that is 75% ({SERIES})", f"improved, that is 75% ({ADULTS})", "no-row"),
    "a source swapped in a table": (f"| 1-2 | {ADULTS} |", f"| 1-2 | {SERIES} |", "no-row"),
    "a lost source": (f"63 adults ({ADULTS})", "63 adults", "no-link"),
    "a child's dose given as an adult's": (
        f"at most 80 mg a day ({ADULTS}).",
        f"or 1-2 mg/kg/d ({ADULTS}).",
        "population",
    ),
    "columns of a table swapped": ("| 0.5-1 | 1-2 |", "| 1-2 | 0.5-1 |", "population"),
    "an adult's dose given as a child's": ("Adults start prednisone at", "Children start prednisone at", "population"),
    "a child's dose without the word": ("Methylprednisolone for children is", "Methylprednisolone is", "population"),
    "a daily methotrexate": ("15-25 mg once weekly, never daily", "15-25 mg daily", "methotrexate-daily"),
    "methotrexate with a per-day unit": ("15-25 mg once weekly, never daily", "15-25 mg/d", "methotrexate-daily"),
    "methotrexate without its week": ("15-25 mg once weekly, never daily", "15-25 mg", "methotrexate-week"),
    "the dose of another drug": ("Adults start prednisone at", "Adults start methotrexate, weekly, at", "drug"),
    "an uncitable page cited": (
        f"75% ({SERIES})",
        f"75% ({SERIES}, [a page](https://www.example.org/answer/1))",
        "address",
    ),
    "only an uncitable page cited": (SERIES, "[a page](https://www.example.org/answer/1)", "no-link"),
    "a wrong year in a label": ("[Poe 2010](", "[Poe 2011](", "label"),
    "a starting document's dose given as a dose": ("S1 prints 1-2 mg/kg/day of", "Give 1-2 mg/kg/day of", "quotation"),
    "a recalled number given as read": ("a number recalled and not read", "a number", "caveat"),
}


def test_true_text_is_green_and_says_how_much_was_checked(ledger: Ledger) -> None:
    report = check([("02_test.ipynb", notebook(GOOD))], ledger)
    assert not report.findings, str(report)
    assert str(report) == "claims: 16 numbers in 1 notebooks, all sourced"


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_error_turns_the_check_red(ledger: Ledger, planted: str) -> None:
    before, after, rule = PLANTED[planted]
    assert before in GOOD, "the planted error must change the text"
    assert rule in rules(ledger, GOOD.replace(before, after)), planted


def test_a_citation_of_a_source_marked_uncitable_is_refused(ledger: Ledger) -> None:
    marked = Checker(ledger)
    poe = next(source for source in ledger.sources if source.key == "poe2010")
    tainted = source("poe2010", "Poe 2010", SERIES_URL)
    object.__setattr__(tainted, "citable", False)  # the record itself refuses to be made like this
    marked.by_address = {address: tainted if held is poe else held for address, held in marked.by_address.items()}
    report = marked.check([("n.ipynb", notebook(f"After rituximab 6 of 8 improved ({SERIES})."))])
    assert [finding.rule for finding in report.findings] == ["uncitable"]


def test_a_finding_names_place_number_sentence_and_nearest_rows(ledger: Ledger) -> None:
    (finding,) = findings(ledger, "# Title", f"First sentence. In one series 6 of 9 improved ({SERIES}).")
    assert (finding.notebook, finding.cell, finding.written) == ("02_test.ipynb", 2, "6 of 9")
    assert finding.passage.startswith("In one series")
    assert finding.nearest[0] == "six_of_eight (Poe 2010; adult): 6 of 8"
    (swapped,) = findings(ledger, f"The median CK was 5326 U/L ({SERIES}).")
    assert swapped.nearest == ("median_ck (Roe 2021; adult): 5,326 U/L", "median_ck (Roe 2021; adult): 5326 U/L")
    assert "near: median_ck" in str(Report((swapped,), 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        f"Adults have their own pulse, and the cap for children is 1000 mg ({ADULTS}).",
        f"Adults take 80 mg/day at most, that is 0.08 g/d ({ADULTS}).",
        f"They were followed for 24 months, or two years ({ADULTS}).",
        f"The taper starts in adults at week 6, 42 days after the start ({ADULTS}).",
        f"6/8, six of eight, 6 out of 8 ({SERIES}).",
        f"Relapse was pooled at 22.8% ({SERIES}); response took 2.9 months (95% CI 1.9-4.1).",
        f"Adults: from 15 to 25 mg of methotrexate a week ({ADULTS}).",
        f"One end of the range is 0.5 mg/kg/d for adults ({ADULTS}).",
        f"The sentence ends first: 6 of 8 improved. ({SERIES})",
        f"**6 of 8** improved[^1] (*[Poe 2010]({SERIES_URL})*).",
        f"6 of 8 improved ([Poe 2010][poe]).\n\n[poe]: {SERIES_URL}\n",
        f'<p>6 of 8 improved (<a href="{SERIES_URL}">Poe 2010</a>).</p>',
        f"Nobody should take methotrexate daily by mistake; adults take 15-25 mg a week ({ADULTS}).",
        f"Methotrexate 15-25 mg a week joins prednisone 0.5-1 mg/kg/d in adults ({ADULTS}).",
        f"Adults take 0.5-1 mg/kg/d of prednisone with methotrexate ({ADULTS}).",
        f"With methotrexate once weekly, adults take 0.5-1 mg/kg/d of prednisone ({ADULTS}).",
        f"In adults 0.5-1, in children 1-2 mg/kg/d ({ADULTS}).",
        f"### Children\n\nPrednisone starts at 1-2 mg/kg/d ({CHILDREN}).",
        f"[S1 line 18]({SEED_URL}) has 1-2 mg/kg/d.",
        f"IVIG is 2 g/kg a month, with a caveat ({SERIES}).",
        "The licence is [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/); next is [02](02_b.ipynb#part).",
        "The label says `15 mg/d` <!-- 15 mg -->.\n\n```python\ndose = '15 mg'\n```\n",
        "Section 3.2, line 17, Figure 2, S2k and CD19 are names; 24/7 is idle; one of the two ways is 2 of 5 steps.",
        "In 2015 adults were described; a review of 2004-2013 and a paper from 2018 followed.",
    ],
)
def test_other_true_wordings_stay_green(ledger: Ledger, text: str) -> None:
    assert findings(ledger, text) == (), "\n".join(map(str, findings(ledger, text)))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"Methotrexate 15-25 mg a week, then daily ({ADULTS}).", "methotrexate-daily"),
        ("Take MTX every day.", "methotrexate-daily"),
        ("### Methotrexate\n\nIt is given daily.", "methotrexate-daily"),
        ("| drug | how often |\n|---|---|\n| methotrexate | twice daily |", "methotrexate-daily"),
        (f"| drug | daily dose |\n|---|---|\n| methotrexate | 15-25 mg | {ADULTS} |", "methotrexate-daily"),
        ("Methotrexate is daily, not weekly.", "methotrexate-daily"),
        (f"IVIG is 3 g/kg in all, with a caveat ({SERIES}).", "no-row"),
        (f"In adults 1-2, in children 0.5-1 mg/kg/d ({ADULTS}).", "population"),
        (f"It is 1-2 mg/kg/d for adults and 0.5-1 mg/kg/d for children ({ADULTS}).", "population"),
        (f"An adult takes 1-2 mg/kg/d, a child less ({CHILDREN}).", "population"),
        (f"# Adults\n\nPrednisone 1-2 mg/kg/d ({CHILDREN}).", "population"),
        (f"Give adults prednisone at 1-2 mg/kg/d ({SEED}).", "quotation"),
        ("Adults: 25 a week.", "no-link"),
        ("Relapse: fifty-five percent.", "no-link"),
        ("| week | mg |\n|---|---|\n| 2 | 60 |", "no-link"),
        ("A figure.\n\n![Bars: 7 of 8 improved](figure.png)", "no-link"),
        ("<details><summary>Why 5%?</summary>Because.</details>", "no-link"),
        ("See https://www.example.org/answer for more.", "address"),
        (f"See {ADULTS_URL}.", "label"),
    ],
)
def test_other_false_wordings_turn_red(ledger: Ledger, text: str, rule: str) -> None:
    assert rule in rules(ledger, text)


def test_the_link_of_a_neighbouring_sentence_does_not_count_in_a_paragraph(ledger: Ledger) -> None:
    assert rules(ledger, f"A series was read ({SERIES}). There 6 of 8 improved.") == ["no-link"]
    assert rules(ledger, f"- A series was read ({SERIES}). There 6 of 8 improved.") == []


EXAMPLE = "A fictional 58-year-old, 90 kg, 175 cm, 2.1 m2, has a CK of 8,200 U/L.\n"
MARK = "<!-- example patient -->\n"


def test_an_example_patient_needs_the_mark_and_the_mark_frees_only_body_age_and_ck(ledger: Ledger) -> None:
    assert rules(ledger, EXAMPLE) == ["no-link"] * 5
    assert rules(ledger, MARK + EXAMPLE) == []
    for claim in ("She takes 40 mg a day.", "Of such patients 30% relapse.", "3 of 9 improved.", "It lasts 6 weeks."):
        assert rules(ledger, MARK + EXAMPLE + claim) == ["no-link"], claim
    cited_ck = f"The median CK was 8,200 U/L ({ADULTS})."
    assert rules(ledger, MARK + cited_ck) == ["no-row"], "a cited CK is a claim, not a patient's value"
    assert rules(ledger, MARK, EXAMPLE) == ["no-link"] * 5, "the mark holds for its own cell only"


def test_code_cells_may_hold_numbers_but_no_clinical_text(ledger: Ledger) -> None:
    allowed = [
        "%matplotlib inline\nnam.Patient(weight_kg=80, ck_u_per_l=8200)",
        'nam.fact("six_of_eight")  # see line 17',
    ]
    assert rules(ledger, code=allowed) == []
    refused = [
        'show("give 15-30 mg/kg")',
        'f"{15} mg/kg for {name}"',
        "x = 1  # 55% relapse",
        '"""6 of 8"""',
        'f"{n} of 9 weeks and 5%"',
    ]
    assert rules(ledger, code=refused) == ["code"] * len(refused) + ["code"]
    assert rules(ledger, code=['# example patient\ntitle = "An 80 kg adult"']) == []
    assert rules(ledger, code=['# example patient\ntitle = "80 mg for an 80 kg adult"']) == ["code"]
    assert rules(ledger, code=["def broken(:"]) == ["code"]


# --- properties ---

UNIT_KINDS = {
    "mg": ("mg", 1),
    "g": ("mg", 1000),
    "mg/kg/d": ("mg/kg/d", 1),
    "mg/kg/day": ("mg/kg/d", 1),
    "mg/m2 weekly": ("mg/m2/wk", 1),
    "mg a week": ("mg/wk", 1),
    "g/kg per month": ("mg/kg/mo", 1000),
    "%": ("%", 1),
    "percent": ("%", 1),
    "U/L": ("U/L", 1),
    "weeks": ("d", 7),
    "months": ("mo", 1),
    "years": ("mo", 12),
    "sessions": ("{session}", 1),
    "kg": ("kg", 1),
    "m2": ("m2", 1),
}
amounts = st.decimals(min_value=0, max_value=99999, places=1, allow_nan=False).map(float)


@given(amounts, st.sampled_from(sorted(UNIT_KINDS)), st.sampled_from(["{}.", "about {} in all", "({})", "**{}**,"]))
def test_every_printed_number_is_found_with_its_unit(amount: float, unit: str, frame: str) -> None:
    kind, factor = UNIT_KINDS[unit]
    (found,) = quantities(frame.format(f"{number(amount)} {unit}").replace("*", ""))
    assert (found.kind, found.values) == (kind, (Decimal(number(amount).replace(",", "")) * factor,))


@given(
    amounts,
    amounts,
    st.sampled_from(sorted(UNIT_KINDS)),
    st.sampled_from(["-", "\N{EN DASH}", " to ", " \N{EN DASH} "]),
)
def test_every_printed_range_is_found_as_a_range(one: float, other: float, unit: str, dash: str) -> None:
    low, high = sorted((one, other))
    if 1900 <= high <= 2100 or 1900 <= low <= 2100 or number(low) == number(high):
        return
    (found,) = quantities(f"{number(low)}{dash}{number(high)} {unit}")
    assert found.values == tuple(Decimal(number(end).replace(",", "")) * UNIT_KINDS[unit][1] for end in (low, high))


pieces = st.sampled_from(
    [
        "A dose. ",
        "e.g. 5 mg",
        " vs. ",
        "Fig. 2",
        "[Doe 2019. A](https://a.b/c.d)",
        "0.5",
        "? ",
        "! ",
        ".\n",
        "(",
        ") ",
        " **x.** ",
        "\u2026 ",
        '."',
        "J. Roe ",
        "\n\n",
    ]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join)))
def test_cutting_sentences_loses_no_character(text: str) -> None:
    cut = split_sentences(text)
    assert "".join(cut) == text
    assert not text or all(cut)


@given(st.lists(pieces).map("".join))
def test_no_link_is_cut_in_two(text: str) -> None:
    assert sum(len(links(sentence)) for sentence in split_sentences(text)) == len(links(text))


WORDS = st.from_regex(r"[a-z]{3,8}", fullmatch=True)
BLOCKS = [
    "# {}\n",
    "{}\n",
    "- {}\n",
    "1. {}\n",
    "> {}\n",
    "> - {}\n",
    "| a | b |\n|---|---|\n| {} | x |\n",
    "  - {}\n",
    "<p>{}</p>\n",
    "{}\n---\n",
]


@given(st.lists(st.tuples(WORDS, st.sampled_from(BLOCKS), st.sampled_from(["", "\n"])), max_size=8))
def test_every_word_of_the_markdown_reaches_a_passage(blocks: list[tuple[str, str, str]]) -> None:
    markdown = "".join(block.format("W" + word + ".") + gap for word, block, gap in blocks)
    read = " ".join(text for passage in passages(markdown) for _, text in passage.parts)
    assert all("W" + word in read for word, _, _ in blocks)


# --- speed, and the command ---


def test_a_hundred_long_cells_are_checked_in_seconds(ledger: Ledger) -> None:
    many = [(f"{place}.ipynb", notebook(*[GOOD] * 10)) for place in range(10)]
    start = time.perf_counter()
    report = check(many, ledger)
    assert time.perf_counter() - start < 5.0, "takes half a second on two slow cores"
    assert report.numbers == 100 * 16


def test_the_command_exits_with_1_on_findings_and_where_no_notebook_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path)]) == 1
    (tmp_path / "00_x.ipynb").write_text(json.dumps(notebook("Nothing clinical here.")), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 0
    of_notebooks, of_items = capsys.readouterr().out.splitlines()
    assert of_notebooks == "claims: 0 numbers in 1 notebooks, all sourced"
    assert of_items.startswith("claims: ") and of_items.endswith(" items, all sourced")
    (tmp_path / "01_y.ipynb").write_text(json.dumps(notebook("Give 15 mg/kg.")), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 1
    assert "01_y.ipynb, cell 1: '15 mg/kg'" in capsys.readouterr().out


# --- the real ledger ---


@pytest.fixture(scope="module")
def real() -> tuple[Ledger, Checker]:
    ledger = store.load()
    return ledger, Checker(ledger)


def checked(checker: Checker, text: str) -> list[str]:
    return [finding.rule for finding in checker.check([("n.ipynb", notebook(text))]).findings]


def test_every_statement_of_the_real_ledger_is_sourced_text_beside_each_of_its_sources(
    real: tuple[Ledger, Checker],
) -> None:
    ledger, checker = real
    by_key = {source.key: source for source in ledger.sources}
    wrong: list[tuple[str, str, str]] = []
    for row in ledger.facts:
        for key in row.sources:
            text = f"- {row.statement} Recalled or read: [{by_key[key].label}]({by_key[key].url})."
            rules_broken = checked(checker, text)
            # What a row says of another population in passing is judged where it is taught, not here.
            wrong += [(row.id, key, rule) for rule in rules_broken if rule not in ("population", "quotation", "drug")]
    assert not wrong


def test_every_dose_of_the_real_ledger_is_green_as_published_and_red_with_a_changed_digit(
    real: tuple[Ledger, Checker],
) -> None:
    ledger, checker = real
    by_key = {source.key: source for source in ledger.sources}
    seen = 0
    for row in ledger.regimens:
        if row.standing == "as_printed" or not UNITS[row.unit or "1"].mass:
            continue
        who = {"adult": "In adults", "paediatric": "In children", "any": "In a mixed trial"}[row.population]
        source_ = by_key[row.sources[0]]
        dose = "{who}, in numbers recalled or read, it is {amount} {unit} ([{label}]({url}))."
        words = {"who": who, "unit": row.unit, "label": source_.label, "url": source_.url}
        assert checked(checker, dose.format(amount=span(row.low, row.high), **words)) == [], row.id
        high = row.high or row.low or 0.0
        assert checked(checker, dose.format(amount=number(high + 7.77), **words)) == ["no-row"], row.id
        seen += 1
    assert seen > 20


def test_no_childrens_dose_of_the_real_ledger_passes_as_an_adults(real: tuple[Ledger, Checker]) -> None:
    ledger, checker = real
    by_key = {source.key: source for source in ledger.sources}
    children = [row for row in ledger.regimens if row.population == "paediatric" and UNITS[row.unit or "1"].mass]
    assert children
    for row in children:
        for key in row.sources:
            others = [other for other in ledger.regimens if key in other.sources and other.population != "paediatric"]
            if any(other.unit == row.unit and {row.low, row.high} <= {other.low, other.high} for other in others):
                continue  # the source gives adults the same amount
            amount = f"{span(row.low, row.high)} {row.unit} ([{by_key[key].label}]({by_key[key].url}))"
            for text in (f"Adults, as recalled, take {amount}.", f"As recalled, the dose is {amount}."):
                assert checked(checker, text) == ["population"], text
