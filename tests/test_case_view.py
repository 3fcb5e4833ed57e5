"""What is shown of a case: the order of events, the picture of its course, doses, completeness, classes over time."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

import namlib as nam
from namlib import case_files
from namlib.case_records import CaseDose, CaseDrug, CaseRecord, Person, Presentation, Time
from namlib.course import bibliography
from namlib.model import case as model
from namlib.view import case as view

ALL = {name: nam.Case.load(name) for name in case_files.files()}
every_case = pytest.mark.parametrize("name", ALL)
VOID = {"br", "hr", "img", "input", "meta"}


class Balanced(HTMLParser):
    """Fails on an end tag that closes nothing, and collects text and tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(markup: str) -> Balanced:
    parser = Balanced()
    parser.feed(markup)
    parser.close()
    assert parser.open == []
    return parser


def svg_of(name: str) -> ElementTree.Element:
    return ElementTree.fromstring(view.course_svg(ALL[name]))


# --- the picture ---------------------------------------------------------------------------------------------------


@every_case
def test_every_view_of_a_case_is_well_formed_and_has_its_words(name: str) -> None:
    case = ALL[name]
    for shown in (case.picture(), case.table(), case.timeline(), case.completeness(), case.classes()):
        assert "table" in parsed(shown._repr_html_()).tags
        assert repr(shown).strip()
        json.dumps(shown.to_dict())


@every_case
def test_fictional_cases_say_so_in_every_view_and_published_ones_never(name: str) -> None:
    case = ALL[name]
    for shown in (case.picture(), case.table(), case.timeline(), case.completeness(), case.classes()):
        assert ("FICTIONAL" in shown._repr_html_()) is case.fictional
    assert ("FICTIONAL" in view.course_svg(case)) is case.fictional
    assert ("FICTIONAL" in repr(case.picture())) is case.fictional


@every_case
def test_the_picture_has_an_alternative_text_and_every_point_drug_and_ck_is_in_its_table(name: str) -> None:
    case = ALL[name]
    svg = svg_of(name)
    assert svg.get("role") == "img" and svg.get("aria-label", "").startswith(("Course of", "FICTIONAL. Course of"))
    text = " ".join(parsed(view.timeline_table(case)).text)
    for time in case.record.times:
        assert time.label in text
    for drug in case.record.drugs:
        assert drug.agent in text or not drug.points
    for row in case.record.ck:
        assert model.ck_words(row) in text


@every_case
def test_nothing_is_drawn_outside_the_picture(name: str) -> None:
    svg = svg_of(name)
    width, height = (float(part) for part in svg.get("viewBox", "").split()[2:])
    for element in svg.iter():
        for attribute, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
            value = element.get(attribute)
            assert value is None or -0.1 <= float(value) <= most + 0.1, ElementTree.tostring(element)
    numbers = [float(text) for path in svg.iter() for text in re.findall(r"-?\d+\.?\d*", path.get("d", "") or "")]
    assert all(value < max(width, height) + 1 for value in numbers)


@every_case
def test_two_pictures_of_one_case_are_the_same_bytes(name: str) -> None:
    assert ALL[name].picture()._repr_html_() == nam.Case.load(name).picture()._repr_html_()


@every_case
def test_points_stand_in_the_order_of_events_and_dated_ones_to_scale(name: str) -> None:
    record = ALL[name].record
    made = view.axis(record)
    xs = [made.spots[time.id].x for time in record.times]
    assert xs == sorted(xs)
    if made.weeks is None:
        assert not any(spot.dated for spot in made.spots.values())
        return
    weeks = model.weeks_on(record, made.clock)
    dated = [(weeks[time], spot.x) for time, spot in made.spots.items() if spot.dated]
    for week, x in dated:
        assert x == pytest.approx(made.x_of(week))
    assert all(spot.low <= spot.x <= spot.high for spot in made.spots.values())


def test_a_point_without_a_date_is_drawn_hollow_and_a_dated_one_full() -> None:
    circles = [item for item in svg_of("IMNM-01").iter() if item.tag == "circle" and item.get("r") == "9"]
    assert [item.get("stroke-dasharray") is None for item in circles] == [
        time.when != () for time in ALL["IMNM-01"].record.times
    ]


def test_a_second_course_of_infusions_is_drawn_as_one_and_the_first_does_not_reach_it() -> None:
    record = ALL["ladder-to-wheelchair"].record
    drug = next(drug for drug in record.drugs if any(event.kind == "cycle" for event in drug.events))
    made = view.axis(record)
    first, second = view._stretches(drug, made)
    assert (first[0], second[0]) == (made.spots[drug.start].x, made.spots[drug.events[0].at].x)
    assert first[1] < second[0] and second[1] - second[0] <= 10


def test_bounds_approximations_means_and_words_are_drawn_as_what_they_are() -> None:
    assert "&gt; 1,000" in view.course_svg(ALL["IMNM-02"])
    assert "~6,000" in view.course_svg(ALL["IMNM-08"])
    assert "mean 4,919" in view.course_svg(ALL["IMNM-07"])
    assert "4,000 (odd)" in view.course_svg(ALL["MIMIC-01"])
    assert "CK without a number" in view.course_svg(ALL["IMNM-11"])
    assert "no CK in the record" in view.course_svg(ALL["IMNM-06"])
    assert "order of events only" in view.course_svg(ALL["IMNM-06"])


def test_texts_in_the_panels_of_a_picture_do_not_cover_each_other() -> None:
    texts = view._Texts(0.0, 200.0)
    placed = [texts.put(400.0, 100.0, "1,234") for _ in range(12)]
    kept = [text for text in placed if text]
    spots = [tuple(float(part) for part in re.findall(r'[xy]="([\d.]+)"', text)) for text in kept]
    assert len(set(spots)) == len(spots) and 2 <= len(kept) < 12, "what fits nowhere is left to the table"


