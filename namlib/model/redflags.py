"""Danger signs: present, absent or not asked, and what belongs to the same night.

A sign is absent only when every question it hangs on was answered so. One answer is missing and the sign could still be
there: then it is ``not asked``, with the question to ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from namlib.frozen import Itself, frozen
from namlib.model.mimics import answers_met, open_questions
from namlib.model.rules import QUESTIONS, Rule, in_order, rule, said
from namlib.records import RedFlag, RedFlagAction

Findings = Mapping[str, Any]
State = Literal["present", "absent", "not asked"]


@frozen
class RedFlagResult:
    """One danger sign against one patient's answers.

    ``why`` says which answers make it present; ``tonight`` is filled only then. ``ask`` holds the keys of questions
    that are not answered and decide.
    """

    flag: RedFlag
    state: State
    why: str = ""
    tonight: tuple[RedFlagAction, ...] = ()
    ask: tuple[str, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of the facts behind the sign and behind the lines for tonight."""
        return tuple(dict.fromkeys((*self.flag.facts, *(key for act in self.flag.tonight for key in act.facts))))

    def __repr__(self) -> str:
        if self.state == "present":
            return f"{self.flag.sign}: present ({self.why}); {len(self.tonight)} lines for tonight"
        if self.state == "absent":
            return f"{self.flag.sign}: absent"
        return f"{self.flag.sign}: not asked ({'; '.join(said(QUESTIONS[key].label) for key in self.ask)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data that JSON can hold."""
        return {
            "flag": self.flag.id,
            "sign": self.flag.sign,
            "state": self.state,
            "why": self.why,
            "tonight": [
                {"text": act.text, "facts": list(act.facts), "convention": act.convention} for act in self.tonight
            ],
            "ask": list(self.ask),
            "facts": list(self.facts),
            "caveat": self.flag.caveat,
        }


@lru_cache(maxsize=4)
def _ready(flags: Itself[Sequence[RedFlag]]) -> tuple[tuple[RedFlag, Rule], ...]:
    return tuple((flag, rule(flag.when)) for flag in flags.held)


def red_flags(findings: Findings, flags: Sequence[RedFlag]) -> tuple[RedFlagResult, ...]:
    """Say of every danger sign whether it is present, absent or not asked.

    Parameters
    ----------
    findings : mapping
        As :func:`namlib.model.findings.findings` lays answers out; a missing key counts as not answered.
    flags : sequence of RedFlag
        ``data/red_flags.yaml``; the results keep its order.

    Raises
    ------
    namlib.records.Refused
        If a condition is malformed.

    Examples
    --------
    >>> from namlib.store import load
    >>> from namlib.model.findings import findings
    >>> flags = load().red_flags
    >>> states = {result.flag.id: result.state for result in red_flags(findings({"dysphagia": "mild"}), flags)}
    >>> states["swallowing"], states["breathing"]
    ('present', 'not asked')
    """
    return tuple(_result(flag, ready, findings) for flag, ready in _ready(Itself(flags)))


def _result(flag: RedFlag, ready: Rule, findings: Findings) -> RedFlagResult:
    value = ready.decide(findings)
    if value:
        return RedFlagResult(flag, "present", answers_met(ready, findings), flag.tonight)
    if value is None:
        return RedFlagResult(flag, "not asked", ask=in_order(open_questions(ready, findings)))
    return RedFlagResult(flag, "absent")
