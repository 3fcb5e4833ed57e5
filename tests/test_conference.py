"""Papers of a case conference: the same bytes each time, nothing too early, nothing made up, nothing overwritten."""

from __future__ import annotations

import dataclasses
import hashlib
import html.parser
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from namlib import case_files, case_records
from namlib.__main__ import main
from namlib.answers import Answers
from namlib.course.cases import Case
from namlib.discussion_records import Discussion
from namlib.export import conference, paper_html, paper_pdf, votes
from namlib.export import conference_pages as pages
from namlib.export.paper import NOTICE, Document, Grid, Heading, Listing, Paragraph, Run, Slide, plain, standalone
from namlib.records import Refused
from namlib.widgets.discussion import CaseDiscussion

pytest.importorskip("fpdf", reason="PDF files are made with fpdf2")
pypdf = pytest.importorskip("pypdf", reason="PDF files are read back with pypdf")

ROOT = Path(__file__).resolve().parents[1]
CASES = sorted(case_files.files())
TEACHING = [path.stem for path in sorted((ROOT / "data" / "cases" / "teaching").glob("*.yaml"))]
CASE = "stairs-and-bath"

HASHES = """
import hashlib, json, sys
from namlib.course.cases import Case
from namlib.export import conference
made = {}
for name in sys.argv[1:]:
    for part in conference.parts(conference.gather(Case.load(name))):
        made[f"{name}/{part.file}"] = hashlib.sha256(part.make()).hexdigest()
print(json.dumps(made))
"""


def made(name: str, *files: str, **given: Any) -> dict[str, bytes]:
    """The files of a build, all or those named, without writing any."""
    parts = conference.parts(conference.gather(Case.load(name), **given))
    return {part.file: part.make() for part in parts if not files or part.file in files}


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def squeezed(text: str) -> str:
    """A text without any space: where a line was broken is then no difference."""
    return re.sub(r"\s+", "", text)


