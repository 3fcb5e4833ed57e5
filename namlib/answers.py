"""What a learner answered, kept on this machine and nowhere else.

Answers are only ever added. :meth:`Answers.save` returns once the answer is on disk, so whoever shows "saved" after it
says the truth even if the process is killed the next moment. SQLite does the hard part: one file, whole transactions,
several kernels at once. Where there is no SQLite, or no place to write, answers stay in memory and ``trouble`` says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from binascii import crc32
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namlib import store
from namlib.frozen import frozen
from namlib.records import Refused

if TYPE_CHECKING:
    import sqlite3

PLACE = "NAMLIB_ANSWERS"  # names another file, for tests and for runs whose answers nobody wants to keep
NAME = "answers.sqlite"

_OURS = 0x6E616D41  # "namA" in the head of the file: it is ours, and not some other database
_FORM = 1
_PATIENCE_S = 10.0  # how long to wait for another kernel that is writing
_LONGEST_NAME = 200
_LARGEST_ANSWER = 1_000_000
_COLUMNS = ("activity", "item", "answer", "saved_at", "course_version", "data_version")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS answers (id INTEGER PRIMARY KEY AUTOINCREMENT, activity TEXT NOT NULL, "
    "item TEXT NOT NULL, answer TEXT NOT NULL, saved_at TEXT NOT NULL, course_version TEXT NOT NULL, "
    "data_version TEXT NOT NULL)"
)

NO_SQLITE = "This Python has no SQLite, so answers are kept only until the kernel ends."
# What could not be written stays here, by file, so that an explorer shown again in the same kernel still has it.
_UNKEPT: dict[str, list[Saved]] = {}


@frozen
class Saved:
    """One answer as it was kept; ``kept`` is false where it is only in memory and goes with the kernel."""

    activity: str
    item: str
    answer: Mapping[str, Any]
    saved_at: datetime
    course_version: str
    data_version: str
    kept: bool = True

    def __repr__(self) -> str:
        where = "" if self.kept else ", in memory only"
        return f"Saved: {self.activity}, {self.item}{where}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "activity": self.activity,
            "item": self.item,
            "answer": dict(self.answer),
            "saved_at": self.saved_at.isoformat(),
            "course_version": self.course_version,
            "data_version": self.data_version,
        }


class _NotOurs(Exception):
    """The file is a database, but not one that may be written to."""


def place() -> Path:
    """Return the file that answers go to: the one named in ``NAMLIB_ANSWERS``, else one in the user's data folder.

    Examples
    --------
    >>> place().suffix
    '.sqlite'
    """
    named = os.environ.get(PLACE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    try:
        from platformdirs import user_data_path

        return user_data_path("namlib", appauthor=False) / NAME
    except ImportError:
        return Path.home() / ".namlib" / NAME


def course_version() -> str:
    """Return the version of the course."""
    # The package is loaded whenever this module is; it stands on no floor, so it is not imported here.
    return str(sys.modules["namlib"].__version__)


@cache
def data_version() -> str:
    """Return a short sum of the ledger's files, by which to tell one state of the data from another."""
    try:
        return f"{crc32(store.fingerprint(store.data_folder()).encode()):08x}"
    except OSError:
        return "unknown"


