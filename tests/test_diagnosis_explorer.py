"""The diagnosis explorer without a browser: every value in its place, every state the model's, nothing said too soon.

Patients are invented; t01 and t02 are the worked examples of tests/test_diagnosis.py.
"""

from __future__ import annotations

import html as entities
import random
import re
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import namlib as nam
from namlib import course
from namlib.model.findings import FIELDS
from namlib.model.redflags import red_flags
from namlib.model.rules import QUESTIONS, rule
from namlib.records import Refused
from namlib.view.diagnosis import phrases
from namlib.view.score import total_words
from tests.live import assert_live_is_as_from_scratch, assert_stands_in_its_page, enter, sent_by, weight, words

LEDGER = course.ledger()
STATE = {True: "nam-on", None: "nam-open", False: "nam-off"}

# t01: a man of 65, weak at hips and shoulders, anti-HMGCR; t02 after a biopsy with necrosis and no infiltrate.
T01: dict[str, Any] = {
    "onset_age_years": 65,
    "sex": "male",
    "symptom_months": 5,
    "ck_u_per_l": 8200,
    "weak_proximal_arms": True,
    "weak_proximal_legs": True,
    "legs_weaker_proximally": True,
    "neck_flexors_weaker": False,
    "heliotrope_rash": False,
    "gottron_papules": False,
    "gottron_sign": False,
    "dysphagia": "none",
    "anti_hmgcr": "positive",
    "anti_srp": "negative",
    "other_antibodies": {"none found"},
    "better_explanation": False,
}
T02 = T01 | {
    "muscle_biopsy": "necrotizing",
    "biopsy_endomysial_infiltrate": False,
    "biopsy_perimysial_infiltrate": False,
    "biopsy_perifascicular_atrophy": False,
    "biopsy_rimmed_vacuoles": False,
}
SICK = T01 | {
    "anti_hmgcr": "not_tested",
    "anti_srp": "positive",
    "checkpoint_inhibitor": True,
    "ocular_weakness": True,
    "thyroid": "underactive",
    "other_antibodies": {"MDA5"},
    "dyspnoea": True,
    "statin": "never",
}
SERONEGATIVE = T02 | {"anti_hmgcr": "negative", "family_history": True, "mhc1": "absent or focal"}
PATIENTS = {"nobody": {}, "t01": T01, "t02": T02, "with many stops": SICK, "seronegative": SERONEGATIVE}
each_patient = pytest.mark.parametrize("known", PATIENTS.values(), ids=PATIENTS)


@pytest.fixture(scope="module")
def one() -> Any:
    return nam.DiagnosisExplorer()


@pytest.fixture
def explorer(one: Any) -> Any:
    start = dict(one.inputs)
    yield one
    one.inputs = start


def as_entered(known: dict[str, Any]) -> dict[str, Any]:
    """Findings as the controls would hold them."""
    yes_no = {True: "yes", False: "no"}
    return {
        name: sorted(value) if isinstance(value, set) else yes_no[value] if isinstance(value, bool) else str(value)
        for name, value in known.items()
    }


def section(page: str, title: str) -> str:
    return re.split(r"</section>", page.split(f"<h4>{title}</h4>")[1], maxsplit=1)[0]


def rows(markup: str) -> list[tuple[str, str, list[str]]]:
    """State, heading and cells of every row of a table."""
    found = re.findall(r'<tr aria-describedby="([\w-]+)" data-m="[\d:]+"><th scope="row">(.*?)</th>(.*?)</tr>', markup)
    return [
        (state, words(head).strip(), [words(cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)])
        for state, head, cells in found
    ]


def offered(spec: dict[str, Any]) -> list[Any]:
    """Values that a control can hold."""
    if spec["kind"] == "number":
        return ["", "5", "12", "30", "55", "900", "9000"]
    values = [value for value, _ in spec["options"]]
    return values if spec["kind"] == "choice" else [[], *([value] for value in values)]


# --- the page and its slots ----------------------------------------------------------------------------------------