class Shown(html.parser.HTMLParser):
    """What a page shows, what it would load, and what it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self._quiet = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._quiet += tag in ("script", "style")
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value or "")
            elif name in ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background"):
                self.loaded.append(f"{tag} {name}={value}")
            if name.startswith("on"):
                self.handlers.append(name)
            if name in ("alt", "aria-label", "title"):
                self.words.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture(scope="module")
def again() -> Iterator[subprocess.Popen[str]]:
    """A second build of every case by another process, with another order of sets, another clock and language."""
    other = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HASHES, *CASES]
    with subprocess.Popen(command, env=other, stdout=subprocess.PIPE, text=True, cwd="/") as started:
        yield started
        started.kill()


@pytest.fixture(scope="module")
def first(again: subprocess.Popen[str]) -> dict[str, dict[str, bytes]]:
    """Every case of the course, built once, while the other process builds it too."""
    return {name: made(name) for name in CASES}


@pytest.fixture(scope="module")
def case() -> Case:
    return Case.load(CASE)


@pytest.fixture(scope="module")
def discussion(case: Case) -> Discussion:
    assert case.discussion is not None
    return case.discussion


def walk(tmp_path: Path, *, stages: int = 99) -> Answers:
    """Answer the case as a learner who falls into one trap, up to a number of stages."""
    answers = Answers(tmp_path / "answers.sqlite")
    form = CaseDiscussion(CASE, answers=answers)
    given: dict[str, dict[str, Any]] = {
        "problem": {
            "text": "61, weak hips on a statin \N{EN DASH} CK \N{GREATER-THAN OR EQUAL TO} 3000 \N{MICRO SIGN}"
        },
        "differential": {"ranked": ["statin-toxic", "dystrophy", "hmgcr"], "confidence": 80},
        "tests": {"chosen": ["strength", "ck-again", "tsh"]},
        "label": {"chosen": "anti-hmgcr-myopathy", "confidence": 90},
        "therapy": {"chosen": ["steroid-sparing", "statin-never"]},
    }
    for _ in range(stages):
        stage = form.state.now
        if stage is None:
            break
        held = given.get(stage.kind, {})
        if stage.kind == "concordance":
            held = {item.id: "0" for item in stage.items}
        form.answer(**held)
    return answers


# --- the same bytes --------------------------------------------------------------------------------------------------


def test_there_are_cases_of_both_kinds() -> None:
    assert CASE in TEACHING
    assert len(set(CASES) - set(TEACHING)) >= 14


def test_two_builds_of_every_case_are_byte_identical(
    first: dict[str, dict[str, bytes]], again: subprocess.Popen[str]
) -> None:
    written, _ = again.communicate()
    assert again.returncode == 0
    other = json.loads(written)
    sums = {
        f"{name}/{file}": hashlib.sha256(content).hexdigest()
        for name, files in first.items()
        for file, content in files.items()
    }
    assert sorted(other) == sorted(sums)
    assert [file for file in sums if sums[file] != other[file]] == []


def test_teaching_cases_get_every_paper_and_published_records_a_report(first: dict[str, dict[str, bytes]]) -> None:
    for name, files in first.items():
        stems = ["guide", "handout", "report", "slides"] if Case.load(name).discussion else ["report"]
        assert sorted(files) == sorted(f"{stem}.{end}" for stem in stems for end in ("html", "pdf"))


def test_answers_and_votes_change_the_report_and_the_same_ones_give_the_same_bytes(
    tmp_path: Path, first: dict[str, dict[str, bytes]]
) -> None:
    walk(tmp_path).write(tmp_path / "a.json", f"case/{CASE}")
    table = tmp_path / "v.csv"
    table.write_text("participant,item,choice\nA,label,toxic\nB,label,anti-hmgcr-myopathy\n", encoding="utf-8")
    one, two = (made(CASE, answers=tmp_path / "a.json", votes=table) for _ in range(2))
    assert one == two
    assert {file for file in one if one[file] != first[CASE][file]} == {
        "report.html",
        "report.pdf",
        "slides.html",
        "slides.pdf",
    }


# --- what every paper carries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_every_pdf_page_carries_the_notice_and_a_page_number(name: str, first: dict[str, dict[str, bytes]]) -> None:
    for file, content in first[name].items():
        if not file.endswith(".pdf"):
            continue
        reader = pypdf.PdfReader(io.BytesIO(content))
        for number, page in enumerate(reader.pages, start=1):
            text = page.extract_text()
            assert NOTICE in text, (file, number)
            said = (
                f"{number} / {len(reader.pages)}" if file == "slides.pdf" else f"page {number} of {len(reader.pages)}"
            )
            assert said in text, (file, number)
            if name in TEACHING:
                assert "FICTIONAL" in text, (file, number)


@pytest.mark.parametrize("name", CASES)
def test_every_paper_names_versions_facts_sources_and_who_is_invented(
    name: str, first: dict[str, dict[str, bytes]]
) -> None:
    material = conference.gather(Case.load(name))
    versions = dict(material.imprint)
    assert {"Case version", "Data version", "Course version"} <= set(versions)
    for file, content in first[name].items():
        text = squeezed(pdf_text(content) if file.endswith(".pdf") else Shown(content.decode()).text)
        for value in ("Case version", "Data version", "Course version"):
            assert squeezed(versions[value]) in text, (file, value)
        assert squeezed(material.mark) in text, file
        if file.startswith("handout"):
            assert "Factsusedonthispaper:none" in text
            continue
        for fact in material.facts:
            assert squeezed(fact) in text, (file, fact)
        for key in material.sources:
            assert squeezed(material.cites.by_key[key].label) in text, (file, key)


def test_a_pdf_has_embedded_letters_the_date_of_the_evidence_and_vector_drawings(
    first: dict[str, dict[str, bytes]],
) -> None:
    for file, content in first[CASE].items():
        if not file.endswith(".pdf"):
            continue
        reader = pypdf.PdfReader(io.BytesIO(content))
        reviewed = conference.gather(Case.load(CASE)).reviewed
        assert reader.metadata is not None and reader.metadata.creation_date is not None
        assert reader.metadata.creation_date.date() == reviewed
        for page in reader.pages:
            for font in page["/Resources"]["/Font"].values():
                inner = font.get_object()["/DescendantFonts"][0].get_object()
                assert "/FontFile2" in inner["/FontDescriptor"].get_object(), file
        # Vector drawings: no picture made of dots anywhere.
        assert b"/Subtype /Image" not in content
        # A4, upright or lying.
        sides = sorted(float(side) for side in reader.pages[0].mediabox[2:])
        assert sides == pytest.approx([595.28, 841.89], abs=0.01)


def test_signs_of_units_and_comparisons_come_back_out_of_the_pdf(tmp_path: Path) -> None:
    walk(tmp_path).write(tmp_path / "a.json", f"case/{CASE}")
    text = pdf_text(made(CASE, "report.pdf", answers=tmp_path / "a.json")["report.pdf"])
    assert "61, weak hips on a statin \N{EN DASH} CK \N{GREATER-THAN OR EQUAL TO} 3000" in text
    # The micro sign may come back as the letter it looks like.
    assert "\N{MICRO SIGN}" in text or "\N{GREEK SMALL LETTER MU}" in text


@pytest.mark.parametrize("name", CASES)
def test_the_outline_holds_the_headings(name: str, first: dict[str, dict[str, bytes]]) -> None:
    def titles(outline: list[Any]) -> Iterator[str]:
        for entry in outline:
            if isinstance(entry, list):
                yield from titles(entry)
            else:
                yield entry.title

    held = list(titles(pypdf.PdfReader(io.BytesIO(first[name]["report.pdf"])).outline))
    assert {"The course", "The record", "Facts used"} <= set(held)
    loaded = Case.load(name)
    if loaded.discussion is not None:
        stages = [f"{place}. {stage.heading}" for place, stage in enumerate(loaded.discussion.stages, start=1)]
        assert [title for title in held if title in stages] == stages


@pytest.mark.parametrize("name", CASES)
def test_pdf_and_html_of_a_paper_say_the_same(name: str, first: dict[str, dict[str, bytes]]) -> None:
    material = conference.gather(Case.load(name))
    papers = [pages.report] + ([pages.guide, pages.handout] if material.case.discussion is not None else [])
    for page in papers:
        document = page(material)
        stem = {"Learner handout": "handout", "Facilitator guide": "guide"}.get(document.name, "report")
        texts = (
            squeezed(Shown(first[name][f"{stem}.html"].decode()).text),
            squeezed(pdf_text(first[name][f"{stem}.pdf"])),
        )
        said = [block.text for block in document.blocks if isinstance(block, Heading | Paragraph)]
        said += [item for block in document.blocks if isinstance(block, Listing) for item in block.items]
        for text in said:
            for shown in texts:
                assert squeezed(plain(text))[:40] in shown, (stem, plain(text)[:60])


def test_a_table_that_runs_over_pages_repeats_its_head(first: dict[str, dict[str, bytes]]) -> None:
    reader = pypdf.PdfReader(io.BytesIO(first[CASE]["report.pdf"]))
    heads = [number for number, page in enumerate(reader.pages) if "How it was read" in page.extract_text()]
    assert len(heads) > 2
    assert heads == list(range(heads[0], heads[-1] + 1))


def test_a_row_taller_than_a_page_is_broken_and_nothing_of_it_is_lost() -> None:
    words = [f"w{number}" for number in range(3000)]
    grid = Grid("Tall", ("What", "Words"), (("row", " ".join(words)),), (1, 4))
    document = Document("Test", "Tall", "mark", False, (("Case version", "1"),), (grid,))
    from datetime import date

    text = pdf_text(paper_pdf.document(document, date(2026, 1, 1)))
    assert [word for word in words if word not in text.split()] == []


# --- no network, no script -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_no_page_loads_anything_and_links_lead_to_sources_only(name: str, first: dict[str, dict[str, bytes]]) -> None:
    known = {source.url for source in conference.gather(Case.load(name)).cites.by_key.values()}
    for file, content in first[name].items():
        if file.endswith(".pdf"):
            reader = pypdf.PdfReader(io.BytesIO(content))
            actions = [
                note.get_object()["/A"]
                for page in reader.pages
                for note in page.get("/Annots", [])
                if "/A" in note.get_object()
            ]
            assert {action["/S"] for action in actions} <= {"/URI", "/GoTo"}
            assert {str(action["/URI"]) for action in actions if "/URI" in action} <= known
            continue
        text = content.decode()
        shown = Shown(text)
        assert shown.loaded == [] and shown.handlers == []
        assert set(shown.links) <= known
        assert "url(" not in text and "@import" not in text
        assert "default-src 'none'" in text
        assert not {"iframe", "object", "embed", "link", "img", "base", "form"} & set(shown.tags)
        assert shown.tags.count("script") == (1 if file == "slides.html" else 0)


def test_the_policy_allows_the_one_script_that_slides_carry(first: dict[str, dict[str, bytes]]) -> None:
    import base64

    text = first[CASE]["slides.html"].decode()
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in text


HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;{nb}**b**"


def spoilt(value: Any) -> Any:
    """The same record with a hostile text in every string that is prose."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        prose = {
            "title", "text", "prompt", "expert", "feedback", "because", "new_fact", "why", "cost", "result", "group",
            "not_available", "who", "what", "label", "evidence", "summary", "comorbidities", "as_published", "words",
            "dose_as_published", "response", "reason", "by", "agent", "note", "challenges", "considered", "read",
        }  # fmt: skip
        changed = {}
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            if (isinstance(held, str) and held and field.name in prose) or (
                field.name == "name" and type(value).__name__ != "CaseDrug"
            ):
                changed[field.name] = f"{held} {HOSTILE}"
            elif field.name in ("objectives", "ask", "listen_for", "cannot_tell"):
                changed[field.name] = tuple(f"{one} {HOSTILE}" for one in held)
            elif isinstance(held, tuple) or dataclasses.is_dataclass(held):
                changed[field.name] = spoilt(held)
        # Built without the checks: what is asked here is what the printers do, not what a file may hold.
        made = object.__new__(type(value))
        for field in dataclasses.fields(value):
            object.__setattr__(made, field.name, changed.get(field.name, getattr(value, field.name)))
        return made
    return tuple(spoilt(one) for one in value) if isinstance(value, tuple) else value


