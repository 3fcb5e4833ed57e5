#!/usr/bin/env python3
"""The course's two commands: ``python3 run.py lab`` opens it, ``python3 run.py test`` runs every check.

Only the standard library is used. The syntax stays with Python 3.6, so that an old Python reads this file
far enough to say that it is too old. Whatever is missing is reported in one sentence with exit code 2.
"""

import argparse
import contextlib
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

OLDEST = (3, 11)
NEWEST_TRIED = (3, 14)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
FIRST_NOTEBOOK = "notebooks/00_start_here.ipynb"
DEFAULT_PORT = 8888
NEEDED_BYTES = 1_000_000_000

TOO_OLD = "The course needs Python 3.11 or newer, and this is Python {version}: install a newer one and use that."
NO_VENV = (
    "This Python cannot make virtual environments (its venv or ensurepip module is missing): "
    "on Debian or Ubuntu run `apt-get install python3-venv`, elsewhere install Python from its usual installer."
)
NO_NETWORK = (
    "pip reached no package index, so the course is not installed yet: "
    "check the network or the proxy, then run the same command again."
)
DISK_FULL = "The disk is full: the course needs about 1 GB in {folder}; make room, then run the same command again."
NO_WRITE = "{place} cannot be written: copy the course to a folder of your own and run it there."
BAD_HASH = (
    "A downloaded package does not match its hash in requirements.lock, so it was not installed: "
    "empty pip's cache with `{python} -m pip cache purge` and run the same command again; if that fails, report it."
)
NO_WHEEL = (
    "The package index has no build of {package} for this system ({system}): "
    "the lock was made for Linux, macOS and Windows with Python 3.11 to 3.14, 64 bit."
)
NO_BROWSER = (
    "no Chromium, Chrome or Edge was found; install one (Debian, Ubuntu: `apt-get install chromium`) "
    "or set CHROMIUM to its full path"
)
NETWORK_ERRORS = (
    "NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Read timed out|ProxyError|SSLError"
    "|CERTIFICATE_VERIFY_FAILED|Connection (refused|reset|aborted)|Network is unreachable|getaddrinfo"
    "|Temporary failure in name"
)


class Trouble(Exception):
    """Something the reader can put right, said in one sentence."""


# --- what a run needs


def check_python(version: Sequence[int] = sys.version_info[:3]) -> None:
    """Refuse a Python that is too old."""
    if tuple(version[:2]) < OLDEST:
        raise Trouble(TOO_OLD.format(version=".".join(str(part) for part in version)))


def check_venv_module() -> None:
    """Refuse a Python without venv or ensurepip, as Debian ships it."""
    from importlib.util import find_spec

    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise Trouble(NO_VENV)


def check_space() -> None:
    """Refuse to begin an installation that could not end."""
    if shutil.disk_usage(str(ROOT)).free < NEEDED_BYTES:
        raise Trouble(DISK_FULL.format(folder=ROOT))