@each_patient
def test_every_slot_value_stands_in_the_page_where_the_browser_would_put_it(known: dict[str, Any]) -> None:
    explorer = nam.DiagnosisExplorer(**known)
    assert_stands_in_its_page(explorer.page, explorer.phrases)
    for kind in ("data-t", "data-h", "data-a", "data-m"):
        assert f"{kind}=" in explorer.page.html


def test_a_page_filled_with_changes_is_the_page_made_from_scratch(explorer: Any) -> None:
    for known in PATIENTS.values():
        enter(explorer, **{name: "" for name in explorer.inputs if name != "seq"})
        frame = enter(explorer, **as_entered(known))
        assert frame["errors"] == {}
        assert_live_is_as_from_scratch(explorer, nam.DiagnosisExplorer(**known))


@settings(max_examples=40)
@given(data=st.data())
def test_whatever_is_entered_the_values_fill_the_page_that_was_drawn_first(one: Any, data: st.DataObject) -> None:
    asked = [spec for spec in one.controls if spec["kind"] != "group"]
    chosen = data.draw(st.lists(st.sampled_from(asked), max_size=12, unique_by=lambda spec: spec["name"]))
    inputs = dict(one.inputs) | {spec["name"]: data.draw(st.sampled_from(offered(spec))) for spec in chosen}
    _, page, errors = one.show(inputs)
    if not errors:
        assert_stands_in_its_page(page, one.phrases)
        assert len(page.values) == len(one.page.values)


def test_the_page_keeps_still_between_its_slots() -> None:
    def still(markup: str) -> list[str]:
        """Places that change, by number, in the order of the page."""
        return re.findall(r'data-[tham]="[^"]*"', markup)

    assert still(nam.DiagnosisExplorer().page.html) == still(nam.DiagnosisExplorer(**SICK).page.html)


# --- what is sent --------------------------------------------------------------------------------------------------

# One finding after the other, as a reader would enter them.
STEPS = {
    "anti_hmgcr": "positive",
    "anti_srp": "negative",
    "ck_u_per_l": "8200",
    "proximal_weakness": "yes",
    "onset_age_years": "61",
    "muscle_biopsy": "necrotizing",
    "dysphagia": "mild",
    "thyroid": "normal",
    "sex": "male",
    "checkpoint_inhibitor": "yes",
    "lung_disease": "no",
    "gene_test": "no cause found",
    "other_antibodies": ["none found"],
}


