"""Moodle XML, written with :mod:`xml.etree`. Read by Moodle, and by several other platforms."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from namlib.export.questions.sheet import Sheet, places
from namlib.table import html
from namlib.units import UNITS

_KINDS = {"single": "multichoice", "multiple": "multichoice", "true_false": "truefalse", "number": "numerical"}


def write(sheets: list[Sheet]) -> tuple[bytes, list[str]]:
    """Write one ``quiz`` element, a category for each notebook."""
    quiz = Element("quiz")
    for notebook, group in groupby(sheets, key=lambda sheet: sheet.notebook):
        category = SubElement(quiz, "question", type="category")
        _text(category, "category", f"$course$/top/IMNM course/{notebook.replace('/', '//')}")
        for sheet in group:
            quiz.append(_question(sheet))
    ElementTree.indent(quiz)
    content: bytes = ElementTree.tostring(quiz, encoding="utf-8", xml_declaration=True)
    several = [sheet for sheet in sheets if sheet.kind == "multiple"]
    numbers = [sheet for sheet in sheets if sheet.kind == "number"]
    lost = [
        "ids of options: Moodle numbers answers itself",
        "revision: Moodle adds an imported item beside its older copy; the id number tells which is which",
    ]
    if several:
        lost.append(
            f"all-or-nothing marking of items with several keys ({', '.join(places(several))}): Moodle gives part of "
            "the mark, and takes as much away for wrong choices"
        )
    if numbers:
        lost.append(
            f"the accepted interval as such ({', '.join(places(numbers))}): it becomes its middle and a tolerance; the "
            "unit is named in the stem and not graded"
        )
    return content + b"\n", lost


def _question(sheet: Sheet) -> Element:
    question = Element("question", type=_KINDS[sheet.kind])
    _text(question, "name", sheet.objective)
    _html(question, "questiontext", sheet.stem_html)
    _html(question, "generalfeedback", sheet.closing_html)
    SubElement(question, "defaultgrade").text = "1"
    SubElement(question, "penalty").text = "1" if sheet.kind == "true_false" else "0.3333333"
    SubElement(question, "hidden").text = "0"
    SubElement(question, "idnumber").text = sheet.id
    if sheet.kind in ("single", "multiple"):
        SubElement(question, "single").text = "true" if sheet.kind == "single" else "false"
        SubElement(question, "shuffleanswers").text = "true"
        SubElement(question, "answernumbering").text = "abc"
    if sheet.number is not None:
        _numbers(question, sheet)
    for option in sheet.options:
        # For true and false Moodle knows two words, which are not shown.
        plain = sheet.kind == "true_false"
        answer = SubElement(
            question, "answer", fraction=_share(sheet.share(option)), format="moodle_auto_format" if plain else "html"
        )
        SubElement(answer, "text").text = option.id if plain else html(option.text)
        _html(answer, "feedback", html(option.feedback))
    tags = SubElement(question, "tags")
    for tag in sheet.tags:
        _text(tags, "tag", tag)
    return question


def _numbers(question: Element, sheet: Sheet) -> None:
    held = sheet.number
    assert held is not None
    rows = [(held.low, held.high, held.feedback, 100.0)]
    rows += [(slip.low, slip.high, slip.feedback, 0.0) for slip in held.slips]
    for low, high, feedback, share in rows:
        answer = SubElement(question, "answer", fraction=_share(share), format="moodle_auto_format")
        SubElement(answer, "text").text = f"{(low + high) / 2:.12g}"
        SubElement(answer, "tolerance").text = f"{(high - low) / 2:.12g}"
        _html(answer, "feedback", html(feedback))
    rest = SubElement(question, "answer", fraction="0", format="moodle_auto_format")
    SubElement(rest, "text").text = "*"
    SubElement(rest, "tolerance").text = "0"
    _html(rest, "feedback", html(held.otherwise))
    units = SubElement(question, "units")
    unit = SubElement(units, "unit")
    SubElement(unit, "multiplier").text = "1"
    SubElement(unit, "unit_name").text = UNITS[held.unit].code
    SubElement(question, "unitgradingtype").text = "0"
    SubElement(question, "unitpenalty").text = "0"
    SubElement(question, "showunits").text = "3"


def _share(percent: float) -> str:
    return f"{percent:.5f}".rstrip("0").rstrip(".")


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(SubElement(parent, name), "text").text = text


def _html(parent: Element, name: str, text: str) -> None:
    SubElement(SubElement(parent, name, format="html"), "text").text = text