def test_hostile_text_in_every_string_comes_out_as_text(case: Case, tmp_path: Path) -> None:
    walk(tmp_path).write(tmp_path / "a.json", f"case/{CASE}")
    data = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    for row in data["answers"]:
        if "text" in row["answer"]:
            row["answer"]["text"] = f"{HOSTILE}\n\x00\x1b\u202e\U0001f600 \u4e2d"
    (tmp_path / "a.json").write_text(json.dumps(data), encoding="utf-8")
    material = conference.gather(case, answers=tmp_path / "a.json")
    bad = spoilt(case)
    assert bad.discussion.stages[0].text.endswith(HOSTILE)
    material = dataclasses.replace(material, case=bad)
    for part in conference.parts(material):
        content = part.make()
        if part.file.endswith(".html"):
            shown = Shown(content.decode())
            assert shown.handlers == [] and shown.loaded == []
            assert shown.tags.count("script") == (1 if part.file == "slides.html" else 0)
            assert HOSTILE in shown.text
        else:
            assert squeezed(HOSTILE) in squeezed(pdf_text(content)), part.file
            assert b"/JavaScript" not in content and b"/Launch" not in content


# --- nothing too early -----------------------------------------------------------------------------------------------


def texts(value: Any) -> Iterator[str]:
    """Every string in a record."""
    if isinstance(value, str | Run):
        # Where a link leads is not read aloud.
        yield value if isinstance(value, str) else value.text
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from texts((key, one))