def test_only_what_changed_is_sent_and_an_update_weighs_under_3_kB() -> None:
    explorer = nam.DiagnosisExplorer()
    messages = sent_by(explorer)
    for name, value in STEPS.items():
        before = explorer.frame["values"]
        after = enter(explorer, **{name: value})["values"]
        changed = {place: new for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
        assert messages[-1]["changed"] == changed and changed
    assert len(messages) == len(STEPS)
    weights = {name: weight(message) for name, message in zip(STEPS, messages, strict=True)}
    assert max(weights.values()) < 3000, weights


def test_a_step_of_the_ck_slider_that_changes_no_item_sends_next_to_nothing() -> None:
    explorer = nam.DiagnosisExplorer(ck_u_per_l=8200)
    messages = sent_by(explorer)
    enter(explorer, ck_u_per_l="8250")
    assert weight(messages[-1]) < 300


def test_phrases_are_sent_once_and_stand_as_numbers_in_every_value(explorer: Any) -> None:
    assert explorer.phrases == phrases(LEDGER) and len(set(explorer.phrases)) == len(explorer.phrases)
    state = explorer.get_state()
    assert state["phrases"] == explorer.phrases
    messages = sent_by(explorer)
    enter(explorer, **as_entered(SICK))
    assert "phrases" not in messages[-1]
    # A slot of plain text holds whole sentences; every slot of markup is made of phrases.
    sent = "".join(value for value in messages[-1]["changed"].values() if "<" in value)
    assert sent.count("\x01") > 40
    long = [phrase for phrase in explorer.phrases if len(phrase) > 40]
    assert len(long) > 60 and not any(phrase in sent for phrase in long)


def test_every_phrase_is_used_by_some_patient(one: Any) -> None:
    chance = random.Random(3)
    offers = {spec["name"]: offered(spec) for spec in one.controls if spec["kind"] != "group"}
    blank = {name: values[0] for name, values in offers.items()}
    dermatomyositis = {"myositis_subtype": "dermatomyositis", "other_antibodies": {"TIF1-gamma"}}
    dermatomyositis |= {"onset_age_years": 55, "persistent_activity": True}
    starts = [
        {},
        T01 | {"anti_srp": "positive"},
        T01 | {"other_antibodies": {"Mi-2"}},
        SERONEGATIVE | {"other_antibodies": set()},
        dermatomyositis,
    ]
    starts += [{name: value for name, value in start.items() if name != "family_history"} for start in starts]
    used: set[int] = set()
    for turn in range(1500):
        share = chance.random()
        inputs = blank | {name: chance.choice(values) for name, values in offers.items() if chance.random() < share}
        inputs |= as_entered(starts[turn % len(starts)]) if turn % 3 == 0 else {}
        _, page, errors = one.show(inputs)
        if not errors:
            used |= {int(place) for value in page.values for place in re.findall("\x01(\\d+);", value)}
    for start in starts:
        _, page, _ = one.show(blank | as_entered(start))
        used |= {int(place) for value in page.values for place in re.findall("\x01(\\d+);", value)}
    assert [phrase for place, phrase in enumerate(one.phrases) if place not in used] == []


def test_an_update_is_worked_out_in_a_few_milliseconds(one: Any) -> None:
    inputs = dict(one.inputs) | as_entered(T01)
    spans = []
    for turn in range(30):
        start = perf_counter()
        one.show(inputs | {"ck_u_per_l": str(5000 + turn)})
        spans.append(perf_counter() - start)
    assert min(spans) < 0.003, f"{1000 * min(spans):.2f} ms"


# --- what is refused -----------------------------------------------------------------------------------------------


def test_a_contradiction_is_refused_in_place_and_the_last_good_page_stays() -> None:
    explorer = nam.DiagnosisExplorer(weak_proximal_legs=True, anti_srp="positive")
    page, values = explorer.page, explorer.frame["values"]
    frame = enter(explorer, proximal_weakness="no")
    assert list(frame["errors"]) == ["proximal_weakness"]
    assert "contradicts weak proximal legs: yes" in frame["errors"]["proximal_weakness"]
    assert frame["values"] == values and explorer.page is page
    assert enter(explorer, proximal_weakness="")["errors"] == {}
    assert explorer.page.html == page.html


def test_controls_are_entered_by_name_and_what_is_no_control_is_refused(explorer: Any) -> None:
    said = explorer.enter(anti_srp="positive", ck_u_per_l="8200", proximal_weakness="yes")
    assert said == explorer.page.values[0] and said.startswith("ENMC 2016: anti-SRP myopathy.")
    for name in ("shoe_size", "weight_kg", "<script>"):
        with pytest.raises(Refused, match="is not a control; the controls are anti_hmgcr"):
            explorer.enter(**{name: "42"})
    with pytest.raises(Refused, match="not one of"):
        explorer.enter(anti_srp="perhaps")
    assert explorer.page.values[0] == said


def test_a_start_with_what_is_not_asked_or_contradicts_itself_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="is not asked here"):
        nam.DiagnosisExplorer(weight_kg=80)
    with pytest.raises(Refused, match="contradicts"):
        nam.DiagnosisExplorer(ck_raised=False, ck_u_per_l=8200)


def test_it_says_its_result_in_one_line() -> None:
    assert repr(nam.DiagnosisExplorer(**SICK)) == (
        "DiagnosisExplorer: ENMC 2016: anti-SRP myopathy, but stop: checkpoint inhibitor, anti-MDA5 with signs from "
        "the lung and a second myositis-specific antibody. EULAR/ACR 2017 without biopsy: probable. Cancer risk by "
        "IMACS 2023: moderate to high risk, if it applies. 16 of 17 mimics not excluded."
    )


# --- every question has a control ----------------------------------------------------------------------------------