def port_is_free(port: int) -> bool:
    """Whether JupyterLab could listen on this port, at both addresses that "localhost" may mean."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                # Without it a port closed a moment ago looks taken. On Windows it would mean the opposite.
                if os.name == "posix":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            # Anything else, such as a machine without IPv6, says nothing about the port.
    return True


def check_port(port: int) -> None:
    """Refuse a port that is in use, and name a free one."""
    if port_is_free(port):
        return
    start = max(port + 1, 1024)
    other = next((number for number in range(start, min(start + 100, 65536)) if port_is_free(number)), 18888)
    raise Trouble(
        f"Port {port} cannot be used (JupyterLab may be open there already): "
        f"close what uses it, or run `{python_name()} run.py lab --port {other}`."
    )


def find_browser() -> Optional[str]:
    """Find a Chromium, Chrome or Edge for the browser tests: CHROMIUM if set, else the usual names and places."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"):
        found = shutil.which(name)
        if found:
            return found
    places = [
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if os.environ.get(variable):
            programs = Path(os.environ[variable])
            places.append(str(programs / "Google" / "Chrome" / "Application" / "chrome.exe"))
            places.append(str(programs / "Microsoft" / "Edge" / "Application" / "msedge.exe"))
    return next((place for place in places if os.access(place, os.X_OK)), None)


def can_show_pages() -> bool:
    """Whether this machine can open a page for the reader."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def python_name() -> str:
    """How the reader most likely calls Python here."""
    return "py" if os.name == "nt" else "python3"


# --- setting up


class Progress:
    """One line that changes on a terminal; every tenth step as a plain line elsewhere."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.width = 0

    def step(self, verb: str, count: int, total: int, name: str) -> None:
        """Show that package ``count`` of ``total`` is being worked on."""
        text = f"{verb} {count} of {total}: {name}"
        if self.live:
            text = text[: shutil.get_terminal_size().columns - 1]
            print("\r" + text.ljust(self.width), end="", flush=True)
            self.width = len(text)
        elif count % 10 == 0 or count == total:
            print(text, flush=True)

    def say(self, text: str) -> None:
        """Show a line of its own."""
        if self.width:
            print("\r" + " " * self.width + "\r", end="")
            self.width = 0
        print(text, flush=True)


def venv_python() -> Path:
    """The Python of the course's environment."""
    windows = VENV / "Scripts" / "python.exe"
    return windows if windows.exists() else VENV / "bin" / "python"


def child_environment(**extra: str) -> Dict[str, str]:
    """Variables for every program started here: the environment first, nothing that leads Python or pip astray."""
    astray = {"PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"}
    variables = {name: value for name, value in os.environ.items() if name not in astray}
    variables["VIRTUAL_ENV"] = str(VENV)
    variables["PATH"] = str(venv_python().parent) + os.pathsep + variables.get("PATH", "")
    variables["PYTHONIOENCODING"] = "utf-8"
    variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    # Jupyter announces at every start that its folders will move one day, unless told to use the new ones.
    variables["JUPYTER_PLATFORM_DIRS"] = "1"
    variables.update(extra)
    return variables


def wanted_stamp() -> Dict[str, str]:
    """What a finished installation must have been made from."""
    try:
        lock = LOCK.read_bytes()
    except FileNotFoundError:
        raise Trouble("requirements.lock is missing: get a whole copy of the course and run it there.") from None
    # A checkout on Windows may have turned the line ends; the packages are the same.
    digest = hashlib.sha256(lock.replace(b"\r\n", b"\n")).hexdigest()
    return {"state": "done", "lock_sha256": digest, "python": "{}.{}".format(*sys.version_info[:2])}


def stamp_file() -> Path:
    """Where the state of the environment is kept: inside it, so that it goes when the environment goes."""
    return VENV / "namlib-setup.json"


def read_stamp() -> Optional[Dict[str, str]]:
    """Read the state of the environment; None when run.py did not make it."""
    try:
        stamp = json.loads(stamp_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        stamp = None
    return stamp if isinstance(stamp, dict) else {"state": "unreadable"}


def write_stamp(stamp: Dict[str, str]) -> None:
    """Replace the stamp in one move, so that no half of it is ever read."""
    fresh = stamp_file().with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    os.replace(str(fresh), str(stamp_file()))


def reason_to_install() -> Optional[str]:
    """Say why the environment has to be made; None when it is ready.

    Raises
    ------
    Trouble
        When there is a ``.venv`` that run.py did not make: it is not ours to delete.
    """
    wanted = wanted_stamp()
    if not VENV.exists():
        return "Setting up the course. This happens once and takes about a minute."
    stamp = read_stamp()
    if stamp is None:
        raise Trouble(f"{VENV} was not made by run.py: move or delete it, then run the same command again.")
    if stamp.get("state") != "done":
        return "The last installation did not finish. It starts again from the beginning."
    if stamp.get("lock_sha256") != wanted["lock_sha256"]:
        return "The course's packages have changed. They are installed anew."
    if stamp.get("python") != wanted["python"]:
        return f"The environment holds Python {stamp.get('python')}, this is {wanted['python']}. It is made anew."
    try:
        works = subprocess.run([str(venv_python()), "-c", ""], env=child_environment()).returncode == 0
    except OSError:
        works = False
    return None if works else "The Python of the environment no longer starts. The environment is made anew."


def explain_pip(lines: Sequence[str]) -> str:
    """One sentence for the way in which pip failed, from what it printed."""
    text = "\n".join(lines)
    if re.search("No space left on device|Errno 28|WinError 112|Disk quota exceeded", text):
        return DISK_FULL.format(folder=ROOT)
    if re.search("DO NOT MATCH THE HASHES|Hashes are required", text):
        return BAD_HASH.format(python=python_name())
    missing = re.search(r"No matching distribution found for ([A-Za-z0-9._-]+)", text)
    # "from versions: none" is what an index that never answered looks like; a list means that one did answer.
    listed = re.search(r"\(from versions: (?!none\))", text)
    if re.search(NETWORK_ERRORS, text) or (missing and not listed):
        return NO_NETWORK
    if missing:
        system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return NO_WHEEL.format(package=missing.group(1), system=system)
    spoken = [line.strip() for line in lines if line.strip()] or ["nothing"]
    errors = [line for line in spoken if line.startswith("ERROR:")] or spoken
    return f"The packages could not be installed; pip's last word was: {errors[-1]}"


def follow_pip(output: Iterable[str], site_packages: Path, progress: Progress) -> List[str]:
    """Turn what pip prints into progress, and return it.

    Parameters
    ----------
    output
        The lines that pip prints.
    site_packages
        Where packages appear: pip is silent while it unpacks them, so they are counted there.
    progress
        Where to show it.
    """
    lines = []  # type: List[str]
    total = len(re.findall(r"^[\w.-]+==", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE))
    fetched = 0
    retried = False
    finished = threading.Event()
    watchers = []  # type: List[threading.Thread]

    def installed() -> Set[str]:
        return {path.name for path in site_packages.glob("*.dist-info")}

    def watch(seen: Set[str]) -> None:
        count = 0
        last_look = False
        while not last_look:
            last_look = finished.wait(0.3)
            for name in sorted(installed() - seen):
                seen.add(name)
                count += 1
                progress.step("Installing", count, total, name.split("-")[0])

    at_first = installed()
    try:
        for line in output:
            lines.append(line.rstrip())
            # From an index pip is "Collecting" a package, from a folder it is "Processing" a file.
            named = re.match(r"Collecting ([\w.-]+)|Processing .*?([\w.]+)-[^/\\]*\.whl", line)
            if line.startswith("Ignoring "):
                total -= 1
            elif named:
                fetched += 1
                progress.step("Fetching", fetched, total, named.group(1) or named.group(2))
            elif "Retrying (" in line and not retried:
                retried = True
                progress.say("The package index does not answer. pip tries again.")
            elif line.startswith("Installing collected packages"):
                watchers.append(threading.Thread(target=watch, args=(at_first,), daemon=True))
                watchers[-1].start()
    finally:
        finished.set()
        for watcher in watchers:
            watcher.join()
    return lines


def make_venv() -> None:
    """Make the empty environment."""
    command = [sys.executable, "-m", "venv", str(VENV)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=child_environment())
    if made.returncode:
        text = made.stdout.decode("utf-8", "replace")
        raise Trouble(NO_VENV if "ensurepip" in text else explain_pip(text.splitlines()))


def site_packages_folder() -> Path:
    """Where the environment keeps its packages."""
    command = [str(venv_python()), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    asked = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=child_environment())
    return Path(asked.stdout.decode("utf-8").strip())


def install_packages(site_packages: Path, progress: Progress) -> None:
    """Install the lock, every file checked against its hash."""
    command = [str(venv_python()), "-m", "pip", "install", "--require-hashes", "-r", str(LOCK)]
    # The lock is complete, so there is nothing to resolve. Wheels only, so nothing runs that no hash covers.
    # Python compiles a module when it is first used, which spares compiling the many that never are.
    command += ["--no-deps", "--only-binary", ":all:", "--no-compile", "--progress-bar", "off", "--no-input"]
    pip = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=child_environment(),
    )
    assert pip.stdout is not None
    try:
        lines = follow_pip(pip.stdout, site_packages, progress)
        code = pip.wait()
    except BaseException:
        stop(pip)
        raise
    if code:
        raise Trouble(explain_pip(lines))


def link_project(site_packages: Path) -> None:
    """Make ``import namlib`` work in the environment, from any folder.

    A path file does what an editable installation would, and needs no build, no build tool and no network. The
    path in it is relative, so it is plain ASCII whatever the folder is called (Python before 3.13 reads path
    files in the locale's encoding), and the folder may be moved.
    """
    relative = os.path.relpath(str(ROOT), str(site_packages))
    (site_packages / "namlib-checkout.pth").write_text(relative + "\n", encoding="ascii")


def quiet_lab() -> None:
    """Have JupyterLab ask the network for nothing, and lay no question about news over the first notebook."""
    settings = VENV / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (settings / "overrides.json").write_text(json.dumps(quiet, indent=1) + "\n", encoding="utf-8")


def remove_venv() -> None:
    """Remove an environment that run.py made."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        raise Trouble("The environment must be made anew, but this Python is part of it: run `deactivate` first.")
    try:
        shutil.rmtree(str(VENV))
    except OSError:
        raise Trouble(f"{VENV} cannot be removed: close JupyterLab and whatever else uses it, and try again.") from None


def setup() -> None:
    """Make the environment unless it is ready. The stamp is written last, so an interrupted run is noticed."""
    reason = reason_to_install()
    if reason is None:
        return
    check_venv_module()
    if VENV.exists():
        remove_venv()
    check_space()
    progress = Progress()
    progress.say(reason)
    started = time.perf_counter()
    VENV.mkdir()
    write_stamp({"state": "installing"})
    make_venv()
    site_packages = site_packages_folder()
    install_packages(site_packages, progress)
    link_project(site_packages)
    quiet_lab()
    write_stamp(wanted_stamp())
    progress.say(f"Ready after {time.perf_counter() - started:.0f} seconds.")


# --- lab


def stop(process: "subprocess.Popen[Any]", patience: float = 5.0) -> None:
    """End a program that was started here: wait, then ask, then insist."""
    for insist in (None, process.terminate, process.kill):
        if insist:
            insist()
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(patience)
            return


def lab_command(port: int, browser: bool) -> List[str]:
    """The command that starts JupyterLab on the first notebook."""
    command = [str(venv_python()), "-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}", f"--ServerApp.port={port}"]
    # A taken port has been said in words; Jupyter must not silently take another. "-y": Ctrl-C needs no answer.
    command += ["--ServerApp.port_retries=0", f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}", "-y"]
    # Quiet but for the address; and kernels talk encrypted, or they warn at every start that they do not.
    command += ["--log-level=WARN", "--KernelManager.transport_encryption=auto"]
    # The packages come from the lock alone.
    command.append("--LabApp.extension_manager=readonly")
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command


def trust_notebooks() -> None:
    """Let JupyterLab show the saved outputs of the course's own notebooks."""
    notebooks = sorted(str(path) for path in (ROOT / "notebooks").glob("*.ipynb"))
    command = [str(venv_python()), "-m", "nbformat.sign", *notebooks]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=child_environment())
    if done.returncode:
        print("The notebooks could not be marked as trusted: run their cells to see the pictures.")