def word_runs(text: str, length: int) -> set[str]:
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[start : start + length]) for start in range(len(words) - length + 1)}


@pytest.mark.parametrize("name", TEACHING)
def test_the_handout_holds_nothing_of_later_stages(name: str, first: dict[str, dict[str, bytes]]) -> None:
    loaded = Case.load(name)
    assert loaded.discussion is not None, "a teaching case that cannot be discussed"
    stem = loaded.discussion.stages[0]
    # Everything of the case but the stem; what its record says again of what the stem tells does not count.
    rest = [one for part in (loaded.discussion.hypotheses, loaded.discussion.findings) for one in texts(part)]
    rest += [one for stage in loaded.discussion.stages[1:] for one in texts(stage)]
    rest += [*texts(loaded.discussion.objectives), *texts(loaded.record), *stem.ask, *stem.listen_for]
    later = set().union(*(word_runs(text, 4) for text in rest)) - word_runs(stem.text, 4)
    assert len(later) > 500
    for file in ("handout.html", "handout.pdf"):
        content = first[name][file]
        shown = Shown(content.decode()).text if file.endswith(".html") else pdf_text(content)
        own = word_runs(" ".join([NOTICE, *(label for label, _ in pages._WORKSHEET)]), 4)
        assert word_runs(shown, 4) & later - own == set(), file
        # An id may be a word that the stem itself says.
        names = [name for name in (loaded.title, loaded.id) if name.lower() not in stem.text.lower()]
        for secret in (*names, *loaded.inspired_by):
            assert secret.lower() not in shown.lower(), (file, secret)
            assert secret.encode() not in content, (file, secret)


