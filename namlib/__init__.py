"""The working parts behind the open course on immune-mediated necrotizing myopathy (IMNM).

For education. It shows what sources state and for whom; it does not advise on a patient.

Names are loaded when they are first used, so ``import namlib as nam`` costs next to nothing; not even ``typing`` is
imported here, which is why the flag below is set by hand (type checkers take it as true).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from namlib.answers import Answers as Answers
    from namlib.course import conflicts as conflicts
    from namlib.course import dose_by_weight as dose_by_weight
    from namlib.course import dose_picture as dose_picture
    from namlib.course import doses as doses
    from namlib.course import drugs as drugs
    from namlib.course import fact as fact
    from namlib.course import facts as facts
    from namlib.course import pathway_picture as pathway_picture
    from namlib.course import references as references
    from namlib.course import regimens as regimens
    from namlib.course import seed_coverage as seed_coverage
    from namlib.course import walk as walk
    from namlib.course.cases import Case as Case
    from namlib.course.cases import cases as cases
    from namlib.course.diagnosis import antibody_tests as antibody_tests
    from namlib.course.diagnosis import cancer_risk_imacs2023 as cancer_risk_imacs2023
    from namlib.course.diagnosis import checklist as checklist
    from namlib.course.diagnosis import ck_by_cohort as ck_by_cohort
    from namlib.course.diagnosis import ck_series as ck_series
    from namlib.course.diagnosis import classify_enmc2016 as classify_enmc2016
    from namlib.course.diagnosis import classify_eular_acr2017 as classify_eular_acr2017
    from namlib.course.diagnosis import compare_criteria as compare_criteria
    from namlib.course.diagnosis import mimic_matrix as mimic_matrix
    from namlib.course.diagnosis import mimics as mimics
    from namlib.course.diagnosis import predictive_value as predictive_value
    from namlib.course.diagnosis import predictive_value_picture as predictive_value_picture
    from namlib.course.diagnosis import published_records as published_records
    from namlib.course.diagnosis import red_flags as red_flags
    from namlib.course.diagnosis import score_picture as score_picture
    from namlib.course.follow_up import ck_and_strength as ck_and_strength
    from namlib.course.follow_up import improvement_picture as improvement_picture
    from namlib.course.follow_up import kendall_to_mrc as kendall_to_mrc
    from namlib.course.follow_up import mmt8 as mmt8
    from namlib.course.follow_up import mrc_to_kendall as mrc_to_kendall
    from namlib.course.follow_up import response_measures as response_measures
    from namlib.course.follow_up import safety as safety
    from namlib.course.follow_up import strength_grades as strength_grades
    from namlib.course.follow_up import taper as taper
    from namlib.course.follow_up import taper_picture as taper_picture
    from namlib.course.follow_up import tapers as tapers
    from namlib.course.follow_up import total_improvement as total_improvement
    from namlib.course.follow_up import visit_grid as visit_grid
    from namlib.course.items import questions as questions
    from namlib.course.relapse import bias_lesson as bias_lesson
    from namlib.course.relapse import cohorts as cohorts
    from namlib.course.relapse import in_your_clinic as in_your_clinic
    from namlib.course.relapse import predictors as predictors
    from namlib.course.relapse import relapse_cohorts as relapse_cohorts
    from namlib.course.virtual_cohort import cohort_uncertainty as cohort_uncertainty
    from namlib.course.virtual_cohort import course_picture as course_picture
    from namlib.course.virtual_cohort import disease_course as disease_course
    from namlib.course.virtual_cohort import relapse_free_picture as relapse_free_picture
    from namlib.course.virtual_cohort import relapse_parameters as relapse_parameters
    from namlib.course.virtual_cohort import relapse_targets as relapse_targets
    from namlib.course.virtual_cohort import simulate_cohort as simulate_cohort
    from namlib.export.phenopacket import phenopacket as phenopacket
    from namlib.model.patient import Patient as Patient
    from namlib.model.response import CoreSet as CoreSet
    from namlib.widgets.antibody import AntibodyTestExplorer as AntibodyTestExplorer
    from namlib.widgets.clinic import ClinicExplorer as ClinicExplorer
    from namlib.widgets.diagnosis import DiagnosisExplorer as DiagnosisExplorer
    from namlib.widgets.discussion import CaseDiscussion as CaseDiscussion
    from namlib.widgets.dose import DoseExplorer as DoseExplorer
    from namlib.widgets.pathway import PathwayExplorer as PathwayExplorer
    from namlib.widgets.quiz import Quiz as Quiz
    from namlib.widgets.relapse import RelapseExplorer as RelapseExplorer
    from namlib.widgets.response import ResponseExplorer as ResponseExplorer
    from namlib.widgets.taper import TaperExplorer as TaperExplorer

__version__ = "0.1.0"

_HOMES = {
    "Answers": "namlib.answers",
    "AntibodyTestExplorer": "namlib.widgets.antibody",
    "Case": "namlib.course.cases",
    "CaseDiscussion": "namlib.widgets.discussion",
    "ClinicExplorer": "namlib.widgets.clinic",
    "CoreSet": "namlib.model.response",
    "DiagnosisExplorer": "namlib.widgets.diagnosis",
    "DoseExplorer": "namlib.widgets.dose",
    "PathwayExplorer": "namlib.widgets.pathway",
    "Patient": "namlib.model.patient",
    "Quiz": "namlib.widgets.quiz",
    "RelapseExplorer": "namlib.widgets.relapse",
    "ResponseExplorer": "namlib.widgets.response",
    "TaperExplorer": "namlib.widgets.taper",
    "antibody_tests": "namlib.course.diagnosis",
    "bias_lesson": "namlib.course.relapse",
    "cancer_risk_imacs2023": "namlib.course.diagnosis",
    "cases": "namlib.course.cases",
    "checklist": "namlib.course.diagnosis",
    "ck_and_strength": "namlib.course.follow_up",
    "ck_by_cohort": "namlib.course.diagnosis",
    "ck_series": "namlib.course.diagnosis",
    "classify_enmc2016": "namlib.course.diagnosis",
    "classify_eular_acr2017": "namlib.course.diagnosis",
    "cohort_uncertainty": "namlib.course.virtual_cohort",
    "cohorts": "namlib.course.relapse",
    "compare_criteria": "namlib.course.diagnosis",
    "conflicts": "namlib.course",
    "course_picture": "namlib.course.virtual_cohort",
    "disease_course": "namlib.course.virtual_cohort",
    "dose_by_weight": "namlib.course",
    "dose_picture": "namlib.course",
    "doses": "namlib.course",
    "drugs": "namlib.course",
    "fact": "namlib.course",
    "facts": "namlib.course",
    "improvement_picture": "namlib.course.follow_up",
    "in_your_clinic": "namlib.course.relapse",
    "kendall_to_mrc": "namlib.course.follow_up",
    "mimic_matrix": "namlib.course.diagnosis",
    "mimics": "namlib.course.diagnosis",
    "mmt8": "namlib.course.follow_up",
    "mrc_to_kendall": "namlib.course.follow_up",
    "pathway_picture": "namlib.course",
    "phenopacket": "namlib.export.phenopacket",
    "predictive_value": "namlib.course.diagnosis",
    "predictive_value_picture": "namlib.course.diagnosis",
    "predictors": "namlib.course.relapse",
    "published_records": "namlib.course.diagnosis",
    "questions": "namlib.course.items",
    "red_flags": "namlib.course.diagnosis",
    "references": "namlib.course",
    "regimens": "namlib.course",
    "relapse_cohorts": "namlib.course.relapse",
    "relapse_free_picture": "namlib.course.virtual_cohort",
    "relapse_parameters": "namlib.course.virtual_cohort",
    "relapse_targets": "namlib.course.virtual_cohort",
    "response_measures": "namlib.course.follow_up",
    "safety": "namlib.course.follow_up",
    "score_picture": "namlib.course.diagnosis",
    "seed_coverage": "namlib.course",
    "simulate_cohort": "namlib.course.virtual_cohort",
    "strength_grades": "namlib.course.follow_up",
    "taper": "namlib.course.follow_up",
    "taper_picture": "namlib.course.follow_up",
    "tapers": "namlib.course.follow_up",
    "total_improvement": "namlib.course.follow_up",
    "visit_grid": "namlib.course.follow_up",
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
