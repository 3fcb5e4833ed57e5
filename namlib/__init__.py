"""The working parts behind the open course on immune-mediated necrotizing myopathy (IMNM).

For education. It shows what sources state and for whom; it does not advise on a patient.

Names are loaded when they are first used, so ``import namlib as nam`` costs next to nothing; not even ``typing`` is
imported here, which is why the flag below is set by hand (type checkers take it as true).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from namlib.course import antibody_tests as antibody_tests
    from namlib.course import ck_by_cohort as ck_by_cohort
    from namlib.course import ck_series as ck_series
    from namlib.course import conflicts as conflicts
    from namlib.course import dose_by_weight as dose_by_weight
    from namlib.course import dose_picture as dose_picture
    from namlib.course import doses as doses
    from namlib.course import drugs as drugs
    from namlib.course import fact as fact
    from namlib.course import facts as facts
    from namlib.course import pathway_picture as pathway_picture
    from namlib.course import predictive_value as predictive_value
    from namlib.course import predictive_value_picture as predictive_value_picture
    from namlib.course import references as references
    from namlib.course import regimens as regimens
    from namlib.course import seed_coverage as seed_coverage
    from namlib.course import walk as walk
    from namlib.model.patient import Patient as Patient
    from namlib.widgets.antibody import AntibodyTestExplorer as AntibodyTestExplorer
    from namlib.widgets.dose import DoseExplorer as DoseExplorer
    from namlib.widgets.pathway import PathwayExplorer as PathwayExplorer

__version__ = "0.1.0"

_HOMES = {
    "Patient": "namlib.model.patient",
    "AntibodyTestExplorer": "namlib.widgets.antibody",
    "DoseExplorer": "namlib.widgets.dose",
    "PathwayExplorer": "namlib.widgets.pathway",
    "antibody_tests": "namlib.course",
    "ck_by_cohort": "namlib.course",
    "ck_series": "namlib.course",
    "conflicts": "namlib.course",
    "dose_by_weight": "namlib.course",
    "dose_picture": "namlib.course",
    "doses": "namlib.course",
    "drugs": "namlib.course",
    "fact": "namlib.course",
    "facts": "namlib.course",
    "pathway_picture": "namlib.course",
    "predictive_value": "namlib.course",
    "predictive_value_picture": "namlib.course",
    "references": "namlib.course",
    "regimens": "namlib.course",
    "seed_coverage": "namlib.course",
    "walk": "namlib.course",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'namlib' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
