"""A QTI 1.2 package as Canvas and others read it, written with text2qti.

text2qti takes a text of its own and makes Markdown of it. Every mark of punctuation is therefore written as a character
reference, so that no text of the bank can turn into Markdown, mathematics or HTML on the way.
"""

from __future__ import annotations

import re
from typing import Any

from namlib.export.questions.archive import fixed
from namlib.export.questions.sheet import Sheet, places

# text2qti prints the ends of an interval with so many decimals.
_DECIMALS = 4
_RIGHTS = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"


def _safe(text: str) -> str:
    return "".join(
        character if character.isalnum() or character in " \n" or ord(character) > 127 else f"&#{ord(character)};"
        for character in text
    )


def _field(mark: str, text: str) -> str:
    """Write one field: the mark, then the paragraphs indented as deep as the mark is wide."""
    head = f"{mark:<4} " if len(mark) < 4 else f"{mark} "
    return head + f"\n\n{' ' * len(head)}".join(_safe(text).split("\n"))


def write(sheets: list[Sheet]) -> tuple[bytes, list[str]]:
    """Write one quiz of all items."""
    from text2qti.config import Config
    from text2qti.qti import QTI
    from text2qti.quiz import Quiz

    kept = [sheet for sheet in sheets if _refusal(sheet) is None]
    if not kept:
        raise ValueError("no item of these can be carried by a QTI package written with text2qti")
    lines = ["Quiz title: Course on immune-mediated necrotizing myopathy", "Shuffle answers: true", ""]
    for place, sheet in enumerate(kept, start=1):
        lines += [*_lines(sheet, place), ""]
    quiz = Quiz("\n".join(lines), config=Config(), source_name="the item bank")
    _name(quiz, kept)
    numbers = [sheet for sheet in kept if sheet.number is not None]
    slips = [sheet for sheet in numbers if sheet.number is not None and sheet.number.slips]
    several = [sheet for sheet in kept if sheet.kind == "multiple"]
    lost = [f"item {sheet.id}: {_refusal(sheet)}, so it is left out" for sheet in sheets if sheet not in kept]
    lost += [
        "objective, tags, notebook and revision: text2qti has no place for them",
        "links: the addresses of the sources are plain text",
    ]
    if slips:
        lost.append(
            f"feedback on particular wrong numbers ({', '.join(places(slips))}): any wrong number gets the general one"
        )
    if numbers:
        lost.append(f"the unit of a number ({', '.join(places(numbers))}): it is named in the stem only")
    if several:
        lost.append(
            f"feedback by choice in items with several keys ({', '.join(places(several))}): it is in the file, and not "
            "every platform shows it"
        )
    return fixed(QTI(quiz).zip_bytes(), _manifest), lost


def _refusal(sheet: Sheet) -> str | None:
    """Say why text2qti cannot carry an item, if it cannot."""
    if sheet.number is None:
        return None
    ends = (sheet.number.low, sheet.number.high)
    if any(abs(end) < 10**-_DECIMALS for end in ends):
        return "text2qti accepts no interval that ends at zero"
    if any(round(end, _DECIMALS) != end for end in ends):
        return f"text2qti rounds to {_DECIMALS} decimals"
    return None


def _lines(sheet: Sheet, place: int) -> list[str]:
    lines = [f"Title: {sheet.id}", _field(f"{place}.", sheet.stem), _field("...", "\n".join(sheet.closing))]
    if sheet.number is not None:
        held = sheet.number
        return [
            *lines,
            _field("+", held.feedback),
            _field("-", held.otherwise),
            f"=    [{held.low:.12g}, {held.high:.12g}]",
        ]
    for letter, option in zip("abcdef", sheet.options, strict=False):
        right = option.id in sheet.key
        mark = ("[*]" if right else "[ ]") if sheet.kind == "multiple" else f"{'*' if right else ''}{letter})"
        lines += [_field(mark, option.text), _field("...", option.feedback)]
    return lines


def _name(quiz: Any, kept: list[Sheet]) -> None:
    """Put stable ids in the place of hashes of the wording, so that an edited item is known again."""
    quiz.id = "namlib_item_bank"
    for question, sheet in zip(quiz.questions_and_delims, kept, strict=True):
        question.id = sheet.id
        for choice, option in zip(question.choices, sheet.options, strict=True):
            choice.id = f"{sheet.id}_{option.id}"


def _manifest(name: str, content: bytes) -> bytes:
    """Replace what text2qti writes into every manifest: the day it ran, and a copyright this course has not."""
    if name != "imsmanifest.xml":
        return content
    text = content.decode()
    for pattern, said in ((r"(?<=<imsmd:dateTime>)[^<]*", "1980-01-01"), (r"Private \(Copyrighted\)[^<]*", _RIGHTS)):
        text, changed = re.subn(pattern, said, text)
        if not changed:
            raise ValueError(f"text2qti writes another manifest than this exporter knows: no {pattern}")
    return text.encode()
