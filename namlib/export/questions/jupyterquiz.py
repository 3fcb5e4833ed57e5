"""JSON for jupyterquiz, the quiz package many notebooks use. Its texts are HTML."""

from __future__ import annotations

import json
import math
from typing import Any

from namlib.export.questions.sheet import Sheet, places
from namlib.table import html


def _safe(text: str) -> str:
    # jupyterquiz takes dollar signs for mathematics before the text becomes HTML.
    return html(text).replace("$", "&#36;")


def write(sheets: list[Sheet]) -> tuple[bytes, list[str]]:
    """Write the list of items that ``jupyterquiz.display_quiz`` takes."""
    content = json.dumps([_item(sheet) for sheet in sheets], ensure_ascii=False, indent=1) + "\n"
    several = [sheet for sheet in sheets if sheet.kind == "multiple"]
    lost = [
        "takeaway and sources: there is no place for them after answering; they follow the right answer's feedback",
        "id, objective, tags and revision: the id stands in the file, but jupyterquiz does not read it",
        "answers: jupyterquiz shows whether a choice is right and keeps nothing",
        "true and false: shown as two options",
    ]
    if several:
        lost.append(
            f"marking of items with several keys ({', '.join(places(several))}): each choice is marked by itself"
        )
    if any(sheet.kind == "number" for sheet in sheets):
        lost.append("the unit of a number: it is named in the stem only")
    return content.encode(), lost


def _span(low: float, high: float) -> dict[str, Any]:
    # jupyterquiz leaves the upper end of a range out, so the range ends at the next number a computer can hold.
    return {"value": low} if low == high else {"range": [low, math.nextafter(high, math.inf)]}


def _item(sheet: Sheet) -> dict[str, Any]:
    stem = "<br>".join(_safe(paragraph) for paragraph in sheet.paragraphs)
    item: dict[str, Any] = {"id": sheet.id, "question": stem}
    closing = sheet.closing_html.replace("$", "&#36;")
    if sheet.number is not None:
        held = sheet.number
        answers = [_span(held.low, held.high) | {"correct": True, "feedback": _safe(held.feedback) + closing}]
        answers += [
            _span(slip.low, slip.high) | {"correct": False, "feedback": _safe(slip.feedback)} for slip in held.slips
        ]
        return item | {
            "type": "numeric",
            "answers": [*answers, {"type": "default", "feedback": _safe(held.otherwise)}],
        }
    last = sheet.key[-1]
    return item | {
        "type": "many_choice" if sheet.kind == "multiple" else "multiple_choice",
        "answers": [
            {
                "answer": _safe(option.text),
                "correct": option.id in sheet.key,
                "feedback": _safe(option.feedback) + (closing if option.id == last else ""),
            }
            for option in sheet.options
        ],
    }
