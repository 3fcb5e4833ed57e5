"""What a hurried or hostile reader enters: refused in words or escaped, never defaulted, never a crash."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest

import namlib as nam
from namlib.model.findings import FIELDS, read
from namlib.records import Refused


class Nothing:
    """An object that is nothing a reader could mean; its name stays the same, so that tests keep theirs."""

    def __repr__(self) -> str:
        return "an object"


NOTHING = Nothing()
MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'\"><svg onload=alert(1)>",
    "</td></tr></table><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "javascript:alert(1)",
    "<a href='https://example.org'>80</a>",
    "80<b>",
    "{{80}}",
    "${80}",
    "\x00",
    "80\x00",
    "\u202e80",
    "\u200b80",
    "\ud800",
    "\x01" + "1;",
)
NOT_NUMBERS = (
    *(
        "eighty",
        "unknown",
        "n/a",
        "None",
        "true",
        "-",
        "+",
        ".",
        "e5",
        "NaN",
        "nan",
        "-nan",
        "inf",
        "Infinity",
        "-Infinity",
    ),
    *(
        "8O",
        "80 80",
        "80;DROP TABLE",
        "80-90",
        "~80",
        "<80",
        ">80",
        "80?",
        "80,5",
        "1,200",
        "1 200",
        "1_200",
        "0x50",
        "80e",
        "1e999",
    ),
    # digits of other scripts, a superscript, a fraction: nobody has checked what was meant
    *("\uff18\uff10", "٨٠", "८०", "8²", "½", "⑧"),
    *(True, False, b"80", [80], ["80"], (80,), {80}, {"value": 80}, 80j, NOTHING, Decimal("80"), Decimal("NaN")),
    *(math.nan, math.inf, -math.inf, 10**400, -(10**400), "9" * 100_000, "eighty " * 50_000),
)
OUT_OF_BOUNDS: dict[str, tuple[Any, ...]] = {
    "age_years": (-5, "-5", -0.001, 120.1, 1e9, "1e9", "1968"),
    "weight_kg": (-5, "-5", 0, "0", 1.99, 350.1, 1e9, "1e9", "80000"),
    "height_cm": (-5, "-5", 0, "0", 1.75, "1.75", "250.01", 1e9, "1e9"),
    "ck_u_per_l": (-1, "-1", 1_000_001, 1e9, "1e9", "-0.01"),
    "ck_upper_limit_u_per_l": (-1, 0, "19.9", 1001, "1e9"),
    "onset_age_years": (-5, "-5", 120.1, "1968"),
    "symptom_months": (-1, "-0.1", 1200.5, "1e9"),
}
# The likely slip, and what the refusal must name.
OTHER_UNITS = (
    *(("weight_kg", text, "pounds") for text in ("176 lb", "176lb", "176 lbs", "176 LB", "176 pounds")),
    ("weight_kg", "12 stone", "stone"),
    ("weight_kg", "80000 g", "kilograms"),
    *(("height_cm", text, "inches") for text in ("69 in", "69 inches", '69"')),
    *(("height_cm", text, "feet") for text in ("5.75 ft", "6'", "6 feet")),
    *(("height_cm", text, "centimetres") for text in ("1.75 m", "1.75 metres")),
    *(("age_years", text, "years") for text in ("6 months", "30 weeks")),
    *(("ck_u_per_l", text, "microkatal") for text in ("140 ukat/L", "140 µkat/l")),
    *(("weight_kg", text, "kg") for text in ("80 mg", "80 km", "80 years", "80 kg 500")),
    *(("onset_age_years", text, "years") for text in ("6 months", "30 weeks")),
    *(("symptom_months", text, "months") for text in ("2 years", "6 weeks")),
    ("ck_upper_limit_u_per_l", "3.2 ukat/L", "microkatal"),
    *(("ck_u_per_l", text, "U/L") for text in ("8200 mg/dL", "8200 UI/mL")),
)
NUMBERS = tuple(OUT_OF_BOUNDS)
REFUSED_NUMBERS = [(field, value) for field in NUMBERS for value in (*MARKUP, *NOT_NUMBERS, *OUT_OF_BOUNDS[field])] + [
    (field, text) for field, text, _ in OTHER_UNITS
]
WRONG_CHOICES = (
    *MARKUP,
    "",
    " ",
    "yes",
    "POSITIVE",
    "positive ",
    "negativ",
    1,
    0,
    1.0,
    b"positive",
    ["positive"],
    {"positive"},
    {},
    NOTHING,
)
OTHERS = [name for name, field in FIELDS.items() if field.kind != "number"]


def shown(value: Any) -> str:
    return ascii(value)[:30]


def cases(pairs: list[tuple[str, Any]]) -> Any:
    return pytest.mark.parametrize(("field", "value"), pairs, ids=[f"{field}-{shown(value)}" for field, value in pairs])


def test_there_are_at_least_two_hundred_hostile_inputs() -> None:
    assert len({(field, repr(value)) for field, value in REFUSED_NUMBERS}) >= 200


# --- the reader and the patient ---------------------------------------------------------------------------------------


@cases([*REFUSED_NUMBERS, *((field, blank) for field in NUMBERS for blank in ("", " ", "\t\n"))])
def test_a_hostile_number_is_refused_in_words_that_name_the_field(field: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        read(field, value)
    assert refused.value.field == field
    assert 10 < len(refused.value.reason) < 400, "short enough to stand beside the box"
    with pytest.raises(ValueError, match=field) as of_patient:
        nam.Patient(**{field: value})
    assert len(str(of_patient.value)) < 500


@pytest.mark.parametrize(("field", "text", "named"), OTHER_UNITS)
def test_the_likely_wrong_unit_is_named(field: str, text: str, named: str) -> None:
    with pytest.raises(Refused) as refused:
        read(field, text)
    assert named in refused.value.reason


@pytest.mark.parametrize("field", OTHERS)
def test_a_finding_that_is_not_offered_is_refused(field: str) -> None:
    for value in WRONG_CHOICES:
        if FIELDS[field].kind == "set" and value == {}:
            continue  # an empty collection: none of the treatments
        with pytest.raises(Refused) as refused:
            read(field, value)
        assert refused.value.field == field
        with pytest.raises(ValueError, match=field):
            nam.Patient(**{field: value})


@pytest.mark.parametrize(
    "name",
    [
        *(text for text in MARKUP if text.isprintable()),
        "weight",
        "weight_lb",
        "name",
        "date_of_birth",
        "__class__",
        "used_ivig",
        "",
    ],
)
def test_a_field_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a field of a patient"):
        nam.Patient(**{name: 1})


@pytest.mark.parametrize("field", FIELDS)
def test_what_is_not_given_stays_unknown(field: str) -> None:
    assert read(field, None) is None
    assert getattr(nam.Patient(), field) is None
    assert getattr(nam.Patient(**{field: None}), field) is None


# --- the explorers, as the browser would set their inputs -------------------------------------------------------------


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    return [text for item in value for text in strings(item)] if isinstance(value, list | tuple) else []


def enter(explorer: Any, **inputs: Any) -> dict[str, Any]:
    explorer.set_state({"inputs": {**explorer.inputs, **inputs}})
    frame: dict[str, Any] = explorer.frame
    json.dumps(frame, allow_nan=False)
    return frame


def from_a_browser(value: Any) -> bool:
    """Whether a value can arrive as JSON at all."""
    try:
        json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError):
        return False
    return not isinstance(value, tuple)


@pytest.fixture(scope="module")
def one_dose_explorer() -> Any:
    return nam.DoseExplorer(drug="prednisone", weight_kg=80, height_cm=175, age_years=58)


@pytest.fixture(scope="module")
def one_pathway_explorer() -> Any:
    return nam.PathwayExplorer()


@pytest.fixture(scope="module")
def one_diagnosis_explorer() -> Any:
    return nam.DiagnosisExplorer(anti_srp="positive", weak_proximal_legs=True)


@pytest.fixture
def diagnosis(one_diagnosis_explorer: Any) -> Any:
    start = dict(one_diagnosis_explorer.inputs)
    yield one_diagnosis_explorer
    one_diagnosis_explorer.inputs = start


@pytest.fixture
def dose(one_dose_explorer: Any) -> Any:
    start = dict(one_dose_explorer.inputs)
    yield one_dose_explorer
    one_dose_explorer.inputs = start


@pytest.fixture
def pathway(one_pathway_explorer: Any) -> Any:
    start = dict(one_pathway_explorer.inputs)
    yield one_pathway_explorer
    one_pathway_explorer.inputs = start


GOOD = {"weight_kg": "80", "height_cm": "175", "age_years": "58", "drug": "prednisone", "population": ""}
BROWSER_CASES = [(field, value) for field, value in REFUSED_NUMBERS if field in GOOD and from_a_browser(value)]


@cases(BROWSER_CASES)
def test_the_dose_explorer_refuses_beside_the_box_keeps_its_page_and_recovers(
    dose: Any, field: str, value: Any
) -> None:
    good = enter(dose, **GOOD)
    page = dose.page
    frame = enter(dose, **{field: value})
    assert set(frame["errors"]) == {field}
    assert frame["values"] == good["values"]
    assert dose.page == page
    assert enter(dose, **GOOD) == good
    assert good["errors"] == {}


@pytest.mark.parametrize("field", ["drug", "population"])
@pytest.mark.parametrize(
    "value", [*MARKUP, "aspirin", "ADULT", 5, True, ["adult"], {"drug": "ivig"}, "x" * 100_000], ids=shown
)
def test_the_dose_explorer_refuses_a_choice_it_does_not_offer(dose: Any, field: str, value: Any) -> None:
    good = enter(dose, **GOOD)
    frame = enter(dose, **{field: value})
    assert set(frame["errors"]) == {field}
    assert len(frame["errors"][field]) < 800
    assert frame["values"] == good["values"]
    assert enter(dose, **GOOD) == good


@pytest.mark.parametrize("blank", ["", "   ", None])
def test_a_blank_box_is_not_given_and_the_doses_that_need_it_say_so(dose: Any, blank: str | None) -> None:
    enter(dose, **GOOD)
    frame = enter(dose, weight_kg=blank)
    assert frame["errors"] == {}
    assert "weight missing" in "".join(strings(frame))
    assert "weight missing" in dose.page.html
    enter(dose, **GOOD)


@pytest.mark.parametrize(
    "field", ["anti_hmgcr", "statin", "weakness", "response", "recheck_done", "used", "age_group", "selected"]
)
def test_the_pathway_explorer_refuses_a_finding_it_does_not_offer(pathway: Any, field: str) -> None:
    good, start = pathway.frame, pathway.inputs[field]
    for value in WRONG_CHOICES:
        blank = not value or (isinstance(value, str) and not value.strip())
        if blank or not from_a_browser(value) or (field, value) == ("recheck_done", "yes"):
            continue  # not known, or one of its options
        frame = enter(pathway, **{field: value})
        assert set(frame["errors"]) == {field}, value
        assert frame["values"] == good["values"]
        assert enter(pathway, **{field: start}) == good


IN_DIAGNOSIS = ("ck_u_per_l", "ck_upper_limit_u_per_l", "onset_age_years", "symptom_months")


@cases([(field, value) for field, value in REFUSED_NUMBERS if field in IN_DIAGNOSIS and from_a_browser(value)])
def test_the_diagnosis_explorer_refuses_beside_the_box_keeps_its_page_and_recovers(
    diagnosis: Any, field: str, value: Any
) -> None:
    good, page = diagnosis.frame, diagnosis.page
    frame = enter(diagnosis, **{field: value})
    assert set(frame["errors"]) == {field}
    assert len(frame["errors"][field]) < 500
    assert frame["values"] == good["values"] and diagnosis.page == page
    assert enter(diagnosis, **{field: ""}) == good


def test_the_diagnosis_explorer_refuses_what_a_control_does_not_offer_in_every_control(diagnosis: Any) -> None:
    good, tried = diagnosis.frame, 0
    for spec in diagnosis.controls:
        if spec["kind"] not in ("choice", "set"):
            continue
        field, offered = spec["name"], [value for value, _ in spec["options"]]
        start = diagnosis.inputs[field]
        for value in WRONG_CHOICES:
            blank = not value or (isinstance(value, str) and not value.strip())
            if blank or not from_a_browser(value) or value in offered or value == [*offered[1:2]]:
                continue  # not known, or one of its options
            frame = enter(diagnosis, **{field: value})
            assert set(frame["errors"]) == {field}, (field, value)
            assert frame["values"] == good["values"]
            tried += 1
        assert enter(diagnosis, **{field: start}) == good
    assert tried > 800


@pytest.mark.parametrize("markup", [text for text in MARKUP if "<" in text])
def test_markup_never_comes_back_as_markup(dose: Any, pathway: Any, diagnosis: Any, markup: str) -> None:
    """In every text field and every choice at once, and in names nobody asked for."""
    for explorer in (dose, pathway, diagnosis):
        start = dict(explorer.inputs)
        enter(explorer, **{name: markup for name in start if name != "seq"}, unasked=markup, **{markup: markup})
        assert explorer.frame["errors"]
        assert markup not in explorer.page.html
        assert all(markup not in value for value in explorer.page.values)
        assert markup not in explorer._repr_mimebundle_()[0]["text/html"]
        enter(explorer, **start)
        assert explorer.frame["errors"] == {}


@pytest.mark.parametrize(
    "want",
    [
        *MARKUP,
        "",
        "[]",
        "null",
        "{}",
        '[["weight_kg"]]',
        '[["drug", "<script>"]]',
        '[["height_cm", "tall"]]',
        "[1, 2]",
        "[[[]]]",
    ],
)
def test_asking_for_frames_of_nonsense_makes_none_and_raises_nothing(want: str) -> None:
    dose = nam.DoseExplorer()
    dose.set_state({"want": want})
    assert dose.frames == {}


@pytest.mark.parametrize(
    "inputs", [{}, {"drug": None}, {"seq": "<script>"}, {"seq": None}, {"weight_kg": {"deep": [1] * 1000}}]
)
def test_inputs_with_parts_missing_raise_nothing(inputs: dict[str, Any]) -> None:
    for explorer in (nam.DoseExplorer(), nam.PathwayExplorer(), nam.DiagnosisExplorer()):
        explorer.set_state({"inputs": inputs})
        assert explorer.page.html
