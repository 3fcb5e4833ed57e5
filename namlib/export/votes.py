"""Votes of a room: a table of who chose what, checked as a whole, then only counted. A vote is never made up.

The file is a CSV with the columns ``participant``, ``item`` and ``choice``. ``item`` is the id of a stage, or for a
concordance item ``stage/item``. ``choice`` is an id on offer there; for a ranking the hypothesis that was put first,
for a concordance item a mark from -2 to 2. Who may choose several things has several rows. Names are counted and then
forgotten: none reaches a page.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from namlib.discussion_records import LIKELIHOOD, Discussion, Stage
from namlib.frozen import frozen
from namlib.table import html

COLUMNS = ("participant", "item", "choice")
MOST_BYTES = 1024 * 1024
MOST_PROBLEMS = 100
_MOST_NAME = 100


class VotesError(ValueError):
    """A file of votes was refused; ``problems`` names every reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@frozen
class Bar:
    """How many chose one thing."""

    id: str
    name: str
    count: int


@frozen
class Ballot:
    """The votes on one item: ``voters`` is how many people took part, not the sum where several may be chosen."""

    item: str
    question: str
    bars: tuple[Bar, ...]
    voters: int
    several: bool

    @property
    def words(self) -> str:
        """The counts in words.

        Examples
        --------
        >>> Ballot("label", "Class", (Bar("a", "A", 3), Bar("b", "B", 1)), 4, False).words
        'Class: 4 voted; A 3, B 1.'
        """
        counts = ", ".join(f"{bar.name} {bar.count}" for bar in self.bars)
        more = ", several choices each" if self.several else ""
        return f"{self.question}: {self.voters} voted{more}; {counts}."


@frozen
class _Offer:
    """What may be voted on at one item."""

    stage: Stage
    question: str
    choices: dict[str, str]
    most: int | None  # how many choices one person has; none: as many as are on offer


def signed(mark: int) -> str:
    """Write a mark with its sign.

    Examples
    --------
    >>> signed(2), signed(0), signed(-1)
    ('+2', '0', '\N{MINUS SIGN}1')
    """
    return f"+{mark}" if mark > 0 else str(mark).replace("-", "\N{MINUS SIGN}")


def offers(discussion: Discussion) -> dict[str, _Offer]:
    """List what a room may vote on, by the name that the file uses."""
    made: dict[str, _Offer] = {}
    for stage in discussion.stages:
        if stage.kind == "differential":
            names = {one.id: one.name for one in discussion.hypotheses}
            made[stage.id] = _Offer(stage, f"{stage.heading}, first place", names, 1)
        elif stage.kind == "tests":
            made[stage.id] = _Offer(stage, stage.heading, {test.id: test.name for test in stage.tests}, stage.most)
        elif stage.kind in ("label", "therapy"):
            names = {option.id: option.name for option in stage.options}
            made[stage.id] = _Offer(stage, stage.heading, names, None if stage.several else 1)
        elif stage.kind == "concordance":
            marks = {str(mark): f"{signed(mark)} {words}" for mark, words in LIKELIHOOD.items()}
            for item in stage.items:
                name = discussion.hypothesis(item.hypothesis).name
                made[f"{stage.id}/{item.id}"] = _Offer(stage, f"{name}. New: {item.new_fact}", marks, 1)
    return made


def read_votes(path: Path, discussion: Discussion) -> tuple[Ballot, ...]:
    """Read and count a file of votes.

    Parameters
    ----------
    path : Path
        The CSV file.
    discussion : Discussion
        What was voted on.

    Returns
    -------
    tuple of Ballot
        One for each item that anybody voted on, in the order of the discussion.

    Raises
    ------
    VotesError
        With every problem of the file at once.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as refused:
        raise VotesError([f"{path.name}: cannot be read: {refused.strerror or refused}"]) from None
    if len(content) > MOST_BYTES:
        raise VotesError([f"{path.name}: is larger than {MOST_BYTES // 1024} KiB"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VotesError([f"{path.name}: is not UTF-8 text"]) from None
    return count_votes(text, path.name, discussion)


def count_votes(text: str, file: str, discussion: Discussion) -> tuple[Ballot, ...]:
    """Check the text of a file of votes and count it; see :func:`read_votes`."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as refused:
        raise VotesError([f"{file}: is not a table: {refused}"]) from None
    if not rows or tuple(cell.strip().lower() for cell in rows[0]) != COLUMNS:
        raise VotesError([f"{file}, row 1: the columns are {', '.join(COLUMNS)}"])
    offered = offers(discussion)
    problems: list[str] = []
    given: dict[str, dict[str, list[str]]] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        reason = _take(row, offered, given)
        if reason:
            problems.append(f"{file}, row {line}: {reason}")
    if not problems and not given:
        problems.append(f"{file}: holds no vote")
    if problems:
        more = len(problems) - MOST_PROBLEMS
        shown = problems[:MOST_PROBLEMS]
        raise VotesError([*shown, f"{file}: and {more} more"] if more > 0 else shown)
    return tuple(_ballot(name, offer, given[name]) for name, offer in offered.items() if name in given)


