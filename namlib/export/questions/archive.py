"""Zip archives that are the same bytes for the same content: one fixed date, the order and the names kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

# The earliest date a zip archive can hold.
NEVER = (1980, 1, 1, 0, 0, 0)


def fixed(archive: bytes, change: Callable[[str, bytes], bytes] | None = None) -> bytes:
    """Pack an archive again without the time of day.

    Parameters
    ----------
    archive : bytes
        A zip archive.
    change : callable, optional
        Is given the name and content of each file, and returns the content that is packed.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            held = old.read(name)
            new.writestr(zipfile.ZipInfo(name, NEVER), change(name, held) if change else held, zipfile.ZIP_DEFLATED)
    return made.getvalue()