def test_every_question_the_page_hangs_on_can_be_answered_on_the_form(one: Any) -> None:
    conditions = [part.when for criteria in (*_criteria(),) for part in (*criteria.items, *criteria.remarks)]
    conditions += [cell.when for cell in LEDGER.mimic_features if cell.when] + [flag.when for flag in LEDGER.red_flags]
    needed = {QUESTIONS[key].field for condition in conditions for key in rule(condition).questions}
    assert len(needed) > 40
    assert needed <= {spec["name"] for spec in one.controls if spec["kind"] != "group"}


def _criteria() -> list[Any]:
    return [course.criteria_record(name) for name in ("enmc_2016", "eular_acr_2017", "imacs_2023")]


def test_what_is_called_missing_has_a_control_of_that_name(explorer: Any) -> None:
    labels = {spec["label"] for spec in explorer.controls}
    for known in PATIENTS.values():
        markup = section(nam.DiagnosisExplorer(**known).page.html, "What is missing")
        listed = [
            words(item).replace("(can change the answer)", "").strip() for item in re.findall("<li>.*?</li>", markup)
        ]
        assert set(listed) <= labels
    assert listed


# --- states are the model's ----------------------------------------------------------------------------------------


@each_patient
def test_state_letters_agree_with_the_results(known: dict[str, Any]) -> None:
    explorer = nam.DiagnosisExplorer(**known)
    page = explorer.page.html
    enmc, used = explorer.comparison.enmc, explorer.comparison.used
    assert [row[:2] for row in rows(section(page, "ENMC 2016"))] == [
        (STATE[part.met], part.item.label) for part in enmc.items
    ]
    assert [row[:2] for row in rows(section(page, "EULAR/ACR 2017"))] == [
        (STATE[part.met], part.item.label) for part in used.items
    ]
    assert [row[:2] for row in rows(section(page, "Mimics"))] == [
        (
            "nam-off" if part.state == "excluded" else "nam-on" if part.for_ else "nam-open",
            part.mimic.name,
        )
        for part in explorer.mimics
    ]


def test_with_nothing_known_nothing_is_met_nothing_is_not_met_and_nothing_is_excluded() -> None:
    explorer = nam.DiagnosisExplorer()
    states = re.findall(r'aria-describedby="([\w-]+)" data-m', explorer.page.html)
    assert len(states) == 5 + 16 + 17 and set(states) == {"nam-open"}
    assert "17 of 17 mimics not excluded" in explorer.page.values[0]
    shown = words(explorer.page.html)
    assert "None was entered." in shown and "Not asked yet, and not excluded:" in shown
    assert "All were asked for" not in shown


@settings(max_examples=60)
@given(data=st.data())
def test_unknown_is_never_shown_as_not_met(one: Any, data: st.DataObject) -> None:
    asked = [spec for spec in one.controls if spec["kind"] != "group"]
    chosen = data.draw(st.lists(st.sampled_from(asked), max_size=8, unique_by=lambda spec: spec["name"]))
    inputs = dict(one.inputs) | {spec["name"]: data.draw(st.sampled_from(offered(spec))) for spec in chosen}
    _, page, errors = one.show(inputs)
    if errors:
        return
    for title, results in (
        ("ENMC 2016", one.comparison.enmc.items),
        ("EULAR/ACR 2017", one.comparison.used.items),
    ):
        for (state, _, _), part in zip(rows(section(page.html, title)), results, strict=True):
            assert (state == "nam-off") == (part.met is False)
            if part.missing:
                assert state == "nam-open"


@pytest.mark.parametrize("word", ["not_tested", "not_reported"])
def test_a_test_nobody_did_looks_like_an_open_one(explorer: Any, word: str) -> None:
    for name in ("anti_srp", "anti_hmgcr"):
        enter(explorer, **{name: word})
    states = {head: state for state, head, _ in rows(section(explorer.page.html, "ENMC 2016"))}
    assert states["Anti-SRP antibody"] == states["Anti-HMGCR antibody"] == "nam-open"


# --- numbers are the data's ----------------------------------------------------------------------------------------


