"""Explore response: move the measures of two visits and watch points and degree of improvement."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from namlib import course
from namlib.model.response import VISIT_FIELDS, CoreSet, read_exact, shown, total_improvement, visit_contradiction
from namlib.records import Refused
from namlib.view.response import response_page
from namlib.view.slots import Page
from namlib.widgets.part import Explorer, group_control

# What is asked at each visit, and where its slider runs; the boxes accept whatever nam.CoreSet accepts.
_ASKED = {
    "physician_global_cm": (0, 10, 0.1),
    "patient_global_cm": (0, 10, 0.1),
    "mmt_points": (0, 80, 1),
    "haq_di": (0, 3, 0.125),
    "ck_u_per_l": (0, 20_000, 20),
    "extramuscular_cm": (0, 10, 0.1),
}
_VISITS = {"baseline": "Baseline", "follow_up": "Follow-up"}
# One strength test and one laboratory for both visits: the score takes nothing else.
_LIMIT = "ck_upper_limit_u_per_l"
_SHARED = ("mmt_maximum", _LIMIT)
# An invented patient: no sign of disease outside muscle, as is usual in IMNM.
_BEFORE = CoreSet(
    physician_global_cm=8,
    patient_global_cm=8,
    mmt_points=44,
    mmt_maximum=80,
    haq_di="2.25",
    ck_u_per_l=8000,
    ck_upper_limit_u_per_l=200,
    extramuscular_cm=0,
)
_AFTER = CoreSet(
    physician_global_cm=3,
    patient_global_cm=4,
    mmt_points=64,
    mmt_maximum=80,
    haq_di="1.25",
    ck_u_per_l=900,
    ck_upper_limit_u_per_l=200,
    extramuscular_cm=0,
)


def _box(name: str, visit: str) -> dict[str, Any]:
    field = VISIT_FIELDS[name]
    return {
        "name": f"{visit}_{name}",
        "kind": "number",
        "label": f"{field.label}, {_VISITS[visit].lower()}",
        "unit": field.unit,
        "range": _ASKED[name],
        "help": f"{field.counts} Blank means not known.",
    }


def _typed(value: Decimal | None) -> str:
    """Write a value as a reader would type it: no thousands mark, no idle zero."""
    return "" if value is None else shown(value).replace(",", "")


class ResponseExplorer(Explorer):
    """Move the six measures of two visits and see what each earns, the total, and both degrees of improvement.

    Parameters
    ----------
    baseline, follow_up : CoreSet
        The visits to start with. Both must use one strength test and one upper limit; only CK is asked as enzyme.

    Raises
    ------
    namlib.records.Refused
        If the two visits cannot be scored together.

    Examples
    --------
    >>> ResponseExplorer().enter(follow_up_ck_u_per_l="8000")
    '62.5 of 100 points: major improvement by the adult cut-offs, moderate improvement by the juvenile ones.'
    """

    def __init__(self, baseline: CoreSet = _BEFORE, follow_up: CoreSet = _AFTER) -> None:
        self._criteria = course.response_criteria()
        self._tests = {f"{test.maximum:g}": test.name for test in self._criteria.strength_tests}
        total_improvement(baseline, follow_up, self._criteria)
        before, after = baseline.answers(), follow_up.answers()
        inputs: dict[str, Any] = {name: _typed(before.get(name, after.get(name))) for name in _SHARED}
        inputs["mmt_maximum"] = inputs["mmt_maximum"] or next(iter(self._tests))
        for visit, given in (("baseline", before), ("follow_up", after)):
            for name in _ASKED:
                inputs[f"{visit}_{name}"] = _typed(given.get(name))
        inputs["seq"] = 0
        name, page, errors = self.show(inputs)
        if errors:
            wrong, reason = next(iter(errors.items()))
            raise Refused(wrong, reason)
        limit = VISIT_FIELDS[_LIMIT]
        # What is set once is folded away, so that the measures being moved stand right above the picture.
        controls: list[dict[str, Any]] = [
            group_control("Baseline, strength test and upper limit of CK"),
            {
                "name": "mmt_maximum",
                "kind": "choice",
                "label": "Strength test",
                "options": [(value, f"{said} (0 to {value})") for value, said in self._tests.items()],
                "help": "The same test at both visits. Its sliders run to 80; type a larger sum.",
            },
            {
                "name": _LIMIT,
                "kind": "number",
                "label": limit.label,
                "unit": limit.unit,
                "range": (50, 500, 5),
                "help": f"{limit.counts} The same at both visits.",
            },
            *(_box(asked, "baseline") for asked in _ASKED),
            group_control("Follow-up", open_=True),
            *(_box(asked, "follow_up") for asked in _ASKED),
        ]
        super().__init__(name, page, inputs, title="Response explorer", controls=controls, pages={name: page.html})

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        errors: dict[str, str] = {}

        def read(control: str, name: str) -> Decimal | None:
            raw = inputs.get(control)
            if raw is None or (isinstance(raw, str) and not raw.strip()):
                return None
            try:
                return read_exact(VISIT_FIELDS[name], raw)
            except Refused as refused:
                errors[control] = f"{VISIT_FIELDS[name].label}: {refused.reason}"
                return None

        maximum = inputs.get("mmt_maximum")
        if not isinstance(maximum, str) or maximum not in self._tests:
            errors["mmt_maximum"] = f"Strength test: {str(maximum)[:40]!r} is not one of {', '.join(self._tests)}"
        shared = {_LIMIT: read(_LIMIT, _LIMIT)}
        given = {visit: {name: read(f"{visit}_{name}", name) for name in _ASKED} | shared for visit in _VISITS}
        if errors:
            return "response", Page((), str), errors
        for visit, answers in given.items():
            answers["mmt_maximum"] = Decimal(str(maximum))
            wrong = visit_contradiction({name: value for name, value in answers.items() if value is not None})
            if wrong is not None:
                errors[f"{visit}_{wrong.field}"] = f"{VISIT_FIELDS[wrong.field].label}: {wrong.reason}"
        if errors:
            return "response", Page((), str), errors
        baseline, follow_up = (CoreSet(**answers) for answers in given.values())
        self.result = total_improvement(baseline, follow_up, self._criteria)
        return "response", response_page(self.result, self._criteria, course.bibliography()), {}

    def __repr__(self) -> str:
        return f"ResponseExplorer: {self.result!r}"
