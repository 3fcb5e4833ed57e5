"""The score as a waterfall: every item a step, what has no item in a row of its own, the unknown drawn as possible.

t01 and t02 are the worked examples of tests/test_diagnosis.py: 5.8 points and probable, 6.0 points and no case.
"""

from __future__ import annotations

import html as entities
import re
from itertools import pairwise
from typing import Any

import pytest

import namlib as nam
from namlib import course
from namlib.view.score import total_words
from tests.test_diagnosis_explorer import T01, T02

MODELS = {model.id: model for model in course.criteria_record("eular_acr_2017").models}
PANELS = {"no_biopsy": 262, "biopsy": 596}  # where each panel begins


def drawn(known: dict[str, Any]) -> Any:
    return nam.score_picture(nam.Patient(**known), title="What the score makes of it", caption="Steps are items.")


def table(markup: str) -> dict[str, list[str]]:
    """The table behind the picture: cells by item."""
    found = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', markup)
    assert found
    return {
        entities.unescape(head): [entities.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)]
        for head, cells in found
    }


def rows(markup: str) -> list[str]:
    """Labels left of the panels, from the top."""
    return [entities.unescape(label) for label in re.findall(r'<text x="4" y="\d+">([^<]*)</text>', markup)]


def steps(markup: str) -> list[tuple[float, float, bool]]:
    """Left edge, width, and whether hatched as only possible, of every step of an item."""
    found = re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)" height="15" ([^>]*)/>', markup)
    return [(float(x), float(width), "stroke-dasharray" in rest) for x, width, rest in found]


@pytest.mark.parametrize(
    ("known", "totals"),
    [
        (T01, ("5.8 points, probable, 62%", "6.0 to 13.9 points, not IIM to definite, 38–100%")),
        (T02, ("5.8 points, probable, 62%", "6.0 points, not IIM, 38%")),
    ],
    ids=["t01", "t02"],
)
def test_picture_table_alt_text_and_words_say_the_totals_of_the_worked_examples(
    known: dict[str, Any], totals: tuple[str, str]
) -> None:
    picture = drawn(known)
    markup = entities.unescape(picture.html)
    comparison = nam.compare_criteria(nam.Patient(**known))
    assert totals == (total_words(comparison.without_biopsy), total_words(comparison.with_biopsy))
    assert table(picture.html)["Total"] == list(totals)
    alt = re.search(r'role="img" aria-label="([^"]*)"', markup)
    assert alt is not None and alt[1].startswith("Two waterfall charts side by side, points from 0 to ")
    for name, total in zip(("without biopsy", "with biopsy"), totals, strict=True):
        assert f"{name} {total}" in alt[1] and f"{name} {total}" in repr(picture)
        assert f'class="nam-strong">{total}</text>' in markup
    assert "The table below holds the same numbers." in alt[1] and "<details>" in markup
    assert repr(picture).startswith("What the score makes of it. ")


def test_the_steps_of_a_panel_end_where_its_total_does() -> None:
    comparison = nam.compare_criteria(nam.Patient(**T02))
    found = steps(drawn(T02).html)
    for result in (comparison.without_biopsy, comparison.with_biopsy):
        left, scale = PANELS[result.model.id], (300 - 40) / 10
        own = [step for step in found if left <= step[0] < left + 300]
        assert len(own) == sum(bool(part.met and part.points) for part in result.items) == 5
        assert own[0][0] == left
        for before, after in pairwise(own):
            assert after[0] == pytest.approx(before[0] + before[1], abs=0.11)
        assert own[-1][0] + own[-1][1] == pytest.approx(left + result.score_low * scale, abs=0.11)
        assert not any(hatched for _, _, hatched in own)


def test_the_antibody_and_the_necrosis_have_rows_without_points() -> None:
    markup = drawn(T02).html
    assert rows(markup)[-2:] == ["Anti-HMGCR antibody", "Necrosis"]
    held = table(markup)
    assert held["Anti-HMGCR antibody"] == held["Necrosis"] == ["no item", "no item"]
    assert markup.count("no item: 0</text>") == 2 * 2 + 4, "both in both panels, and four biopsy items without biopsy"
    srp = drawn(T01 | {"anti_hmgcr": "negative", "anti_srp": "positive"}).html
    assert rows(srp)[-1] == "Anti-SRP antibody" and "Necrosis" not in rows(srp)


def test_every_row_is_an_item_that_is_met_or_open_and_the_four_of_the_biopsy_where_there_was_one() -> None:
    comparison = nam.compare_criteria(nam.Patient(**T02))
    shown = rows(drawn(T02).html)
    for part in comparison.with_biopsy.items:
        assert (part.item.label in shown) == (part.met is not False or part.item.group == "biopsy")
    assert table(drawn(T02).html)["Rimmed vacuoles"] == ["no item", "0"]


def test_an_unknown_item_is_hatched_and_called_possible_and_never_drawn_as_met() -> None:
    open_neck = {name: value for name, value in T01.items() if name != "neck_flexors_weaker"}
    markup = drawn(open_neck).html
    label = "Neck flexors weaker than extensors"
    assert table(markup)[label] == ["1.9 if present", "1.6 if present"]
    assert "1.9 if present</text>" in markup and "1.6 if present</text>" in markup
    assert label not in rows(drawn(T01).html), "not met and no biopsy item: no row"
    hatched = [step for step in steps(markup) if step[2]]
    # The neck in both panels, and the four items of a biopsy that was not done in the panel with biopsy.
    assert len(hatched) == 2 + 4
    assert re.search(r'fill-opacity="\.15" stroke-dasharray="4 3"', markup)
    assert table(markup)["Total"][0] == "5.8 to 7.7 points, probable to definite, 62–91%"


def test_with_nothing_known_every_step_is_only_possible() -> None:
    markup = drawn({}).html
    assert steps(markup) and all(hatched for _, _, hatched in steps(markup))
    assert not any(cell == "0" for cells in table(markup).values() for cell in cells)


def test_cut_offs_stand_in_the_picture_as_the_data_have_them() -> None:
    markup = drawn(T02).html  # its axis ends at 10 points
    for name, left in PANELS.items():
        model = MODELS[name]
        for cut in (model.probable, model.definite):
            assert f">from {cut:g}</text>" in markup
            assert f'd="M{left + cut * 26:.1f} ' in markup


def test_words_that_a_reader_chose_are_escaped() -> None:
    picture = nam.score_picture(nam.Patient(**T01), title="<b>5 > 3</b>", caption="<script>alert(1)</script>")
    assert "<b>" not in picture.html and "<script>" not in picture.html
    assert "&lt;b&gt;5 &gt; 3&lt;/b&gt;" in picture.html
