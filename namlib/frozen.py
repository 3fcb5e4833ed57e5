"""Frozen records that are cheap to define.

``dataclass`` writes and compiles new ``__eq__``, ``__hash__`` and ``__repr__`` code for every class, which for the few
dozen records of the course costs as much start-up as reading the whole ledger. These three are the same for all
records, so they are written once here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, dataclass_transform

T = TypeVar("T")


def _values(record: Any) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in record.__dataclass_fields__)


def _same(self: Any, other: object) -> bool:
    return type(self) is type(other) and _values(self) == _values(other)


def _hash(self: Any) -> int:
    # The first field names the record or holds what it is about; later ones may be conditions, which cannot be hashed.
    return hash(getattr(self, next(iter(self.__dataclass_fields__))))


def _shown(self: Any) -> str:
    held = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
    return f"{type(self).__name__}({held})"


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass; a ``__repr__`` of its own is kept.

    Examples
    --------
    >>> @frozen
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(1, 0), Point(1) == Point(2)
    (Point(x=1, y=0), True, False)
    >>> Point(1).x = 2
    Traceback (most recent call last):
    dataclasses.FrozenInstanceError: cannot assign to field 'x'
    """
    own_repr = "__repr__" in vars(cls)
    made = dataclass(frozen=True, eq=False, repr=False)(cls)
    made.__eq__ = _same  # type: ignore[method-assign]
    made.__hash__ = _hash  # type: ignore[method-assign]
    if not own_repr:
        made.__repr__ = _shown  # type: ignore[method-assign]
    return made


class Itself(Generic[T]):
    """Something compared by identity, so that a cache can keep what was made of it.

    Records that hold conditions have no hash of their own worth the name: a condition is plain data. The cache keeps
    the record alive, so its identity cannot pass to another.

    Examples
    --------
    >>> one, other = {"when": None}, {"when": None}
    >>> one == other, Itself(one) == Itself(other), Itself(one) == Itself(one)
    (True, False, True)
    """

    __slots__ = ("held",)

    def __init__(self, held: T) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and other.held is self.held

    def __hash__(self) -> int:
        return id(self.held)
