"""The quiz: an answer is kept before its feedback is shown, and nothing that gives a key away is there before it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

import namlib as nam
from namlib import course
from namlib.answers import Answers
from namlib.model import quiz as model
from namlib.model.quiz import answer_words, mark, select, summary
from namlib.records import Ledger, NumberKey, Question, QuestionOption, Refused
from namlib.view import quiz as view
from namlib.widgets import quiz as module
from namlib.widgets.form import Rejected
from namlib.widgets.quiz import Quiz, typed_number
from tests.live import words

BANK = course.ledger().questions
ITEMS = {item.id: item for item in BANK}
each_item = pytest.mark.parametrize("item", BANK, ids=[item.id for item in BANK])
TWO = ["which_denominator", "quoting_rim"]


def right_answer(item: Question) -> Any:
    if item.number is not None:
        return f"{item.number.low:g}"
    return list(item.key) if item.kind == "multiple" else item.key[0]


def wrong_answer(item: Question) -> Any:
    if item.number is not None:
        return f"{item.number.high + 1000.5:g}"
    others = [option.id for option in item.options if option.id not in item.key]
    return others[:1] if item.kind == "multiple" else others[0]


def send(quiz: Quiz, kind: str, **rest: Any) -> dict[str, Any]:
    """What a browser does; the page that answers can always be sent."""
    quiz.sent = {"kind": kind, "seq": quiz.sent.get("seq", 0) + 1, "view": "v", **rest}
    page: dict[str, Any] = quiz.page
    json.dumps(page, allow_nan=False)
    return page


def submit(quiz: Quiz, answer: Any) -> dict[str, Any]:
    return send(quiz, "submit", form=quiz.page["form"]["id"], values={"answer": answer})


# --- marking -------------------------------------------------------------------------------------------------------


@each_item
def test_the_key_is_right_and_anything_else_is_not(item: Question) -> None:
    right, wrong = right_answer(item), wrong_answer(item)
    if item.number is not None:
        right, wrong = float(right), float(wrong)
        assert mark(item, item.number.high).right, "both ends belong to the interval"
        for slip in item.number.slips:
            marked = mark(item, slip.low)
            assert not marked.right and marked.remarks[0].feedback == slip.feedback
        assert mark(item, wrong).remarks[0].feedback == item.number.otherwise
    good, bad = mark(item, right), mark(item, wrong)
    assert good.right and not bad.right
    assert bad.answer == answer_words(item)
    assert [remark.chosen for remark in good.remarks] == sorted([r.chosen for r in good.remarks], reverse=True)
    if item.options:
        assert {remark.id for remark in good.remarks} == {option.id for option in item.options}
        assert {remark.id for remark in good.remarks if remark.right} == set(item.key)


def test_several_keys_are_all_or_nothing() -> None:
    item = ITEMS["before_you_quote"]
    assert not mark(item, item.key[:-1]).right
    assert not mark(item, [option.id for option in item.options]).right
    assert mark(item, tuple(reversed(item.key))).right


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("quoting_rim", (), "choose an option first"),
        ("quoting_rim", "nothing", "is no option"),
        ("quoting_rim", ("add_missed", "round_it"), "choose one option"),
        ("quoting_rim", 3, "is the id of an option"),
        ("quoting_rim", [3], "is the id of an option"),
        ("before_you_quote", ("whose", "whose"), "twice"),
        ("which_denominator", "66", "asks for a number in patients"),
        ("which_denominator", True, "asks for a number"),
        ("which_denominator", float("nan"), "not infinite"),
        ("which_denominator", float("inf"), "not infinite"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_in_words(name: str, given: Any, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        mark(ITEMS[name], given)
    assert refused.value.field == name and reason in refused.value.reason


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("66", "{patient}", 66),
        (" 66 patients ", "{patient}", 66),
        ("1 patient", "{patient}", 1),
        ("7.5", "{score}", 7.5),
        ("7,5 points", "{score}", 7.5),
        ("10 %", "%", 10),
        ("10 percent", "%", 10),
        ("-3", "mg", -3),
        ("\N{MINUS SIGN}3", "mg", -3),
        ("160 mg/d", "mg/d", 160),
        ("1,234,567", "U/L", 1234567),
        ("12,000.5", "U/L", 12000.5),
        (".5", "g", 0.5),
    ],
)
def test_a_number_is_read_as_it_is_typed(text: str, unit: str, value: float) -> None:
    assert typed_number(text, unit) == value


@pytest.mark.parametrize(
    "text", ["", "ten", "1 2x", "1e5000", "0x10", "1/2", "140 mg", "nan", "inf", "<b>1</b>", "12,000"]
)
def test_a_number_that_is_none_or_is_two_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        typed_number(text, "g")


# --- choosing ------------------------------------------------------------------------------------------------------


def test_items_are_chosen_by_topic_notebook_level_tag_and_name() -> None:
    assert all(item.topic == "diagnosis" for item in select(BANK, topic="diagnosis"))
    assert {item.notebook for item in select(BANK, notebook="04")} == {"04"}
    assert select(BANK, items=["quoting_rim", "which_denominator", "quoting_rim"]) == (
        ITEMS["quoting_rim"],
        ITEMS["which_denominator"],
    )
    assert all("statin" in item.tags for item in select(BANK, tag="statin"))
    assert select(BANK, items="quoting_rim") == (ITEMS["quoting_rim"],)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"topic": "gossip"}, "known: diagnosis"),
        ({"notebook": "1"}, "known: 00"),
        ({"difficulty": "easy"}, "known: application"),
        ({"tag": "gossip"}, "known: age"),
        ({"items": ["quoting_rin"]}, "did you mean quoting_rim"),
        ({"items": []}, "no item fits"),
        ({"notebook": "00", "topic": "diagnosis"}, "no item fits"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(wanted: dict[str, Any], reason: str) -> None:
    for ask in (lambda: select(BANK, **wanted), lambda: nam.questions(**wanted), lambda: Quiz(**wanted)):
        with pytest.raises(Refused, match=reason):
            ask()


def test_the_list_for_notebooks_gives_nothing_away() -> None:
    table = nam.questions(notebook="02")
    assert repr(table) == "Items of the bank: 15 items"
    said = words(table._repr_html_()) + json.dumps(table.to_dict()) + table.to_frame().to_csv()
    for item in select(BANK, notebook="02"):
        assert item.takeaway not in said
        for part in item.parts:
            assert part.feedback not in said


# --- secrecy -------------------------------------------------------------------------------------------------------


def everything_sent(quiz: Quiz) -> str:
    """All that reaches a browser or a notebook file: traits, and every form of the output."""
    state = {name: value for name, value in quiz.get_state().items() if name not in ("_esm", "_css", "layout")}
    data, _ = quiz._repr_mimebundle_()
    return json.dumps([state, data], default=str, ensure_ascii=False) + words(data["text/html"]) + repr(quiz)


@pytest.mark.parametrize("notebook", ["00", "01", "02", "03", "04", "05", "06"])
def test_nothing_that_gives_a_key_away_is_sent_before_the_answer(notebook: str) -> None:
    quiz = Quiz(notebook=notebook)
    items = select(BANK, notebook=notebook)
    for number, item in enumerate(items):
        sent = everything_sent(quiz)
        assert quiz.page["form"]["id"].endswith(item.id)
        for later in items[number:]:
            assert later.takeaway not in sent
            assert "key" not in json.dumps(quiz.page["form"])
            for text in [part.feedback for part in later.parts] + ([later.number.otherwise] if later.number else []):
                assert text not in sent and json.dumps(text, ensure_ascii=False)[1:-1] not in sent
        submit(quiz, right_answer(item))
    assert quiz.page["form"] is None
    assert all(words(item.takeaway) in words(quiz.page["blocks"][place]["html"]) for place, item in enumerate(items))


def test_options_are_sent_alike_whether_they_are_the_key_or_not() -> None:
    quiz = Quiz(items=["quoting_rim"])
    (field,) = quiz.page["form"]["fields"]
    assert {tuple(sorted(option)) for option in field["options"]} == {("group", "label", "note", "value")}
    assert {option["note"] + option["group"] for option in field["options"]} == {""}


def test_a_page_without_a_kernel_has_the_stems_and_no_key_even_after_answers() -> None:
    quiz = Quiz(notebook="03")
    fresh = quiz.still()
    for item in select(BANK, notebook="03"):
        assert " ".join(item.stem.split()) in " ".join(words(fresh).split())
    quiz.answer(answer=right_answer(ITEMS["what_eight_patients_show"]))
    assert quiz.still() == fresh, "a notebook file carries no learner's answer"


# --- answering -----------------------------------------------------------------------------------------------------


@each_item
def test_after_an_answer_every_option_is_spoken_of_with_its_sources(item: Question) -> None:
    quiz = Quiz(items=[item.id])
    page = submit(quiz, wrong_answer(item))
    shown = page["blocks"][0]["html"]
    said = " ".join(words(shown).split())
    assert said.startswith("\N{MULTIPLICATION X} Not right: question 1 of 1")
    parts = item.parts if item.number is None else (item.number, *item.number.slips)
    for part in parts:
        assert part.feedback in said
    assert item.takeaway in said and answer_words(item) in said
    assert page["said"].startswith("Not right. ") and page["said"].endswith("Saved.")
    cites = course.bibliography()
    facts = {fact.id: fact for fact in course.ledger().facts}
    for name in item.all_facts:
        assert facts[name].statement in said
        assert str(cites.links(facts[name].sources)) in shown


def test_the_feedback_of_the_choice_comes_first_and_in_the_live_region() -> None:
    quiz = Quiz(items=["quoting_rim"])
    chosen = next(option for option in ITEMS["quoting_rim"].options if option.id == "add_interval")
    page = submit(quiz, "add_interval")
    said = " ".join(words(page["blocks"][0]["html"]).split())
    places = [said.index(option.feedback) for option in ITEMS["quoting_rim"].options]
    assert said.index(chosen.feedback) == min(places)
    assert chosen.feedback in page["said"] and "The answer is: Add that the end point" in page["said"]


def test_an_answer_that_is_none_stays_open_with_its_reason_beside_the_field() -> None:
    quiz = Quiz(items=TWO)
    page = submit(quiz, "sixty-six")
    assert page["errors"] == {"answer": "'sixty-six' is not a number"} and page["blocks"] == []
    assert submit(quiz, "")["errors"] and submit(quiz, None)["errors"] and submit(quiz, ["66"])["errors"]
    page = submit(quiz, "66 patients")
    assert page["errors"] == {} and len(page["blocks"]) == 1
    for hostile in ("zzz", ["add_missed"], {"a": 1}, "<script>"):
        assert submit(quiz, hostile)["errors"]
    with pytest.raises(Rejected, match="'choice' is not asked"):
        quiz.answer(choice="add_missed")


def test_a_question_may_be_put_off_and_comes_again() -> None:
    quiz = Quiz(notebook="00")
    first = quiz.page["form"]["id"]
    page = send(quiz, "action", name="skip")
    assert page["form"]["id"] != first and page["said"] == "Question 1 comes again at the end."
    while quiz.page["form"]["id"] != first:
        submit(quiz, right_answer(ITEMS[quiz.page["form"]["id"].partition("/")[2]]))
    assert len(quiz.page["blocks"]) == 6
    assert [one["name"] for one in quiz.page["actions"]] == ["again"], "the last one cannot be put off"


def test_the_end_sums_up_by_objective() -> None:
    quiz = Quiz(items=TWO)
    submit(quiz, "109")
    page = submit(quiz, "add_missed")
    assert page["form"] is None and repr(quiz) == "Quiz: 1 right of 2 answered"
    said = " ".join(words(page["blocks"][-1]["html"]).split())
    assert "All answered: 1 of 2 right" in said
    again = said.partition("Worth another look:")[2].partition(".nam-table")[0]
    assert again.strip() == "Find the denominator that belongs to a share."
    assert quiz.result.to_dict()["items"][0]["right"] is False
    with pytest.raises(Rejected, match="nothing left"):
        quiz.answer(answer="x")


def test_a_summary_counts_open_items_and_ignores_others() -> None:
    items = select(BANK, items=TWO)
    marks = {
        "quoting_rim": mark(items[1], "round_it"),
        "what_a_trial_carries": mark(ITEMS["what_a_trial_carries"], "steroid"),
    }
    result = summary(items, marks)
    assert (result.right, result.answered, len(result.lines)) == (0, 1, 2)
    assert repr(result) == "Quiz: 0 right of 1 answered, 1 open"
    assert repr(summary(items[:1], {})) == "Quiz: 1 item, none answered yet"


# --- keeping -------------------------------------------------------------------------------------------------------


def test_answers_are_kept_before_feedback_and_the_quiz_goes_on_where_it_was(tmp_path) -> None:
    kept = Answers(tmp_path / "mine.sqlite")
    quiz = Quiz(items=TWO, answers=kept)
    submit(quiz, "66")
    saved = Answers(tmp_path / "mine.sqlite").history()
    assert [(one.item, one.answer) for one in saved] == [
        ("1/which_denominator", {"given": 66.0, "right": True, "revision": ITEMS["which_denominator"].revision})
    ]
    later = Quiz(items=TWO, answers=Answers(tmp_path / "mine.sqlite"))
    assert repr(later) == "Quiz: 1 right of 1 answered, 1 open"
    assert later.page["blocks"] == quiz.page["blocks"] and later.page["form"]["id"] == "1/quoting_rim"


def test_what_another_kernel_answered_is_not_answered_twice(tmp_path) -> None:
    one, other = (Quiz(items=TWO, answers=Answers(tmp_path / "mine.sqlite")) for _ in range(2))
    submit(one, "66")
    page = submit(other, "109")
    assert page["said"] == module.ELSEWHERE and len(page["blocks"]) == 1
    assert len(Answers(tmp_path / "mine.sqlite").history()) == 1


def test_starting_again_keeps_the_history(tmp_path) -> None:
    kept = Answers(tmp_path / "mine.sqlite")
    quiz = Quiz(items=TWO, answers=kept)
    submit(quiz, "109")
    page = send(quiz, "action", name="again")
    assert page["blocks"] == [] and page["form"]["id"] == "2/which_denominator"
    submit(quiz, "66")
    assert [one.item for one in kept.history()] == ["1/which_denominator", "2/start", "2/which_denominator"]
    assert repr(Quiz(items=TWO, answers=kept)) == "Quiz: 1 right of 1 answered, 1 open"


def test_quizzes_on_different_choices_do_not_share_answers(tmp_path) -> None:
    kept = Answers(tmp_path / "mine.sqlite")
    Quiz(notebook="00", answers=kept).answer(answer="missed_nearly_half")
    assert repr(Quiz(answers=kept)) == f"Quiz: {len(BANK)} items, none answered yet"
    assert {one.activity for one in kept.history()} == {"quiz/00"}


def test_answers_can_be_taken_along() -> None:
    quiz = Quiz(items=TWO)
    assert quiz.page["files"] == []
    submit(quiz, "66")
    messages: list[dict[str, Any]] = []
    quiz.send = messages.append
    send(quiz, "file", name="quiz-answers.csv")
    send(quiz, "file", name="quiz-answers.json")
    assert "which_denominator" in messages[0]["text"]
    assert json.loads(messages[1]["text"])["answers"][0]["answer"]["right"] is True


def test_answers_that_cannot_be_kept_are_said_to_be_lost_with_the_kernel(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    quiz = Quiz(items=TWO, answers=Answers(tmp_path / "file" / "mine.sqlite"))
    page = submit(quiz, "66")
    assert "Not saved. " in page["said"] and page["trouble"]
    assert len(page["blocks"]) == 1, "the quiz goes on"


def with_bank(monkeypatch: pytest.MonkeyPatch, *questions: Question) -> None:
    held = course.ledger()
    parts: dict[str, Any] = {field.name: getattr(held, field.name) for field in dataclasses.fields(Ledger)}
    changed = Ledger(**{**parts, "questions": questions})
    monkeypatch.setattr(module.course, "ledger", lambda: changed)


def test_an_edited_item_is_marked_anew_and_one_whose_answer_is_gone_is_asked_again(tmp_path, monkeypatch) -> None:
    kept = Answers(tmp_path / "mine.sqlite")
    item = ITEMS["quoting_rim"]
    Quiz(items=["quoting_rim"], answers=kept).answer(answer="add_interval")
    with_bank(monkeypatch, dataclasses.replace(item, key=("add_interval",), revision=item.revision + 1))
    quiz = Quiz(items=["quoting_rim"], answers=kept)
    assert repr(quiz) == "Quiz: 1 right of 1 answered" and quiz.page["notes"] == [module.EDITED]
    fewer = tuple(option for option in item.options if option.id != "add_interval")
    with_bank(monkeypatch, dataclasses.replace(item, options=fewer, revision=item.revision + 2))
    quiz = Quiz(items=["quoting_rim"], answers=kept)
    assert quiz.page["form"]["id"] == "1/quoting_rim" and module.UNFIT in quiz.page["notes"]


# --- words ---------------------------------------------------------------------------------------------------------


def test_every_text_of_an_item_is_escaped(monkeypatch) -> None:
    script = "<script>alert(1)</script>"
    item = Question(
        id="hostile",
        notebook="01",
        topic="diagnosis",
        objective=script,
        kind="single",
        difficulty="application",
        stem=f"{script} & so on. Which {script}?",
        takeaway=f"{script} and out.",
        options=tuple(
            QuestionOption(name, f"{script} {name}", f"{script} {name}.") for name in ("one", "two", "three")
        ),
        key=("two",),
        facts=("kass_mono",),
    )
    number = dataclasses.replace(
        item,
        id="number",
        kind="number",
        options=(),
        key=(),
        number=NumberKey(1, 1, "mg", f"{script}.", f"{script} or."),
    )
    with_bank(monkeypatch, item, number)
    quiz = Quiz()
    submit(quiz, "one")
    submit(quiz, "5")
    shown = "".join(block["html"] for block in quiz.page["blocks"]) + quiz.still()
    assert "<script" not in shown and shown.count("&lt;script&gt;") >= 12


def test_the_question_itself_labels_the_answers() -> None:
    for item in BANK:
        before, asking = view.parted(item)
        stem = " ".join(item.stem.split())
        assert asking and " ".join(f"{before} {asking}".split()) in (stem, f"{before} True or false?")
        assert len(asking) <= 200, item.id


def test_the_remarks_on_a_number_name_what_they_are_said_to() -> None:
    item = ITEMS["ivig_course_at_seventy"]
    remarks = {remark.text: remark for remark in model.mark(item, 28).remarks}
    assert list(remarks) == ["28", "140", "280 to 700"]
    assert remarks["28"].chosen and remarks["140"].right