def _checked_name(field: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise Refused(field, "needs a name")
    if len(text) > _LONGEST_NAME:
        raise Refused(field, f"is longer than {_LONGEST_NAME} characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(field, "holds half a character, which cannot be kept") from None
    return text


def _checked_answer(answer: object) -> str:
    if not isinstance(answer, Mapping):
        raise Refused("answer", f"must be a set of named values, not {type(answer).__name__}")
    try:
        text = json.dumps(dict(answer), allow_nan=False, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as wrong:
        raise Refused("answer", f"cannot be kept: {wrong}") from None
    if len(text) > _LARGEST_ANSWER:
        raise Refused("answer", f"is longer than {_LARGEST_ANSWER} characters")
    return text


class Answers:
    """The answers of whoever uses this machine.

    Parameters
    ----------
    path : Path, optional
        The file to keep them in; by default the one :func:`place` names.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> answers = Answers(folder / "answers.sqlite")
    >>> answers.save("case/one", "stem", {"read": True})
    Saved: case/one, stem
    >>> answers.latest("case/one")["stem"].answer
    {'read': True}
    >>> answers
    Answers: 1 kept
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = Path(path) if path is not None else place()
        self._trouble = ""
        self._notes: list[str] = []
        with contextlib.suppress(OSError):
            if self.path.exists():
                self._try(lambda connection: None, writing=False)

    # --- what is said about keeping

    @property
    def kept(self) -> bool:
        """Whether everything answered so far is on disk."""
        return not self._unkept

    @property
    def trouble(self) -> str:
        """Why answers are not on disk, in words; blank while all is well."""
        return self._trouble

    @property
    def notes(self) -> tuple[str, ...]:
        """What the learner should know of the file, such as that a damaged one was set aside."""
        return tuple(self._notes)

    @property
    def _unkept(self) -> list[Saved]:
        return _UNKEPT.setdefault(str(self.path), [])

    # --- writing

    def save(self, activity: str, item: str, answer: Mapping[str, Any]) -> Saved:
        """Keep one answer; earlier ones stay.

        Parameters
        ----------
        activity : str
            What was answered: ``case/stairs-and-bath``, ``quiz/03``.
        item : str
            Which question of it.
        answer : mapping
            What was answered, as JSON can hold it.

        Returns
        -------
        Saved
            Once it is on disk. Where that was not possible its ``kept`` is false and ``trouble`` says why.

        Raises
        ------
        namlib.records.Refused
            If the answer is nothing that JSON can hold, or too long.
        """
        text = _checked_answer(answer)
        held: tuple[Any, ...] = (
            _checked_name("activity", activity),
            _checked_name("item", item),
            json.loads(text),
            datetime.now(UTC),
            course_version(),
            data_version(),
        )
        saved = Saved(*held)
        # What had to wait goes first, so that the file holds answers in the order in which they were given.
        waiting = [*self._unkept, saved]

        def write(connection: sqlite3.Connection) -> bool:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                f"INSERT INTO answers ({', '.join(_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?)", [_row(one) for one in waiting]
            )
            connection.execute("COMMIT")
            return True

        if self._try(write, writing=True):
            self._unkept.clear()
            return saved
        unkept = Saved(*(*held, False))
        self._unkept.append(unkept)
        return unkept

    def forget(self, activity: str) -> int:
        """Delete every answer to one activity for good, and return how many there were."""

        def delete(connection: sqlite3.Connection) -> int:
            connection.execute("BEGIN IMMEDIATE")
            gone = connection.execute("DELETE FROM answers WHERE activity = ?", (activity,)).rowcount
            connection.execute("COMMIT")
            return int(gone)

        in_memory = sum(one.activity == activity for one in self._unkept)
        self._unkept[:] = [one for one in self._unkept if one.activity != activity]
        there = self.path.exists()
        return in_memory + ((self._try(delete, writing=True) or 0) if there else 0)

    # --- reading

    def history(self, activity: str | None = None) -> tuple[Saved, ...]:
        """Return every answer in the order in which it was given, of one activity or of all."""

        def read(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            where, values = ("", ()) if activity is None else (" WHERE activity = ?", (activity,))
            found = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM answers{where} ORDER BY id", values)
            return list(found)

        rows: list[tuple[Any, ...]] = []
        with contextlib.suppress(OSError):
            if self.path.exists():
                rows = self._try(read, writing=False) or []
        on_disk = [saved for row in rows if (saved := self._revived(row)) is not None]
        return (*on_disk, *(one for one in self._unkept if activity in (None, one.activity)))

    def _revived(self, row: tuple[Any, ...]) -> Saved | None:
        try:
            held = json.loads(row[2])
            if not isinstance(held, dict):
                raise ValueError
            return Saved(row[0], row[1], held, datetime.fromisoformat(row[3]), row[4], row[5])
        except (ValueError, TypeError):
            # Somebody else wrote into the file. The other answers are none the worse for it.
            self._note(f"One row of {self.path} cannot be read and is left out.")
            return None

    def _note(self, words: str) -> None:
        if words not in self._notes:
            self._notes.append(words)

    def latest(self, activity: str) -> dict[str, Saved]:
        """Return the last answer to every item of an activity."""
        return {saved.item: saved for saved in self.history(activity)}

    # --- taking them along

    def to_json(self, activity: str | None = None) -> str:
        """Write every answer as JSON, of one activity or of all."""
        held = {"about": "answers to the course on IMNM", "answers": [one.to_dict() for one in self.history(activity)]}
        return json.dumps(held, ensure_ascii=False, indent=1) + "\n"

    def to_csv(self, activity: str | None = None) -> str:
        """Write every answer as a table; the answer itself stands in one cell, as JSON."""
        import csv
        import io

        lines = io.StringIO(newline="")
        writer = csv.writer(lines)
        writer.writerow(_COLUMNS)
        for one in self.history(activity):
            writer.writerow(_row(one, ascii_only=False))
        return lines.getvalue()

    def write(self, path: str | Path, activity: str | None = None) -> Path:
        """Write every answer to a file, as JSON or as CSV by its ending; a file there is replaced at one stroke.

        Raises
        ------
        namlib.records.Refused
            If the ending is neither ``.json`` nor ``.csv``, or the file cannot be written.
        """
        target = Path(path).expanduser().absolute()
        forms = {".json": self.to_json, ".csv": self.to_csv}
        if target.suffix.lower() not in forms:
            raise Refused("path", f"{target.name!r} must end in .json or .csv")
        # Spreadsheet programs take a table for UTF-8 only if it says so.
        encoding = "utf-8-sig" if target.suffix.lower() == ".csv" else "utf-8"
        content = forms[target.suffix.lower()](activity).encode(encoding)
        temporary = ""
        try:
            handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}-", dir=target.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except OSError as wrong:
            if temporary:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            raise Refused("path", f"{target} cannot be written: {wrong.strerror or wrong}") from None
        return target

    def __repr__(self) -> str:
        held = self.history()
        lost = sum(not one.kept for one in held)
        beside = f", {lost} in memory only" if lost else ""
        return f"Answers: {len(held) - lost} kept{beside}"

    # --- the file

    def _try(self, do: Any, *, writing: bool) -> Any:
        """Do something with the file; ``None`` where it cannot be used, with the reason in ``trouble``."""
        try:
            import sqlite3
        except ImportError:
            self._trouble = NO_SQLITE
            return None
        for again in (True, False):
            try:
                with self._open(writing=writing) as connection:
                    done = do(connection)
                if writing or self.kept:
                    self._trouble = ""
                return done
            except _NotOurs as wrong:
                self._trouble = f"{wrong}, so answers are kept only until the kernel ends."
            except (sqlite3.Error, OSError) as wrong:
                if again and _is_damage(wrong) and self._set_aside():
                    continue
                self._trouble = f"{self.path} cannot be used ({wrong}): answers are kept only until the kernel ends."
            return None

    @contextlib.contextmanager
    def _open(self, *, writing: bool) -> Iterator[sqlite3.Connection]:
        # Opened for each use: a file that is not held open can be moved, copied or deleted, on Windows too.
        import sqlite3

        if writing:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                # Made here and not by SQLite, so that from the first moment only its owner can read it.
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        try:
            # EXTRA is FULL, and the folder is on disk too before a transaction counts as ended.
            connection.execute("PRAGMA synchronous=EXTRA")
            self._check_form(connection, writing=writing)
            yield connection
        finally:
            connection.close()

    def _check_form(self, connection: sqlite3.Connection, *, writing: bool) -> None:
        ours = connection.execute("PRAGMA application_id").fetchone()[0]
        form = connection.execute("PRAGMA user_version").fetchone()[0]
        if ours == _OURS and form == _FORM:
            return
        if ours == _OURS:
            raise _NotOurs(f"{self.path} was written by a newer version of the course")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise _NotOurs(f"{self.path} is a database of something else")
        # Nothing in it yet. Two kernels may get here at once: what follows may be done twice.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_TABLE)
        connection.execute("CREATE INDEX IF NOT EXISTS by_activity ON answers (activity, id)")
        connection.execute(f"PRAGMA application_id={_OURS}")
        connection.execute(f"PRAGMA user_version={_FORM}")
        connection.execute("COMMIT")

    def _set_aside(self) -> bool:
        """Move a damaged file away, under a name that tells what it is; nothing of it is deleted."""
        import sqlite3

        gate = self.path.with_name(f"{self.path.name}.gate")
        try:
            # Two kernels may find the damage at once. The second must not move the good file the first has begun.
            lock = sqlite3.connect(gate, timeout=_PATIENCE_S, isolation_level=None)
            try:
                lock.execute("BEGIN EXCLUSIVE")
                if self._is_sound():
                    return True
                stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
                aside = self.path.with_name(f"{self.path.stem}-damaged-{stamp}{self.path.suffix}")
                os.rename(self.path, aside)
                journal = self.path.with_name(f"{self.path.name}-journal")
                if journal.exists():
                    os.rename(journal, aside.with_name(f"{aside.name}-journal"))
                self._note(f"The file of earlier answers was damaged. It is kept as {aside}, and a new one was begun.")
                return True
            finally:
                lock.close()
        except (sqlite3.Error, OSError):
            return False

    def _is_sound(self) -> bool:
        import sqlite3

        if not self.path.exists():
            return True
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=_PATIENCE_S)) as connection:
                return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
        except sqlite3.DatabaseError as wrong:
            return not _is_damage(wrong)


def _row(saved: Saved, *, ascii_only: bool = True) -> tuple[str, ...]:
    answer = json.dumps(dict(saved.answer), ensure_ascii=ascii_only, sort_keys=True)
    return (
        saved.activity,
        saved.item,
        answer,
        saved.saved_at.isoformat(),
        saved.course_version,
        saved.data_version,
    )


def _is_damage(wrong: Exception) -> bool:
    """Whether an error says that the file itself is broken, rather than that it cannot be reached just now."""
    # SQLITE_CORRUPT and SQLITE_NOTADB.
    return getattr(wrong, "sqlite_errorcode", 0) & 0xFF in (11, 26)
