"""What the course lets a reader say about a patient, and how each answer is read.

One table, :data:`FIELDS`, holds every field's words, unit, bounds and traps. :class:`namlib.model.patient.Patient`
and the explorers both read answers through :func:`read`, so a value refused in one place is refused in all.
A field that was not answered is ``None``; nothing is defaulted, clipped or guessed.

The bounds are limits of plausibility for typing errors, not clinical statements.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from namlib.frozen import frozen
from namlib.records import Refused

Kind = Literal["number", "choice", "yes_no", "test", "set"]
Result = Literal["positive", "negative", "not_tested", "not_reported"]

TEST_RESULTS: tuple[Result, ...] = ("positive", "negative", "not_tested", "not_reported")
# Answers that say "nobody knows yet". They are kept (not tested and not reported differ for a reader) but a rule
# that asks for the finding treats them as unknown.
UNANSWERED = ("not_tested", "not_reported", "not_done")

ADULT_FROM_YEARS = 18.0


@frozen
class Field:
    """One thing a reader may say: ``counts`` tells what belongs in it, ``traps`` the likely wrong unit."""

    name: str
    label: str
    kind: Kind
    counts: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()
    traps: tuple[tuple[str, str], ...] = ()
    group: str = "findings"


def _test(name: str, label: str, counts: str, group: str = "tests") -> Field:
    return Field(name, label, "test", counts, choices=TEST_RESULTS, group=group)


def _yes_no(name: str, label: str, counts: str, group: str = "findings") -> Field:
    return Field(name, label, "yes_no", counts, group=group)


_POUNDS = ("lb|lbs|pound|pounds", "pounds are not accepted: 1 lb is 0.4536 kg")
_STONE = ("st|stone", "stone is not accepted: 1 stone is 6.35 kg")
_INCHES = ("in|inch|inches|\"|''", "inches are not accepted: 1 inch is 2.54 cm")
_FEET = ("ft|feet|foot|'", "feet are not accepted: 1 foot is 30.48 cm")
_METRES = ("m|metre|metres|meter|meters", "give the height in centimetres")
_KATAL = ("ukat/l|µkat/l|μkat/l|ukat|µkat|μkat", "microkatal are not accepted: 1 ukat/L is 60 U/L")
_MONTHS = ("mo|month|months|wk|weeks", "give the age in years; six months is 0.5")
_GRAMS = ("g|gram|grams", "give the weight in kilograms")

TREATMENTS = (
    "glucocorticoid",
    "methotrexate",
    "azathioprine",
    "mycophenolate",
    "tacrolimus",
    "ciclosporin",
    "ivig",
    "rituximab",
    "plasma_exchange",
    "cyclophosphamide",
)

FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("age_years", "Age", "number", "Age now.", "years", 0, 120, traps=(_MONTHS,), group="body"),
        Field(
            "sex", "Sex", "choice", "As recorded for dosing and pregnancy.", choices=("female", "male"), group="body"
        ),
        Field(
            "weight_kg",
            "Weight",
            "number",
            "Measured weight.",
            "kg",
            2,
            350,
            traps=(_POUNDS, _STONE, _GRAMS),
            group="body",
        ),
        Field(
            "height_cm",
            "Height",
            "number",
            "Measured height.",
            "cm",
            40,
            250,
            traps=(_INCHES, _FEET, _METRES),
            group="body",
        ),
        Field(
            "ck_u_per_l", "Creatine kinase", "number", "The highest value so far.", "U/L", 0, 1_000_000, traps=(_KATAL,)
        ),
        _yes_no(
            "proximal_weakness",
            "Proximal weakness",
            "Measured weakness of shoulder or hip girdle; aching alone does not count.",
        ),
        Field(
            "muscle_biopsy",
            "Muscle biopsy",
            "choice",
            "Necrotizing: necrotic fibres with few inflammatory cells.",
            choices=("necrotizing", "other", "not_done", "not_reported"),
            group="tests",
        ),
        _test("anti_hmgcr", "Anti-HMGCR antibody", "By an assay the laboratory has validated."),
        _test(
            "anti_srp", "Anti-SRP antibody", "A weak band on a line blot alone is a reason to repeat, not a positive."
        ),
        Field(
            "statin",
            "Statin",
            "choice",
            "Any exposure, red yeast rice included.",
            choices=("never", "stopped", "taking", "not_reported"),
        ),
        Field(
            "cancer_screen",
            "Cancer screen",
            "choice",
            "Age-appropriate and myositis-directed screening.",
            choices=("nothing found", "cancer found", "not_done", "not_reported"),
            group="tests",
        ),
        _yes_no("connective_tissue_disease", "Connective tissue disease", "A named one, diagnosed."),
        _test("viral_screen", "Viral screen", "Hepatitis B and C and HIV; positive if any is."),
        Field(
            "weakness",
            "Severity of weakness",
            "choice",
            "Severe: global weakness below MRC grade 4.",
            choices=("none", "mild", "moderate", "severe"),
        ),
        _yes_no(
            "respiratory_failure",
            "Respiratory failure",
            "Present or threatening: falling vital capacity, rising carbon dioxide.",
            "danger",
        ),
        _yes_no(
            "severe_dysphagia", "Severe dysphagia", "Aspiration, or unable to take food or tablets safely.", "danger"
        ),
        _yes_no(
            "myocarditis", "Myocarditis or heart failure", "Suspected counts until it has been excluded.", "danger"
        ),
        Field(
            "response",
            "Response so far",
            "choice",
            "By measured strength and function first, CK second.",
            choices=("untreated", "improving", "inadequate", "controlled", "relapsed"),
        ),
        Field(
            "used",
            "Treatments already used",
            "set",
            "Tick what has been given, at a dose and for a time that counts.",
            choices=TREATMENTS,
        ),
        _yes_no(
            "recheck_done",
            "Diagnosis re-checked",
            "Diagnosis, antibody, adherence, hidden statin, cancer, steroid myopathy and damage: all looked at again.",
        ),
        _yes_no("pregnant", "Pregnant or may become pregnant", "Also while breastfeeding.", "safety"),
        _yes_no("renal_impairment", "Renal impairment", "Known, or not yet excluded by a creatinine.", "safety"),
        _yes_no(
            "liver_disease",
            "Chronic liver disease or alcohol excess",
            "Raised AST or ALT alone does not count: muscle releases both.",
            "safety",
        ),
        _yes_no("lung_disease", "Interstitial lung disease", "On imaging.", "safety"),
        _yes_no(
            "thrombosis_risk",
            "Raised risk of thrombosis",
            "Previous thrombosis, immobility, vascular disease, age over 65.",
            "safety",
        ),
        _yes_no("iga_deficiency", "IgA deficiency", "With or without antibodies to IgA.", "safety"),
        _test("hepatitis_b", "Hepatitis B (HBsAg and anti-HBc)", "Both tests; positive if either is.", "safety"),
        Field(
            "tpmt_nudt15",
            "TPMT and NUDT15",
            "choice",
            "Genotype or activity; the lower of the two counts.",
            choices=("normal", "intermediate", "poor", "not_tested", "not_reported"),
            group="safety",
        ),
        _yes_no("takes_allopurinol", "Takes allopurinol", "Or febuxostat.", "safety"),
        _yes_no(
            "takes_trimethoprim", "Takes trimethoprim-sulfamethoxazole", "Also for Pneumocystis prophylaxis.", "safety"
        ),
        _yes_no("diabetes", "Diabetes", "Also diabetes brought on by steroids.", "safety"),
    )
}

_NUMBER = re.compile(r"[+-]?(\d+([.]\d*)?|[.]\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_SHOWN = 40


def _shown(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _accepts(field: Field) -> str:
    return f"{field.low:g} to {field.high:g} {field.unit}"


def _read_number(field: Field, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise Refused(field.name, f"{_shown(raw)} is not a number; accepted: {_accepts(field)}")
    if isinstance(raw, str):
        text = raw.strip()
        match = _NUMBER.match(text)
        if match is None:
            raise Refused(field.name, f"{_shown(raw)} is not a number; accepted: {_accepts(field)}")
        rest = text[match.end() :].strip()
        if rest.startswith(","):
            raise Refused(
                field.name, f"{_shown(raw)} has a comma; write the decimal with a point and no thousands mark"
            )
        for pattern, words in field.traps:
            if rest and re.fullmatch(pattern, rest.lower()):
                raise Refused(field.name, f"{_shown(raw)}: {words}; accepted: {_accepts(field)}")
        if rest and rest != field.unit:
            raise Refused(field.name, f"{_shown(raw)} carries {_shown(rest)}; accepted: {_accepts(field)}")
        value = float(match.group())
    else:
        try:
            value = float(raw)
        except OverflowError:
            raise Refused(field.name, f"{_shown(raw)} is too large; accepted: {_accepts(field)}") from None
    if not math.isfinite(value):
        raise Refused(field.name, f"{_shown(raw)} is not a finite number; accepted: {_accepts(field)}")
    if not field.low <= value <= field.high:
        raise Refused(field.name, f"{value:g} {field.unit} is outside what is accepted ({_accepts(field)})")
    return value


def _read_choice(field: Field, raw: object) -> str:
    if isinstance(raw, str) and raw in field.choices:
        return raw
    raise Refused(field.name, f"{_shown(raw)} is not one of {', '.join(field.choices)}")


def _read_yes_no(field: Field, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise Refused(field.name, f"{_shown(raw)} is not True or False; leave it out if it is not known")


def _read_set(field: Field, raw: object) -> frozenset[str]:
    if isinstance(raw, str) or not isinstance(raw, Iterable):
        raise Refused(field.name, f"{_shown(raw)} is not a collection of names; accepted: {', '.join(field.choices)}")
    return frozenset(_read_choice(field, item) for item in raw)


_READERS = {
    "number": _read_number,
    "choice": _read_choice,
    "test": _read_choice,
    "yes_no": _read_yes_no,
    "set": _read_set,
}


def read(name: str, raw: object) -> Any:
    """Read one answer. ``None`` stays ``None``: not answered.

    Raises
    ------
    Refused
        Naming the field, the value and what is accepted; a likely wrong unit is named.

    Examples
    --------
    >>> read("weight_kg", " 80 "), read("anti_srp", "not_tested"), read("height_cm", None)
    (80.0, 'not_tested', None)
    >>> read("weight_kg", "176 lb")
    Traceback (most recent call last):
    namlib.records.Refused: weight_kg: '176 lb': pounds are not accepted: 1 lb is 0.4536 kg; accepted: 2 to 350 kg
    """
    if raw is None:
        return None
    field = FIELDS[name]
    return _READERS[field.kind](field, raw)


def age_group(age_years: float | None) -> Literal["adult", "paediatric"] | None:
    """Adult from 18 years, paediatric below, ``None`` when the age is not known.

    Examples
    --------
    >>> age_group(58.0), age_group(17.9), age_group(None)
    ('adult', 'paediatric', None)
    """
    if age_years is None:
        return None
    return "adult" if age_years >= ADULT_FROM_YEARS else "paediatric"


def drug_words(treatment: str) -> str:
    """Say a treatment of the form as a reader knows it.

    Examples
    --------
    >>> drug_words("ivig"), drug_words("plasma_exchange")
    ('IVIG', 'plasma exchange')
    """
    return "IVIG" if treatment == "ivig" else treatment.replace("_", " ")


def findings(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay answers out for the rules: every field by name, unanswered tests as ``None``, one ``used_...`` per treatment.

    Examples
    --------
    >>> laid_out = findings({"anti_srp": "not_tested", "used": frozenset({"ivig"}), "age_years": 9.0})
    >>> laid_out["anti_srp"], laid_out["used_ivig"], laid_out["used_rituximab"], laid_out["age_group"]
    (None, True, False, 'paediatric')
    >>> findings({})["used_ivig"] is None
    True
    """
    laid_out: dict[str, Any] = {}
    for name, field in FIELDS.items():
        value = answers.get(name)
        if field.kind != "set":
            laid_out[name] = None if value in UNANSWERED else value
            continue
        for choice in field.choices:
            laid_out[f"{name}_{choice}"] = None if value is None else choice in value
    laid_out["age_group"] = age_group(laid_out["age_years"])
    return laid_out