# --- order of events -----------------------------------------------------------------------------------------------


@every_case
def test_every_entry_of_a_record_is_in_the_order_of_events_or_named_as_having_no_place(name: str) -> None:
    record = ALL[name].record
    points = model.order_of_events(record)
    assert [point.id for point in points] == [time.id for time in record.times]
    shown = sum(len(point.ck) for point in points), sum(len(point.strength) for point in points)
    assert shown == (len(record.ck), len(record.strength))
    tests = sum(len(point.tests) for point in points)
    placed = [row for rows in (record.antibodies, record.work_up, record.biopsies) for row in rows if row.at]
    assert tests == len(placed)
    assert sum(len(point.labels) for point in points) == len(record.labels)
    loose = [drug for drug in record.drugs if not drug.points]
    loose += [row for rows in (record.antibodies, record.work_up, record.adverse_events) for row in rows if not row.at]
    assert len(model.without_a_point(record)) == len(loose)


def test_an_order_without_a_date_says_so_and_an_inferred_order_says_why() -> None:
    when = {point.id: point.when for point in model.order_of_events(ALL["IMNM-01"].record)}
    assert when["after-exchange"] == "no date, order only"
    assert when["antibody"].startswith("order not sure: The report names no day")
    assert when["first-ck"] == "about 3 months after first symptom; at first CK in the report"


def test_letters_go_on_after_z() -> None:
    times = tuple(Time(f"t{place}", "point") for place in range(28))
    record = CaseRecord(Person(), Presentation("weak"), times)
    assert list(model.letters(record).values())[24:] == ["Y", "Z", "AA", "AB"]


# --- doses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dose", "person", "expected"),
    [
        # 2 g/kg for 72 kg; 15 mg/m2 for 1.51 m2: by hand.
        (CaseDose(2.0, "g/kg/mo"), Person(weight_kg=72.0), "144 g/mo"),
        (CaseDose(15.0, "mg/m2/wk", high=20.0), Person(body_surface_m2=1.51), "22.7\N{EN DASH}30.2 mg/wk"),
        (CaseDose(1.0, "mg/kg/d"), Person(), "not computed, no weight is in the record"),
        (CaseDose(40.0, "mg/d"), Person(), "40 mg/d (a fixed dose, as printed)"),
    ],
)
def test_a_dose_is_computed_only_from_what_the_record_holds(dose, person, expected) -> None:
    record = CaseRecord(person, Presentation("weak"), (Time("a", "a"),))
    group = "methotrexate" if dose.unit.endswith("wk") else "other"
    assert expected in repr(model.computed_dose(CaseDrug("x", "drug", group, dose=dose), record))


def test_an_odd_print_is_kept_flagged_and_never_computed_with() -> None:
    record = ALL["IMNM-01"].record
    pulse = next(drug for drug in record.drugs if drug.id == "pulse")
    assert (pulse.dose_as_published, pulse.dose, pulse.likely) == (
        "1 mg for three days",
        CaseDose(1.0, "mg/d", times=3),
        "1 g a day for three days",
    )
    assert model.computed_dose(pulse, record).amount is None
    shown = ALL["IMNM-01"].table()._repr_html_()
    assert "1 mg for three days" in shown and "Likely meant: 1 g a day for three days" in shown


def test_both_sides_of_a_contradiction_are_shown_with_their_source_and_the_field_stays_blank() -> None:
    case = ALL["IMNM-04"]
    shown = case.table()._repr_html_()
    assert case.record.person.sex is None
    assert "a woman (case section" in shown and "he (abstract" in shown
    assert "sex" not in case.patient_at("presentation").answers()


# --- completeness --------------------------------------------------------------------------------------------------


@every_case
def test_completeness_counts_every_item_once_and_says_what_is_lacking(name: str) -> None:
    found = model.completeness(ALL[name])
    ids = ["5a", "5b", "5c", "5d", "6", "7", "8a", "8b", "8c", "8d", "9a", "9b", "9c", "10a", "10b", "10c", "10d"]
    assert [item.id for item in found.items] == ids
    for item in found.items:
        assert (item.state == "filled") is (not item.lacks)
        assert item.holds or item.lacks
    assert found.to_dict()["filled"] == found.filled <= len(ids)
    assert set(found.sources) <= set(bibliography().by_key)


def test_the_teaching_case_is_complete_and_the_case_without_ck_is_far_from_it() -> None:
    whole = model.completeness(ALL["stairs-and-bath"])
    assert [item.id for item in whole.items if item.state == "missing"] == []
    poor = model.completeness(ALL["IMNM-06"])
    assert poor.filled < whole.filled / 2
    lacking = {item.id: item.lacks for item in poor.items}
    assert lacking["9c"] == ("changes",) and "CK" in lacking["8a"] and lacking["5a"] == ()


# --- classes -------------------------------------------------------------------------------------------------------


def test_the_label_of_a_published_record_changes_with_its_antibody() -> None:
    assert [row.enmc2016 for row in ALL["IMNM-08"].classes()] == ["antibody-negative IMNM", "anti-HMGCR myopathy"]


@every_case
def test_every_moment_of_a_case_is_classified_as_its_patient_is(name: str) -> None:
    rows = ALL[name].classes()
    assert tuple(row.moment for row in rows) == ALL[name].moments
    for row in rows:
        assert row.enmc2016 == nam.classify_enmc2016(ALL[name].patient_at(row.moment)).title
        assert bool(row.expected) is (ALL[name].kind == "published")
