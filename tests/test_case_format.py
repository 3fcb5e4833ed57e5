"""The case format: what a case file may hold, how it is read, and what is known at each point of its course."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import namlib as nam
from namlib import case_files, case_records
from namlib.case_files import CaseError
from namlib.course import cases as course_cases
from namlib.course import ledger
from namlib.model.case import PLACES, answers_at, weeks_on
from namlib.model.findings import FIELDS
from namlib.model.published import known_answers
from namlib.records import Refused

ROOT = Path(__file__).resolve().parents[1]
ALL = {name: nam.Case.load(name) for name in case_files.files()}
PUBLISHED = {name: case for name, case in ALL.items() if case.kind == "published"}
TEACHING = {name: case for name, case in ALL.items() if case.kind == "teaching"}
SMALL = """\
schema: 1
id: small
title: A small case
kind: teaching
inspired_by: [IMNM-01]
record:
  person: {}
  presentation: {summary: weak}
  times: [{id: start, label: start}]
"""

every_case = pytest.mark.parametrize("name", ALL)


def read(text: str, file: str = "small.yaml") -> case_records.Case:
    return case_files.build(text, file, course_cases.known())


def problems(text: str, file: str = "small.yaml") -> list[str]:
    with pytest.raises(CaseError) as refused:
        read(text, file)
    return [str(problem) for problem in refused.value.problems]


# --- round trip ----------------------------------------------------------------------------------------------------


@every_case
def test_a_case_written_and_read_again_is_the_same_case(name: str) -> None:
    case = case_files.load(case_files.files()[name], course_cases.known())
    text = case_files.dump(case)
    again = read(text, f"{name}.yaml")
    assert again == case
    assert case_files.dump(again) == text


@every_case
def test_the_plain_form_of_a_case_goes_through_json_and_reads_as_the_same_case(name: str) -> None:
    plain = ALL[name].to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert nam.Case.of(read(json.dumps(plain), f"{name}.yaml")) == ALL[name]


def test_the_schema_for_editors_is_the_one_the_records_make() -> None:
    written = json.loads((ROOT / "data" / case_files.SCHEMA).read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(case_files.schema()))


@every_case
def test_a_file_names_the_schema_in_its_first_line_and_its_folder_is_its_kind(name: str) -> None:
    path = case_files.files()[name]
    assert path.parent.name == ALL[name].kind
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schemas/case.schema.json"


def test_the_whole_library_is_listed_with_published_cases_first() -> None:
    table = nam.cases()
    assert [case.id for case in table] == list(ALL)
    assert [case.kind for case in table] == ["published"] * len(PUBLISHED) + ["teaching"] * len(TEACHING)
    assert len(nam.cases("teaching")) == len(TEACHING) > 0
    assert table._repr_html_().count("FICTIONAL") == len(TEACHING)
    with pytest.raises(KeyError, match="no kind of case 'real'"):
        nam.cases("real")


def test_a_case_is_found_by_id_or_by_path_and_an_unknown_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert nam.Case.load(path) == nam.Case.load(str(path))
    assert repr(nam.Case.load(path)) == "small, FICTIONAL teaching case: A small case"
    with pytest.raises(KeyError, match="no case 'IMNM-99'; known: IMNM-01"):
        nam.Case.load("IMNM-99")


# --- refusals ------------------------------------------------------------------------------------------------------


def test_every_problem_is_said_at_once_with_file_line_path_and_reason() -> None:
    text = SMALL.replace("label: start}", "lable: start}") + (
        "  ck:\n"
        "    - {at: never, value_u_per_l: many}\n"
        "    - {at: start}\n"
        "  antibodies: [{names: [anti-SRP], state: neg, at: start}]\n"
        "  sources: [unheard_of]\n"
    )
    assert problems(text) == [
        "small.yaml, line 9, record.times[1].label: is missing",
        "small.yaml, line 9, record.times[1].lable: is not a field of this part; did you mean label?",
        "small.yaml, line 11, record.ck[1].at: no point in times 'never'",
        "small.yaml, line 11, record.ck[1].value_u_per_l: 'many' is not a number",
        "small.yaml, line 12, record.ck[2].value_u_per_l: is blank, and no level says why",
        "small.yaml, line 13, record.antibodies[1].state: 'neg' is not one of 'positive', 'negative', 'not_tested', "
        "'not_reported'",
        "small.yaml, line 14, record.sources[1]: no source in sources.bib 'unheard_of'",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("id: small\nid: other", "the key 'id' stands twice (first in line 2)"),
        ("id: &here small", "an anchor (&) is not accepted in a case file; write the value where it is needed"),
        ("id: !!python/object:os.system small", "a tag ('tag:yaml.org,2002:python/object:os.system') is not accepted"),
        ("id: .nan", "'.nan' is not a finite number"),
        ("id: 1e999", "'1e999' is too large a number"),
        ("id: sm\u202eall", "the text holds an invisible character (U+202E)"),
        ("id: 12", "12 is not text; a number or true/false meant as text needs quotes"),
        ("id: small\nauthor: me", "is not a field of this part"),
        ("id: [a", "is not YAML"),
    ],
)
def test_what_may_not_be_in_a_case_file_is_refused_in_words(change: str, reason: str) -> None:
    said = problems(SMALL.replace("id: small", change))
    assert any(reason in problem and "line " in problem for problem in said), said


def test_a_file_of_another_name_is_refused() -> None:
    assert problems(SMALL, "other.yaml") == ["other.yaml, line 2, id: 'small' is not the name of the file, 'other'"]


def test_a_text_that_looks_like_another_type_stays_what_was_written() -> None:
    text = SMALL.replace("title: A small case", "title: 2026-11-22").replace("summary: weak", "summary: no")
    case = read(text)
    assert (case.title, case.record.presentation.summary) == ("2026-11-22", "no")


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (
            "ck: [{at: start, value_u_per_l: 711, as_published: 117 U/L, unit_as_published: U/L}]",
            "is not the number in",
        ),
        (
            "ck: [{at: start, value_u_per_l: 500, as_published: 500 UI/ml, unit_as_published: UI/ml}]",
            "is not U/L; a flag",
        ),
        ("ck: [{at: start, value_u_per_l: 500, likely: fifty}]", "needs a flag that says what is odd"),
        ("ck: [{at: start, value_u_per_l: 500, statistic: mean}]", "a mean is of more than one person"),
        ("strength: [{at: start, scale: MRC 0-5, value: 6}]", "6.0 is beyond the scale MRC 0-5"),
        ("strength: [{at: start, scale: words}]", "no words say what was found"),
        ("antibodies: [{names: [anti-SRP], state: not_tested, at: start, value: 3}]", "not_tested cannot have a value"),
        ("antibodies: [{names: [anti-SRP], state: negative}]", "a result needs the point at which it was known"),
        ("biopsies: [{at: start, complement_where: [sarcolemma]}]", "needs complement: present"),
        ("work_up: [{test: TSH, kind: thyroid, state: not_done, result: low}]", "not_done cannot have a result"),
        (
            "drugs: [{id: mtx, agent: methotrexate, group: methotrexate, dose: {amount: 15, unit: mg/d}}]",
            "methotrexate is given per week, never in mg/d",
        ),
        ("drugs: [{id: a, agent: a, group: other, dose: {amount: 15, unit: mg/day}}]", "write 'mg/d'"),
        ("drugs: [{id: a, agent: a, group: other}, {id: a, agent: b, group: other}]", "'a' occurs twice"),
        ("contradictions: [{about: sex, versions: [{says: she, where: title}], handled: left out}]", "has two sides"),
        ("findings: [{at: start, answers: {ck_u_per_l: 9000}}]", "is read from ck; here it would stand twice"),
        ("findings: [{at: start, answers: {weakness: awful}}]", "'awful' is not one of none, mild, moderate, severe"),
        ("findings: [{at: start, answers: {weaknes: mild}}]", "is not a field of a patient"),
    ],
)
def test_a_row_that_breaks_a_rule_of_the_format_is_refused_in_words(part: str, reason: str) -> None:
    said = problems(f"{SMALL}  {part}\n")
    assert len(said) == 1 and reason in said[0], said


def test_a_clock_that_runs_backwards_is_refused_unless_the_order_is_marked_unsure() -> None:
    times = "  clocks: [{id: onset, label: onset}]\n  times:\n"
    times += "    - {id: a, label: a, when: [{clock: onset, amount: 9}]}\n"
    times += "    - {id: b, label: b, when: [{clock: onset, amount: 1, unit: mo}]MARK}\n"
    text = SMALL.replace("  times: [{id: start, label: start}]\n", times)
    assert any(
        "is earlier on the clock onset than a point above it" in said for said in problems(text.replace("MARK", ""))
    )
    assert read(text.replace("MARK", ", order_unsure: worded so")).record.times[1].order_unsure


def test_a_published_case_must_belong_to_a_published_record_and_name_its_moments() -> None:
    text = SMALL.replace("kind: teaching\ninspired_by: [IMNM-01]", "kind: published").replace("small", "IMNM-02")
    text += "  sources: [lorenzo2021]\n  read: abstract\n"
    assert problems(text, "IMNM-02.yaml") == [
        "IMNM-02.yaml, line 8, record.times: no point names the moment 'with the antibody result' of "
        "published_records.yaml"
    ]


# --- what was known, and when --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_patient_of_a_published_moment_is_the_one_of_the_ledger(name: str) -> None:
    record = next(record for record in ledger().published_records if record.id == name)
    case = PUBLISHED[name]
    assert case.moments == tuple(moment.at for moment in record.moments)
    for moment in record.moments:
        assert case.patient_at(moment.at).answers() == known_answers(moment)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_series_of_a_published_record_say_nothing_else_than_its_moments(name: str) -> None:
    """Two files tell of one patient: wherever both answer a question, the answer is the same."""
    record = next(record for record in ledger().published_records if record.id == name)
    compared = 0
    for time in PUBLISHED[name].record.times:
        for moment in record.moments:
            if moment.at == time.moment:
                typed, drawn = known_answers(moment), answers_at(PUBLISHED[name].record, time.id, complete=False)
                assert {key: drawn[key] for key in set(typed) & set(drawn)} == {
                    key: typed[key] for key in set(typed) & set(drawn)
                }
                compared += len(set(typed) & set(drawn))
    assert compared >= 1


@pytest.mark.parametrize("name", TEACHING)
def test_no_answer_of_a_teaching_case_is_known_before_the_point_that_brings_it(name: str) -> None:
    case = TEACHING[name]
    for place, time in enumerate(case.record.times):
        later = {point.id for point in case.record.times[place + 1 :]}

        def kept(rows, later=later):
            return tuple(row for row in rows if getattr(row, "at", "") not in later)

        cut = dataclasses.replace(
            case.record,
            ck=kept(case.record.ck),
            strength=kept(case.record.strength),
            work_up=kept(case.record.work_up),
            findings=kept(case.record.findings),
        )
        assert answers_at(cut, time.id) == answers_at(case.record, time.id)


def test_the_fictional_case_becomes_classifiable_when_its_antibody_is_known_and_not_before() -> None:
    case = TEACHING["stairs-and-bath"]
    labels = {moment: nam.classify_enmc2016(case.patient_at(moment)).label for moment in case.moments}
    before = ("onset", "first-visit", "admission", "imaging")
    assert not {labels[moment] for moment in before} & {"anti_hmgcr_myopathy"}
    assert {labels[moment] for moment in case.moments if moment not in before} == {"anti_hmgcr_myopathy"}
    assert case.patient_at("first-visit").statin == "stopped"
    assert case.patient_at("onset").statin == "taking"
    assert case.patient_at("antibodies").other_antibodies == {"none found"}
    assert case.patient_at("week-12").used == {"glucocorticoid", "ivig", "methotrexate"}
    assert case.patient_at("week-52").ck_u_per_l == 9840, "the highest so far, not the last"


def test_an_unknown_moment_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="no moment 'never'; known: onset, first-visit"):
        TEACHING["stairs-and-bath"].patient_at("never")


def test_a_place_is_kept_for_every_answer_that_is_read_from_another_part() -> None:
    assert set(PLACES) <= set(FIELDS)


def _record(body: str) -> case_records.CaseRecord:
    two = "  times: [{id: a, label: a}, {id: b, label: b}]"
    return read(SMALL.replace("  times: [{id: start, label: start}]", two) + body).record


@pytest.mark.parametrize(
    ("ck", "answers"),
    [
        ("{at: a, level: raised}", {"ck_raised": True}),
        ("{at: a, level: normal}", {"ck_raised": False}),
        ("{at: a, value_u_per_l: 5000, cmp: '>'}", {"ck_raised": True}),
        ("{at: a, value_u_per_l: 300, cmp: '>'}", {}),
        ("{at: a, value_u_per_l: 300, cmp: '>', upper_limit_u_per_l: 200}", {"ck_raised": True}),
        ("{at: a, value_u_per_l: 6000, cmp: '~'}", {"ck_u_per_l": 6000.0}),
        ("{at: a, value_u_per_l: 4000, flag: no unit, level: raised}", {"ck_raised": True}),
        ("{at: a, value_u_per_l: 400}, {at: a, value_u_per_l: 9000, cmp: '>'}", {"ck_raised": True}),
        ("{at: b, value_u_per_l: 400}", {}),
    ],
)
def test_a_bound_a_word_or_a_flagged_number_never_becomes_a_number_of_the_patient(ck: str, answers: dict) -> None:
    found = answers_at(_record(f"  ck: [{ck}]\n"), "a")
    assert {key: value for key, value in found.items() if key.startswith("ck")} == answers


def test_the_four_states_of_an_antibody_stay_apart_over_time() -> None:
    record = _record(
        "  antibodies:\n"
        "    - {names: [anti-HMGCR], state: negative, at: a}\n"
        "    - {names: [anti-HMGCR], state: positive, at: b, repeat: true}\n"
        "    - {names: [anti-SRP], state: not_reported}\n"
    )
    assert [answers_at(record, at)["anti_hmgcr"] for at in "ab"] == ["negative", "positive"]
    assert answers_at(record, "a")["anti_srp"] == "not_reported"
    assert "anti_hmgcr" not in answers_at(_record(""), "a", complete=False), "silence of a report is no answer"
    assert answers_at(_record(""), "a")["anti_hmgcr"] == "not_tested", "a fictional record holds all that was done"


def test_a_statin_that_was_begun_late_and_stopped_was_not_taken_before() -> None:
    record = _record("  drugs: [{id: s, agent: a statin, group: statin, start: b, stop: b}]\n")
    assert "statin" not in answers_at(record, "a")
    assert answers_at(record, "b")["statin"] == "stopped"


def test_a_contradiction_between_a_finding_and_a_typed_part_is_found_at_its_point() -> None:
    text = SMALL + (
        "  drugs: [{id: s, agent: a statin, group: statin, stop: start}]\n"
        "  findings: [{at: start, answers: {statin: never}}]\n"
    )
    assert problems(text) == [
        "small.yaml, line 9, record.times[1]: what is known at start contradicts itself: statin: never contradicts "
        "what the other parts of the record say, stopped"
    ]


def test_clocks_that_share_a_point_can_be_compared_and_others_place_nothing() -> None:
    record = ALL["IMNM-01"].record
    weeks = weeks_on(record, "first-ck")
    assert set(weeks) == {"onset", "first-ck", "week-2", "week-3"}
    assert weeks["onset"] == pytest.approx(-3 * 365.25 / 12 / 7)
    assert (weeks["first-ck"], weeks["week-2"], weeks["week-3"]) == (0.0, 2.0, 3.0)


def test_a_frozen_case_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ALL["IMNM-01"].title = "other"


def test_a_drug_that_stops_before_it_starts_is_refused() -> None:
    with pytest.raises(CaseError, match="its points do not follow each other"):
        _record("  drugs: [{id: x, agent: x, group: other, start: b, stop: a}]\n")


def test_answers_that_no_form_takes_are_refused_by_name() -> None:
    from namlib.model.case import check_answers

    with pytest.raises(Refused, match="is blank; leave out what is not known"):
        check_answers({"dysphagia": None})