def test_the_weights_of_both_models_are_those_of_the_criteria() -> None:
    shown = {head: cells for _, head, cells in rows(section(nam.DiagnosisExplorer().page.html, "EULAR/ACR 2017"))}
    items = [item for item in course.criteria_record("eular_acr_2017").items if item.points_biopsy is not None]
    assert len(shown) == len(items) == 16
    for item in items:
        weights = ["no item" if points is None else f"{points:g}" for points in (item.points, item.points_biopsy)]
        assert shown[item.label] == weights


@pytest.mark.parametrize(("known", "used"), [(T01, "no_biopsy"), (T02, "biopsy")], ids=["t01", "t02"])
def test_scores_cut_offs_and_classes_on_the_page_are_the_models(known: dict[str, Any], used: str) -> None:
    """t01 is 5.8 points and probable without biopsy; t02 is 6.0 with biopsy and no case."""
    explorer = nam.DiagnosisExplorer(**known)
    shown = section(explorer.page.html, "EULAR/ACR 2017")
    for model in course.criteria_record("eular_acr_2017").models:
        for cut in (model.possible, model.probable, model.definite):
            assert f">{cut:g}</text>" in shown
    for result in (explorer.comparison.without_biopsy, explorer.comparison.with_biopsy):
        assert f"{result.model.name}: {total_words(result)}" in entities.unescape(shown)
    comparison = nam.compare_criteria(nam.Patient(**known))
    assert comparison.used.model.id == used
    assert f"{comparison.used.model.name}: {comparison.used.title}<" in shown
    assert comparison.used.because in words(shown) and comparison.used.applies_words in words(shown)
    assert ("5.8 points, probable, 62%" in shown) and ("6.0 points, not IIM, 38%" in shown) == (used == "biopsy")


def test_the_bar_of_the_score_runs_from_what_is_met_to_what_is_possible(explorer: Any) -> None:
    enter(explorer, **as_entered(T01 | {"neck_flexors_weaker": True}) | {"neck_flexors_weaker": ""})
    result = explorer.comparison.without_biopsy
    spans = re.findall(r'<rect y="25".*?x="([\d.]+)" width="([\d.]+)"', explorer.page.html)
    assert len(spans) == 1
    begin, long = (float(number) for number in spans[0])
    assert (begin, round(begin + long, 1)) == (_x(result.score_low), _x(result.score_high))
    assert result.score_low == 5.8 and result.score_high == 7.7


def _x(score: float) -> float:
    return round(8 + 432 * score / 12, 1)


def test_the_explorer_says_what_the_functions_say() -> None:
    for known in PATIENTS.values():
        explorer, patient = nam.DiagnosisExplorer(**known), nam.Patient(**known)
        assert explorer.comparison == nam.compare_criteria(patient)
        assert explorer.risk == nam.cancer_risk_imacs2023(patient)
        assert list(explorer.mimics) == list(nam.mimics(patient))


# --- what may not wait, and what stops -----------------------------------------------------------------------------

DANGERS: dict[str, dict[str, Any]] = {
    "breathing": {"dyspnoea": True},
    "swallowing": {"dysphagia": "mild"},
    "heart": {"myocarditis": True},
    "rapid_loss": {"rapid_loss": True},
    "checkpoint_inhibitor": {"checkpoint_inhibitor": True, "ocular_weakness": True},
    "mda5_lung": {"other_antibodies": {"MDA5"}, "lung_disease": True},
    "kidneys": {"ck_u_per_l": 60000, "renal_impairment": True},
}
DANGER_TITLE = "Danger signs, and what belongs to the same night"


@pytest.mark.parametrize("flag", LEDGER.red_flags, ids=lambda flag: flag.id)
def test_every_danger_sign_present_shows_all_its_lines_and_which_are_conventions(flag: Any) -> None:
    shown = section(nam.DiagnosisExplorer(**DANGERS[flag.id]).page.html, DANGER_TITLE)
    present, _, open_ = entities.unescape(shown).partition("Not asked yet")
    for act in flag.tonight:
        assert act.text + (" <small>(a convention" if act.convention else "</li>") in present
    assert f"<strong>{flag.sign}.</strong>" in present and flag.sign not in open_


