"""Readers of exported items, written from the formats' own descriptions and without a look at what writes them.

Each returns items as :class:`Read`: what a learning platform would show, in plain text.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import tempfile
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree


@dataclass
class Read:
    """One item as a platform reads it. ``options`` is (text, share in percent, feedback); numbers have spans."""

    name: str
    stem: list[str]
    options: list[tuple[str, float, str]] = field(default_factory=list)
    spans: list[tuple[float, float, float, str]] = field(default_factory=list)
    otherwise: str = ""
    closing: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> list[str]:
        return [text for text, share, _ in self.options if share > 0]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[str] = [""]
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("p", "br", "li"):
            self.paragraphs.append("")
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.paragraphs[-1] += data


def shown(html: str) -> list[str]:
    """What a browser shows of HTML, by paragraphs."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return [text.strip("\n") for text in parser.paragraphs if text.strip()]


def tags_of(html: str) -> set[str]:
    parser = _Text()
    parser.feed(html)
    parser.close()
    return set(parser.tags)


# --- Moodle XML ----------------------------------------------------------------------------------------------------


def moodle(content: bytes) -> list[Read]:
    found = []
    for question in ElementTree.fromstring(content).iter("question"):
        kind = question.get("type")
        if kind == "category":
            continue

        def text(place: str, within: Any = question) -> str:
            return within.findtext(f"{place}/text") or ""

        read = Read(question.findtext("idnumber") or "", shown(text("questiontext")))
        read.closing = " ".join(shown(text("generalfeedback")))
        read.extra = {
            "kind": kind,
            "name": text("name"),
            "tags": [tag.findtext("text") for tag in question.iter("tag")],
            "single": question.findtext("single"),
            "unit": question.findtext("units/unit/unit_name"),
        }
        for answer in question.findall("answer"):
            share, said = float(answer.get("fraction", "nan")), " ".join(shown(text("feedback", answer)))
            value = answer.findtext("text") or ""
            if kind != "numerical":
                read.options.append((" ".join(shown(value)) if kind == "multichoice" else value, share, said))
            elif value == "*":
                read.otherwise = said
            else:
                tolerance = float(answer.findtext("tolerance") or "nan")
                read.spans.append((float(value) - tolerance, float(value) + tolerance, share, said))
        found.append(read)
    return found


# --- GIFT ----------------------------------------------------------------------------------------------------------

_HELD = {character: chr(0xE000 + place) for place, character in enumerate("\\~=#{}:n")}


def gift(content: bytes) -> list[Read]:
    """Read GIFT as its description says: escapes first, then blocks, names, braces, marks."""
    text = content.decode()
    assert not any(mark in text for mark in _HELD.values())
    text = re.sub(r"\\([\\~=#{}:n])", lambda found: _HELD[found[1]], text)
    found = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if not line.strip().startswith("//")]
        body = "\n".join(lines).strip()
        if not body or body.startswith("$CATEGORY"):
            continue
        named = re.fullmatch(r"::(.*?)::(.*?)\{(.*)\}", body, re.S)
        assert named, body
        answers, _, closing = named[3].partition("####")
        read = Read(_given_back(named[1]), _given_back(named[2]).split("\n"))
        read.closing = " ".join(_given_back(closing).split("\n"))
        answers = answers.strip()
        if answers.startswith("#"):
            _gift_numbers(read, answers[1:])
        elif answers.split("#")[0].strip() in ("TRUE", "FALSE", "T", "F"):
            truth, wrong, right = answers.split("#")
            is_true = truth.strip().startswith("T")
            sides = (right, wrong) if is_true else (wrong, right)
            read.options = [
                ("true", 100.0 if is_true else 0.0, _given_back(sides[0])),
                ("false", 0.0 if is_true else 100.0, _given_back(sides[1])),
            ]
        else:
            for mark, rest in re.findall(r"([=~])([^=~]*)", answers):
                weight = re.match(r"%(-?[\d.]+)%", rest)
                share = float(weight[1]) if weight else (100.0 if mark == "=" else 0.0)
                option, _, said = rest[weight.end() if weight else 0 :].partition("#")
                read.options.append((_given_back(option), share, _given_back(said)))
        found.append(read)
    return found


def _gift_numbers(read: Read, answers: str) -> None:
    rights, _, rest = answers.partition("~")
    read.otherwise = _given_back(rest.partition("#")[2])
    for answer in rights.split("=")[1:]:
        weight = re.match(r"%(-?[\d.]+)%", answer)
        assert weight
        span, _, said = answer[weight.end() :].partition("#")
        low, high = span.split("..")
        read.spans.append((float(low), float(high), float(weight[1]), _given_back(said)))


def _given_back(text: str) -> str:
    text = text.strip()
    text = re.sub(r"\A\[(?:plain|html|moodle|markdown)\]", "", text)
    for character, mark in _HELD.items():
        text = text.replace(mark, "\n" if character == "n" else character)
    return text


# --- QTI 1.2 -------------------------------------------------------------------------------------------------------

_QTI = {"q": "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"}


