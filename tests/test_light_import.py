"""What starting up loads, and that the core needs none of the scientific packages."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCIENTIFIC = ("numpy", "pandas", "matplotlib", "scipy")
READERS = ("pydantic", "ruamel", "bibtexparser")
EXPLORERS = (
    "nam.DoseExplorer()",
    "nam.PathwayExplorer()",
    "nam.DiagnosisExplorer()",
    "nam.AntibodyTestExplorer()",
    "nam.ResponseExplorer()",
    "nam.TaperExplorer()",
    "nam.ClinicExplorer()",
    "nam.Quiz()",
)

# Before anything else is imported: these packages are not to be found.
BLOCKED = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SCIENTIFIC!r}:
            raise ModuleNotFoundError(f"blocked for this test: {{name}}", name=name)

sys.meta_path.insert(0, Blocked())
"""
CORE_TESTS = (
    "test_units.py",
    "test_rules.py",
    "test_dosing.py",
    "test_response.py",
    "test_explorers.py",
    "test_hostile_inputs.py",
    "test_published_records.py",
    "test_diagnosis.py",
    "test_screening.py",
    "test_red_flags.py",
    "test_diagnosis_explorer.py",
    "test_score_picture.py",
    "test_intervals.py",
    "test_relapse.py",
    "test_course_of_disease.py",
    "test_case_format.py",
    "test_case_view.py",
)


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def loaded_by(code: str) -> set[str]:
    """Top-level names in ``sys.modules`` after some code ran in a fresh process."""
    return set(
        run(f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}}, sep='\\n')").split()
    )


def test_importing_namlib_loads_no_widgets_readers_or_scientific_packages() -> None:
    assert not loaded_by("import namlib as nam") & {
        *SCIENTIFIC,
        *READERS,
        "ipywidgets",
        "anywidget",
        "IPython",
        "traitlets",
    }


@pytest.mark.parametrize("explorer", EXPLORERS)
def test_the_first_explorer_loads_no_readers_or_scientific_packages(explorer: str) -> None:
    loaded = loaded_by(f"import namlib as nam\n{explorer}")
    assert "ipywidgets" in loaded
    assert "anywidget" not in loaded, "only its browser half is used; the Python half costs more than the ledger"
    assert not loaded & {*SCIENTIFIC, *READERS}, "if readers: is the ledger current? python -m namlib compile"


def test_a_case_discussion_loads_no_scientific_packages() -> None:
    # A case file is read as it stands, so the readers are needed; the rest is not.
    loaded = loaded_by("import namlib as nam\nnam.CaseDiscussion('stairs-and-bath')")
    assert "ipywidgets" in loaded and not loaded & {*SCIENTIFIC, "anywidget", "bibtexparser"}


def test_the_block_blocks() -> None:
    said = run(BLOCKED + "try:\n    import matplotlib.pyplot\nexcept ImportError as refused:\n    print(refused)")
    assert "blocked for this test" in said


def test_the_course_works_without_scientific_packages() -> None:
    said = run(
        BLOCKED
        + """
import namlib as nam
patient = nam.Patient(age_years=58, weight_kg=80, height_cm=175, anti_hmgcr="positive", anti_srp="negative")
for shown in (
    nam.doses(patient), nam.facts(), nam.regimens(), nam.drugs(), nam.references(), nam.conflicts(),
    nam.seed_coverage(), nam.checklist(patient), nam.published_records(),
    nam.dose_picture("methotrexate", patient), nam.pathway_picture(patient), nam.walk(patient),
    nam.classify_enmc2016(patient), nam.classify_eular_acr2017(patient), nam.compare_criteria(patient),
    nam.cancer_risk_imacs2023(patient), nam.mimics(patient), nam.red_flags(patient),
    nam.score_picture(patient, title="t", caption="c"),
):
    assert shown._repr_html_(), shown
    assert repr(shown)
for explorer in (nam.DoseExplorer(), nam.PathwayExplorer(), nam.DiagnosisExplorer(), nam.ResponseExplorer()):
    explorer.inputs = {**explorer.inputs, "weight_kg": "70", "anti_hmgcr": "positive"}
    assert explorer._repr_mimebundle_()[0]["text/html"]
print("all shown")
"""
    )
    assert said.strip() == "all shown"


def test_the_tests_of_the_core_pass_without_scientific_packages() -> None:
    files = [str(ROOT / "tests" / name) for name in CORE_TESTS]
    run(
        BLOCKED
        + f"""
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-W", "error::pytest.PytestCollectionWarning", *{files!r}]))
"""
    )
