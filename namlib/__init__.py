"""The working parts behind the open course on immune-mediated necrotizing myopathy (IMNM).

For education. It shows what sources state and for whom; it does not advise on a patient.

Names are loaded when they are first used, so ``import namlib as nam`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from namlib.course import (
        conflicts as conflicts,
        dose_by_weight as dose_by_weight,
        dose_picture as dose_picture,
        doses as doses,
        drugs as drugs,
        fact as fact,
        facts as facts,
        pathway_picture as pathway_picture,
        references as references,
        regimens as regimens,
        seed_coverage as seed_coverage,
        walk as walk,
    )
    from namlib.model.patient import Patient as Patient
    from namlib.widgets.dose import DoseExplorer as DoseExplorer
    from namlib.widgets.pathway import PathwayExplorer as PathwayExplorer

__version__ = "0.1.0"

_HOMES = {
    "Patient": "namlib.model.patient",
    "DoseExplorer": "namlib.widgets.dose",
    "PathwayExplorer": "namlib.widgets.pathway",
    **dict.fromkeys(
        (
            "conflicts",
            "dose_by_weight",
            "dose_picture",
            "doses",
            "drugs",
            "fact",
            "facts",
            "references",
            "regimens",
            "seed_coverage",
            "walk",
            "pathway_picture",
        ),
        "namlib.course",
    ),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'namlib' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