def lab(port: int, browser: bool) -> int:
    """Set up, then show the course until the reader ends it."""
    check_port(port)
    if not (ROOT / FIRST_NOTEBOOK).exists():
        raise Trouble(f"{FIRST_NOTEBOOK} is missing: get a whole copy of the course and run it there.")
    setup()
    trust_notebooks()
    if browser and not can_show_pages():
        print("No browser was found on this machine: open the address below in one yourself.")
        browser = False
    check_port(port)
    print(f"JupyterLab starts on port {port}. Ctrl-C here ends it.", flush=True)
    server = subprocess.Popen(lab_command(port, browser), cwd=str(ROOT), env=child_environment())
    try:
        code = server.wait()
    except KeyboardInterrupt:
        # The server got the same Ctrl-C and is closing its kernels.
        print("\nJupyterLab is closing.", flush=True)
        stop(server)
        return 0
    except BaseException:
        stop(server, patience=0.1)
        raise
    if code:
        raise Trouble(f"JupyterLab ended by itself with code {code}; its lines above say why.")
    return 0


# --- test

NBVAL = ["pytest", "-q", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120", "-p", "no:cacheprovider"]
NBVAL_MASKS = "tests/notebooks/nbval-sanitize.cfg"
if (ROOT / NBVAL_MASKS).exists():
    NBVAL += ["--nbval-sanitize-with", NBVAL_MASKS]

# Name, what is checked, and the modules that check it with their arguments.
Check = Tuple[str, str, List[List[str]]]
CHECKS = [
    ("lint", "ruff over code and notebooks", [["ruff", "check", "."], ["ruff", "format", "--check", "."]]),
    ("types", "mypy --strict over namlib", [["mypy", "--strict", "namlib"]]),
    (
        "unit",
        "unit tests, property tests, examples in docstrings",
        [["pytest", "-q", "-n", "auto", "--doctest-modules", "tests", "namlib", "--ignore=tests/browser"]],
    ),
    ("claims", "every number in the prose against the ledger", [["namlib", "check"]]),
    ("notebooks", "every notebook run anew and compared with its stored outputs", [[*NBVAL, "notebooks"]]),
    ("browser", "the explorers in a real JupyterLab", [["pytest", "-q", "tests/browser"]]),
]  # type: List[Check]


class Outcome:
    """How a check ended: "passed", "FAILED" or "not run"."""

    def __init__(self, name: str, result: str, seconds: float = 0.0, why: str = "") -> None:
        self.name = name
        self.result = result
        self.seconds = seconds
        self.why = why


def in_ci() -> bool:
    """Whether only a machine reads the result, so that nobody would see that a check was left out."""
    return os.environ.get("CI", "").strip().lower() in ("1", "true", "yes")


def run_check(check: Check, browser: Optional[str]) -> Outcome:
    """Run one check with its output in full view."""
    name, about, commands = check
    print(f"\n=== {name}: {about} ===", flush=True)
    if name == "browser" and browser is None:
        print(f"not run: {NO_BROWSER}", flush=True)
        return Outcome(name, "not run", why=NO_BROWSER)
    started = time.perf_counter()
    # A reader's own IPython or Jupyter settings must not change what the notebooks print.
    private = {"IPYTHONDIR": str(VENV / "ipython"), "JUPYTER_CONFIG_DIR": str(VENV / "jupyter-config")}
    if browser:
        private["CHROMIUM"] = browser
    failed = False
    for command in commands:
        # Nor may what the reader answered, or what an earlier run answered.
        with tempfile.TemporaryDirectory(prefix="namlib-answers-") as answers:
            private["NAMLIB_ANSWERS"] = str(Path(answers) / "answers.sqlite")
            variables = child_environment(**private)
            child = subprocess.Popen([str(venv_python()), "-m", *command], cwd=str(ROOT), env=variables)
            try:
                failed |= child.wait() != 0
            except BaseException:
                stop(child)
                raise
    seconds = time.perf_counter() - started
    result = "FAILED" if failed else "passed"
    print(f"--- {name}: {result} in {seconds:.1f} s", flush=True)
    return Outcome(name, result, seconds, "its output stands above under its heading" if failed else "")


def summary(outcomes: Sequence[Outcome], ci: bool) -> Tuple[List[str], int]:
    """Put the results in the closing lines, and give the exit code.

    Parameters
    ----------
    outcomes
        How each check ended.
    ci
        Whether a check that was not run counts as a failure.
    """
    lines = ["{:<11}{:<9}{:>8}".format("check", "result", "seconds")]
    for outcome in outcomes:
        line = f"{outcome.name:<11}{outcome.result:<9}{outcome.seconds:>8.1f}"
        lines.append(f"{line}  {outcome.why}" if outcome.why else line)
    passed = sum(outcome.result == "passed" for outcome in outcomes)
    not_run = [outcome.name for outcome in outcomes if outcome.result == "not run"]
    if not_run:
        meaning = "under CI that is a failure" if ci else "so this was not the whole test"
        lines.append("not run: {} ({})".format(", ".join(not_run), meaning))
    skipped = 0 if ci else len(not_run)
    failed = len(outcomes) - passed - skipped
    lines.append(f"checks: {passed} passed, {failed} failed, {skipped} skipped")
    return lines, 1 if failed else 0


def test(only: Optional[List[str]]) -> int:
    """Set up, run every check even when one fails, and close with a table."""
    setup()
    browser = find_browser()
    started = time.perf_counter()
    outcomes = [run_check(check, browser) for check in CHECKS if not only or check[0] in only]
    lines, code = summary(outcomes, in_ci())
    print(f"\nThe checks took {time.perf_counter() - started:.0f} seconds.")
    print("\n".join(lines), flush=True)
    return code


# --- doctor

PACKAGES = ["anywidget", "bibtexparser", "ipywidgets", "jupyterlab", "matplotlib"]
PACKAGES += ["namlib", "nbval", "pandas", "pydantic", "ruamel.yaml"]
# Run by the environment's own Python, so that what it says is true there.
PROBE = """
import importlib, json, sys
broken = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        broken[name] = f"{type(error).__name__}: {error}"
try:
    from jupyter_client.kernelspec import KernelSpecManager
    kernel = KernelSpecManager().get_kernel_spec("python3").resource_dir
except BaseException:
    kernel = None
print(json.dumps({"broken": broken, "kernel": kernel}))
"""

# What was looked at; whether it is right, or None for a mere remark; and what was found.
Finding = Tuple[str, Optional[bool], str]


def examine() -> Iterator[Finding]:
    """Look at everything the two commands rest on."""
    try:
        check_python()
    except Trouble as trouble:
        yield "python", False, str(trouble)
        return
    newer = "" if sys.version_info[:2] <= NEWEST_TRIED else " (newer than any the lock was made for)"
    yield "python", True, f"{platform.python_version()}{newer}, {sys.executable}"
    try:
        check_venv_module()
        yield "venv module", True, "present"
    except Trouble as trouble:
        yield "venv module", False, str(trouble)
    try:
        with tempfile.TemporaryFile(dir=str(ROOT)):
            yield "folder", True, f"{ROOT} can be written"
    except OSError:
        yield "folder", False, NO_WRITE.format(place=ROOT)
    free = shutil.disk_usage(str(ROOT)).free
    yield "disk", VENV.exists() or free >= NEEDED_BYTES, f"{free / 1e9:.1f} GB free; the packages need about 1 GB"
    ready = False
    try:
        reason = reason_to_install()
        ready = reason is None
        state = "complete and in step with requirements.lock" if ready else f"{reason} (by `lab` or `test`)"
        yield "environment", True if ready else None, state
    except Trouble as trouble:
        yield "environment", False, str(trouble)
    if ready:
        yield from examine_environment()
    if port_is_free(DEFAULT_PORT):
        yield "port", True, f"{DEFAULT_PORT} is free"
    else:
        yield "port", None, f"{DEFAULT_PORT} is in use: JupyterLab may be open already; `lab --port` takes another"
    if can_show_pages():
        yield "pages", True, "a browser can be opened"
    else:
        yield "pages", None, "no browser can be opened here: `lab` prints an address instead"
    browser = find_browser()
    yield "test browser", True if browser else None, browser or NO_BROWSER
    yield examine_index(ready)


def examine_environment() -> Iterator[Finding]:
    """Ask the environment's own Python."""
    # From another folder, so that namlib is found by way of the environment and not because it lies here.
    asked = subprocess.run(
        [str(venv_python()), "-c", PROBE, *PACKAGES],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
        env=child_environment(),
    )
    try:
        answer = json.loads(asked.stdout.decode("utf-8").splitlines()[-1])
    except (ValueError, IndexError):
        yield "packages", False, f"the environment's Python does not answer: delete {VENV} and run `lab` again"
        return
    for name, error in answer["broken"].items():
        yield "packages", False, f"{name} does not import ({error}): delete {VENV} and run `lab` again"
    if not answer["broken"]:
        yield "packages", True, "these import: " + ", ".join(PACKAGES)
    kernel = answer["kernel"]
    if kernel and VENV.resolve() in Path(kernel).resolve().parents:
        yield "kernel", True, kernel
    else:
        yield "kernel", False, f"the kernel python3 is not the environment's own but {kernel or 'missing'}"


def examine_index(ready: bool) -> Finding:
    """Ask pip whether it reaches its package index. Which one that is, only pip knows."""
    python = str(venv_python()) if ready else sys.executable
    command = [python, "-m", "pip", "--retries", "0", "--timeout", "5", "index", "versions", "pip"]
    try:
        asked = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=child_environment(), timeout=20
        )
        if asked.returncode == 0:
            return "package index", True, "pip reaches it"
        if b"No module named pip" in asked.stderr:
            return "package index", None, "not asked, because this Python has no pip of its own"
    except subprocess.TimeoutExpired:
        pass
    if ready:
        return "package index", None, "pip does not reach one, and needs none now"
    return "package index", False, NO_NETWORK


