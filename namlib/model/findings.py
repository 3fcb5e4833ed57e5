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
from namlib.units import number

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
    # How a choice of a set is said once it is ticked; see choice_label.
    said: str = "{}"


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
_YEARS = ("y|yr|yrs|year|years|wk|weeks", "give the time in months; half a year is 6")

# No laboratory's upper limit of CK lies this high: the entry threshold of the trial in IMNM (fact ``ck_threshold``).
# Below it, whether CK is raised depends on a limit that must be entered.
CK_ABOVE_ANY_LIMIT_U_PER_L = 1000.0

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
NONE_FOUND = "none found"
# Specific to myositis, and neither anti-SRP nor anti-HMGCR.
OTHER_SPECIFIC = ("Jo-1", "other synthetase", "TIF1-gamma", "NXP2", "SAE1", "Mi-2", "MDA5")
OTHER_ANTIBODIES = (NONE_FOUND, *OTHER_SPECIFIC, "PM-Scl", "Ku", "U1-RNP", "Ro52")

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
            "onset_age_years",
            "Age at the first symptom",
            "number",
            "Age when the first related symptom appeared, not age now.",
            "years",
            0,
            120,
            traps=(_MONTHS,),
            group="history",
        ),
        Field(
            "symptom_months",
            "Time since the first symptom",
            "number",
            "Weakness or raised CK, whichever was noticed first.",
            "mo",
            0,
            1200,
            traps=(_YEARS,),
            group="history",
        ),
        Field(
            "ck_u_per_l", "Creatine kinase", "number", "The highest value so far.", "U/L", 0, 1_000_000, traps=(_KATAL,)
        ),
        Field(
            "ck_upper_limit_u_per_l",
            "Upper limit of CK",
            "number",
            "As the laboratory that measured it prints it.",
            "U/L",
            20,
            1000,
            traps=(_KATAL,),
        ),
        _yes_no(
            "ck_raised",
            "CK above the upper limit",
            "Where no number is known, or no limit. A number and its limit answer this by themselves.",
        ),
        _yes_no("other_enzymes_raised", "LDH, AST or ALT above the upper limit", "Any one of them."),
        _yes_no(
            "proximal_weakness",
            "Proximal weakness",
            "Measured weakness of shoulder or hip girdle; aching alone does not count.",
        ),
        _yes_no(
            "weak_proximal_arms", "Weak proximal arms", "Measured, on both sides, usually getting worse.", "strength"
        ),
        _yes_no(
            "weak_proximal_legs", "Weak proximal legs", "Measured, on both sides, usually getting worse.", "strength"
        ),
        _yes_no(
            "neck_flexors_weaker", "Neck flexors weaker than extensors", "Measured against each other.", "strength"
        ),
        _yes_no(
            "legs_weaker_proximally",
            "In the legs, proximal muscles weaker than distal",
            "Measured against each other.",
            "strength",
        ),
        _yes_no(
            "finger_flexors_weaker",
            "Finger flexors or knee extensors weakest",
            "Finger flexion weaker than shoulder abduction, or knee extension weaker than hip flexion.",
            "strength",
        ),
        _yes_no("facial_weakness", "Weak face or winged shoulder blades", "Often more on one side.", "strength"),
        _yes_no("ocular_weakness", "Drooping lids or double vision", "Now or earlier in this illness.", "strength"),
        _yes_no("heliotrope_rash", "Heliotrope rash", "Purple, of the upper lids.", "skin"),
        _yes_no("gottron_papules", "Gottron papules", "Over the knuckles.", "skin"),
        _yes_no("gottron_sign", "Gottron sign", "Redness over knuckles, elbows, knees or ankles.", "skin"),
        _yes_no("cutaneous_necrosis", "Ulcers or necrosis of the skin", "Of the rash, not of pressure.", "skin"),
        _yes_no("raynaud", "Raynaud phenomenon", "Reported or seen.", "skin"),
        _yes_no("inflammatory_arthritis", "Inflammatory arthritis", "Swollen joints.", "skin"),
        Field(
            "muscle_biopsy",
            "Muscle biopsy",
            "choice",
            "Necrotizing: necrotic fibres with few inflammatory cells.",
            choices=("necrotizing", "other", "not_done", "not_reported"),
            group="tests",
        ),
        _yes_no(
            "biopsy_endomysial_infiltrate",
            "Endomysial infiltrate",
            "Mononuclear cells that surround muscle fibres without invading them.",
            "biopsy",
        ),
        _yes_no(
            "biopsy_perimysial_infiltrate",
            "Perimysial or perivascular infiltrate",
            "Mononuclear cells.",
            "biopsy",
        ),
        _yes_no(
            "biopsy_perifascicular_atrophy",
            "Perifascicular atrophy",
            "Small fibres along the edge of the fascicle; necrosis there without atrophy does not count.",
            "biopsy",
        ),
        _yes_no("biopsy_rimmed_vacuoles", "Rimmed vacuoles", "In fibres that are not necrotic.", "biopsy"),
        Field(
            "mhc1",
            "MHC class I on muscle fibres",
            "choice",
            "On the surface of fibres that are not necrotic.",
            choices=("raised", "absent or focal", "not_done", "not_reported"),
            group="biopsy",
        ),
        _test("anti_hmgcr", "Anti-HMGCR antibody", "By an assay the laboratory has validated."),
        _test(
            "anti_srp", "Anti-SRP antibody", "A weak band on a line blot alone is a reason to repeat, not a positive."
        ),
        Field(
            "other_antibodies",
            "Other antibodies of a myositis panel",
            "set",
            "Tick what was found; nothing ticked means that no panel was done.",
            choices=OTHER_ANTIBODIES,
            group="tests",
            said="anti-{} found",
        ),
        Field(
            "thyroid",
            "Thyroid",
            "choice",
            "By TSH, with free T4 where it is abnormal.",
            choices=("normal", "underactive", "not_tested", "not_reported"),
            group="tests",
        ),
        Field(
            "gene_test",
            "Gene panel for muscle disease",
            "choice",
            "Cause found: a variant that explains the illness.",
            choices=("no cause found", "cause found", "not_done", "not_reported"),
            group="tests",
        ),
        Field(
            "acid_alpha_glucosidase",
            "Acid alpha-glucosidase",
            "choice",
            "On a dried blood spot.",
            choices=("normal", "low", "not_tested", "not_reported"),
            group="tests",
        ),
        Field(
            "statin",
            "Statin",
            "choice",
            "Any exposure, red yeast rice and oyster mushrooms included.",
            choices=("never", "stopped", "taking", "not_reported"),
        ),
        _yes_no(
            "better_off_trigger",
            "Better after the trigger was stopped",
            "CK and strength returning by themselves, without immunosuppression.",
            "history",
        ),
        _yes_no(
            "checkpoint_inhibitor", "Checkpoint inhibitor", "At any time, for a cancer, also if stopped.", "history"
        ),
        _yes_no(
            "other_myotoxin",
            "Another drug or substance that harms muscle",
            "Colchicine, chloroquine, a fibrate, alcohol, cocaine, zidovudine.",
            "history",
        ),
        _yes_no(
            "family_history", "Muscle disease in the family", "Weakness or raised CK in a blood relative.", "history"
        ),
        _yes_no(
            "attacks",
            "Attacks brought on by effort, fasting or a trigger",
            "CK or dark urine that come and go within days.",
            "history",
        ),
        _yes_no(
            "better_explanation",
            "Another disease explains it better",
            "The clinician's judgement, which no criterion can make.",
            "history",
        ),
        Field(
            "myositis_subtype",
            "Kind of myositis, as the clinician names it",
            "choice",
            "Leave blank to let the ENMC 2016 answer decide whether it is IMNM.",
            choices=(
                "IMNM",
                "dermatomyositis",
                "amyopathic dermatomyositis",
                "polymyositis",
                "antisynthetase syndrome",
                "overlap myositis",
                "inclusion body myositis",
            ),
            group="history",
        ),
        _yes_no(
            "persistent_activity", "Still very active in spite of treatment", "As the clinician judges it.", "history"
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
        Field(
            "dysphagia",
            "Dysphagia",
            "choice",
            "Severe: aspiration, or unable to take food or tablets safely.",
            choices=("none", "mild", "moderate", "severe"),
            group="danger",
        ),
        _yes_no("dyspnoea", "Short of breath or weak cough", "Also when lying flat.", "danger"),
        _yes_no(
            "cardiac_signs",
            "Chest pain, arrhythmia, long QTc or raised troponin I",
            "Troponin T alone does not count: regenerating muscle makes it.",
            "danger",
        ),
        _yes_no("rapid_loss", "Walking lost within weeks", "Or strength falling from week to week.", "danger"),
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
            said="{} already used",
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
    return f"{number(field.low)} to {number(field.high)} {field.unit}"


def read_number(field: Field, raw: object) -> float:
    """Read a number: refused in words if it is none, carries another unit or lies out of bounds.

    Raises
    ------
    Refused
        Naming the field, the value and what is accepted.
    """
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
    "number": read_number,
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
    return None if raw is None else read_as(FIELDS[name], raw)


def read_as(field: Field, raw: object) -> Any:
    """Read an answer to a question of its own, one that is not asked about a patient.

    Raises
    ------
    Refused
        As :func:`read` does.

    Examples
    --------
    >>> read_as(Field("share", "Share", "number", "In percent.", "%", 0.0, 100.0), "30 %")
    30.0
    """
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


def choice_label(field: Field, choice: str) -> str:
    """Say a ticked choice of a set as a question of its own.

    Examples
    --------
    >>> choice_label(FIELDS["used"], "ivig"), choice_label(FIELDS["other_antibodies"], "Jo-1")
    ('IVIG already used', 'anti-Jo-1 found')
    >>> choice_label(FIELDS["other_antibodies"], NONE_FOUND)
    'panel done, nothing found'
    """
    return "panel done, nothing found" if choice == NONE_FOUND else field.said.format(drug_words(choice))


def ck_above_limit(answers: Mapping[str, Any]) -> bool | None:
    """Whether CK is above the laboratory's upper limit, as far as the answers tell.

    Examples
    --------
    >>> ck_above_limit({"ck_u_per_l": 711.0, "ck_upper_limit_u_per_l": 170.0}), ck_above_limit({"ck_u_per_l": 711.0})
    (True, None)
    >>> ck_above_limit({"ck_raised": True}), ck_above_limit({"ck_u_per_l": 8200.0})
    (True, True)
    """
    said: bool | None = answers.get("ck_raised")
    ck, limit = answers.get("ck_u_per_l"), answers.get("ck_upper_limit_u_per_l")
    if said is not None or ck is None:
        return said
    if limit is not None:
        return bool(ck > limit)
    return True if ck >= CK_ABOVE_ANY_LIMIT_U_PER_L else None


def _proximal_weakness(answers: Mapping[str, Any]) -> bool | None:
    """Weak arms or legs are proximal weakness; both strong is none. The other way round nothing follows."""
    said: bool | None = answers.get("proximal_weakness")
    limbs = [answers.get("weak_proximal_arms"), answers.get("weak_proximal_legs")]
    if said is not None:
        return said
    return True if True in limbs else False if limbs == [False, False] else None


def contradiction(answers: Mapping[str, Any]) -> Refused | None:
    """Name the first pair of answers that cannot both be right.

    Examples
    --------
    >>> print(contradiction({"ck_raised": False, "ck_u_per_l": 8200.0}))
    ck_raised: no contradicts a CK of 8200 U/L
    >>> contradiction({"ck_raised": False}) is None
    True
    """
    get = answers.get
    measured = ck_above_limit({**answers, "ck_raised": None})
    if get("ck_raised") is not None and measured is not None and get("ck_raised") is not measured:
        limit = get("ck_upper_limit_u_per_l")
        against = f" with an upper limit of {limit:g} U/L" if limit is not None else ""
        said = "yes" if get("ck_raised") else "no"
        return Refused("ck_raised", f"{said} contradicts a CK of {get('ck_u_per_l'):g} U/L{against}")
    if get("proximal_weakness") is True and _proximal_weakness({**answers, "proximal_weakness": None}) is False:
        return Refused("proximal_weakness", "yes contradicts strong proximal arms and legs")
    if get("proximal_weakness") is False:
        for name in ("weak_proximal_arms", "weak_proximal_legs"):
            if get(name):
                return Refused("proximal_weakness", f"no contradicts {FIELDS[name].label.lower()}: yes")
    onset, age = get("onset_age_years"), get("age_years")
    if onset is not None and age is not None and onset > age:
        return Refused("onset_age_years", f"{onset:g} years is later than the age now, {age:g} years")
    panel = get("other_antibodies") or frozenset()
    if NONE_FOUND in panel and len(panel) > 1:
        return Refused("other_antibodies", f"{NONE_FOUND} contradicts {', '.join(sorted(panel - {NONE_FOUND}))}")
    if get("muscle_biopsy") == "not_done":
        for name, field in FIELDS.items():
            if field.group == "biopsy" and get(name) not in (None, False, *UNANSWERED):
                return Refused("muscle_biopsy", f"not done contradicts an answer to {field.label}")
    return None


def findings(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay answers out for the rules: every field by name, unanswered tests as ``None``, one ``used_...`` per treatment.

    Examples
    --------
    >>> laid_out = findings({"anti_srp": "not_tested", "used": frozenset({"ivig"}), "age_years": 9.0})
    >>> laid_out["anti_srp"], laid_out["used_ivig"], laid_out["used_rituximab"], laid_out["age_group"]
    (None, True, False, 'paediatric')
    >>> findings({})["used_ivig"] is None, findings({"weak_proximal_legs": True})["proximal_weakness"]
    (True, True)
    """
    laid_out: dict[str, Any] = {}
    for name, field in FIELDS.items():
        value = answers.get(name)
        if field.kind != "set":
            laid_out[name] = None if value in UNANSWERED else value
            continue
        # A set with a tick for "none found" is answered by a tick only; nothing ticked is not that answer.
        ticked = None if not value and NONE_FOUND in field.choices else value
        for choice in field.choices:
            laid_out[f"{name}_{choice}"] = None if ticked is None else choice in ticked
    laid_out["age_group"] = age_group(laid_out["age_years"])
    laid_out["ck_above_limit"] = ck_above_limit(laid_out)
    laid_out["proximal_weakness"] = _proximal_weakness(laid_out)
    return laid_out
