"""Read prose: find the clinical numbers of a text, and cut Markdown into sentences, table rows and list items.

Pure text work for :mod:`namlib.claims`, which says what counts as a clinical number. Nothing here knows the ledger.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

# --- numbers in text -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quantity:
    """A clinical number as written. ``values`` are in ``kind``, its unit in base form (mg, days, months)."""

    written: str
    kind: str
    values: tuple[Decimal, ...]
    start: int
    end: int

    @property
    def is_dose(self) -> bool:
        """Whether this is an amount of a drug."""
        return self.kind.startswith(("mg", "dose/"))


_ONES = (
    "one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORD_VALUE = {word: place for place, word in enumerate(_ONES.split(), start=1)}
_WORD_VALUE |= {word: 10 * place for place, word in enumerate(_TENS.split(), start=2)}

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_WORD = rf"\b(?:(?:{_TENS.replace(' ', '|')})-(?:{'|'.join(_ONES.split()[:9])})|{'|'.join(_WORD_VALUE)})\b"
NUM = rf"(?:(?<![A-Za-z0-9_])(?<!\d[.,]){_DIGITS}(?!\d)|(?i:{_WORD}))"
_TO = r"(?:\s*[-\u2010-\u2013\u2212]\s*|\s+to\s+)"
_ITEM_RUN = rf"{NUM}(?:{_TO}{NUM})?"
# Numbers that share a unit: "15", "15-30", "2 or 3", "20, 40 and 60". A comma alone joins nothing ("line 17, 15 mg").
SERIES = rf"{_ITEM_RUN}(?:(?:\s*,\s*{_ITEM_RUN})*\s*,?\s+(?:and|or)\s+{_ITEM_RUN})*"
NUMBER = re.compile(NUM)
_SERIES = re.compile(SERIES)

_LABEL_WORD = re.compile(
    r"\b(?:lines?|tables?|fig(?:ure)?s?\.?|sections?|notebooks?|steps?|items?|questions?|footnotes?|pages?|rows?|cells?|parts?|chapters?|no\."
    r"|numbers?|phase|grades?|types?|category|level|version|python|release)\s*$",
    re.I,
)
_NOT_CLINICAL_NOUN = re.compile(
    r"\s*(?:\w+\s+)?(?:ways?|things?|sources?|schemes?|questions?|notebooks?|steps?|options?|routes?|answers?|kinds?|commands?|reasons?|lines?|rows?"
    r"|columns?|pages?|seeds?|documents?|texts?|items?|tasks?|sections?)\b",
    re.I,
)

_PER = r"(?:\s*/\s*|\s+(?:per|a|each)\s+)"
_MASS = re.compile(r"(?:(?P<mg>mg|[Mm]illigrams?)|(?P<g>g|[Gg]rams?)|(?P<ug>mcg|[µμ]g|[Mm]icrograms?))(?![A-Za-z0-9])")
_BASIS = re.compile(
    rf"{_PER}(?:(?P<kg>kg|kilograms?)|(?P<m2>m2|m²|m\^2|square met(?:re|er)s?))(?![A-Za-z0-9])"
    r"(?:\s+(?:of\s+)?(?:ideal\s+)?body\s*weight)?"
)
_PER_DOSE = re.compile(rf"{_PER}(?:dose|infusion|course|pulse|session|round|intake)s?\b")
_ADVERB = r"\s+(?:once\s+)?(?:(?:a|per|each|every)\s+"
PERIODS = {
    "d": re.compile(rf"\s*/\s*(?:d|day|24 ?h)\b|{_ADVERB}day|daily)\b(?!\s+of\b)"),
    "wk": re.compile(rf"\s*/\s*(?:wk|week)\b|{_ADVERB}week|weekly)\b"),
    "mo": re.compile(rf"\s*/\s*(?:mo|month)\b|{_ADVERB}month|monthly)\b"),
}
_TAIL = re.compile(r"\s*/\s*([A-Za-z]+)")
_SPACE = re.compile(r"[\s-]*")
_NOT_ADJECTIVE = (
    r"(?!(?:of|in|and|or|to|for|with|without|the|a|an|by|at|on|from|as|than|that|who|was|were|is|are|had|has|have|gave?|gives?|per|more|less|not|its|their"
    r"|minutes?|fictional|invented|teaching|worked|example|synthetic|simulated|virtual|vs?\.?|versus|if|when|while|since|says?|states?|lets?)\b)"
)
_ADJECTIVES = rf"(?:{_NOT_ADJECTIVE}[A-Za-z][\w'-]*\s+){{0,3}}?"

# unit kind, factor into it, pattern; tried in this order after the drug doses
_SIMPLE_UNITS: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    ("%", 1, re.compile(r"%|per\s?cent\b")),
    ("U/L", 60, re.compile(r"[uµμ]kat\s*/\s*[Ll]\b")),
    ("U/L", 1, re.compile(r"(?:IU|UI|U|[Uu]nits?)(?:\s*/\s*|\s+per\s+)(?:[Ll]|litre|liter)\b")),
    ("age", 12, re.compile(r"(?:years?|yrs?)(?:[\s-]+old\b|\s+of\s+age\b)", re.I)),
    ("age", 1, re.compile(r"months?(?:[\s-]+old\b|\s+of\s+age\b)", re.I)),
    ("mo", 12, re.compile(r"(?:years?|yrs?)\b", re.I)),
    ("mo", 1, re.compile(r"(?:months?|mo)\b", re.I)),
    ("d", 7, re.compile(r"(?:(?:consecutive|more|further|full)\s+)?(?:weeks?|wks?)\b", re.I)),
    ("d", 14, re.compile(r"fortnights?\b", re.I)),
    ("d", 1, re.compile(r"(?:(?:consecutive|successive|more|further|full)\s+)?(?:days?\b|d\b)", re.I)),
    ("kg", 1, re.compile(r"(?:kg|kilograms?)(?![A-Za-z0-9/])")),
    ("cm", 1, re.compile(r"(?:cm|centimetres?)\b")),
    ("m2", 1, re.compile(r"(?:m2|m²|m\^2|square metres?)(?![A-Za-z0-9])")),
    ("mL", 1, re.compile(r"m[lL]\b")),
    ("IU", 1, re.compile(r"IU\b")),
    ("{session}", 1, re.compile(rf"{_ADJECTIVES}(?:sessions?|exchanges?)\b", re.I)),
    ("{score}", 1, re.compile(r"points?\b", re.I)),
    (
        "{patient}",
        1,
        re.compile(
            rf"{_ADJECTIVES}(?:patients|adults|children|people|participants|persons|men|women|boys|girls|cases)\b", re.I
        ),
    ),
    ("{study}", 1, re.compile(rf"{_ADJECTIVES}(?:studies|trials|cohorts)\b", re.I)),
    ("{guideline}", 1, re.compile(rf"{_ADJECTIVES}guidelines\b", re.I)),
    ("{event}", 1, re.compile(rf"{_ADJECTIVES}(?:events|deaths)\b", re.I)),
)
_DIGITS_ONLY = ("{score}", "{study}", "{guideline}", "{event}")
COUNTS = ("{patient}", "{session}", *_DIGITS_ONLY)
_DURATION = ("mo", "d", "age")


def value_of(text: str) -> Decimal:
    if text[0].isalpha():
        return Decimal(sum(_WORD_VALUE[part] for part in text.lower().split("-")))
    return Decimal(text.replace(",", ""))


def is_year(text: str) -> bool:
    return len(text) == 4 and text.isdigit() and 1900 <= int(text) <= 2100


def unit_at(text: str, place: int) -> tuple[str, Decimal, int] | None:
    """Read the unit that starts at ``place``: its kind, the factor into that kind, and where it ends."""
    mass = _MASS.match(text, place)
    if mass is None:
        for kind, times, pattern in _SIMPLE_UNITS:
            if found := pattern.match(text, place):
                return kind, Decimal(times), found.end()
        return None
    factor = {"mg": Decimal(1), "g": Decimal(1000), "ug": Decimal("0.001")}[str(mass.lastgroup)]
    kind, end = "mg", mass.end()
    if basis := _BASIS.match(text, end):
        kind, end = f"{kind}/{basis.lastgroup}", basis.end()
    if dose := _PER_DOSE.match(text, end):
        end = dose.end()
    for code, pattern in PERIODS.items():
        if period := pattern.match(text, end):
            return f"{kind}/{code}", factor, period.end()
    if tail := _TAIL.match(text, end):
        return f"{kind}/{tail[1]}", factor, tail.end()
    return kind, factor, end


class _Reader:
    """Takes one kind of number after the other out of a text, blanking what it has taken."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self.left = text
        self.found: list[Quantity] = []
        self.bare: list[tuple[int, int, bool]] = []

    def take(self, kind: str, values: Sequence[Decimal], start: int, end: int, *, blank: bool = True) -> None:
        self.found.append(Quantity(self.whole[start:end].strip(), kind, tuple(values), start, end))
        if blank:
            self.blank(start, end)

    def blank(self, start: int, end: int) -> None:
        self.left = self.left[:start] + "\0" * (end - start) + self.left[end:]

    def series(
        self, kind: str, factor: Decimal, start: int, end: int, written_end: int, *, written_start: int = -1
    ) -> None:
        """Take a run of numbers that share one unit: a range, alternatives, or a list."""
        parts = list(NUMBER.finditer(self.whole, start, end))
        joins = [self.whole[a.end() : b.start()].strip() for a, b in pairwise(parts)]
        if len(parts) > 1 and _LABEL_WORD.search(self.whole[:start]):
            parts, joins = parts[1:], joins[1:]
        before = self.whole[: parts[0].start()].lower().rstrip()
        if len(parts) == 2 and joins == ["and"] and before.endswith("between"):
            joins = ["to"]
        singles = len(parts) == 2 and joins == ["to"] and before.endswith("from")
        where = parts[0].start() if written_start < 0 else written_start
        place = 0
        while place < len(parts):
            low = value_of(parts[place][0]) * factor
            is_range = place < len(joins) and (
                joins[place] == "to" or joins[place] in tuple("-\u2010\u2011\u2012\u2013\u2212")
            )
            if is_range and not singles:
                high = value_of(parts[place + 1][0]) * factor
                first, last = parts[place], parts[place + 1]
                if not (is_year(first[0]) or is_year(last[0])):
                    for values in [(low, high)] if low < high else [(low,), (high,)]:
                        self.take(
                            kind,
                            values,
                            min(where, first.start()) if place == 0 else first.start(),
                            written_end,
                            blank=False,
                        )
                place += 2
            else:
                if not is_year(parts[place][0]):
                    begin = min(where, parts[place].start()) if place == 0 else parts[place].start()
                    self.take(kind, (low,), begin, written_end, blank=False)
                place += 1
        self.blank(min(where, parts[0].start()), max(end, written_end))

    # --- the passes, in order ---

    def of_counts(self) -> None:
        for found in _OF.finditer(self.left):
            few, many = found["few"], found["many"]
            label = _LABEL_WORD.search(self.left[: found.start()])
            if label or is_year(many) or "." in few + many:
                continue
            if found["the"] and few[0].isalpha() and many[0].isalpha():
                continue
            unit = unit_at(self.left, _space_end(self.left, found.end()))
            if (unit and unit[0] not in COUNTS) or _NOT_CLINICAL_NOUN.match(self.left, found.end()):
                continue
            self.take("of", (value_of(few), value_of(many)), found.start(), found.end())
        for found in _SLASH.finditer(self.left):
            if found[0] != "24/7" and not re.search(r"MRC(?:\s+grade)?\s*$", self.left[: found.start()]):
                self.take("of", (value_of(found[1]), value_of(found[2])), found.start(), found.end())

    def with_unit(self) -> None:
        for found in _SERIES.finditer(self.left):
            unit = unit_at(self.left, _space_end(self.left, found.end()))
            last = list(NUMBER.finditer(self.left, found.start(), found.end()))[-1][0]
            if unit is None:
                is_range = bool(re.fullmatch(rf"{_DIGITS}\s*[-\u2013]\s*{_DIGITS}", found[0]))
                self.bare.append((found.start(), found.end(), is_range))
                continue
            kind, factor, end = unit
            if kind == "%" and re.match(r"\s*(?:CI\b|confidence)", self.left[end:]):
                self.blank(found.start(), end)
                continue
            in_words = last[0].isalpha()
            if in_words and (
                kind in _DIGITS_ONLY
                or (kind == "{patient}" and value_of(last) < 3)
                or self.left[found.start() : end] == "one day"
            ):
                continue
            if kind == "{patient}" and (_LABEL_WORD.search(self.left[: found.start()]) or is_year(last)):
                continue
            if kind == "mo" and re.search(r"\baged?\s+(?:\w+\s+)?$", self.left[: found.start()]):
                kind = "age"
            self.series(kind, factor, found.start(), found.end(), end)

    def after_word(self) -> None:
        for kind, factor, pattern in _AFTER_WORD:
            for found in pattern.finditer(self.left):
                start, end = found.span("series")
                if not is_year(found["series"]):
                    self.series(kind, Decimal(factor), start, end, end, written_start=found.start())

    def in_dose_context(self) -> None:
        """Bare numbers that can only be doses: "25 a week", "10 mg ... to 20", "0.5-1 here, 1-2 mg/kg/d there"."""
        doses = sorted(
            (quantity for quantity in self.found if quantity.kind.startswith("mg")), key=lambda quantity: quantity.start
        )
        for start, end, is_range in self.bare:
            written = self.whole[start:end]
            if (
                "\0" in self.left[start:end]
                or _LABEL_WORD.search(self.whole[:start])
                or any(map(is_year, re.findall(r"\d+", written)))
            ):
                continue
            period = next((code for code, pattern in PERIODS.items() if pattern.match(self.left, end)), "")
            before = next((dose for dose in reversed(doses) if dose.end <= start), None)
            after = next((dose for dose in doses if dose.start >= end), None)
            if period and written[0].isdigit():
                self.series(f"dose/{period}", Decimal(1), start, end, end)
            elif before and _ELIDED.fullmatch(self.whole, before.end, start):
                if written[0].isdigit() and re.match(r"\s*(?:$|[.,;:)|]|(?:and|or|then|to)\b)", self.left[end:]):
                    self.series(before.kind, _factor_of(before), start, end, end)
            elif is_range and after:
                self.series(after.kind, _factor_of(after), start, end, end)


