"""GIFT, Moodle's plain text format. Which characters are escaped, and how, follows Moodle's own reader."""

from __future__ import annotations

from itertools import groupby

from namlib.export.questions.sheet import Sheet, places

_ESCAPES = str.maketrans({character: "\\" + character for character in "\\~=#{}:"} | {"\n": "\\n"})


def _safe(text: str) -> str:
    """Escape a text. One that begins like a mark for its format or its weight is marked as plain text first."""
    return ("[plain]" if text.startswith(("[", "%")) else "") + text.translate(_ESCAPES)


def write(sheets: list[Sheet]) -> tuple[bytes, list[str]]:
    """Write one category for each notebook, one block for each item."""
    lines = ["// Items of an open course on immune-mediated necrotizing myopathy. For learning, not for care.", ""]
    for notebook, group in groupby(sheets, key=lambda sheet: sheet.notebook):
        lines += [f"$CATEGORY: $course$/top/IMNM course/{notebook}", ""]
        for sheet in group:
            lines += [f"// [id:{sheet.id}] {' '.join(f'[tag:{tag}]' for tag in sheet.tags)}", _block(sheet), ""]
    several = [sheet for sheet in sheets if sheet.kind == "multiple"]
    numbers = [sheet for sheet in sheets if sheet.kind == "number"]
    lost = [
        "id and tags: they stand in a comment, which only newer Moodle reads; the id is the name of the item as well",
        "objective, revision and ids of options: GIFT has no place for them",
        "links: the addresses of the sources are plain text",
    ]
    if several:
        lost.append(
            f"all-or-nothing marking of items with several keys ({', '.join(places(several))}): each right choice "
            "gives a share of the mark"
        )
    if numbers:
        lost.append(f"the unit of a number ({', '.join(places(numbers))}): it is named in the stem only")
    return "\n".join(lines).encode(), lost


def _block(sheet: Sheet) -> str:
    head = f"::{_safe(sheet.id)}::[plain]{sheet.stem.translate(_ESCAPES)}"
    closing = f"####{_safe(chr(10).join(sheet.closing))}"
    if sheet.number is not None:
        held = sheet.number
        rows = [f"=%100%{held.low:.12g}..{held.high:.12g}#{_safe(held.feedback)}"]
        rows += [f"=%0%{slip.low:.12g}..{slip.high:.12g}#{_safe(slip.feedback)}" for slip in held.slips]
        return "\n".join([head + "{#", *rows, f"~#{_safe(held.otherwise)}", closing + "}"])
    if sheet.kind == "true_false":
        right = next(option for option in sheet.options if option.id in sheet.key)
        wrong = next(option for option in sheet.options if option.id not in sheet.key)
        return f"{head}{{{right.id.upper()}#{_safe(wrong.feedback)}#{_safe(right.feedback)}\n{closing}}}"
    rows = []
    for option in sheet.options:
        if sheet.kind == "single":
            mark = "=" if option.id in sheet.key else "~"
        else:
            mark = f"~%{sheet.share(option):.5f}".rstrip("0").rstrip(".") + "%"
        rows.append(f"{mark}{_safe(option.text)}#{_safe(option.feedback)}")
    return "\n".join([head + "{", *rows, closing + "}"])