@pytest.mark.parametrize("name", TEACHING)
def test_slides_reveal_nothing_before_it_was_asked(name: str) -> None:
    loaded = Case.load(name)
    assert loaded.discussion is not None, "a teaching case that cannot be discussed"
    slides = pages.deck(conference.gather(loaded)).slides
    said = [" ".join([slide.title, *(plain_of(block) for block in slide.blocks)]) for slide in slides]

    def where(text: str) -> list[int]:
        return [place for place, words in enumerate(said) if squeezed(text) in squeezed(words)]

    stages = {stage.id: stage for stage in loaded.discussion.stages}
    orders = {stage: place for place, stage in enumerate(stages)}
    over = [slide.over for slide in slides]
    for stage in stages.values():
        mine = next(place for place, words in enumerate(over) if words.startswith(f"Stage {orders[stage.id] + 1} of"))
        secrets = [stage.expert, stage.text, *(test.result for test in stage.tests)]
        secrets += [row.feedback for row in (*stage.tests, *stage.options)] + [item.because for item in stage.items]
        for secret in secrets:
            if len(secret) > 25:
                places = where(secret[:60])
                assert places and min(places) >= mine, (stage.id, secret[:60])
        asked = [place for place, slide in enumerate(slides) if slide.kind == "asked" and over[place] == over[mine]]
        revealed = [
            place for place, slide in enumerate(slides) if slide.kind == "revealed" and over[place] == over[mine]
        ]
        if stage.asked and revealed:
            assert min(asked) < min(revealed)
    names = [name for name in (loaded.title, loaded.id) if name.lower() not in loaded.discussion.stages[0].text.lower()]
    for secret in names:
        assert all(secret not in words for words in said[: len(said) // 2]), secret


def plain_of(block: Any) -> str:
    return " ".join(texts(block))


def test_the_chart_of_a_jump_holds_nothing_that_came_later(case: Case) -> None:
    record = case.record
    for place, time in enumerate(record.times):
        shorter = pages.until(case, time.id).record
        assert shorter.times == record.times[: place + 1]
        known = {one.id for one in shorter.times}
        for rows in (shorter.ck, shorter.strength, shorter.labels, shorter.events, shorter.adverse_events):
            assert all(row.at in known for row in rows)
        assert all(set(drug.points) <= known for drug in shorter.drugs)
    assert len(pages.until(case, "admission").record.ck) == 2
    assert "prednisone" not in {drug.id for drug in pages.until(case, "admission").record.drugs}


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["json", "csv"])
def test_the_report_holds_what_was_committed_beside_the_experts(ending: str, tmp_path: Path) -> None:
    path = walk(tmp_path).write(tmp_path / f"a.{ending}", f"case/{CASE}")
    text = Shown(made(CASE, "report.html", answers=path)["report.html"].decode()).text
    assert "Answers to 6 of the 6 stages that ask something" in text
    assert "61, weak hips on a statin" in text
    assert "Confidence: 80 % in the first." in text
    assert "Not on the list, and it should be:" in text
    assert "Not chosen, and it decides:" in text
    assert "Premature closure" in text and "you named Anti-HMGCR myopathy with 90 % confidence" in text.replace(
        "You", "you"
    )
    assert "of 5 points against an invented panel" in text


def test_answers_to_half_of_the_case_leave_the_rest_open(tmp_path: Path) -> None:
    path = walk(tmp_path, stages=3).write(tmp_path / "a.json", f"case/{CASE}")
    text = Shown(made(CASE, "report.html", answers=path)["report.html"].decode()).text
    assert "Answers to 2 of the 6 stages that ask something" in text
    assert text.count("Nothing was committed to here.") == 4


def test_without_answers_and_votes_none_are_made_up(first: dict[str, dict[str, bytes]]) -> None:
    text = Shown(first[CASE]["report.html"].decode()).text
    assert "No answers were handed to this build" in text and "No votes were handed to this build" in text
    assert "Committed to" not in text and "voted" not in text
    assert "What the room chose" not in Shown(first[CASE]["slides.html"].decode()).text


def test_every_problem_of_answers_is_said_at_once(tmp_path: Path, case: Case) -> None:
    activity = f"case/{CASE}"
    rows = [
        {"activity": activity, "item": "1/nowhere", "answer": {}},
        {"activity": activity, "item": "1/label", "answer": {"chosen": ["nothing"], "confidence": 50}},
        {"activity": activity, "item": "1/differential", "answer": {"ranked": ["hmgcr"], "confidence": 400}},
        {"activity": activity, "item": "1/therapy", "answer": "steroid"},
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"answers": rows}), encoding="utf-8")
    with pytest.raises(conference.BuildError) as refused:
        conference.read_answers(path, case)
    assert len(refused.value.problems) == 4
    assert all("a.json, answer" in problem for problem in refused.value.problems)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"answers": 3}', b'{"answers": [1]}', b"a,b\n1,2\n", b"\xff\xfe\x00", b"[" * 100_000,
     b'activity,item,answer\ncase/stairs-and-bath,1/label,"{"\n', b'{"answers": []}',
     b'{"answers": [{"activity": "case/other", "item": "1/stem", "answer": {}}]}'],
)  # fmt: skip
def test_a_file_that_is_no_export_of_answers_is_refused_in_words(content: bytes, tmp_path: Path, case: Case) -> None:
    path = tmp_path / "answers"
    path.write_bytes(content)
    with pytest.raises(conference.BuildError) as refused:
        conference.read_answers(path, case)
    assert "answers: " in str(refused.value)


