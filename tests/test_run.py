"""The two commands say in one sentence what is missing, install once, and leave out no check in silence."""

import ast
import base64
import ensurepip
import errno
import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import webbrowser
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = (ROOT / "run.py").read_text(encoding="utf-8")
# A space and letters outside ASCII: folders have such names.
FOLDER = "der Kurs ä 课"


def load(folder: Path) -> ModuleType:
    """Import the run.py that lies in a folder."""
    spec = importlib.util.spec_from_file_location("run_under_test", folder / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A run.py in a small copy of the course, without the parts of it that take time."""
    folder = tmp_path / FOLDER
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / "00_start_here.ipynb").write_text("{}", encoding="utf-8")
    (folder / "run.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "requirements.lock").write_text("tiny==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    module = load(folder)
    monkeypatch.setattr(module, "installed", [], raising=False)

    def make_venv() -> None:
        python = module.VENV / "bin" / "python"
        python.parent.mkdir(parents=True)
        (module.VENV / "site-packages").mkdir()
        if os.name == "posix":
            python.symlink_to(sys.executable)
        else:
            monkeypatch.setattr(module, "venv_python", lambda: Path(sys.executable))

    monkeypatch.setattr(module, "make_venv", make_venv)
    monkeypatch.setattr(module, "site_packages_folder", lambda: module.VENV / "site-packages")
    monkeypatch.setattr(module, "install_packages", lambda *_: module.installed.append("packages"))
    return module


def said(run: ModuleType, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command said on its way out with exit code 2: one sentence."""
    assert run.main(list(arguments)) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("run.py: ")
    assert "Traceback" not in error
    assert len(error.splitlines()) == 1
    assert error.endswith(".")
    return error


# --- what is missing


def test_an_old_python_can_still_read_the_file() -> None:
    ast.parse(SCRIPT, feature_version=(3, 6))


def test_only_the_standard_library_is_imported() -> None:
    nodes = list(ast.walk(ast.parse(SCRIPT)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_neither_the_launcher_nor_ci_names_a_server() -> None:
    assert "://" not in SCRIPT
    assert "://" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_a_python_that_is_too_old_is_refused_in_one_sentence(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(run.Trouble, match=r"3\.11 or newer, and this is Python 3\.10\.13"):
        run.check_python((3, 10, 13))
    run.check_python((3, 11, 0))
    monkeypatch.setattr(run, "OLDEST", (99, 0))
    for command in ("lab", "test", "doctor"):
        assert "needs Python" in said(run, capsys, command)
    assert not run.VENV.exists()


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_refused_in_one_sentence(
    module: str, run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else find(name))
    assert "apt-get install python3-venv" in said(run, capsys, "test")
    assert not run.VENV.exists()


def test_a_venv_module_that_fails_for_want_of_ensurepip_gives_the_same_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run.py").write_text(SCRIPT, encoding="utf-8")
    run = load(tmp_path)
    words = b"The virtual environment was not created successfully because ensurepip is not available."
    monkeypatch.setattr(run.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stdout=words))
    with pytest.raises(run.Trouble, match="python3-venv"):
        run.make_venv()


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_taken_port_is_named_and_another_one_is_offered(
    family: int, address: str, run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as taken:
        try:
            taken.bind((address, 0))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        taken.listen()
        port = taken.getsockname()[1]
        sentence = said(run, capsys, "lab", "--port", str(port))
    offered = int(sentence.rsplit("--port ", 1)[1].rstrip("`."))
    assert f"Port {port} " in sentence
    assert offered != port
    assert run.port_is_free(offered)
    assert not run.VENV.exists(), "the port is looked at before anything is installed"


@pytest.mark.parametrize("port", ["0", "65536", "eight", "-1"])
def test_what_is_no_port_is_refused(port: str, run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["lab", f"--port={port}"])
    assert "is not a port" in capsys.readouterr().err


def test_an_incomplete_copy_is_refused_in_one_sentence(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    (run.ROOT / run.FIRST_NOTEBOOK).unlink()
    assert "00_start_here.ipynb is missing" in said(run, capsys, "lab", "--port", "18431")
    run.LOCK.unlink()
    assert "requirements.lock is missing" in said(run, capsys, "test")


def test_a_full_disk_is_said_before_and_during_the_installation(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr(run.shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000_000))
    assert "disk is full" in said(run, capsys, "test")
    assert not run.VENV.exists()
    monkeypatch.setattr(run.shutil, "disk_usage", real)

    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run, "install_packages", fill)
    assert "disk is full" in said(run, capsys, "test")


def test_a_folder_that_cannot_be_written_is_said(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/course/.venv")

    monkeypatch.setattr(run, "make_venv", refuse)
    assert "/course/.venv cannot be written" in said(run, capsys, "test")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "does not match its hash"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: Could not find a version that satisfies the requirement tiny==1.0 (from versions: none)\n"
            "ERROR: No matching distribution found for tiny==1.0",
            "reached no package index",
        ),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: Could not find a version that satisfies the requirement tiny==2.0 (from versions: 1.0)\n"
            "ERROR: No matching distribution found for tiny==2.0",
            "reached no package index",
        ),
        ("ERROR: HTTPSConnectionPool: Max retries exceeded: Read timed out.", "reached no package index"),
        (
            "ERROR: Could not find a version that satisfies the requirement tiny==2.0 (from versions: 1.0)\n"
            "ERROR: No matching distribution found for tiny==2.0",
            "no build of tiny for this system",
        ),
        ("something\nERROR: the dog ate it\nmore", "last word was: ERROR: the dog ate it"),
        ("", "last word was: nothing"),
    ],
)
def test_each_way_in_which_pip_fails_has_its_sentence(words: str, sentence: str, run: ModuleType) -> None:
    explained = run.explain_pip(words.splitlines())
    assert sentence in explained
    assert "\n" not in explained


# --- installing once


def test_a_second_run_installs_nothing(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    run.setup()
    assert run.installed == ["packages"]
    assert "once" in capsys.readouterr().out
    run.setup()
    assert run.installed == ["packages"]
    assert capsys.readouterr().out == ""


def test_an_interrupted_installation_is_noticed_and_begun_again(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        (run.VENV / "half a package").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "install_packages", interrupt)
        assert run.main(["test"]) == 130
    assert "Traceback" not in capsys.readouterr().err
    run.setup()
    assert "did not finish" in capsys.readouterr().out
    assert run.installed == ["packages"]
    assert not (run.VENV / "half a package").exists()
    assert run.reason_to_install() is None


def test_a_torn_stamp_counts_as_not_installed(run: ModuleType) -> None:
    run.setup()
    run.stamp_file().write_text('{"state": "do', encoding="utf-8")
    assert "did not finish" in run.reason_to_install()


def test_a_changed_lock_and_a_changed_python_are_installed_anew(run: ModuleType) -> None:
    run.setup()
    run.LOCK.write_text(run.LOCK.read_text(encoding="utf-8").replace("1.0", "1.1"), encoding="utf-8")
    assert "packages have changed" in run.reason_to_install()
    run.setup()
    assert run.reason_to_install() is None
    run.write_stamp({**run.read_stamp(), "python": "3.10"})
    assert "holds Python 3.10" in run.reason_to_install()


def test_turned_line_ends_do_not_change_the_lock(run: ModuleType) -> None:
    before = run.wanted_stamp()
    run.LOCK.write_bytes(run.LOCK.read_bytes().replace(b"\n", b"\r\n"))
    assert run.wanted_stamp() == before


@pytest.mark.skipif(os.name != "posix", reason="the small environment of this test holds no Python of its own here")
def test_an_environment_whose_python_is_gone_is_made_anew(run: ModuleType) -> None:
    run.setup()
    (run.VENV / "bin" / "python").unlink()
    assert "no longer starts" in run.reason_to_install()


def test_an_environment_that_somebody_else_made_is_not_touched(
    run: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    run.VENV.mkdir()
    (run.VENV / "theirs").touch()
    assert "was not made by run.py" in said(run, capsys, "test")
    assert (run.VENV / "theirs").exists()


def test_variables_that_lead_pip_or_python_elsewhere_are_dropped(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER"):
        monkeypatch.setenv(name, "astray")
    monkeypatch.setenv("HTTPS_PROXY", "kept")
    child = run.child_environment()
    assert "astray" not in child.values()
    assert child["HTTPS_PROXY"] == "kept"
    assert child["PATH"].startswith(str(run.VENV))


# --- real pip, no network


def make_wheel(folder: Path) -> str:
    """Write the wheel of a package of one line, and return its SHA-256."""
    files = {
        "tiny.py": b"SIZE = 1\n",
        "tiny-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        "tiny-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "tiny-1.0.dist-info/RECORD"
    rows = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}\n")
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr(record, "".join([*rows, f"{record},,\n"]))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A course of one package, set up by real venv and real pip from a folder instead of an index."""
    outer = tmp_path_factory.mktemp("real")
    root = outer / FOLDER
    (root / "namlib").mkdir(parents=True)
    (root / "namlib" / "__init__.py").write_text("WHERE = 'the course'\n", encoding="utf-8")
    (root / "run.py").write_text(SCRIPT, encoding="utf-8")
    wheels = outer / "wheels"
    wheels.mkdir()
    digest = make_wheel(wheels)
    pinned = ("other==3.0 ; sys_platform == 'nowhere'", "tiny==1.0")
    lock = "".join(f"{requirement} \\\n    --hash=sha256:{digest}\n" for requirement in pinned)
    (root / "requirements.lock").write_text(lock, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(wheels))
        module = load(root)

        def make_venv() -> None:
            # As "python -m venv", but pip is lent from the wheel that Python carries, which saves its unpacking.
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(module.VENV)], check=True)
            places = [Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels")]
            pip = next(path for place in places for path in place.glob("pip-*.whl"))
            (module.site_packages_folder() / "lent-pip.pth").write_text(f"{pip}\n", encoding="utf-8")

        patch.setattr(module, "make_venv", make_venv)
        yield SimpleNamespace(run=module, lock=lock, digest=digest, patch=patch, outer=outer)


def test_real_pip_installs_the_lock_and_the_course_imports_from_any_folder(
    course: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    course.run.setup()
    shown = capsys.readouterr().out
    assert "Fetching 1 of 1: tiny" in shown
    assert "Installing 1 of 1: tiny" in shown
    code = "import namlib, tiny; print(namlib.WHERE, tiny.SIZE)"
    python = str(course.run.venv_python())
    asked = subprocess.run([python, "-c", code], cwd=course.outer, capture_output=True, text=True, check=True)
    assert asked.stdout.split() == ["the", "course", "1"]
    assert course.run.reason_to_install() is None


def test_real_pip_refuses_a_package_that_was_tampered_with(course: SimpleNamespace) -> None:
    course.run.reason_to_install()
    try:
        course.run.LOCK.write_text(course.lock.replace(course.digest, "0" * 64), encoding="utf-8")
        # Already installed packages are not fetched again, so another copy is asked for.
        course.patch.setenv("PIP_FORCE_REINSTALL", "1")
        with pytest.raises(course.run.Trouble, match="does not match its hash"):
            course.run.install_packages(course.run.site_packages_folder(), course.run.Progress())
    finally:
        course.patch.delenv("PIP_FORCE_REINSTALL")
        course.run.LOCK.write_text(course.lock, encoding="utf-8")


def test_real_pip_without_an_index_gives_the_network_sentence(course: SimpleNamespace) -> None:
    try:
        course.run.LOCK.write_text(course.lock.replace("tiny", "absent"), encoding="utf-8")
        with pytest.raises(course.run.Trouble, match="reached no package index"):
            course.run.install_packages(course.run.site_packages_folder(), course.run.Progress())
    finally:
        course.run.LOCK.write_text(course.lock, encoding="utf-8")


def test_real_pip_with_an_index_that_lacks_the_version_gives_the_build_sentence(course: SimpleNamespace) -> None:
    try:
        course.run.LOCK.write_text(course.lock.replace("tiny==1.0", "tiny==2.0"), encoding="utf-8")
        with pytest.raises(course.run.Trouble, match="no build of tiny"):
            course.run.install_packages(course.run.site_packages_folder(), course.run.Progress())
    finally:
        course.run.LOCK.write_text(course.lock, encoding="utf-8")


# --- lab


class Server:
    """Stands for a JupyterLab that the reader ends with Ctrl-C."""

    started: list[list[str]]
    terminate = kill = None

    def __init__(self, command: list[str], **_: Any) -> None:
        type(self).started = [command]
        self.waits = 0

    def wait(self, timeout: float | None = None) -> int:
        self.waits += 1
        if self.waits == 1:
            raise KeyboardInterrupt
        return 0


def test_ctrl_c_ends_the_lab_cleanly_and_a_missing_browser_is_only_said(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_browser() -> None:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(run.webbrowser, "get", no_browser)
    monkeypatch.setattr(run, "trust_notebooks", lambda: None)
    monkeypatch.setattr(run.subprocess, "Popen", Server)
    assert run.main(["lab", "--port", "18432"]) == 0
    (command,) = Server.started
    assert "--no-browser" in command
    assert "--ServerApp.port=18432" in command
    assert "--ServerApp.port_retries=0" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    assert f"--ServerApp.root_dir={run.ROOT}" in command
    assert "No browser was found" in capsys.readouterr().out


def test_only_root_starts_the_lab_as_root(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for user, allowed in ((0, True), (1000, False)):
        monkeypatch.setattr(run.os, "geteuid", lambda user=user: user, raising=False)
        assert ("--allow-root" in run.lab_command(8888, True)) is allowed


# --- test


@pytest.fixture
def small_checks(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Checks that take no time: one passes, one fails, one needs a browser."""
    monkeypatch.setattr(run, "venv_python", lambda: Path(sys.executable))
    monkeypatch.setattr(run, "setup", lambda: None)
    good = [["platform"]]
    monkeypatch.setattr(
        run,
        "CHECKS",
        [
            ("lint", "fails", [["no_such_module"], ["platform"]]),
            ("unit", "passes", good),
            ("browser", "needs one", good),
        ],
    )
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("CI", raising=False)
    return run


def test_every_check_runs_even_when_one_fails_and_the_table_says_so(
    small_checks: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(small_checks, "find_browser", lambda: sys.executable)
    assert small_checks.main(["test"]) == 1
    lines = capfd.readouterr().out.splitlines()
    assert lines[-1] == "checks: 2 passed, 1 failed, 0 skipped"
    assert [line.split()[:2] for line in lines[-4:-1]] == [
        ["lint", "FAILED"],
        ["unit", "passed"],
        ["browser", "passed"],
    ]


def test_one_check_can_be_run_alone(small_checks: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    assert small_checks.main(["test", "--only", "unit"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "checks: 1 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize(
    ("ci", "code", "counts"), [("", 0, "1 passed, 0 failed, 1 skipped"), ("true", 1, "1 passed, 1 failed, 0 skipped")]
)
def test_without_a_browser_the_last_lines_name_the_check_and_ci_fails(
    ci: str,
    code: int,
    counts: str,
    small_checks: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(small_checks.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(small_checks.os, "access", lambda *_, **__: False)
    assert small_checks.main(["test", "--only", "unit", "--only", "browser"]) == code
    last = capfd.readouterr().out.splitlines()[-3:]
    assert last[0].startswith("browser    not run")
    assert "apt-get install chromium" in last[0]
    assert last[1].startswith("not run: browser")
    assert last[2] == f"checks: {counts}"


def test_a_browser_named_by_its_variable_is_used_or_said_to_be_missing(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", sys.executable)
    assert run.find_browser() == sys.executable
    monkeypatch.setenv("CHROMIUM", str(run.ROOT / "no such browser"))
    assert run.find_browser() is None


def test_every_kind_of_check_is_part_of_the_test(run: ModuleType) -> None:
    assert [check[0] for check in run.CHECKS] == ["lint", "types", "unit", "claims", "notebooks", "browser"]
    commands = {name: commands for name, _, commands in run.CHECKS}
    assert commands["lint"] == [["ruff", "check", "."], ["ruff", "format", "--check", "."]]
    assert "--strict" in commands["types"][0]
    assert "--nbval" in commands["notebooks"][0]
    assert "--nbval-lax" not in commands["notebooks"][0]


# --- doctor


def test_the_doctor_finds_nothing_wrong_before_the_first_run_and_says_what_is_to_come(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "examine_index", lambda ready: ("package index", True, "pip reaches it"))
    assert run.main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "Setting up the course" in shown
    assert shown.splitlines()[-1] == "Nothing is wrong."


def test_the_doctor_names_each_thing_that_is_wrong(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "examine_index", lambda ready: ("package index", False, run.NO_NETWORK))
    monkeypatch.setattr(run, "find_browser", lambda: None)
    monkeypatch.setattr(run, "port_is_free", lambda _: False)
    run.VENV.mkdir()
    assert run.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("WRONG")] == ["environment", "package"]
    assert "8888 is in use" in shown
    assert "or set CHROMIUM" in shown
    assert shown.splitlines()[-1] == "2 to put right, marked WRONG above."


def test_the_doctor_reports_a_package_that_does_not_import(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "PACKAGES", ["json", "no_such_module"])
    run.setup()
    findings = list(run.examine_environment())
    assert findings[0][:2] == ("packages", False)
    assert findings[0][2].startswith("no_such_module does not import")
    assert findings[1][:2] == ("kernel", False), "the kernel found is not in this environment"


def test_help_names_the_three_commands(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {command} " in shown for command in ("lab", "test", "doctor"))


def test_jupyterlab_asks_the_network_for_nothing(run: ModuleType) -> None:
    run.setup()
    written = run.VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    settings = json.loads(written.read_text(encoding="utf-8"))["@jupyterlab/apputils-extension:notification"]
    assert settings == {"fetchNews": "false", "checkForUpdates": False}