def doctor() -> int:
    """Print what was found and what is wrong."""
    wrong = 0
    for label, right, text in examine():
        wrong += right is False
        mark = {True: "ok", False: "WRONG", None: "note"}[right]
        print(f"{mark:<6} {label:<14} {text}", flush=True)
    print(f"{wrong} to put right, marked WRONG above." if wrong else "Nothing is wrong.")
    return 1 if wrong else 0


# --- the command line


def port_number(text: str) -> int:
    """Read a port."""
    if not (text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


def command_line() -> argparse.ArgumentParser:
    """Say what may be typed."""
    parser = argparse.ArgumentParser(prog="run.py", description="Open the course, or test it.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    opened = commands.add_parser("lab", help="set up once, then open the course in JupyterLab")
    opened.add_argument("--port", type=port_number, default=DEFAULT_PORT, help="its port (default: %(default)s)")
    opened.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    tested = commands.add_parser("test", help="set up once, then run every check")
    names = [check[0] for check in CHECKS]
    tested.add_argument("--only", action="append", choices=names, metavar="NAME", help="run only: " + ", ".join(names))
    commands.add_parser("doctor", help="say what is there and what is wrong")
    return parser


def end_on_sigterm(number: int, frame: Any) -> None:
    """Leave by way of an exception, so that what was started here is ended too."""
    raise SystemExit(128 + number)


def run(arguments: Optional[List[str]]) -> int:
    """Run the command that was typed."""
    check_python()
    parser = command_line()
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, end_on_sigterm)
    if chosen.command == "lab":
        return lab(chosen.port, not chosen.no_browser)
    if chosen.command == "test":
        return test(chosen.only)
    if chosen.command == "doctor":
        return doctor()
    parser.print_help()
    return 2


def main(arguments: Optional[List[str]] = None) -> int:
    """Run one command and return its exit code: 0 good, 1 a check failed, 2 something is missing."""
    # A folder name that the terminal cannot show must not end the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return run(arguments)
    except Trouble as trouble:
        sentence = str(trouble)
    except KeyboardInterrupt:
        print("\nrun.py: stopped.", file=sys.stderr)
        return 130
    except PermissionError as error:
        sentence = NO_WRITE.format(place=error.filename or ROOT)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise
        sentence = DISK_FULL.format(folder=ROOT)
    sys.stdout.flush()
    print(f"\nrun.py: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
