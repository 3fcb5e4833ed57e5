"""Explore antibody tests: what a result is worth, for the people it is done in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from namlib import course
from namlib.model.antibody import PRETEST, Prediction, evaluate, read_pretest
from namlib.records import AntibodyTest, Refused
from namlib.view.antibody import antibody_page, test_label
from namlib.view.slots import Page
from namlib.widgets.part import Explorer, steps_control

_PAGE = "antibody"
# Where the slider stops [%]: closer where little changes much; the box accepts anything between.
_STEPS = (
    *("0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5"),
    *("1", "2", "3", "5", "7.5", "10", "15", "20", "25", "30", "40", "50", "60", "70", "80", "90", "95", "99", "99.9"),
)


class AntibodyTestExplorer(Explorer):
    """See what a positive and a negative result of an antibody test are worth, from bare counts.

    Parameters
    ----------
    test : str
        Id of the test to start with, a row of ``nam.antibody_tests(kind="counted")``.
    pretest_percent : float or str
        How likely the disease is before the test, from 0.001 to 99.9 [%].
    use_frames : bool
        Whether the slider answers from pictures made beforehand.

    Raises
    ------
    namlib.records.Refused
        If the start is not accepted: unknown test, probability out of bounds.

    Examples
    --------
    >>> AntibodyTestExplorer("hmgcr_aric", pretest_percent=30).prediction.assumed_sensitivity
    True
    """

    def __init__(
        self, test: str = "hmgcr_aric", *, pretest_percent: float | str = "0.0025", use_frames: bool = True
    ) -> None:
        self._by_id = {row.id: row for row in course.ledger().antibody_tests if row.kind == "counted"}
        if not isinstance(test, str) or test not in self._by_id:
            raise Refused("test", f"{str(test)[:40]!r} is not a counted test; known: {', '.join(self._by_id)}")
        page = self._page(self._by_id[test], read_pretest(pretest_percent))
        start = pretest_percent if isinstance(pretest_percent, str) else f"{pretest_percent:g}"
        super().__init__(
            _PAGE,
            page,
            {"test": test, "pretest_percent": start, "seq": 0},
            title="Antibody test explorer",
            controls=[
                {
                    "name": "test",
                    "kind": "choice",
                    "label": "Test",
                    "options": [(row.id, test_label(row, course.bibliography())) for row in self._by_id.values()],
                    "help": "Every assay in which positives were counted, and in whom.",
                    "wide": True,
                },
                steps_control(PRETEST, _STEPS),
            ],
            pages={_PAGE: page.html},
            frames_for=PRETEST.name,
            use_frames=use_frames,
        )

    @staticmethod
    def _page(test: AntibodyTest, pretest: Fraction) -> Page:
        return antibody_page(evaluate(test, pretest), course.bibliography())

    @property
    def prediction(self) -> Prediction:
        """What is on show, worked out."""
        return evaluate(self._chosen(self._accepted), read_pretest(self._accepted[PRETEST.name]))

    def _chosen(self, inputs: Mapping[str, Any]) -> AntibodyTest:
        test = inputs.get("test")
        if not isinstance(test, str) or test not in self._by_id:
            raise Refused("test", f"{str(test)[:40]!r} is not one of {', '.join(self._by_id)}")
        return self._by_id[test]

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        errors: dict[str, str] = {}
        made: dict[str, Any] = {}
        for name, label, reader in (
            ("test", "Test", lambda: self._chosen(inputs)),
            (PRETEST.name, PRETEST.label, lambda: read_pretest(inputs.get(PRETEST.name))),
        ):
            try:
                made[name] = reader()
            except Refused as refused:
                errors[name] = f"{label}: {refused.reason}"
        if errors:
            return _PAGE, Page((), str), errors
        return _PAGE, self._page(made["test"], made[PRETEST.name]), {}

    def frame_steps(self) -> list[str]:
        """Every step of the slider."""
        return list(_STEPS)

    def __repr__(self) -> str:
        shown = self.prediction
        held = f"{json.dumps(shown.test.id)}, pretest_percent={float(shown.pretest * 100):g}"
        return f"AntibodyTestExplorer({held}): {self.page.values[0]}"
