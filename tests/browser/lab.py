"""A real JupyterLab in a real browser, for the few checks that nothing else can make.

The server runs on a loopback port of its own, with its own settings, on a copy of the notebooks. Nothing of the
reader's Jupyter is read or changed. The benchmarks drive the same page.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "test-results"
NO_BROWSER = "no Chromium, Chrome or Edge was found; install one, or name it in the environment variable CHROMIUM"

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge", "microsoft-edge", "chrome")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"${PROGRAMFILES}\Google\Chrome\Application\chrome.exe",
    r"${PROGRAMFILES(X86)}\Google\Chrome\Application\chrome.exe",
    r"${LOCALAPPDATA}\Google\Chrome\Application\chrome.exe",
    r"${PROGRAMFILES}\Microsoft\Edge\Application\msedge.exe",
    r"${PROGRAMFILES(X86)}\Microsoft\Edge\Application\msedge.exe",
)
# Quiet: a browser that looks for updates would spoil the test that nothing leaves the machine.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)
# The first two would open pop-ups and ask the network; windowing takes cells out of the page when they scroll away.
_SETTINGS = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false", "doNotDisturbMode": True},
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}
_PRIVATE = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "MPLCONFIGDIR": "matplotlib",
    "NAMLIB_ANSWERS": "answers.sqlite",
}


def find_browser() -> str | None:
    """Return the first Chromium-like browser: the one named in CHROMIUM, on the path, or where installers put it."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = (shutil.which(name) for name in _NAMES)
    in_place = (place for place in map(os.path.expandvars, _PLACES) if os.path.isfile(place))
    return next((found for found in (*on_path, *in_place) if found), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# A proxy of the environment must not see loopback traffic.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LabServer:
    """``jupyter lab`` of this very Python, serving ``self.folder``. Use it in a ``with`` statement."""

    def __init__(self, notebooks: Iterable[Path] = ()) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="namlib-lab-"))
        self.folder = self._home / "notebooks"
        self.folder.mkdir()
        for notebook in notebooks:
            shutil.copy(notebook, self.folder)
        for name, settings in _SETTINGS.items():
            path = self._home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings), encoding="utf-8")
        self.port = _free_port()
        self.token = secrets.token_hex(16)
        self.origin = f"http://127.0.0.1:{self.port}"
        self._log = self._home / "lab.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LabServer:
        python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        private = {name: str(self._home / folder) for name, folder in _PRIVATE.items()}
        own_group: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own_group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                    *(f"--ServerApp.port={self.port}", "--ServerApp.port_retries=0"),
                    *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.folder}"),
                    *("--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"),
                ],
                env={**os.environ, **private, "PYTHONPATH": python_path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **own_group,
            )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.call("GET", "/api/status")
            except OSError:
                time.sleep(0.1)
            else:
                return self
        ending = self._log.read_text(encoding="utf-8", errors="replace")[-3000:]
        self.__exit__()
        raise RuntimeError(f"jupyter lab did not start:\n{ending}")

    def call(self, method: str, path: str) -> Any:
        """Ask the server's own interface for something."""
        request = urllib.request.Request(
            self.origin + path, method=method, headers={"Authorization": f"token {self.token}"}
        )
        with _opener.open(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def stop_kernels(self) -> None:
        """End every kernel, so that one notebook's memory is not another's."""
        for session in self.call("GET", "/api/sessions"):
            self.call("DELETE", f"/api/sessions/{session['id']}")

    def __exit__(self, *_: object) -> None:
        """Ask politely, so that kernels end too; then end the whole group."""
        process = self._process
        if process is not None:
            with contextlib.suppress(OSError):
                self.call("POST", "/api/shutdown")
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                _end_group(process)
        shutil.rmtree(self._home, ignore_errors=True)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], check=False, capture_output=True)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def launch(playwright: Playwright) -> Browser:
    """Start the browser that :func:`find_browser` found."""
    return playwright.chromium.launch(executable_path=find_browser(), args=list(_FLAGS))


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook; a cell that starts with ``#`` and a space is Markdown, any other is code."""
    laid_out: list[dict[str, Any]] = []
    for place, source in enumerate(cells):
        cell: dict[str, Any] = {"id": f"cell-{place}", "metadata": {}, "source": source}
        if source.startswith("# "):
            laid_out.append({**cell, "cell_type": "markdown"})
        else:
            laid_out.append({**cell, "cell_type": "code", "execution_count": None, "outputs": []})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": laid_out, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