def test_the_last_attempt_counts_and_drafts_do_not(tmp_path: Path, case: Case) -> None:
    answers = walk(tmp_path)
    form = CaseDiscussion(CASE, answers=answers)
    form.start_again()
    form.answer()
    form.drafted("2/problem", {"text": "only a draft"})
    answered = conference.read_answers(answers.write(tmp_path / "a.json"), case)
    assert [one.stage.id for one in answered.told if one.stage.asked] == []
    assert any("Attempt 2" in note for note in answered.notes)


# --- votes -----------------------------------------------------------------------------------------------------------

VOTES = """participant,item,choice
Ann,differential,hmgcr
Bob,differential,statin-toxic
Cy,differential,statin-toxic
Ann,tests,tsh
Ann,tests,emg
Bob,tests,tsh
Ann,therapy,triple
Bob,new-facts/never-statin,-1
Cy,new-facts/never-statin,+2
"""


def test_votes_are_counted_by_item_and_no_name_is_kept(discussion: Discussion, tmp_path: Path) -> None:
    ballots = votes.count_votes(VOTES, "v.csv", discussion)
    assert [ballot.item for ballot in ballots] == ["differential", "tests", "therapy", "new-facts/never-statin"]
    first, tests, _, fact = ballots
    assert {bar.id: bar.count for bar in first.bars if bar.count} == {"hmgcr": 1, "statin-toxic": 2}
    assert (tests.voters, tests.several) == (2, True)
    assert [bar.count for bar in fact.bars] == [0, 1, 0, 0, 1]
    assert len(first.bars) == len(discussion.hypotheses)
    (tmp_path / "v.csv").write_text(VOTES.replace("Ann", "Zacharias Quill"), encoding="utf-8")
    files = made(CASE, "report.html", "slides.html", "handout.html", votes=tmp_path / "v.csv")
    shown = {file: Shown(text.decode()).text for file, text in files.items() if file.endswith(".html")}
    assert "What the room chose" in shown["slides.html"] and "3 people voted." in shown["report.html"]
    assert not any("Quill" in text for text in shown.values())
    assert shown["handout.html"].count("voted") == 0


def test_every_problem_of_votes_is_said_at_once(discussion: Discussion) -> None:
    text = (
        "participant,item,choice\n"
        "A,nowhere,x\n"  # no such item
        ",label,toxic\n"  # nobody
        "A,label,nothing\n"  # not on offer
        "A,label,toxic\nA,label,anti-hmgcr-myopathy\n"  # two where one is chosen
        "B,therapy,triple\nB,therapy,triple\n"  # twice the same
        "A,new-facts/cousin,3\n"  # no such mark
        "A,label\n"  # a cell too few
        + "".join(f"C,tests,{test.id}\n" for test in discussion.tests[:7])  # one more than may be chosen
    )
    with pytest.raises(votes.VotesError) as refused:
        votes.count_votes(text, "v.csv", discussion)
    rows = [int(re.findall(r"row (\d+)", problem)[0]) for problem in refused.value.problems]
    assert rows == [2, 3, 4, 6, 8, 9, 10, 17]
    assert "known: stem" not in str(refused.value) and "is nothing to vote on" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"who,what\n", b"participant,item,choice\n", b"\xff\xff", b"participant,item,choice\n\"", b"\x00" * 50,
     b"participant,item,choice\n" + b"A,label,toxic\n" * 100_000],
)  # fmt: skip
def test_a_table_that_holds_no_votes_is_refused_in_words(
    content: bytes, discussion: Discussion, tmp_path: Path
) -> None:
    path = tmp_path / "v.csv"
    path.write_bytes(content)
    with pytest.raises(votes.VotesError) as refused:
        votes.read_votes(path, discussion)
    assert refused.value.problems and len(refused.value.problems) <= votes.MOST_PROBLEMS + 1
    assert all(problem.startswith("v.csv") for problem in refused.value.problems)