def _space_end(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _factor_of(quantity: Quantity) -> Decimal:
    """Return what turns the written number of a dose into its base unit."""
    for found in NUMBER.finditer(quantity.written):
        value = value_of(found[0])
        if value:
            return quantity.values[0] / value
    return Decimal(1)


# What may stand between a dose and a bare number that shares its unit: "10 mg every 2 weeks to 20".
_ELIDED = re.compile(
    r"\s*(?:(?:less\s+)?(?:every|each)\s+(?:\w+\s+)?\w+\s*)?(?:,|or|and|then|to|until|-|\u2013)\s*(?:down\s+)?(?:to\s+)?"
)
_OF = re.compile(rf"(?P<few>{NUM})\s+(?:out\s+)?of\s+(?P<the>(?:the|those|these|all|its|their)\s+)?(?P<many>{NUM})")
_SLASH = re.compile(r"(?<![\w/.])(\d+)\s?/\s?(\d+)(?![\w/]|\.\d)")
_RUN = rf"(?P<series>{SERIES})"
_ABOUT = (
    r"(?:\s+(?:of|was|is|at|above|below|over|under|about|around|from|still|level|levels|value|values|more|less|than))*"
)
_AFTER_WORD: tuple[tuple[str, int, re.Pattern[str]], ...] = (
    ("d", 7, re.compile(rf"\bweeks?\s+{_RUN}", re.I)),
    ("mo", 1, re.compile(rf"\bmonths?\s+{_RUN}", re.I)),
    ("d", 1, re.compile(rf"\bdays?\s+{_RUN}", re.I)),
    ("age", 12, re.compile(rf"\bage[ds]?\b{_ABOUT}\s+{_RUN}", re.I)),
    ("1", 1, re.compile(rf"\b(?:OR|HR|RR|odds ratio|hazard ratio|risk ratio){_ABOUT}\s*[=:]?\s*{_RUN}")),
    ("interval", 1, re.compile(rf"\b(?:CI|confidence interval|IQR|interquartile range){_ABOUT}\s*[=:,]?\s*{_RUN}")),
    ("p", 1, re.compile(rf"\b[pP]\s*[=<>\u2264]\s*{_RUN}")),
    ("U/L", 1, re.compile(rf"\bCK\b{_ABOUT}\s*[=:<>\u2264\u2265]*\s*{_RUN}")),
)


def quantities(text: str) -> list[Quantity]:
    """Find the clinical numbers of a plain text (no Markdown), in order.

    Examples
    --------
    >>> [(found.written, found.kind) for found in quantities("Six of eight took 1,200-2,400 mg a day for 3 weeks.")]
    [('Six of eight', 'of'), ('1,200-2,400 mg a day', 'mg/d'), ('3 weeks', 'd')]
    >>> quantities("Notebook 02 takes 25 minutes; run two commands. See Table 3 and line 17.")
    []
    """
    if not (any(map(str.isdigit, text)) or re.search(_WORD, text, re.I)):
        return []
    reader = _Reader(text)
    reader.of_counts()
    reader.with_unit()
    reader.after_word()
    reader.in_dose_context()
    return sorted(reader.found, key=lambda quantity: (quantity.start, quantity.end))


# --- Markdown ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A Markdown link: where it stands, what it is called, where it goes."""

    start: int
    end: int
    label: str
    target: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What a number and its link must share: a sentence, a table row, or a sentence of a list item.

    ``parts`` pairs each piece of text with its context (the heading of its table column, else nothing); ``pool`` is
    the text whose links count where the passage itself has none; ``heading`` is the heading above.
    """

    text: str
    parts: tuple[tuple[str, str], ...]
    pool: str
    heading: str


_HIDDEN = re.compile(
    r"(?P<fence>^(?P<lead>[ >]*)(?P<marks>`{3,}|~{3,})[^\n]*\n(?:.*?\n)?[ >]*(?P=marks)[`~]*[ \t]*$"
    r"|^[ >]*(?:`{3,}|~{3,})[^\n`]*\n.*\Z)"
    r"|(?P<comment><!--.*?(?:-->|\Z))"
    r"|(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`))",
    re.S | re.M,
)
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|details|summary|ul|ol|li|dl|dt|dd|tr|table|thead|tbody|h[1-6]|figure|figcaption|blockquote|section)\b[^<>]*>",
    re.I,
)
_ANCHOR = re.compile(r"<a\b[^<>]*?\bhref\s*=\s*[\"']([^\"']*)[\"'][^<>]*>(.*?)</a>", re.I | re.S)
_ALT = re.compile(r"<img\b[^<>]*?\balt\s*=\s*\"([^\"]*)\"[^<>]*>", re.I)
_LINK = re.compile(
    r"(?P<image>!?)\[(?P<label>(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]"
    r"\(\s*<?(?P<target>(?:[^\s()<>]|\([^\s()<>]*\))*)>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"
)
_BARE_ADDRESS = re.compile(r"https?://[^\s<>\[\]|\"']+")
_DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:\s*<?(\S+?)>?(?:\s+[\"'(].*)?$", re.M)
_BY_REFERENCE = re.compile(r"(?<!!)\[([^\[\]]+)\]\[([^\[\]]*)\]")


def visible(markdown: str) -> str:
    """Return Markdown without what no reader sees or nobody reads as prose, HTML reduced to text and links."""
    text = _HIDDEN.sub(lambda found: "\n" if found["fence"] else " ", markdown)
    text = re.sub(r"<(https?://[^<>\s]+)>", r"[\1](\1)", text)
    text = re.sub(r"<sup>\s*2\s*</sup>", "²", text)
    text = _ALT.sub(r" \1 ", _ANCHOR.sub(r"[\2](\1)", text))
    text = re.sub(r"</?[A-Za-z][^<>]*>", " ", _BLOCK_TAG.sub("\n\n", text))
    text = html.unescape(text).replace("\xa0", " ").replace("\u202f", " ").replace("\u2009", " ")
    addresses = {name.lower(): target for name, target in _DEFINITION.findall(text)}
    text = _DEFINITION.sub("", text)

    def inline(found: re.Match[str]) -> str:
        target = addresses.get((found[2] or found[1]).lower())
        return f"[{found[1]}]({target})" if target else found[0]

    return _BY_REFERENCE.sub(inline, text)


def links(text: str) -> list[Link]:
    """Find the links of a Markdown text, bare addresses included (their label is blank); images are no links.

    Examples
    --------
    >>> [(link.label, link.target) for link in links("see [Doe 2019](https://doi.org/10.1/a(b)c).")]
    [('Doe 2019', 'https://doi.org/10.1/a(b)c')]
    """
    found = [Link(*hit.span(), hit["label"], hit["target"]) for hit in _LINK.finditer(text) if not hit["image"]]
    rest = _LINK.sub(lambda hit: " " * len(hit[0]), text)
    for hit in _BARE_ADDRESS.finditer(rest):
        target = hit[0].rstrip(".,;:!?)*_")
        found.append(Link(hit.start(), hit.start() + len(target), "", target))
    return sorted(found, key=lambda link: link.start)


_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|v|figs?|no|nos|dr|prof|al|approx|cf|ca|resp|max|min|mo|wk|p|pp|vol|ed|eds|st|mr|mrs|ms|incl|suppl)|(?<![A-Za-z-])(?-i:[A-CE-Z]))\.$",
    re.I,
)
_STOP = re.compile(r"[.!?\u2026]+[\"')\]*_\u201d\u2019]*(?=\s)")
_LINKS_ONLY = re.compile(r"[\s()\[\].,;:*_\u2013-]*")


def split_sentences(text: str) -> list[str]:
    """Cut a text into sentences. The pieces joined again are the text, character for character.

    A full stop inside a link, after an abbreviation ("e.g.", "Fig."), or before a small letter ends nothing. A piece
    that is only links belongs to the sentence before it.

    Examples
    --------
    >>> split_sentences("Two doses, e.g. 1 g vs. 0.5 g. Who says so? See Fig. 2.")
    ['Two doses, e.g. 1 g vs. 0.5 g. ', 'Who says so? ', 'See Fig. 2.']
    """
    shut = [(link.start, link.end) for link in links(text)]
    pieces: list[str] = []
    begin = 0
    for stop in _STOP.finditer(text):
        if any(start <= stop.start() < end for start, end in shut):
            continue
        after = len(text) - len(text[stop.end() :].lstrip())
        if after < len(text) and text[after].islower():
            continue
        dot = text[begin : stop.start() + 1]
        if (
            stop[0].startswith(".")
            and len(stop[0]) == 1
            and _ABBREVIATION.search(dot)
            and not re.search(r"\d\s*(?:mo|wk|p|v)\.$", dot)
        ):
            continue
        pieces.append(text[begin:after])
        begin = after
    if begin < len(text):
        pieces.append(text[begin:])
    joined: list[str] = []
    for piece in pieces:
        only_links = links(piece) and _LINKS_ONLY.fullmatch(_LINK.sub("", piece))
        if joined and (only_links or not piece.strip()):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


_QUOTE = re.compile(r"^\s*>\s?")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-+)\s*$")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")


def passages(markdown: str) -> list[Passage]:
    """Cut the Markdown of a cell into passages: sentences, table rows, list items; quotes are read like other text.

    Examples
    --------
    >>> for passage in passages("# Dose\\n\\nOne. Two.\\n\\n| drug | mg |\\n|---|---|\\n| a | 5 |\\n"):
    ...     print(passage.parts)
    (('', 'Dose'),)
    (('', 'One. '),)
    (('', 'Two.'),)
    (('', 'drug'), ('', 'mg'))
    (('drug', 'a'), ('mg', '5'))
    """
    return list(_passages(visible(markdown).splitlines(), ""))


def _passages(lines: Sequence[str], heading: str) -> Iterator[Passage]:
    held: list[str] = []
    is_item = False

    def flush() -> Iterator[Passage]:
        nonlocal is_item
        text = "\n".join(held)
        for sentence in split_sentences(text):
            if sentence.strip():
                yield Passage(sentence, (("", sentence),), text if is_item else sentence, heading)
        held.clear()
        is_item = False

    place = 0
    while place < len(lines):
        line = lines[place]
        if _QUOTE.match(line):
            yield from flush()
            end = place
            while end < len(lines) and _QUOTE.match(lines[end]):
                end += 1
            yield from _passages([_QUOTE.sub("", quoted) for quoted in lines[place:end]], heading)
            place = end
            continue
        if "|" in line and place + 1 < len(lines) and "-" in lines[place + 1] and _TABLE_RULE.match(lines[place + 1]):
            yield from flush()
            end = place + 2
            while end < len(lines) and lines[end].strip() and "|" in lines[end]:
                end += 1
            yield from _rows(lines[place:end], heading)
            place = end
            continue
        title = _HEADING.match(line)
        if title or (held and not is_item and _UNDERLINE.match(line)):
            name = title[1] if title else "\n".join(held)
            if title:
                yield from flush()
            held.clear()
            heading = name
            yield Passage(name, (("", name),), name, "")
        elif not line.strip() or _UNDERLINE.match(line):
            yield from flush()
        elif found := _ITEM.match(line):
            yield from flush()
            is_item = True
            held.append(line[found.end() :])
        else:
            held.append(line.strip())
        place += 1
    yield from flush()


def _rows(lines: Sequence[str], heading: str) -> Iterator[Passage]:
    def cells(line: str) -> list[str]:
        return [
            cell.replace("\\|", "|").strip()
            for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
        ]

    headers = cells(lines[0])
    yield Passage(lines[0].strip(), tuple(("", name) for name in headers), "\n".join(lines), heading)
    for line in lines[2:]:
        row = cells(line)
        contexts = headers + [""] * (len(row) - len(headers))
        yield Passage(line.strip(), tuple(zip(contexts, row, strict=False)), line, heading)


def plain(text: str) -> str:
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text).replace("*", "").replace("~~", "").replace("$", "")
    return re.sub(r"(?<!\w)_+|_+(?!\w)", "", text)