def test_signs_that_were_not_asked_for_stay_listed_beside_those_that_are_there() -> None:
    for known in PATIENTS.values():
        found = red_flags(nam.Patient(**known).findings(), LEDGER.red_flags)
        shown = entities.unescape(section(nam.DiagnosisExplorer(**known).page.html, DANGER_TITLE))
        for result in found:
            assert (f"<li>{result.flag.sign}</li>" in shown) == (result.state == "not asked")


def test_several_danger_signs_are_all_named_before_the_lines_of_the_first() -> None:
    shown = section(nam.DiagnosisExplorer(**SICK).page.html, DANGER_TITLE)
    first = words(shown.split("</li>")[0])
    assert "3 signs:" in first
    for name in ("breathing", "checkpoint_inhibitor", "mda5_lung"):
        assert next(flag.sign for flag in LEDGER.red_flags if flag.id == name) in first
    assert "signs:" not in section(nam.DiagnosisExplorer(dyspnoea=True).page.html, DANGER_TITLE)


def test_every_stop_and_qualification_stands_on_the_page_with_the_test_that_would_tell() -> None:
    for known in (SICK, SERONEGATIVE):
        explorer = nam.DiagnosisExplorer(**known)
        shown = entities.unescape(section(explorer.page.html, "ENMC 2016"))
        enmc = explorer.comparison.enmc
        assert enmc.stops and enmc.qualifications
        for result in enmc.stops:
            assert f'<li class="nam-stop"><strong>Stop.</strong> {result.remark.words}' in shown
        for result in enmc.qualifications:
            assert f'<li class="nam-mind"><strong>Mind.</strong> {result.remark.words}' in shown
        assert shown.count("What would tell:") == len([*enmc.stops, *enmc.qualifications])


def test_no_answer_with_a_stop_or_an_open_question_reads_as_final(explorer: Any) -> None:
    final = "No item that is still open could change this answer."
    assert final in nam.DiagnosisExplorer(**T02).page.html
    assert "Next: troponin I" in nam.DiagnosisExplorer(**SICK).page.html
    explained = nam.DiagnosisExplorer(better_explanation=True).page.html
    assert final not in explained and "See what stops this answer." in explained
    open_partner = T02 | {"anti_srp": "not_tested"}
    assert "Next: anti-SRP antibody." in nam.DiagnosisExplorer(**open_partner).page.html


def test_a_score_that_must_not_be_used_says_so_where_it_stands() -> None:
    shown = words(nam.DiagnosisExplorer(**T01 | {"better_explanation": True}).page.html)
    assert "without biopsy: probable, but the score does not apply" in shown
    assert "must not be used" in shown


def test_the_guideline_is_quoted_as_its_own_and_asks_for_nothing_where_it_is_not_meant() -> None:
    title = "Cancer risk, IMACS 2023"
    adult = words(section(nam.DiagnosisExplorer(**T01).page.html, title))
    assert "At diagnosis the guideline asks for:" in adult and "Enhanced panel" in adult
    unknown = words(section(nam.DiagnosisExplorer().page.html, title))
    assert "If it is meant, it asks at diagnosis for:" in unknown and "if it applies" in unknown
    child = words(section(nam.DiagnosisExplorer(**T01 | {"onset_age_years": 9}).page.html, title))
    assert "not meant for this patient" in child and "panel" not in child
    assert "For onset in childhood the guideline asks for no routine screening." in child
    for shown in (adult, unknown, child):
        assert "you should" not in shown.lower()


def test_a_page_without_a_kernel_is_whole() -> None:
    data, _ = nam.DiagnosisExplorer(**T02)._repr_mimebundle_()
    assert "\x01" not in data["text/html"] and "<svg" in data["text/html"]
    assert data["text/plain"] == repr(nam.DiagnosisExplorer(**T02))


def test_every_control_has_a_label_a_group_and_words_for_every_option(one: Any) -> None:
    names = [spec["name"] for spec in one.controls if spec["kind"] != "group"]
    assert len(names) == len(set(names)) > 45 and set(names) <= set(FIELDS)
    for spec in one.controls:
        assert spec["label"].strip()
        if spec["kind"] in ("choice", "set"):
            assert all(said.strip() for _, said in spec["options"])
