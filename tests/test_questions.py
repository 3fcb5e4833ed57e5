"""The item bank: what an item must be to enter the ledger, and what the bank as a whole keeps."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections import Counter

import pytest

from namlib import item_claims, store
from namlib.model import rules
from namlib.records import NumberKey, NumberSlip, Question, QuestionOption, Refused
from namlib.validate import LedgerError

LEDGER = store.load(rules.check)
BANK = LEDGER.questions
each_item = pytest.mark.parametrize("item", BANK, ids=[item.id for item in BANK])


# --- the bank ------------------------------------------------------------------------------------------------------


def test_the_bank_covers_every_notebook_topic_kind_and_difficulty():
    assert len(BANK) >= 64
    assert set(Counter(item.notebook for item in BANK)) == {"00", "01", "02", "03", "04", "05", "06"}
    assert min(Counter(item.notebook for item in BANK).values()) >= 6
    assert set(Counter(item.kind for item in BANK)) == {"single", "multiple", "number", "true_false"}
    assert {item.difficulty for item in BANK} == {"foundation", "application", "judgement"}
    assert min(Counter(item.topic for item in BANK).values()) >= 4


def test_the_key_stands_in_every_place_about_equally_often():
    places = Counter(
        [option.id for option in item.options].index(item.key[0]) for item in BANK if item.kind == "single"
    )
    assert set(places) == {0, 1, 2, 3}
    assert max(places.values()) <= 1.5 * min(places.values())


def test_length_does_not_give_the_key_away():
    single = [item for item in BANK if item.kind == "single"]
    longest = 0
    for item in single:
        lengths = {option.id: len(option.text) for option in item.options}
        assert max(lengths.values()) <= 1.75 * min(lengths.values()), item.id
        longest += all(lengths[item.key[0]] > length for name, length in lengths.items() if name != item.key[0])
    assert longest <= len(single) / 3


def test_true_is_right_about_as_often_as_false():
    assert Counter(item.key[0] for item in BANK if item.kind == "true_false") == {"false": 3, "true": 3}


@each_item
def test_every_option_says_why_and_differs_from_the_others(item):
    for part in item.parts:
        assert len(part.feedback.split()) >= 3, part
    if item.kind == "number":
        assert item.number.otherwise
    assert len(item.stem) <= 700, "a stem is read on a telephone, too"
    assert item.takeaway not in [part.feedback for part in item.parts]


@each_item
def test_the_clinical_rules_of_the_course_hold_in_every_text(item):
    for text in item.texts:
        assert not re.search(r"\b(mcg|IU/L|UI/L|mg/kg/day|mg/day|mg/week|mg/m²)\b", text)
        assert not re.search(r"\b(you|he|she|patient|patients) (should|must) (take|be given|receive)\b", text), "advice"
    said = " ".join(item.texts)
    if "methotrexate" in said.lower() and item.key:
        right = " ".join(option.text for option in item.options if option.id in item.key)
        assert "daily" not in right.replace("never daily", "")


# --- numbers -------------------------------------------------------------------------------------------------------


def test_every_number_of_the_bank_is_in_a_row_the_item_names_or_is_listed_as_invented():
    report = item_claims.check(LEDGER)
    assert report.findings == (), str(report)
    assert report.numbers >= 250, "the check reads what it should read"


def changed(name: str, **values: object) -> Question:
    return dataclasses.replace(next(item for item in BANK if item.id == name), **values)


def rules_broken(item: Question) -> set[str]:
    return {finding.rule for finding in item_claims.ItemChecker(LEDGER).check(item)[0]}


@pytest.mark.parametrize(
    ("name", "values", "rule"),
    [
        ("middle_value_as_cutoff", {"takeaway": "The median of the 63 adults was 5327 U/L."}, "no-row"),
        ("panel_without_hmgcr", {"fictional_numbers": ()}, "no-row"),
        ("middle_value_as_cutoff", {"takeaway": "In Japan 18 of 100 were missed."}, "no-row"),
        ("which_denominator", {"takeaway": "Of them 51 were weak and 52 were not."}, "bare"),
        ("two_prednisone_ranges", {"takeaway": "Adults are given 1–2 mg/kg/d."}, "population"),
        ("a_named_day_of_the_week", {"takeaway": "Methotrexate is taken every day."}, "methotrexate-daily"),
        ("share_of_whom", {"takeaway": "In the end 55% relapsed."}, "caveat"),
        ("linked_is_not_read", {"facts": (), "sources": ("kassardjian2015",)}, "no-link"),
    ],
)
def test_a_number_without_its_row_is_found(name, values, rule):
    assert rules_broken(changed(name)) == set()
    assert rule in rules_broken(changed(name, **values))


def test_a_fact_the_item_does_not_name_vouches_for_nothing():
    item = changed("bone_from_a_low_dose")
    low = next(option for option in item.options if option.id == "low_enough")
    options = tuple(dataclasses.replace(option, facts=()) if option is low else option for option in item.options)
    assert "no-row" in rules_broken(dataclasses.replace(item, options=options)) | rules_broken(item)
    assert rules_broken(item) == set()


def test_an_invented_number_hides_no_longer_number_that_ends_like_it():
    # 5 mg/d is invented there; 2.5 mg/d and 7.5 mg/d are not.
    item = changed("bone_from_a_low_dose", facts=())
    assert "5 mg/d" in item.fictional_numbers
    assert "no-link" in rules_broken(item)


# --- refusals ------------------------------------------------------------------------------------------------------

OPTIONS = (
    QuestionOption("one", "The first", "It is wrong."),
    QuestionOption("two", "The second", "It is right."),
    QuestionOption("three", "The third", "It is odd."),
)
PLAIN = {
    "id": "plain_item",
    "notebook": "01",
    "topic": "diagnosis",
    "objective": "Tell two things apart.",
    "kind": "single",
    "difficulty": "application",
    "stem": "Which one?",
    "takeaway": "The second.",
    "options": OPTIONS,
    "key": ("two",),
    "facts": ("kass_mono",),
}


def test_the_plain_item_is_accepted():
    assert Question(**PLAIN).key == ("two",)


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"id": "Two words"}, "id", "lower-case"),
        ({"stem": ""}, "stem", "blank"),
        ({"stem": " padded"}, "stem", "begins or ends"),
        ({"stem": "a\x07bell"}, "stem", "not printed"),
        ({"stem": "right\u202eleft"}, "stem", "not printed"),
        ({"stem": "one\n\ntwo"}, "stem", "empty paragraph"),
        ({"takeaway": "no full stop"}, "takeaway", "sentence"),
        ({"key": ()}, "key", "0 options"),
        ({"key": ("two", "one")}, "key", "2 options"),
        ({"key": ("four",)}, "key", "'four' is no option"),
        ({"kind": "multiple", "key": ("one", "two", "three")}, "key", "all of them"),
        ({"kind": "multiple", "key": ("one", "one")}, "key", "twice"),
        ({"options": OPTIONS[:2]}, "options", "3 to 6"),
        ({"options": (*OPTIONS, OPTIONS[0])}, "options", "one id"),
        ({"kind": "true_false"}, "options", "not true and false"),
        ({"kind": "number"}, "number", "is blank"),
        ({"number": NumberKey(1, 2, "mg", "Yes.", "No.")}, "number", "ask for a number"),
        ({"facts": ()}, "facts", "no fact"),
        ({"fictional_numbers": ("12 kg",)}, "fictional_numbers", "stands nowhere"),
        ({"revision": 0}, "revision", "from 1"),
        ({"tags": ("two words",)}, "tags", "words-with-hyphens"),
    ],
)
def test_a_broken_item_is_refused_in_words(values, field, reason):
    with pytest.raises(Refused) as refused:
        Question(**{**PLAIN, **values})
    assert refused.value.field == field
    assert reason in refused.value.reason


@pytest.mark.parametrize("text", ["All of the above", "None of these options", "Both of the above"])
def test_an_option_that_points_at_other_options_is_refused(text):
    with pytest.raises(Refused, match="points at other options"):
        QuestionOption("last", text, "It is wrong.")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: NumberKey(3, 2, "mg", "Yes.", "No."), "above high"),
        (lambda: NumberKey(1, 2, "mg/kg/day", "Yes.", "No."), "mg/kg/d"),
        (lambda: NumberKey(1, 2, "mg", "Yes.", "No.", slips=(NumberSlip(2, 3, "Near."),)), "reaches into"),
        (lambda: NumberSlip(3, 2, "Near."), "above high"),
    ],
)
def test_a_broken_number_key_is_refused_in_words(make, reason):
    with pytest.raises(Refused, match=re.escape(reason)):
        make()


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "data"
    shutil.copytree(store.data_folder(), place)
    return place


def refusal(folder) -> str:
    with pytest.raises(LedgerError) as refused:
        store.read_ledger(folder, rules.check)
    return str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("facts: [kass_cohort, ck_nz]", "facts: [kass_cohort, ck_mars]", "'ck_mars' does not exist"),
        ("key: [missed_nearly_half]", "key: [half]", "'half' is no option"),
        ('notebook: "00"', 'notebook: "01"', "belongs in a file of that name"),
        ("kind: single", "kind: essay", "essay"),
        ("  difficulty: application", "  hardness: 3\n  difficulty: application", "hardness"),
        ("- id: middle_value_as_cutoff", "- id: which_denominator", "occurs twice"),
        ("  kind: single\n", "  kind: single\n  kind: number\n", "cannot be read as YAML"),
        ("  kind: single\n", "  kind: [single\n", "cannot be read as YAML"),
        ("- id: middle_value_as_cutoff", "- just text\n- id: middle_value_as_cutoff", "is not an entry"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_file_and_reason(folder, old, new, words):
    path = folder / "questions" / "00.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    said = refusal(folder)
    assert said.startswith("questions") and words in said


def test_a_file_that_is_no_list_is_refused_in_words(folder):
    (folder / "questions" / "00.yaml").write_text("id: alone\n", encoding="utf-8")
    assert "questions/00.yaml: is not a list of entries" in refusal(folder)


# --- edits ---------------------------------------------------------------------------------------------------------


def test_an_edited_item_is_compiled_only_with_a_higher_revision(folder):
    path = folder / "questions" / "00.yaml"
    text = path.read_text(encoding="utf-8")
    edited = text.replace("A laboratory offers to run", "Some laboratory offers to run", 1)
    assert edited != text
    path.write_text(edited, encoding="utf-8")
    with pytest.raises(LedgerError) as refused:
        store.compile_ledger(rules.check, folder)
    assert "row middle_value_as_cutoff, field revision: the item was edited; raise it from 2 to 3" in str(refused.value)
    path.write_text(edited.replace("  revision: 2\n", "  revision: 3\n", 1), encoding="utf-8")
    store.compile_ledger(rules.check, folder)
    assert store.load(rules.check, folder).questions[0].revision == 3


def test_a_new_item_and_one_that_is_taken_out_need_no_revision(folder):
    path = folder / "questions" / "00.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("- id: middle_value_as_cutoff", "- id: another_item", 1), encoding="utf-8")
    store.compile_ledger(rules.check, folder)
    assert store.load(rules.check, folder).questions[0].id == "another_item"


def test_a_compiled_ledger_nobody_can_read_stops_no_compiling(folder):
    (folder / store.COMPILED).write_text("<<<<<<< ours\n", encoding="utf-8")
    store.compile_ledger(rules.check, folder)
    assert store.load(rules.check, folder).questions == BANK
