"""Explore relapse and remission in a virtual cohort: the sliders are what nobody has measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from namlib.course import virtual_cohort
from namlib.model.cohort import luck_fan, numbers_fan
from namlib.model.course_of_disease import DiseaseCourse, disease_course, drawn_parameters, read_parameters, rounded
from namlib.model.findings import Field, read_as
from namlib.records import CourseParameter, Refused
from namlib.view.slots import Page
from namlib.view.virtual_cohort import NO_FAN, Fan, course_page, luck_words, numbers_words
from namlib.widgets.part import Explorer, group_control, steps_control

_PAGE = "relapse"
_DRAWS = 60
_FANS = {"25": "luck, in clinics of 25", "50": "luck, in clinics of 50", "200": "luck, in clinics of 200",
         "numbers": "not knowing the other numbers"}  # fmt: skip
# What a slider may be moved or typed to: waits in months, and multipliers.
_WAIT, _TIMES = (0.5, 1000.0), (0.05, 5.0)


def _entered(value: float, parameter: CourseParameter) -> str:
    """Write a value as its control holds it: a rate as the months it makes people wait."""
    return f"{rounded(1 / value if parameter.end else value):g}"


class RelapseExplorer(Explorer):
    """Move the guesses behind a SYNTHETIC cohort and see what they do to relapse, remission and time off drugs.

    The lines are exact. The fan is drawn anew with every move: either the luck of clinics of some size, from 10,000
    people drawn one by one, or what not knowing the other numbers leaves open.

    Parameters
    ----------
    state : str
        The state that gets a fan, an id of a state of the cohort.
    fan : {"25", "50", "200", "numbers"}
        What the fan shows.
    seed : int
        Seed of everything drawn.

    Raises
    ------
    namlib.records.Refused
        If the start is not accepted.

    Examples
    --------
    >>> RelapseExplorer().enter(relapse_off="200")[:9]
    'SYNTHETIC'
    """

    def __init__(self, state: str = "drug_free", *, fan: str = "50", seed: int = 1) -> None:
        self._model = virtual_cohort.relapse_model()
        self._seed = seed
        self._sliders = [parameter for parameter in self._model.parameters if parameter.slider]
        self._fields = {
            parameter.id: Field(
                parameter.id,
                parameter.slider,
                "number",
                f"{parameter.standing}: {parameter.why}",
                "mo" if parameter.end else "1",
                *(_WAIT if parameter.end else _TIMES),
            )
            for parameter in self._sliders
        }
        start = {parameter.id: _entered(parameter.value, parameter) for parameter in self._sliders}
        self._start = dict(start)
        inputs = {"state": state, "fan": fan, **start, "seq": 0}
        _, page, errors = self.show(inputs)
        for field, reason in errors.items():
            raise Refused(field, reason)
        super().__init__(
            _PAGE,
            page,
            inputs,
            title="Relapse explorer, SYNTHETIC",
            controls=[
                {
                    "name": "state",
                    "kind": "choice",
                    "label": "State with a fan",
                    "options": [(item.id, item.name) for item in self._model.states],
                    "help": "The lower picture shows this one.",
                },
                {
                    "name": "fan",
                    "kind": "choice",
                    "label": "The fan shows",
                    "options": list(_FANS.items()),
                    "help": "Chance and ignorance are two things; they are never drawn as one.",
                },
                group_control("What nobody has measured", open_=True),
                *(
                    steps_control(self._fields[item.id], [f"{step:g}" for step in self._steps(item)])
                    for item in self._sliders
                ),
            ],
            pages={_PAGE: page.html},
            use_frames=False,
        )

    def _steps(self, parameter: CourseParameter) -> list[float]:
        """The stops of a slider, with the start among them."""
        return sorted({*parameter.steps, float(self._start[parameter.id])})

    def _read(self, parameter: CourseParameter, raw: object) -> float:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            raise Refused(parameter.id, "is blank; the cohort cannot run without it")
        if raw == self._start[parameter.id]:
            return parameter.value  # not the rounded wait
        value = float(read_as(self._fields[parameter.id], raw))
        return 1 / value if parameter.end else value

    def _values(self, inputs: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
        moved: dict[str, float] = {}
        errors: dict[str, str] = {}
        for parameter in self._sliders:
            try:
                moved[parameter.id] = self._read(parameter, inputs.get(parameter.id))
            except Refused as refused:
                errors[parameter.id] = f"{parameter.slider}: {refused.reason}"
        for name, known in (("state", [item.id for item in self._model.states]), ("fan", list(_FANS))):
            if not isinstance(inputs.get(name), str) or inputs[name] not in known:
                errors[name] = f"{name}: {str(inputs.get(name))[:40]!r} is not one of {', '.join(known)}"
        return moved, errors

    def show(self, inputs: Mapping[str, Any]) -> tuple[str, Page, dict[str, str]]:
        """Turn the controls into a page; refused inputs come back with their reasons."""
        moved, errors = self._values(inputs)
        if errors:
            return _PAGE, Page((), str), errors
        shown = disease_course(self._model, moved)
        fan, words = self._fan(str(inputs["fan"]), str(inputs["state"]), moved)
        return _PAGE, course_page(shown, str(inputs["state"]), fan, words), {}

    def _fan(self, kind: str, state: str, moved: dict[str, float]) -> tuple[Fan | None, str]:
        try:
            if kind == "numbers":
                sets = drawn_parameters(self._model, _DRAWS, self._seed, moved)
                return numbers_fan(self._model, sets, state), numbers_words(_DRAWS)
            values = read_parameters(self._model, moved)
            return luck_fan(self._model, values, state, int(kind), self._seed), luck_words(int(kind))
        except ModuleNotFoundError as missing:
            if missing.name != "numpy":
                raise
            return None, NO_FAN

    @property
    def course(self) -> DiseaseCourse:
        """The exact course on show."""
        return disease_course(self._model, self._values(self._accepted)[0])

    def __repr__(self) -> str:
        return f"RelapseExplorer(): {self.page.values[0]}"