def _take(row: list[str], offered: Mapping[str, _Offer], given: dict[str, dict[str, list[str]]]) -> str:
    """Take one vote; return why it cannot be taken, or nothing."""
    if len(row) != len(COLUMNS):
        return f"has {len(row)} cells and not {len(COLUMNS)}"
    participant, item, choice = (cell.strip() for cell in row)
    if not participant:
        return "participant: is blank"
    if len(participant) > _MOST_NAME:
        return f"participant: is longer than {_MOST_NAME} characters"
    if item not in offered:
        return f"item: {item[:50]!r} is nothing to vote on; known: {', '.join(offered)}"
    offer = offered[item]
    choice = choice.replace("\N{MINUS SIGN}", "-").removeprefix("+") if offer.stage.kind == "concordance" else choice
    if choice not in offer.choices:
        return f"choice: {choice[:50]!r} is not on offer at {item}; known: {', '.join(offer.choices)}"
    mine = given.setdefault(item, {}).setdefault(participant, [])
    if choice in mine:
        return f"choice: {participant[:50]!r} chose {choice!r} at {item} twice"
    if offer.most is not None and len(mine) >= offer.most:
        return f"choice: {participant[:50]!r} has more than {offer.most} at {item}"
    mine.append(choice)
    return ""


def _ballot(name: str, offer: _Offer, given: Mapping[str, list[str]]) -> Ballot:
    counted = Counter(choice for chosen in given.values() for choice in chosen)
    bars = tuple(Bar(choice, said, counted[choice]) for choice, said in offer.choices.items())
    return Ballot(name, offer.question, bars, len(given), offer.most != 1)


# --- the chart -----------------------------------------------------------------------------------------------------

_WIDTH, _LABELS, _ROW = 920, 400, 30
_CHARACTER = 8.2
_MOST_LINES = 2


def _lines(text: str, most: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) > _MOST_LINES:
        lines = lines[:_MOST_LINES]
        lines[-1] = lines[-1][: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return [line if len(line) <= most else line[: most - 1] + "\N{HORIZONTAL ELLIPSIS}" for line in lines]


def bar_chart(title: str, bars: Iterable[Bar], whole: int, what: str, *, colour: str = "#0072B2") -> str:
    """Draw counts as bars, one under the other, each with its number.

    Parameters
    ----------
    title : str
        What the drawing is called by a screen reader, and the counts in words.
    bars : iterable of Bar
        The counts.
    whole : int
        How many took part; a bar of that many reaches the end of the axis.
    what : str
        What is counted, under the axis.
    colour : str
        Colour of the bars.
    """
    shown = list(bars)
    right, top = _WIDTH - 60, 8
    scale = (right - _LABELS) / max(whole, 1)
    bottom = top + _ROW * len(shown)
    step = max(1, -(-whole // 10))
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {bottom + 42}" role="img" aria-label="{html(title)}">',
    ]
    for tick in range(0, whole + 1, step):
        x = _LABELS + tick * scale
        parts.append(
            f'<path d="M{x:.1f} {top}V{bottom}" stroke="#c9ced3" fill="none"/>'
            f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle" font-size="12">{tick}</text>'
        )
    for place, bar in enumerate(shown):
        y = top + _ROW * place
        lines = _lines(bar.name, int((_LABELS - 14) / (_CHARACTER * 0.93)))
        for number, line in enumerate(lines):
            base = y + (19 if len(lines) == 1 else 13 + 14 * number)
            parts.append(f'<text x="{_LABELS - 10}" y="{base}" text-anchor="end" font-size="12.5">{html(line)}</text>')
        if bar.count:
            parts.append(
                f'<rect x="{_LABELS}" y="{y + 5}" width="{bar.count * scale:.1f}" height="{_ROW - 11}" '
                f'fill="{colour}"/>'
            )
        x = _LABELS + bar.count * scale + 7
        parts.append(f'<text x="{x:.1f}" y="{y + 19}" font-size="13" font-weight="bold">{bar.count}</text>')
    parts.append(f'<path d="M{_LABELS} {top}V{bottom}" stroke="#1a1a1a" fill="none"/>')
    parts.append(
        f'<text x="{(_LABELS + right) / 2:.1f}" y="{bottom + 35}" text-anchor="middle" font-size="12">'
        f"{html(what)}</text>"
    )
    return "".join([*parts, "</svg>"])


def ballot_chart(ballot: Ballot) -> str:
    """Draw the votes on one item."""
    return bar_chart(ballot.words, ballot.bars, ballot.voters, f"people, of {ballot.voters} who voted")