def test_a_vote_chart_shows_every_count_and_escapes_every_name() -> None:
    bars = (votes.Bar("a", "<b>A</b> & co", 3), votes.Bar("b", "B", 0))
    svg = votes.ballot_chart(votes.Ballot("x", "Q <i>", bars, 4, False))
    assert "<b>" not in svg and "<i>" not in svg
    assert ">3</text>" in svg and ">0</text>" in svg
    shown = Shown(standalone(svg))
    assert "Q <i>: 4 voted; <b>A</b> & co 3, B 0." in shown.text


def test_problems_of_answers_and_of_votes_are_said_together(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    (tmp_path / "v.csv").write_text("x", encoding="utf-8")
    with pytest.raises(conference.BuildError) as refused:
        conference.gather(Case.load(CASE), answers=tmp_path / "a.json", votes=tmp_path / "v.csv")
    assert [problem.split(":")[0].split(",")[0] for problem in refused.value.problems] == ["a.json", "v.csv"]


@pytest.mark.parametrize("given", ["answers", "votes"])
def test_a_published_record_takes_neither_answers_nor_votes(given: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(VOTES, encoding="utf-8")
    with pytest.raises(conference.BuildError, match="record without a discussion"):
        conference.gather(Case.load("IMNM-01"), **{given: tmp_path / "f"})


# --- files -----------------------------------------------------------------------------------------------------------


def build(out: Path, **given: Any) -> tuple[Path, ...]:
    return conference.build("IMNM-02", out, **given)


def state(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_build_writes_its_files_and_leaves_nothing_beside_them(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    files = build(out)
    assert sorted(path.name for path in files) == ["report.html", "report.pdf"]
    assert sorted(state(out)) == ["build.json", "report.html", "report.pdf"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    once = state(out)
    build(out)
    assert state(out) == once


def test_a_file_that_was_not_built_is_neither_replaced_nor_deleted(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine", encoding="utf-8")
    (out / "notes.txt").write_text("mine too", encoding="utf-8")
    before = state(tmp_path)
    with pytest.raises(conference.BuildError, match=r"report\.html: was not made by a build; --force"):
        build(out)
    assert state(tmp_path) == before
    build(out, force=True)
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine too"
    assert b"<!DOCTYPE html>" in (out / "report.html").read_bytes()


def test_a_file_that_was_changed_after_the_build_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out)
    with (out / "report.html").open("a", encoding="utf-8") as file:
        file.write("my remark")
    with pytest.raises(conference.BuildError, match=r"report\.html: was changed after it was built"):
        build(out)
    assert "my remark" in (out / "report.html").read_text(encoding="utf-8")


def test_a_build_of_fewer_files_takes_its_own_older_ones_away(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out)
    (out / "keep.txt").write_text("x", encoding="utf-8")
    build(out, pdf=False)
    assert sorted(state(out)) == ["build.json", "keep.txt", "report.html"]


def test_a_build_that_fails_half_way_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    build(out)
    before = state(tmp_path)

    def broken(*given: Any) -> bytes:
        raise MemoryError

    monkeypatch.setattr(paper_pdf, "document", broken)
    with pytest.raises(MemoryError):
        build(out)
    assert state(tmp_path) == before


def test_a_build_killed_between_two_files_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    build(out)
    moved = os.replace
    # Another case in the same folder: every file differs.
    calls: list[Any] = []

    def dies(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) == 3:
            raise KeyboardInterrupt
        moved(source, target)

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        conference.build("IMNM-01", out)
    monkeypatch.setattr(os, "replace", moved)
    conference.build("IMNM-01", out)
    assert state(out) == {**state(out), "report.html": made("IMNM-01", "report.html")["report.html"]}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("receipt", ["", "[]", "{", '{"made_by": "x"}', '{"made_by": "namlib case build", "files": 3}'])
def test_a_receipt_that_cannot_be_read_vouches_for_nothing(receipt: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out)
    (out / "build.json").write_text(receipt, encoding="utf-8")
    with pytest.raises(conference.BuildError, match="was not made by a build"):
        build(out)


def test_a_receipt_cannot_have_files_elsewhere_deleted(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out)
    victim = tmp_path / "victim.txt"
    victim.write_text("x", encoding="utf-8")
    held = json.loads((out / "build.json").read_text(encoding="utf-8"))
    held["files"]["../victim.txt"] = hashlib.sha256(b"x").hexdigest()
    (out / "build.json").write_text(json.dumps(held), encoding="utf-8")
    build(out)
    assert victim.exists()


def test_a_place_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", encoding="utf-8")
    with pytest.raises(conference.BuildError, match="is not a folder"):
        build(tmp_path / "out")


# --- command ---------------------------------------------------------------------------------------------------------


def test_the_command_says_one_line_for_each_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["case", "build", "IMNM-02", "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert [line[:5] for line in lines[:2]] == ["[1/2]", "[2/2]"] and lines[-1].startswith("2 files in")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "no case 'nowhere'; known:"),
        (["missing.yaml"], "missing.yaml"),
        (["IMNM-02", "--answers", "missing.json"], "record without a discussion"),
        ([CASE, "--votes", "missing.csv"], "missing.csv: cannot be read"),
    ],
)
def test_the_command_refuses_in_words(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["case", "build", *arguments, "--out", str(tmp_path / "out")]) == 1
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_fpdf2_the_words_say_what_to_install_and_html_is_still_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = paper_pdf.importlib.util.find_spec
    monkeypatch.setattr(paper_pdf.importlib.util, "find_spec", lambda name: None if name == "fpdf" else find(name))
    with pytest.raises(Refused, match=r"namlib\[exchange\]"):
        build(tmp_path / "out")
    assert main(["case", "build", "IMNM-02", "--out", str(tmp_path / "out"), "--html-only"]) == 0
    assert sorted(state(tmp_path / "out")) == ["build.json", "report.html"]


# --- slides that hold too much ---------------------------------------------------------------------------------------


def test_a_slide_that_holds_too_much_is_broken_and_nothing_is_lost() -> None:
    rows = tuple((f"row {number}", "word " * 60) for number in range(40))
    points: tuple[str, ...] = tuple(f"point {number}" for number in range(50))
    slide = Slide("Long", (Paragraph("lead"), Grid("Table", ("a", "b"), rows, (1, 3)), Listing(points)))
    parts = list(pages.split(slide))
    assert len(parts) > 5
    assert [part.title for part in parts][:2] == [f"Long ({number} of {len(parts)})" for number in (1, 2)]
    assert (
        tuple(row for part in parts for block in part.blocks if isinstance(block, Grid) for row in block.rows) == rows
    )
    held = tuple(item for part in parts for block in part.blocks if isinstance(block, Listing) for item in block.items)
    assert held == points


@pytest.mark.parametrize("name", TEACHING)
def test_no_slide_runs_over_its_page(name: str) -> None:
    loaded = Case.load(name)
    assert loaded.discussion is not None, "a teaching case that cannot be discussed"
    from datetime import date

    trial: Any = paper_pdf._new("landscape", title="", subject="", day=date(2026, 1, 1))
    trial.set_auto_page_break(False)
    for slide in pages.deck(conference.gather(loaded)).slides:
        share = paper_pdf._share(trial, slide)
        trial.add_page()
        assert paper_pdf._slide(trial, slide, share, trial=True) <= trial.h - paper_pdf._SLIDE_BOTTOM, slide.title
        assert share >= 0.6, (slide.title, share)


def test_a_fictional_case_without_a_discussion_gets_a_report_alone(case: Case) -> None:
    bare = Case.of(
        dataclasses.replace(
            case_records.Case(**{f.name: getattr(case, f.name) for f in dataclasses.fields(case)}), discussion=None
        )
    )
    files = {part.file for part in conference.parts(conference.gather(bare))}
    assert files == {"report.html", "report.pdf"}


def test_text_is_set_word_by_word_whatever_its_styles() -> None:
    text = ("(", Run("Mammen 2017", url="https://example.org"), "; ", Run("b", bold=True), ")")
    words = [[piece.said for piece in word] for word in paper_pdf._words(text, "")]
    assert words == [["(", "Mammen "], ["2017", "; "], ["b", ")"]]
    assert "Mammen" in paper_html._text(text)
