"""The tools for authors of cases: a template to begin with, every problem at once, and a list."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from namlib import case_files
from namlib.__main__ import main
from namlib.case_files import FILL_IN, CaseError
from namlib.case_records import (
    Case,
    CaseRecord,
    Ck,
    Clock,
    Person,
    Presentation,
    Reading,
    Strength,
    Time,
)
from namlib.course import cases
from namlib.view import case as view

# --- new, check, list ----------------------------------------------------------------------------------------------


def test_a_new_case_fits_the_format_and_check_names_every_text_that_is_still_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["case", "new", "my-case", "--folder", str(tmp_path)]) == 0
    path = tmp_path / "my-case.yaml"
    assert str(path) in capsys.readouterr().out
    case_files.load(path, cases.known())
    assert main(["case", "check", str(path)]) == 1
    said = capsys.readouterr().out.splitlines()
    text = path.read_text(encoding="utf-8")
    written = [place for place, line in enumerate(text.splitlines(), 1) if FILL_IN in line and not line.startswith("#")]
    for place in written:
        assert any(f"my-case.yaml, line {place}, " in line for line in said), place
    count = sum(line.endswith("is still to be filled in") for line in said)
    assert said[-1] == f"my-case.yaml: 0 to mend, {count} to fill in"


def test_a_filled_template_is_complete_by_the_care_items_but_for_its_discussion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "my-case.yaml"
    path.write_text(case_files.template("my-case").replace(FILL_IN, "words"), encoding="utf-8")
    assert main(["case", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "my-case.yaml: fits. my-case: 17 of 17 CARE items filled, 0 in part" in said
    assert "no discussion yet" in said


def test_a_file_that_is_there_is_never_overwritten_and_a_name_never_leaves_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("my work", encoding="utf-8")
    assert main(["case", "new", "mine", "--folder", str(tmp_path)]) == 1
    assert path.read_text(encoding="utf-8") == "my work"
    assert "is there already; it was left as it is" in capsys.readouterr().err
    for name in ("../mine", "a/b", "", ".", "a b", "x" * 90):
        assert main(["case", "new", name, "--folder", str(tmp_path / "inner")]) == 1
    assert not (tmp_path / "inner").exists()


def test_check_prints_every_problem_of_every_file_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = case_files.files()["IMNM-01"], tmp_path / "bad.yaml"
    text = case_files.template("bad").replace(FILL_IN, "words")
    bad.write_text(text.replace("mhc1: raised", "mhc1: high").replace("at: week-12, text", "at: week-99, text", 1))
    assert main(["case", "check", str(good), str(bad), str(tmp_path / "none.yaml")]) == 1
    said = capsys.readouterr().out
    assert "IMNM-01.yaml: fits." in said
    assert "record.biopsies[1].mhc1: 'high' is not one of 'raised'" in said
    assert "record.outcomes[1].at: no point in times 'week-99'; did you mean week-12?" in said
    assert "bad.yaml: 2 to mend, 0 to fill in" in said
    assert "none.yaml: cannot be read" in said


def test_every_case_of_the_course_passes_its_own_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["case", "check", *map(str, case_files.files().values())]) == 0
    assert capsys.readouterr().out.count(": fits.") == len(case_files.files())


def test_the_list_names_every_case_and_marks_the_fictional(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["case", "list"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == list(case_files.files())
    fictional = [name for name, path in case_files.files().items() if path.parent.name == "teaching"]
    assert [line.partition(":")[0] for line in said if line.endswith("(FICTIONAL)")] == fictional


# --- any case ------------------------------------------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C",), exclude_characters="\ufeff"), min_size=1, max_size=30
)
AMOUNT = st.floats(0, 500, allow_nan=False).map(lambda value: round(value, 3))
COMPARE = st.sampled_from(["=", "~", ">", ">=", "<", "<="])


@st.composite
def records(draw: st.DrawFn) -> CaseRecord:
    """Records with dated and undated points on two clocks, CK and strength of every kind, and any text."""
    weeks = sorted(draw(st.lists(AMOUNT, min_size=1, max_size=8)))
    times = []
    for place, week in enumerate(weeks):
        clocks = draw(st.lists(st.sampled_from(["onset", "treatment"]), unique=True, max_size=2))
        offset = {"onset": 0.0, "treatment": -3.0}
        when = tuple(Reading(clock, round(week + offset[clock], 3), cmp=draw(COMPARE)) for clock in clocks)
        times.append(Time(f"t{place}", draw(TEXT), when))
    at = st.sampled_from([time.id for time in times])
    ck = st.one_of(
        st.builds(Ck, at, AMOUNT, cmp=COMPARE, upper_limit_u_per_l=st.none() | st.just(170.0), note=TEXT),
        st.builds(Ck, at, level=st.sampled_from(["raised", "normal", "falling"])),
        st.builds(Ck, at, AMOUNT, statistic=st.just("mean"), n=st.just(3), sd=AMOUNT),
        st.builds(Ck, at, AMOUNT, flag=TEXT, likely=TEXT),
    )
    strength = st.one_of(
        st.builds(Strength, at, st.just("MRC 0-5"), TEXT, st.integers(0, 5).map(float)),
        st.builds(Strength, at, st.just("words"), words=TEXT),
        st.builds(Strength, at, st.just("dynamometry kg"), value=AMOUNT),
    )
    return CaseRecord(
        Person(),
        Presentation(draw(TEXT)),
        tuple(times),
        (Clock("onset", draw(TEXT)), Clock("treatment", draw(TEXT))),
        ck=tuple(draw(st.lists(ck, max_size=6))),
        strength=tuple(draw(st.lists(strength, max_size=6))),
    )


def _written_as_read(case: Case) -> Case | None:
    """The case read from its own text, or nothing where a text holds what a file may not."""
    try:
        return case_files.build(case_files.dump(case), f"{case.id}.yaml")
    except CaseError as refused:
        assert all("invisible character" in problem.reason for problem in refused.problems), refused
        return None


@settings(max_examples=150, deadline=None)
@given(records(), TEXT)
def test_any_case_is_read_as_it_was_written_and_drawn_in_order(record: CaseRecord, title: str) -> None:
    case = Case("any-case", title, "teaching", record, inspired_by=("IMNM-01",))
    assert _written_as_read(case) in (case, None)
    made = view.axis(record)
    xs = [made.spots[time.id].x for time in record.times]
    assert xs == sorted(xs)
    assert all(view._LEFT <= x <= view._RIGHT for x in xs)
    drawn = view.course_svg(case)
    assert drawn.count("<svg") == drawn.count("</svg>") == 1
    assert view.course_words(case)
