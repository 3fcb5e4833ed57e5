"""An answer that was said to be saved is there afterwards, whatever happened to the process, the file or the folder."""

from __future__ import annotations

import builtins
import csv
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from namlib import answers as module
from namlib.answers import Answers, place
from namlib.records import Refused

ROOT = Path(__file__).resolve().parents[1]
AWKWARD = {
    "text": "<script>alert(1)</script> ½ \u2028 \x00 🙂\n\"'",
    "list": [1, 2.5, None, True],
    "deep": {"a": {"b": []}},
}

ANSWERING = """
import sys
from itertools import count
from pathlib import Path
from namlib.answers import Answers
answers = Answers(Path(sys.argv[1]))
for number in count():
    saved = answers.save("case/one", f"{sys.argv[2]}/{number}", {"number": number, "words": "x" * (number % 700)})
    assert saved.kept, answers.trouble
    print("saved", number, flush=True)
    if number + 1 == int(sys.argv[3]):
        break
"""


def answering(path: Path, who: str, times: int = 10**9) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ANSWERING, str(path), who, str(times)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def said(process: subprocess.Popen[str]) -> list[int]:
    """The numbers that were said to be saved; a line that the kill cut short says nothing."""
    assert process.stdout is not None
    return [int(line.split()[1]) for line in process.stdout if line.endswith("\n")]


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "über mich" / "answers.sqlite"


def test_an_answer_comes_back_as_it_was_given(path: Path) -> None:
    saved = Answers(path).save("case/one", "differential", AWKWARD)
    assert saved.kept
    found = Answers(path).latest("case/one")["differential"]
    assert found == saved
    assert found.answer == AWKWARD
    assert found.saved_at.utcoffset() is not None
    assert found.course_version and found.data_version != "unknown"


def test_answers_are_only_added_and_the_last_one_counts(path: Path) -> None:
    answers = Answers(path)
    for item, answer in (("a", 1), ("b", 2), ("a", 3)):
        answers.save("case/one", item, {"answer": answer})
    answers.save("case/two", "a", {"answer": 4})
    assert {item: saved.answer["answer"] for item, saved in answers.latest("case/one").items()} == {"a": 3, "b": 2}
    assert [saved.answer["answer"] for saved in answers.history("case/one")] == [1, 2, 3]
    assert [saved.answer["answer"] for saved in answers.history()] == [1, 2, 3, 4]


def test_the_order_is_that_of_answering_even_when_the_clock_goes_back(path: Path, monkeypatch: Any) -> None:
    class Backwards(module.datetime):  # type: ignore[misc,name-defined]
        day = 9

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            cls.day -= 1
            return cls(2026, 1, cls.day, tzinfo=tz)

    monkeypatch.setattr(module, "datetime", Backwards)
    answers = Answers(path)
    for number in range(3):
        answers.save("case/one", "a", {"number": number})
    assert [saved.answer["number"] for saved in answers.history()] == [0, 1, 2]


def test_forgetting_deletes_one_activity_and_counts(path: Path) -> None:
    answers = Answers(path)
    assert answers.forget("case/one") == 0
    assert not path.exists(), "forgetting nothing makes no file"
    for activity in ("case/one", "case/one", "case/two"):
        answers.save(activity, "a", {})
    assert answers.forget("case/one") == 2
    assert [saved.activity for saved in Answers(path).history()] == ["case/two"]


def test_looking_makes_no_file(path: Path) -> None:
    assert Answers(path).history() == ()
    assert Answers(path).latest("case/one") == {}
    assert not path.parent.exists()


# --- nothing is lost


def test_a_process_killed_at_a_hundred_random_moments_loses_nothing_it_called_saved(tmp_path: Path) -> None:
    moments = random.Random(20261122)
    kept = 0
    for moment in range(100):
        # Half of them into one growing file, after it has begun; half while a new file is being made.
        early = moment % 2 == 0
        file = tmp_path / (f"new-{moment}.sqlite" if early else "grows.sqlite")
        process = answering(file, str(moment))
        assert process.stdout is not None
        first = [] if early else [int(process.stdout.readline().split()[1])]
        time.sleep(moments.uniform(0.05, 0.35) if early else moments.uniform(0, 0.05))
        process.kill()
        numbers = first + said(process)
        assert process.wait() != 0
        process.stdout.close()
        if not file.exists():
            assert numbers == []
            continue
        answers = Answers(file)
        found = [saved for saved in answers.history() if saved.item.startswith(f"{moment}/")]
        assert [saved.answer["number"] for saved in found][: len(numbers)] == numbers
        # The kill may fall between saving and saying, so one more may be there, and it is whole.
        assert len(found) - len(numbers) in (0, 1)
        assert answers.notes == () and answers.trouble == ""
        assert is_sound(file)
        kept += len(numbers)
    assert kept > 100, "hardly anything was saved, so hardly anything was tried"
    assert not list(tmp_path.glob("*damaged*"))


