"""Run the course's notebooks from top to bottom and keep what they show. The only way outputs get into the repository.

    python tools/run_notebooks.py [NOTEBOOK ...]

Each notebook gets a fresh kernel. Stored are outputs and cell counts, and nothing that differs between two runs: no
widget state, no timing, no interpreter patch version. Exit code 1 if a cell fails, writes to stderr, or shows a widget
that a page without a kernel could not show; such a notebook is left as it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
# What an editor may leave on a cell; timing comes from the run itself.
FLEETING = ("execution", "ExecuteTime", "collapsed", "scrolled")


class Refused(ValueError):
    """A notebook whose outputs are not kept."""


def execute(notebook: Any, folder: Path) -> None:
    """Run every cell in a fresh kernel, with this checkout's namlib."""
    python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        # Without it every kernel warns that it talks in plain text, if only to this process.
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )
    # An answer given in one run must not be there already in the next.
    with tempfile.TemporaryDirectory(prefix="namlib-answers-", ignore_cleanup_errors=True) as answers:
        own = {"PYTHONPATH": python_path, "NAMLIB_ANSWERS": str(Path(answers) / "answers.sqlite")}
        client.execute(env={**os.environ, **own})


def tidy(notebook: Any) -> None:
    """Leave out whatever would differ between two runs.

    Raises
    ------
    Refused
        If a cell wrote to stderr, or shows a widget without an HTML form.
    """
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    for number, cell in enumerate(notebook.cells, start=1):
        for name in FLEETING:
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                raise Refused(f"cell {number} wrote to stderr: {output.text.strip()[-500:]}")
            data = output.get("data", {})
            if WIDGET_VIEW in data:
                if "text/html" not in data:
                    raise Refused(
                        f"cell {number} shows a widget that has no HTML form, so a page without a kernel would be blank"
                    )
                del data[WIDGET_VIEW]


def run(path: Path) -> None:
    """Run one notebook and write it back.

    Raises
    ------
    Refused
        Naming the cell and the reason; the file is then unchanged.
    """
    notebook: Any = nbformat.read(path, as_version=4)
    try:
        execute(notebook, path.parent)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as failed:
        raise Refused(str(failed).strip()) from failed
    tidy(notebook)
    nbformat.validate(notebook)
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", nargs="*", type=Path, help="notebooks to run; all of the course when none is named")
    paths = parser.parse_args(arguments).notebook or sorted(NOTEBOOKS.glob("*.ipynb"))
    if not paths:
        print(f"no notebook in {NOTEBOOKS}", file=sys.stderr)
        return 1
    failed = 0
    for path in paths:
        try:
            run(path)
        except (Refused, OSError, nbformat.ValidationError) as refused:
            failed += 1
            print(f"{path.name}: not kept\n{refused}", file=sys.stderr)
        else:
            print(f"{path.name}: run")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