# "idle" stands in the toolbar before any kernel exists, and running then never ends: wait for the session itself.
_KERNEL_READY = """async () => {
  const session = window.jupyterapp.shell.currentWidget.sessionContext;
  await session.ready;
  const deadline = Date.now() + 60000;
  while (session.session?.kernel?.status !== 'idle') {
    if (Date.now() > deadline) throw new Error('the kernel was not ready after 60 s');
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}"""
_RUN_ALL = """async () => {
  const late = new Promise(
    (_, reject) => setTimeout(() => reject(new Error('the cells did not end in 180 s')), 180000));
  await Promise.race([window.jupyterapp.commands.execute('notebook:run-all-cells'), late]);
}"""
_LIES_BEHIND = """selector => {
  const here = document.activeElement, all = [...document.querySelectorAll(selector)];
  const behind = node => here.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING;
  return here !== document.body && all.length > 0 && all.every(behind);
}"""
_WHERE = """() => {
  const here = document.activeElement;
  return here.dataset?.field ?? here.dataset?.node ?? `${here.tagName.toLowerCase()}.${here.classList[0] ?? ''}`;
}"""
_BAD_OUTPUTS = ", ".join(
    f'.jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output[data-mime-type="application/vnd.jupyter.{kind}"]'
    for kind in ("stderr", "error")
)


class LabPage:
    """One notebook in a fresh page. What went wrong behind the scenes collects in the lists."""

    def __init__(self, server: LabServer, browser: Browser) -> None:
        self.server = server
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self.off_host: list[str] = []
        self.page_errors: list[str] = []
        self.console_errors: list[str] = []
        self.dialogs: list[str] = []
        own = (server.origin, server.origin.replace("http", "ws", 1), "data:", "blob:")
        self.context.on("request", lambda request: self._note(request.url, own))
        self.page.on("websocket", lambda channel: self._note(channel.url, own))
        self.page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        self.page.on("console", self._note_console)
        self.page.on("dialog", self._refuse_dialog)

    def _note(self, url: str, own: tuple[str, ...]) -> None:
        if not url.startswith(own):
            self.off_host.append(url)

    def _note_console(self, message: Any) -> None:
        if message.type == "error":
            self.console_errors.append(
                f"{message.text} ({message.location.get('url', '')})".replace(self.server.token, "TOKEN")
            )

    def _refuse_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, name: str) -> None:
        """Open a notebook of the server's folder in a workspace of its own and wait for its kernel."""
        workspace = secrets.token_hex(4)
        self.page.goto(f"{self.server.origin}/lab/workspaces/{workspace}/tree/{name}?token={self.server.token}")
        self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook", timeout=60_000)
        self.page.evaluate(_KERNEL_READY)

    def run_all(self) -> None:
        """Run every cell and wait until the kernel rests."""
        self.page.evaluate(_RUN_ALL)
        self.page.evaluate(_KERNEL_READY)

    def bad_outputs(self) -> list[str]:
        """Return the text of every error and of everything written to stderr."""
        return [text.strip() for text in self.page.locator(_BAD_OUTPUTS).all_inner_texts()]

    def focused(self, selector: str) -> bool:
        """Say whether the keyboard is on an element that matches the selector."""
        return bool(self.page.evaluate("selector => document.activeElement.matches(selector)", selector))

    def tab_to(self, selector: str, limit: int = 80) -> None:
        """Press Tab, or Shift and Tab where it lies behind, until the keyboard is on an element that matches."""
        passed: list[str] = []
        key = "Shift+Tab" if self.page.evaluate(_LIES_BEHIND, selector) else "Tab"
        while not self.focused(selector):
            if len(passed) == limit:
                raise AssertionError(f"{key} does not reach {selector}; it passed {', '.join(passed)}")
            self.page.keyboard.press(key)
            passed.append(self.page.evaluate(_WHERE))

    def enter_explorer(self) -> None:
        """From wherever the keyboard is: to the notebook, to the explorer's cell, and with Tab to its first control."""
        if not self.focused(".jp-Notebook *"):
            self.page.evaluate("window.jupyterapp.shell.currentWidget.content.activate()")
        self.page.keyboard.press("Escape")
        # Escape in a control leaves the keyboard there; a cell is reached by the notebook's own keys.
        if not self.focused(".jp-Cell"):
            self.page.evaluate("window.jupyterapp.shell.currentWidget.content.activate()")
        for key in ("ArrowUp", "ArrowDown"):
            for _ in range(self.page.locator(".jp-Notebook .jp-Cell").count()):
                if self.page.locator(".jp-Cell.jp-mod-active .nam-explorer").count():
                    self.tab_to(".nam-explorer [data-field]")
                    return
                self.page.keyboard.press(key)
        raise AssertionError("the arrow keys reach no cell with an explorer")

    def screenshot(self, name: str) -> Path:
        """Save what is to be seen under ``test-results/``."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.context.close()
        with contextlib.suppress(urllib.error.URLError):
            self.server.stop_kernels()


@contextlib.contextmanager
def lab_page(server: LabServer, browser: Browser, name: str) -> Iterator[LabPage]:
    """Open a notebook in a fresh page, and close it with its kernel afterwards."""
    lab = LabPage(server, browser)
    try:
        lab.open(name)
        yield lab
    finally:
        lab.close()