def test_two_processes_and_two_threads_may_answer_at_once(path: Path) -> None:
    processes = [answering(path, who, 60) for who in ("one", "two")]
    held: list[Any] = []

    def answer(who: str) -> None:
        answers = Answers(path)
        held.extend(answers.save("case/one", f"{who}/{number}", {"number": number}) for number in range(30))

    threads = [threading.Thread(target=answer, args=(who,)) for who in ("three", "four")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        assert said(process) == list(range(60))
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()
    assert all(saved.kept for saved in held)
    found = Answers(path).history("case/one")
    for who, times in (("one", 60), ("two", 60), ("three", 30), ("four", 30)):
        assert [saved.answer["number"] for saved in found if saved.item.startswith(f"{who}/")] == list(range(times))
    assert is_sound(path)


def test_one_that_waits_too_long_for_another_keeps_the_answer_and_writes_it_with_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_S", 0.05)
    answers = Answers(path)
    answers.save("case/one", "a", {"number": 1})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        waiting = answers.save("case/one", "b", {"number": 2})
        assert not waiting.kept and not answers.kept
        assert "only until the kernel ends" in answers.trouble
        other.execute("COMMIT")
    assert answers.latest("case/one")["b"].answer == {"number": 2}
    assert answers.save("case/one", "c", {"number": 3}).kept
    assert answers.kept and answers.trouble == ""
    with closing(sqlite3.connect(path)) as connection:
        assert [row[0] for row in connection.execute("SELECT item FROM answers ORDER BY id")] == ["a", "b", "c"]


# --- where there is no room, no folder, no SQLite


def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder nobody may write to; root may, so SQLite is told instead."""
    real = sqlite3.connect

    def connect(file: Any, **options: Any) -> Any:
        return real(f"{Path(file).as_uri()}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)


def test_a_folder_that_cannot_be_written_to_is_said_and_what_was_there_is_still_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(path).save("case/one", "a", {"number": 1})
    read_only(monkeypatch)
    answers = Answers(path)
    assert not answers.save("case/one", "b", {"number": 2}).kept
    assert [saved.answer["number"] for saved in answers.history()] == [1, 2]
    assert "only until the kernel ends" in answers.trouble and "readonly" in answers.trouble
    assert list(Answers(path).latest("case/one")) == ["a", "b"], "an explorer shown again still has it"
    assert repr(answers) == "Answers: 1 kept, 1 in memory only"
    monkeypatch.undo()
    assert answers.save("case/one", "c", {"number": 3}).kept
    assert Answers(path).kept and [saved.kept for saved in Answers(path).history()] == [True] * 3


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_closed_by_its_permissions_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    answers = Answers(tmp_path / "answers.sqlite")
    assert not answers.save("case/one", "a", {}).kept
    assert "only until the kernel ends" in answers.trouble


def test_a_place_that_can_be_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for wrong in (tmp_path, tmp_path / "file" / "answers.sqlite"):
        answers = Answers(wrong)
        assert not answers.save("case/one", "a", {"number": 1}).kept
        assert str(wrong) in answers.trouble
        assert answers.latest("case/one")["a"].answer == {"number": 1}
    assert (tmp_path / "file").read_text(encoding="utf-8") == "x"


def test_a_python_without_sqlite_keeps_answers_until_it_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "sqlite3":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    answers = Answers(path)
    assert not answers.save("case/one", "a", {"number": 1}).kept
    assert answers.trouble == module.NO_SQLITE
    assert answers.latest("case/one")["a"].answer == {"number": 1}
    assert answers.forget("case/one") == 1 and answers.history() == ()


# --- files that are not as they should be


@pytest.mark.parametrize("content", [b"not a database at all\n" * 99, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_with_words_and_nothing_of_it_is_deleted(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    answers = Answers(path)
    (note,) = answers.notes
    (aside,) = path.parent.glob("*damaged*")
    assert str(aside) in note and "damaged" in note
    assert aside.read_bytes() == content
    assert answers.save("case/one", "a", {"number": 1}).kept
    assert Answers(path).notes == ()
    assert is_sound(path)


def test_a_file_damaged_in_its_middle_while_in_use_is_set_aside(path: Path) -> None:
    answers = Answers(path)
    for number in range(200):
        answers.save("case/one", f"{number}", {"words": "x" * 300})
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    assert answers.save("case/one", "after", {"number": 1}).kept
    (aside,) = path.parent.glob("*damaged*")
    assert aside.read_bytes() == bytes(content)
    assert list(answers.latest("case/one")) == ["after"]
    assert answers.notes


def test_two_kernels_that_find_the_damage_together_keep_what_either_saves(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"broken" * 1000)
    processes = [answering(path, who, 20) for who in ("one", "two", "three")]
    for process in processes:
        assert said(process) == list(range(20))
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()
    assert len(Answers(path).history()) == 60
    assert len(list(path.parent.glob("*damaged*"))) == 1


def test_an_empty_file_is_begun_and_a_deleted_one_begun_again(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    answers = Answers(path)
    assert answers.notes == () and answers.save("case/one", "a", {}).kept
    path.unlink()
    assert answers.save("case/one", "b", {}).kept
    assert list(answers.latest("case/one")) == ["b"]


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    answers = Answers(path)
    assert not answers.save("case/one", "a", {}).kept
    assert "something else" in answers.trouble
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_a_file_of_a_newer_course_is_left_alone(path: Path) -> None:
    Answers(path).save("case/one", "a", {})
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version=2")
    before = path.read_bytes()
    answers = Answers(path)
    assert not answers.save("case/one", "b", {}).kept
    assert "newer version" in answers.trouble
    assert path.read_bytes() == before


def test_a_row_that_somebody_spoiled_hides_no_other(path: Path) -> None:
    answers = Answers(path)
    for item in ("a", "b", "c"):
        answers.save("case/one", item, {})
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE answers SET answer = '[not json' WHERE item = 'b'")
    assert list(answers.latest("case/one")) == ["a", "c"]
    assert "left out" in answers.notes[0]


# --- what is refused


@pytest.mark.parametrize(
    ("activity", "item", "answer", "field"),
    [
        ("", "a", {}, "activity"),
        ("x" * 201, "a", {}, "activity"),
        ("case", "  ", {}, "item"),
        ("case", "\ud83d", {}, "item"),
        (3, "a", {}, "activity"),
        ("case", "a", [1], "answer"),
        ("case", "a", {"x": float("nan")}, "answer"),
        ("case", "a", {"x": {1, 2}}, "answer"),
        ("case", "a", {"x": "y" * 1_000_001}, "answer"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(path: Path, activity: Any, item: Any, answer: Any, field: str) -> None:
    answers = Answers(path)
    with pytest.raises(Refused) as refused:
        answers.save(activity, item, answer)
    assert refused.value.field == field
    assert answers.history() == ()


def test_a_list_that_holds_itself_is_refused(path: Path) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(Refused):
        Answers(path).save("case", "a", {"x": endless})


# --- taking answers along


def test_both_exports_hold_every_answer(path: Path, tmp_path: Path) -> None:
    answers = Answers(path)
    answers.save("case/one", "a", AWKWARD)
    answers.save("case/one", "a", {"number": 2})
    answers.save("quiz/03", "q1", {"chosen": ["b"]})
    held = json.loads(answers.write(tmp_path / "mine.JSON").read_text(encoding="utf-8"))["answers"]
    assert [(row["activity"], row["item"], row["answer"]) for row in held] == [
        ("case/one", "a", AWKWARD),
        ("case/one", "a", {"number": 2}),
        ("quiz/03", "q1", {"chosen": ["b"]}),
    ]
    content = answers.write(tmp_path / "mine.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [(row["activity"], row["item"], json.loads(row["answer"])) for row in rows] == [
        (row["activity"], row["item"], row["answer"]) for row in held
    ]
    assert [row["saved_at"] for row in rows] == [row["saved_at"] for row in held]
    assert len(json.loads(answers.to_json("quiz/03"))["answers"]) == 1
    assert answers.to_csv() == answers.to_csv()


def test_an_export_replaces_a_file_at_one_stroke_and_leaves_nothing_beside_it(path: Path, tmp_path: Path) -> None:
    answers = Answers(path)
    answers.save("case/one", "a", {})
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.json").write_text("older", encoding="utf-8")
    answers.write(folder / "mine.json")
    assert [file.name for file in folder.iterdir()] == ["mine.json"]
    for wrong in (folder / "mine.txt", folder / "absent" / "mine.json"):
        with pytest.raises(Refused) as refused:
            answers.write(wrong)
        assert refused.value.field == "path"
    assert [file.name for file in folder.iterdir()] == ["mine.json"]


# --- where they are kept


def test_the_environment_names_the_file_and_otherwise_the_data_folder_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAMLIB_ANSWERS", str(tmp_path / "named.sqlite"))
    assert place() == tmp_path / "named.sqlite" == Answers().path
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("NAMLIB_ANSWERS", " ")
    assert place().name == "answers.sqlite" and "namlib" in place().parts
    assert ROOT not in place().parents, "never among the files of the course"


def test_tests_do_not_touch_what_a_learner_answered() -> None:
    assert "namlib-answers-" in str(place())


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a user's folder closed by itself")
def test_only_its_owner_can_read_the_file(path: Path) -> None:
    Answers(path).save("case/one", "a", {})
    assert path.stat().st_mode & 0o077 == 0


def test_the_file_is_not_held_open(path: Path) -> None:
    answers = Answers(path)
    answers.save("case/one", "a", {})
    moved = path.with_name("moved.sqlite")
    path.rename(moved)  # what an open handle forbids on Windows
    assert Answers(moved).latest("case/one").keys() == {"a"}
    assert [file.name for file in path.parent.iterdir()] == ["moved.sqlite"]
