"""What leaves the course can be read by others: each export, read by another reader, gives back what went in."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namlib import store
from namlib.__main__ import main
from namlib.export.questions import FORMATS, Unavailable, export, save
from namlib.model import rules
from namlib.records import NumberKey, NumberSlip, Question, QuestionOption
from tests import readers

LEDGER = store.load(rules.check)
BANK = LEDGER.questions
LABELS = {source.key: source for source in LEDGER.sources}
each_format = pytest.mark.parametrize("format", list(FORMATS))

HOSTILE = (
    "a {brace} = ~tilde #hash :colon: \\back \\n \\\\ \\= end",
    "<b>bold</b> & &amp; &lt; \"double\" 'single' </script><script>alert(1)</script>",
    "$x^2$ and $$y$$ and \\(z\\) and %50% and 50% of %",
    "*star* _under_ `code` # head 1. list - item > quote [link](http://example.org) ![image](x.png)",
    "::name:: {=right ~wrong} // comment ####closing -> {T} {#5..6}",
    "µ ≥ ½ Ω é ß 漢字 العربية \U0001f9ea – — ’ “quoted”",
    "[html]<p>not HTML</p> [plain] [moodle]",
    "{{Stem}} {{c1::cloze}} ]]> <!-- comment --> <![CDATA[x]]>",
    "text2qti: Title: x ... + - = [1, 2] * a) b) ___ ^^^ END_GROUP \\SI{5}{mg}",
)


def hostile_item(number: int, text: str) -> Question:
    return Question(
        id=f"hostile_{number}",
        notebook="01",
        topic="diagnosis",
        objective=f"Objective {text}",
        kind="multiple" if number % 2 else "single",
        difficulty="application",
        stem=f"{text}\nsecond paragraph: {text}",
        takeaway=f"{text} in short.",
        options=(
            QuestionOption("one", f"{text} one", f"{text} is wrong."),
            QuestionOption("two", f"two {text}", f"Right: {text}."),
            QuestionOption("three", f"{text} three {text}", f"{text} - no."),
        ),
        key=("two",),
        facts=("kass_mono",),
    )


def hostile_number(text: str) -> Question:
    return Question(
        id="hostile_number",
        notebook="02",
        topic="doses and populations",
        objective="Count.",
        kind="number",
        difficulty="application",
        stem=text,
        takeaway=f"{text} counted.",
        number=NumberKey(
            -1.5, 2.25, "mg", f"{text} yes.", f"{text} otherwise.", slips=(NumberSlip(3, 3, f"{text} slip."),)
        ),
        facts=("kass_mono",),
    )


def hostile_truth(text: str) -> Question:
    return Question(
        id="hostile_truth",
        notebook="02",
        topic="diagnosis",
        objective="Judge.",
        kind="true_false",
        difficulty="application",
        stem=text,
        takeaway=f"{text} judged.",
        options=(QuestionOption("true", "True", f"{text} no."), QuestionOption("false", "False", f"{text} yes.")),
        key=("false",),
        facts=("kass_mono",),
    )


HOSTILES = (
    *(hostile_item(place, text) for place, text in enumerate(HOSTILE)),
    hostile_number(HOSTILE[0]),
    hostile_truth(HOSTILE[1]),
)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def check(format: str, item: Question, read: readers.Read) -> None:
    """Hold an item that came back against the one that went out."""
    assert read.name == item.id
    unit = [] if item.number is None else [read.stem[-1]]
    assert [squeezed(text) for text in read.stem] == [squeezed(text) for text in (*item.stem.split("\n"), *unit)]
    if unit:
        assert unit[0].startswith("Answer in ")
    if item.options:
        texts = [squeezed(option.text) for option in item.options]
        if item.kind == "true_false":
            assert [text.lower() for text, _, _ in read.options] == ["true", "false"]
        else:
            assert [squeezed(text) for text, _, _ in read.options] == texts
        assert [squeezed(said) for _, _, said in read.options] == [squeezed(option.feedback) for option in item.options]
        assert [share > 0 for _, share, _ in read.options] == [option.id in item.key for option in item.options]
        if format in ("moodle", "gift"):
            assert sum(share for _, share, _ in read.options if share > 0) == pytest.approx(100, abs=0.001)
            if item.kind == "multiple":
                assert sum(share for _, share, _ in read.options) == pytest.approx(0, abs=0.001), (
                    "all chosen earns none"
                )
    assert squeezed(item.takeaway) in squeezed(read.closing)
    for name in item.all_facts:
        for key in next(fact for fact in LEDGER.facts if fact.id == name).sources:
            assert LABELS[key].label in squeezed(read.closing)
    if item.number is not None and format != "anki":
        low, high, share, said = read.spans[0]
        assert (low, high) == pytest.approx((item.number.low, item.number.high), abs=1e-9)
        assert share == 100
        assert squeezed(said) == squeezed(item.number.feedback)
        assert squeezed(read.otherwise) == squeezed(item.number.otherwise)
        if format != "qti":
            for (low, high, share, said), slip in zip(read.spans[1:], item.number.slips, strict=True):
                assert (low, high) == pytest.approx((slip.low, slip.high), abs=1e-9)
                assert share == 0
                assert squeezed(said) == squeezed(slip.feedback)
    elif item.number is not None:
        slips = [squeezed(slip.feedback) for slip in item.number.slips]
        said = [squeezed(text) for _, text in read.extra["said"]]
        assert said == [squeezed(item.number.feedback), *slips, squeezed(item.number.otherwise)]
        assert read.extra["said"][0][0] == 100


@each_format
def test_every_item_comes_back_as_it_went_out(format: str) -> None:
    made = export(format, BANK, LEDGER)
    found = readers.READERS[format](made.content)
    assert len(found) == len(BANK) == made.items
    for item, read in zip(BANK, found, strict=True):
        check(format, item, read)


@each_format
def test_hostile_characters_come_back_as_text(format: str) -> None:
    found = readers.READERS[format](export(format, HOSTILES, LEDGER).content)
    assert len(found) == len(HOSTILES)
    for item, read in zip(HOSTILES, found, strict=True):
        check(format, item, read)


_CHARACTERS = st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
_WORDS = st.lists(st.text(_CHARACTERS, min_size=1, max_size=12), min_size=1, max_size=6).map(" ".join)


@each_format
@settings(max_examples=40, deadline=None)
@given(text=_WORDS)
def test_any_printable_text_comes_back(format: str, text: str) -> None:
    if any(word in text.lower() for word in ("of the above", "of these")):
        return
    items = (hostile_item(1, text), hostile_number(text), hostile_truth(text))
    found = readers.READERS[format](export(format, items, LEDGER).content)
    for item, read in zip(items, found, strict=True):
        check(format, item, read)


@each_format
def test_the_same_bank_gives_the_same_bytes_in_another_process(format: str, tmp_path: Path) -> None:
    path = tmp_path / "other"
    done = subprocess.run(
        [sys.executable, "-m", "namlib", "questions", "export", format, "--out", str(path)],
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == export(format, BANK, LEDGER).content
    assert [held.name for held in tmp_path.iterdir()] == ["other"], "no half file beside it"
    assert f"{len(BANK)} items" in done.stdout and done.stdout.count("not carried:") >= 4


@pytest.mark.parametrize("format", ["qti", "anki"])
def test_an_archive_carries_no_time_of_day(format: str) -> None:
    content = export(format, BANK[:3], LEDGER).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {held.date_time for held in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        texts = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".xml"))
    assert b"dateTime>2" not in texts and b"Private (Copyrighted)" not in texts


@each_format
def test_an_exporter_says_what_it_cannot_carry(format: str) -> None:
    made = export(format, BANK, LEDGER)
    assert len(made.lost) >= 4
    assert all(line == line.strip() and not line.endswith(".") for line in made.lost)
    assert str(made.items) in repr(made)
    assert {"moodle": "tolerance", "gift": "comment", "qti": "particular wrong numbers"}.get(format, "") in " ".join(
        made.lost
    )


# --- single formats ------------------------------------------------------------------------------------------------


def test_moodle_gets_categories_id_numbers_tags_and_units() -> None:
    found = {read.name: read for read in readers.moodle(export("moodle", BANK, LEDGER).content)}
    item = next(item for item in BANK if item.id == "ivig_course_at_seventy")
    held = found[item.id].extra
    assert held["kind"] == "numerical" and held["unit"] == "g" and held["name"] == item.objective
    assert {"ivig", "notebook-02", "doses-and-populations", "foundation"} <= set(held["tags"])
    assert found["what_a_trial_carries"].extra["single"] == "true"
    assert found["before_you_quote"].extra["single"] == "false"


def test_jupyterquiz_keeps_the_rules_of_its_schemas_and_its_own_reading_of_ranges() -> None:
    for read in readers.jupyterquiz(export("jupyterquiz", (*BANK, *HOSTILES), LEDGER).content):
        assert readers.jupyterquiz_problems(read.extra["raw"]) == []
        assert not {"script", "b", "img"} & readers.tags_of(read.extra["raw"]["question"])
        assert "$" not in read.extra["raw"]["question"], "a dollar sign would become mathematics"
        for answer in read.extra["raw"]["answers"]:
            if "range" in answer and answer["correct"]:
                item = next(item for item in (*BANK, *HOSTILES) if item.id == read.name)
                assert item.number is not None
                # jupyterquiz takes low <= x < high.
                low, high = answer["range"]
                assert low <= item.number.low < high and low <= item.number.high < high


def test_the_rules_of_the_schemas_are_not_vacuous() -> None:
    assert readers.jupyterquiz_problems({"question": 1, "type": "essay", "answers": []}) != []
    assert readers.jupyterquiz_problems({"question": "", "type": "multiple_choice", "answers": [{"answer": "x"}]}) != []


def test_a_qti_package_keeps_stable_identifiers_after_an_edit() -> None:
    item = next(item for item in BANK if item.id == "quoting_rim")
    edited = dataclasses.replace(item, stem=item.stem + " Say why.", revision=item.revision + 1)
    (before,) = readers.qti(export("qti", [item], LEDGER).content)
    (after,) = readers.qti(export("qti", [edited], LEDGER).content)
    assert before.extra["ident"] == after.extra["ident"] and before.stem != after.stem


def test_an_item_that_qti_cannot_carry_is_left_out_and_named() -> None:
    item = next(item for item in BANK if item.id == "which_denominator")
    zero = dataclasses.replace(item, number=NumberKey(0, 1, "mg", "Yes.", "No."))
    made = export("qti", [zero, BANK[0]], LEDGER)
    assert made.items == 1
    assert any(line.startswith("item which_denominator:") and "zero" in line for line in made.lost)
    with pytest.raises(ValueError, match="no item"):
        export("qti", [zero], LEDGER)


# --- Anki ----------------------------------------------------------------------------------------------------------


def imported(collection: dict[str, readers.Note], content: bytes) -> dict[str, readers.Note]:
    """What Anki's import does with its default settings: known by guid; the newer note wins; others are added.

    The package ``anki`` is not part of this project's environment, so its rule is written out here.
    """
    held = dict(collection)
    for note in readers.anki_notes(content):
        mine = held.get(note.guid)
        if mine is None or (note.changed > mine.changed and note.model == mine.model):
            held[note.guid] = note
    return held


def test_importing_an_edited_deck_updates_and_does_not_double() -> None:
    item = next(item for item in BANK if item.id == "quoting_rim")
    options = (dataclasses.replace(item.options[0], feedback="Another word on it."), *item.options[1:])
    edited = dataclasses.replace(item, stem="Another stem?", options=options, revision=item.revision + 1)
    bank = [edited if held is item else held for held in BANK]
    first = imported({}, export("anki", BANK, LEDGER).content)
    second = imported(first, export("anki", bank, LEDGER).content)
    assert len(first) == len(second) == len(BANK)
    changed = [guid for guid in first if first[guid].fields != second[guid].fields]
    assert [second[guid].fields["Id"] for guid in changed] == ["quoting_rim"]
    assert second[changed[0]].fields["Stem"] == "<p>Another stem?</p>"
    assert imported(second, export("anki", bank, LEDGER).content) == second, "once more changes nothing"


def test_an_edit_without_a_new_revision_reaches_nobody_which_is_why_it_is_refused_when_compiled() -> None:
    item = dataclasses.replace(BANK[0], takeaway="Another point.")
    first = imported({}, export("anki", BANK[:1], LEDGER).content)
    assert imported(first, export("anki", [item], LEDGER).content) == first


def test_anki_ids_do_not_depend_on_order_or_on_the_rest_of_the_bank() -> None:
    everything = {note.fields["Id"]: note for note in readers.anki_notes(export("anki", BANK, LEDGER).content)}
    alone = readers.anki_notes(export("anki", [BANK[40]], LEDGER).content)[0]
    other = everything[BANK[40].id]
    assert (alone.guid, alone.model, alone.deck, alone.changed) == (other.guid, other.model, other.deck, other.changed)
    assert len({note.guid for note in everything.values()}) == len(BANK)
    assert len({note.deck for note in everything.values()}) == len({item.notebook for item in BANK}) == 7
    assert len({note.model for note in everything.values()}) == 1


def test_the_guids_of_anki_are_those_once_given_out() -> None:
    # Written down so that a change of how they are made cannot go unnoticed: learners' decks hold them.
    guids = {note.fields["Id"]: note.guid for note in readers.anki_notes(export("anki", BANK[:2], LEDGER).content)}
    assert guids == {"middle_value_as_cutoff": "r:T:6}5x2s", "which_denominator": "f#;4Y%)0gM"}


# --- refusals and the command line ---------------------------------------------------------------------------------


def test_an_unknown_format_lists_those_there_are() -> None:
    with pytest.raises(KeyError, match="moodle, gift, qti, anki, jupyterquiz"):
        export("word", BANK, LEDGER)


@pytest.mark.parametrize("format", ["qti", "anki"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(format: str, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr("namlib.export.questions.find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"namlib\[exchange\]") as refused:
        export(format, BANK, LEDGER)
    assert FORMATS[format].needs in str(refused.value)
    assert main(["questions", "export", format, "--out", str(tmp_path / "x")]) == 1
    assert "namlib[exchange]" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_formats_without_a_package_need_none(monkeypatch) -> None:
    monkeypatch.setattr("namlib.export.questions.find_spec", lambda name: None)
    for format in ("moodle", "gift", "jupyterquiz"):
        assert export(format, BANK[:2], LEDGER).items == 2


def test_the_list_shows_no_key_and_counts(capsys) -> None:
    assert main(["questions", "list", "--notebook", "03"]) == 0
    said = capsys.readouterr().out
    assert "quoting_rim: Quote a negative trial" in said and said.strip().endswith("13 items")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--topic", "gossip"], "known: diagnosis"),
        (["list", "--notebook", "99"], "known: 00"),
        (["export", "gift", "--out", "/nowhere/at/all.gift"], "No such file"),
    ],
)
def test_a_wrong_command_is_answered_in_words(arguments, words, capsys) -> None:
    assert main(["questions", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_failed_write_leaves_the_older_file_whole(tmp_path, monkeypatch) -> None:
    path = tmp_path / "bank.gift"
    made = export("gift", BANK[:1], LEDGER)
    save(made, path)
    monkeypatch.setattr(Path, "replace", lambda self, target: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(export("gift", BANK[:2], LEDGER), path)
    assert path.read_bytes() == made.content
    assert [held.name for held in tmp_path.iterdir()] == ["bank.gift"]