def qti(content: bytes) -> list[Read]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = ElementTree.fromstring(archive.read("imsmanifest.xml"))
        (href,) = (
            held.get("href", "")
            for resource in manifest.iter("{http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1}resource")
            if resource.get("type") == "imsqti_xmlv1p2"
            for held in resource
            if held.tag.endswith("}file")
        )
        tree = ElementTree.fromstring(archive.read(href))
    found = []
    for item in tree.iterfind(".//q:item", _QTI):
        said = {
            feedback.get("ident", ""): " ".join(shown(feedback.findtext(".//q:mattext", "", _QTI)))
            for feedback in item.iterfind("q:itemfeedback", _QTI)
        }
        kind = item.findtext(".//q:fieldentry", "", _QTI)
        read = Read(item.get("title", ""), shown(item.findtext("q:presentation/q:material/q:mattext", "", _QTI)))
        read.closing = said.get("general_fb", "")
        read.extra = {"kind": kind, "ident": item.get("ident")}
        right = next(
            condition
            for condition in item.iterfind("q:resprocessing/q:respcondition", _QTI)
            if condition.find("q:setvar", _QTI) is not None
        )
        if kind == "numerical_question":
            low = float(right.findtext(".//q:vargte", "nan", _QTI))
            high = float(right.findtext(".//q:varlte", "nan", _QTI))
            read.spans = [(low, high, 100.0, said["correct_fb"])]
            read.otherwise = said["general_incorrect_fb"]
        else:
            wanted = {
                equal.text
                for equal in right.iterfind("q:conditionvar//q:varequal", _QTI)
                if equal not in right.findall("q:conditionvar//q:not/q:varequal", _QTI)
            }
            for label in item.iterfind(".//q:response_label", _QTI):
                ident = label.get("ident", "")
                text = " ".join(shown(label.findtext(".//q:mattext", "", _QTI)))
                read.options.append((text, 100.0 if ident in wanted else 0.0, said[f"{ident}_fb"]))
        found.append(read)
    return found


# --- Anki ----------------------------------------------------------------------------------------------------------


@dataclass
class Note:
    guid: str
    model: int
    deck: int
    changed: int
    fields: dict[str, str]
    tags: list[str]


def anki_notes(content: bytes) -> list[Note]:
    """Read the collection of a package straight from its database."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(content)) as archive:
        path = Path(archive.extract("collection.anki2", folder))
        base = sqlite3.connect(path)
        try:
            models = json.loads(base.execute("SELECT models FROM col").fetchone()[0])
            names = {
                int(key): [held["name"] for held in sorted(model["flds"], key=lambda held: held["ord"])]
                for key, model in models.items()
            }
            rows = base.execute(
                "SELECT n.guid, n.mid, c.did, n.mod, n.flds, n.tags "
                "FROM notes n JOIN cards c ON c.nid = n.id ORDER BY n.id"
            ).fetchall()
        finally:
            base.close()
    return [
        Note(guid, mid, did, mod, dict(zip(names[mid], fields.split("\x1f"), strict=True)), tags.split())
        for guid, mid, did, mod, fields, tags in rows
    ]


def anki(content: bytes) -> list[Read]:
    found = []
    for note in anki_notes(content):
        options, said = shown(note.fields["Options"]), shown(note.fields["Feedback"])
        read = Read(note.fields["Id"], shown(note.fields["Stem"]))
        read.closing = " ".join([*shown(note.fields["Takeaway"]), "Sources:", *shown(note.fields["Sources"])])
        read.extra = {"answer": " ".join(shown(note.fields["Answer"])), "tags": note.tags}
        verdicts = [(100.0 if line[0] == "\u2713" else 0.0, line[2:]) for line in said]
        assert all(line[0] in "\u2713\u2717" for line in said)
        if options:
            read.options = [(text, share, words) for text, (share, words) in zip(options, verdicts, strict=True)]
        else:
            read.extra["said"] = verdicts
        found.append(read)
    return found


# --- jupyterquiz ---------------------------------------------------------------------------------------------------


def jupyterquiz_problems(item: dict[str, Any]) -> list[str]:
    """Hold an item against the rules of jupyterquiz's schemas (mc_schema.json and num_schema.json)."""
    problems = []
    if not isinstance(item.get("question"), str):
        problems.append("question is no text")
    if item.get("type") not in ("multiple_choice", "many_choice", "numeric"):
        problems.append(f"type {item.get('type')!r}")
    if not isinstance(item.get("answers"), list) or not item["answers"]:
        return [*problems, "no list of answers"]
    for answer in item["answers"]:
        if "feedback" in answer and not isinstance(answer["feedback"], str):
            problems.append("feedback is no text")
        if item["type"] != "numeric":
            if not isinstance(answer.get("answer"), str) or not isinstance(answer.get("correct"), bool):
                problems.append("an option lacks its text or whether it is correct")
        elif answer.get("type") == "default":
            if not isinstance(answer.get("feedback"), str):
                problems.append("the default lacks feedback")
        elif not isinstance(answer.get("correct"), bool) or not (
            isinstance(answer.get("value"), int | float) or len(answer.get("range", ())) == 2
        ):
            problems.append("a number lacks value, range or whether it is correct")
    return problems


def jupyterquiz(content: bytes) -> list[Read]:
    found = []
    for item in json.loads(content):
        read = Read(item["id"], shown(item["question"]))
        read.extra = {"type": item["type"], "raw": item}
        for answer in item["answers"]:
            first, *rest = shown(answer["feedback"])
            if rest:
                read.closing = " ".join(rest)
            share = 100.0 if answer.get("correct") else 0.0
            if answer.get("type") == "default":
                read.otherwise = first
            elif "answer" in answer:
                read.options.append((" ".join(shown(answer["answer"])), share, first))
            else:
                low, high = answer.get("range", (answer.get("value"), answer.get("value")))
                read.spans.append((low, high, share, first))
        found.append(read)
    return found


READERS = {"moodle": moodle, "gift": gift, "qti": qti, "anki": anki, "jupyterquiz": jupyterquiz}
