"""Discuss a case: commit to an answer, then see what follows. Answers are kept as they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from namlib.answers import Answers, Saved
from namlib.case_records import Case as CaseRecordAndDiscussion
from namlib.course.cases import Case, case_sum, panel_of, support_of
from namlib.discussion_records import LIKELIHOOD, Stage
from namlib.model import discussion as model
from namlib.model.discussion import CONFIDENCE, State
from namlib.records import Refused
from namlib.view import discussion as view
from namlib.widgets.form import (
    Block,
    Form,
    Option,
    Rejected,
    action,
    checks_field,
    form,
    radio_field,
    range_field,
    rank_field,
    text_field,
)

SAVED = "Saved."
AGAIN = "Start again from the first stage? Your earlier answers stay in the history."
CHANGED = (
    "This case was changed since you began it. Your answers were kept as far as they still fit; start again to see all "
    "of it as it is now."
)
UNFIT = "One of your earlier answers no longer fits this case, because the case was changed; its stage is asked again."


class CaseDiscussion(Form):
    """Discuss a fictional case stage by stage: every answer is kept on disk before the next stage is told.

    The discussion goes on where it was left, after a restart of the kernel or of the machine.

    Parameters
    ----------
    case : str, Path or Case
        Id of a teaching case of the course, a case file, or a case.
    answers : Answers, optional
        Where answers are kept; by default with those of the whole course.
    panels : Path, optional
        Folder of the panel file; by default among those of the course.

    Raises
    ------
    namlib.records.Refused
        If the case has no discussion.
    namlib.case_files.CaseError
        If the file of the case or of its panel is refused.

    Examples
    --------
    >>> discussion = CaseDiscussion("stairs-and-bath")
    >>> discussion
    CaseDiscussion(stairs-and-bath): 0 of 12 stages; now: The patient
    >>> discussion.answer()
    'Saved.'
    >>> discussion.answer(text="Subacute weakness on a statin, very high CK.")
    'Saved.'
    >>> CaseDiscussion("stairs-and-bath")
    CaseDiscussion(stairs-and-bath): 2 of 12 stages; now: Your differential diagnosis
    """

    def __init__(
        self,
        case: str | Path | CaseRecordAndDiscussion,
        *,
        answers: Answers | None = None,
        panels: Path | None = None,
    ) -> None:
        loaded = Case.load(case) if isinstance(case, str | Path) else Case.of(case)
        if loaded.discussion is None:
            raise Refused("case", f"{loaded.id} is a record without a discussion")
        self._case, self._discussion = loaded, loaded.discussion
        self._answers = answers if answers is not None else Answers()
        self._activity = f"case/{loaded.id}"
        self._sum = case_sum(loaded)
        self._support = support_of(loaded, panel_of(loaded, panels))
        self._blocks: dict[tuple[int, int], Block] = {}
        self._said_of_file: list[str] = []
        self._reload()
        super().__init__(title=f"Case discussion: {loaded.title}")

    # --- what was answered

    def _reload(self) -> None:
        """Read from disk how far the discussion has come: another kernel may have gone on with it."""
        held = self._answers.latest(self._activity)
        attempts = [int(item.partition("/")[0]) for item in held if item.partition("/")[0].isdigit()]
        self._attempt = max(attempts, default=1)
        lead = f"{self._attempt}/"
        mine = {item.removeprefix(lead): saved for item, saved in held.items() if item.startswith(lead)}
        self._drafts = {
            item.removesuffix("/draft"): saved.answer for item, saved in mine.items() if item.endswith("/draft")
        }
        given = {item: saved.answer for item, saved in mine.items() if not item.endswith("/draft")}
        self._state = model.state_of(self._discussion, given)
        changed = any(answer.get("case_version") not in (None, self._sum) for answer in given.values())
        self._said_of_file = [CHANGED] if changed else []
        if self._state.unfit:
            self._said_of_file = [UNFIT]

    def _keep(self, item: str, answer: Mapping[str, Any]) -> Saved:
        return self._answers.save(self._activity, f"{self._attempt}/{item}", {**answer, "case_version": self._sum})

    def _said(self, saved: Saved) -> str:
        return SAVED if saved.kept else f"Not saved. {self._answers.trouble}"

    @property
    def case(self) -> Case:
        """The case that is discussed; it holds what has not been told yet."""
        return self._case

    @property
    def state(self) -> State:
        """How far the discussion has come."""
        return self._state

    @property
    def answers(self) -> Answers:
        """Where answers are kept."""
        return self._answers

    def export(self, path: str | Path) -> Path:
        """Write every answer to this case, earlier attempts included, to a ``.json`` or ``.csv`` file.

        Raises
        ------
        namlib.records.Refused
            If the ending is another one, or the file cannot be written.
        """
        return self._answers.write(path, self._activity)

    # --- what the form asks for

    def revealed(self) -> Sequence[Block]:
        """What was told: the head, every stage that was answered, and the open one where it is only read."""
        state = self._state
        blocks = [Block(f"{self._attempt}/case", view.title_block(self._case, state))]
        for place, told in enumerate(state.told):
            key = (self._attempt, place)
            if key not in self._blocks:
                name = f"{self._attempt}/{told.stage.id}"
                self._blocks[key] = Block(name, view.told_block(self._case, state, place, self._support))
            blocks.append(self._blocks[key])
        reading = view.read_block(self._case, state, self._support)
        if state.now is not None and reading:
            blocks.append(Block(f"{self._attempt}/{state.now.id}", reading))
        return blocks

    def asked(self) -> dict[str, Any] | None:
        """The form of the stage that is open."""
        stage = self._state.now
        if stage is None:
            return None
        number, whole = len(self._state.told) + 1, len(self._discussion.stages)
        name = f"{self._attempt}/{stage.id}"
        if not stage.asked:
            return form(name, f"Stage {number} of {whole}", (), submit="Go on")
        heading = f"{number}. {stage.heading}"
        intro = " ".join(part for part in (stage.text, stage.prompt) if part)
        return form(name, heading, self._fields(stage), submit="Commit to this answer", intro=" ".join(intro.split()))

    def _fields(self, stage: Stage) -> list[dict[str, Any]]:
        low, high, step = CONFIDENCE
        if stage.kind == "problem":
            return [text_field("text", "Your statement", help="One or two sentences are enough.")]
        if stage.kind == "differential":
            named = sorted((Option(one.id, one.name) for one in self._discussion.hypotheses), key=lambda one: one.label)
            return [
                rank_field("ranked", "Your order, the most likely first", named, most=stage.most),
                range_field("confidence", "How sure are you of the first?", low, high, step, "%"),
            ]
        if stage.kind == "tests":
            tests = [Option(test.id, test.name, test.cost, test.group) for test in stage.tests]
            return [checks_field("chosen", "Tests", tests, most=stage.most)]
        # By name, so that the order in which a case was written tells nothing.
        options = sorted((Option(one.id, one.name) for one in stage.options), key=lambda one: one.label)
        if stage.kind == "label":
            return [
                radio_field("chosen", "Class", options),
                range_field("confidence", "How sure are you?", low, high, step, "%"),
            ]
        if stage.kind == "therapy":
            pick = checks_field if stage.several else radio_field
            return [pick("chosen", "Steps" if stage.several else "Step", options)]
        marks = [Option(str(mark), words) for mark, words in LIKELIHOOD.items()]
        return [
            radio_field(item.id, f"{self._discussion.hypothesis(item.hypothesis).name}. New: {item.new_fact}", marks)
            for item in stage.items
        ]

    def take(self, name: str, values: dict[str, Any]) -> str:
        """Commit to an answer: it is kept first, and only then the next stage is told."""
        self._reload()
        attempt, _, stage = name.partition("/")
        if attempt != str(self._attempt) or self._state.now is None or self._state.now.id != stage:
            return "This stage was answered elsewhere meanwhile; the discussion goes on from there."
        try:
            answer = model.commit(self._state, stage, values)
        except Refused as refused:
            raise Rejected({refused.field: refused.reason}) from None
        saved = self._keep(stage, answer)
        self._reload()
        return self._said(saved)

    def drafted(self, name: str, values: dict[str, Any]) -> None:
        """Keep what was entered and not committed."""
        attempt, _, stage = name.partition("/")
        entered = {field: value for field, value in values.items() if value not in ("", [])}
        known = {field: value for field, value in self._drafts.get(stage, {}).items() if field != "case_version"}
        if attempt == str(self._attempt) and entered != known:
            self._keep(f"{stage}/draft", entered)
            self._drafts[stage] = entered

    def draft(self, name: str) -> Mapping[str, Any]:
        """What was entered at a stage and not committed."""
        held = self._drafts.get(name.partition("/")[2], {})
        return {field: value for field, value in held.items() if field != "case_version"}

    def actions(self) -> Sequence[dict[str, str]]:
        """To start again, once something was answered."""
        return [action("again", "Start again", confirm=AGAIN)] if self._state.told else []

    def act(self, name: str) -> str:
        """Start again from the first stage; what was answered stays in the history."""
        self._reload()
        self._attempt += 1
        saved = self._keep("start", {"again": True})
        self._reload()
        return f"{self._said(saved)} The discussion begins anew; this is attempt {self._attempt}."

    def start_again(self) -> str:
        """Begin the discussion anew, and return what is then said; earlier answers stay in the history."""
        said = self.act("again")
        self._show(said)
        return said

    def files(self) -> Mapping[str, Callable[[], str]]:
        """The learner's answers, once there are any."""
        if not self._state.told:
            return {}
        return {
            f"{self._case.id}-answers.json": lambda: self._answers.to_json(self._activity),
            f"{self._case.id}-answers.csv": lambda: self._answers.to_csv(self._activity),
        }

    def trouble(self) -> str:
        """Why answers are not kept, in words."""
        return self._answers.trouble

    def notes(self) -> Sequence[str]:
        """What else there is to know of earlier answers."""
        return [*self._answers.notes, *self._said_of_file]

    def __repr__(self) -> str:
        return f"CaseDiscussion({self._case.id}): {self._state}"
