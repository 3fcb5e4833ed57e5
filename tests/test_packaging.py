"""The package, its lock and its conda environment say the same, and a wheel works without the checkout."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]
CONDA = YAML(typ="safe").load(ROOT / "environment.yml")
CITATION = YAML(typ="safe").load(ROOT / "CITATION.cff")
# Conda's name for a package whose name on the Python index is another one.
CONDA_NAMES = {"matplotlib-base": "matplotlib"}
SYSTEMS = [
    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
]
TOOLING = ("tests", "benchmarks", "tools")
PYTHONS = ["3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0"]


def locked_entries() -> list[tuple[Requirement, list[str]]]:
    """Each pinned requirement of the lock with its hashes."""
    entries = []
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        requirement, *hashes = [part.strip() for part in block.split("\\\n")]
        entries.append((Requirement(requirement), hashes))
    return entries


ENTRIES = locked_entries()


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


def machine(system: dict[str, str], python: str) -> dict[str, str]:
    """The marker variables of another machine."""
    return {
        **{name: str(value) for name, value in default_environment().items()},
        **system,
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
    }


def versions(environment: dict[str, str]) -> dict[str, Version]:
    """What the lock installs on a machine."""
    return {
        requirement.name: Version(next(iter(requirement.specifier)).version)
        for requirement, _ in ENTRIES
        if applies(requirement, environment)
    }


def floors(requirements: list[Requirement]) -> dict[str, str]:
    return {canonicalize_name(requirement.name): str(requirement.specifier) for requirement in requirements}


def test_the_lock_names_no_server_and_no_local_path() -> None:
    for line in LOCK.splitlines():
        assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?|[a-z0-9-]+==[\w.+]+( ;[^:/@\\]+)?( \\)?", line), line


def test_every_entry_of_the_lock_is_pinned_once_for_a_system_and_has_hashes() -> None:
    for requirement, hashes in ENTRIES:
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert hashes, requirement
    for system in SYSTEMS:
        for python in PYTHONS:
            environment = machine(system, python)
            names = [requirement.name for requirement, _ in ENTRIES if applies(requirement, environment)]
            assert len(names) == len(set(names)), (system, python)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system["platform_system"])
def test_the_lock_satisfies_every_requirement_of_the_project(system: dict[str, str], python: str) -> None:
    locked = versions(machine(system, python))
    for wanted in [*RUNTIME, *DEVELOPMENT, *map(Requirement, PROJECT["build-system"]["requires"])]:
        version = locked.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted} is not in the lock"
        assert wanted.specifier.contains(version), f"{wanted}, but the lock has {version}"


def test_the_lock_is_complete_so_that_nothing_is_left_to_resolve() -> None:
    # run.py installs with --no-deps; what a locked package needs here must therefore be locked itself.
    here = {name: str(value) for name, value in default_environment().items()}
    locked = versions(here)
    looked_at = 0
    for name in locked:
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            pytest.fail(f"{name} is locked but not installed: run `python3 run.py test`")
        for need in map(Requirement, needs):
            if applies(need, {**here, "extra": ""}):
                looked_at += 1
                version = locked.get(canonicalize_name(need.name))
                assert version is not None, f"{name} needs {need}"
                assert need.specifier.contains(version, prereleases=True), f"{name} needs {need}"
    assert looked_at > len(locked)


def test_every_line_of_the_conda_file_is_valid() -> None:
    assert set(CONDA) == {"name", "channels", "dependencies"}
    assert CONDA["channels"] == ["conda-forge"]
    for entry in CONDA["dependencies"]:
        if isinstance(entry, str):
            MatchSpec(entry, strict=True)
        else:
            assert entry == {"pip": ["-e ."]}


@pytest.mark.parametrize("wrong", ["pandas >=2.2,,<3", "pandas >>4", "pandas =>3.9"])
def test_a_wrong_line_in_the_conda_file_would_be_seen(wrong: str) -> None:
    with pytest.raises(Exception, match=r"(?i)pars|invalid|operator|constraint|version"):
        MatchSpec(wrong, strict=True)


def test_conda_and_project_name_the_same_packages_with_the_same_floors() -> None:
    conda = {}
    for entry in CONDA["dependencies"]:
        if isinstance(entry, str) and entry != "pip":
            name, _, floor = entry.partition(" ")
            conda[canonicalize_name(CONDA_NAMES.get(name, name))] = floor
    assert conda.pop("python") == PROJECT["project"]["requires-python"]
    assert conda == floors(RUNTIME)


def test_version_is_the_same_everywhere() -> None:
    import namlib

    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.findall(r"^## \[(\d[^\]]*)\]", changelog, flags=re.MULTILINE)[0]
    assert {PROJECT["project"]["version"], str(CITATION["version"]), newest} == {namlib.__version__}


def test_citation_file_has_what_its_format_asks_for() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["title"]
    assert CITATION["message"]
    assert CITATION["authors"] == [{"name": "The namlib authors"}]
    assert CITATION["type"] in {"software", "dataset"}
    assert set(CITATION["license"]) == set(PROJECT["project"]["license"].split(" AND "))


@pytest.mark.parametrize(("folder", "declared"), [("namlib", RUNTIME), *((f, RUNTIME + DEVELOPMENT) for f in TOOLING)])
def test_every_package_that_is_imported_is_declared(folder: str, declared: list[Requirement]) -> None:
    providers = packages_distributions()
    names = {canonicalize_name(requirement.name) for requirement in declared}
    extra = {
        canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["optional-dependencies"]["exchange"]
    }
    own = {"namlib", "run", *TOOLING}
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            # What only leaves the course may lean on the extra, and only when it is asked to.
            leaving = "export" in path.parts and node not in tree.body
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                imported = [str(node.module)]
            for module in {name.split(".")[0] for name in imported} - sys.stdlib_module_names - own:
                found = {canonicalize_name(name) for name in providers.get(module, [])}
                allowed = names | extra if leaving else names
                assert found & allowed, f"{path.relative_to(ROOT)} imports {module}, which pyproject.toml does not name"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that ``pip install .`` makes, built offline by the locked build tool."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_carries_every_data_file_and_the_licences(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        here = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / "data").rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }
        assert {f"namlib/{name}" for name in here} <= names
        assert "data/sources.bib" in here
        assert archive.read("namlib/data/sources.bib") == (ROOT / "data" / "sources.bib").read_bytes()
    for licence in ("LICENSE", "LICENSE-CONTENT.md"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "notebooks/", "data/", "run.py"))]


def test_the_wheel_carries_every_file_of_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    here = {path.relative_to(ROOT).as_posix() for path in (ROOT / "namlib").rglob("*") if path.is_file()}
    assert {name for name in here if "__pycache__" not in name} <= names


def test_the_wheel_works_from_a_folder_that_has_nothing_to_do_with_it(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = f"""
import sys
sys.path = [folder for folder in sys.path if folder != {str(ROOT)!r}]
sys.path.insert(0, {str(target)!r})
import namlib as nam
assert nam.__file__.startswith({str(target)!r}), nam.__file__
print(len(nam.facts()), len(nam.references()))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=elsewhere, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    facts, references = map(int, ran.stdout.split())
    assert facts > 0
    assert references > 0
