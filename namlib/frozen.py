"""Frozen records that are cheap to define and cheap to make.

``dataclass`` writes and compiles new ``__init__``, ``__eq__``, ``__hash__`` and ``__setattr__`` code for every class,
which for the many records of the course costs more start-up than reading the whole ledger. These methods are the same
for all records, so they are written once here; ``dataclass`` only collects the fields.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass
from typing import Any, Generic, NoReturn, TypeVar, cast, dataclass_transform

T = TypeVar("T")


def _values(record: Any) -> tuple[Any, ...]:
    return tuple([getattr(record, name) for name in record.__dataclass_fields__])


def _same(self: Any, other: object) -> bool:
    return type(self) is type(other) and _values(self) == _values(other)


def _hash(self: Any) -> int:
    # The first field names the record or holds what it is about; later ones may be conditions, which cannot be hashed.
    return hash(getattr(self, next(iter(self.__dataclass_fields__))))


def _shown(self: Any) -> str:
    held = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
    return f"{type(self).__name__}({held})"


def _made(self: Any, *values: Any, **named: Any) -> None:
    names, defaults, finish = self.__record__
    held = vars(self)
    if len(values) > len(names):
        raise TypeError(f"{type(self).__name__} has {len(names)} fields, {len(values)} values were given")
    held.update(zip(names, values, strict=False))
    for name, value in named.items():
        if name not in self.__dataclass_fields__:
            raise TypeError(f"{type(self).__name__} has no field {name!r}")
        if name in held:
            raise TypeError(f"{type(self).__name__} was given {name!r} twice")
        held[name] = value
    if len(held) < len(names):
        missing = [name for name in names if name not in held and name not in defaults]
        if missing:
            raise TypeError(f"{type(self).__name__} lacks {', '.join(missing)}")
        # In field order, as positional values come.
        values_by_name = {**defaults, **held}
        held.clear()
        held.update((name, values_by_name[name]) for name in names)
    if finish:
        self.__post_init__()


def _unchanged(self: Any, name: str, value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass; an ``__init__`` or ``__repr__`` of its own is kept.

    Examples
    --------
    >>> @frozen
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(y=2, x=1), Point(1) == Point(1, 0), Point(1) == Point(2)
    (Point(x=1, y=0), Point(x=1, y=2), True, False)
    >>> Point(1).x = 2
    Traceback (most recent call last):
    dataclasses.FrozenInstanceError: cannot assign to field 'x'
    >>> Point()
    Traceback (most recent call last):
    TypeError: Point lacks x
    """
    own = vars(cls)
    methods = {"__init__": _made, "__eq__": _same, "__hash__": _hash, "__repr__": _shown}
    methods |= {"__setattr__": _unchanged, "__delattr__": _unchanged}
    for name, method in methods.items():
        if name not in ("__init__", "__repr__") or name not in own:
            setattr(cls, name, method)
    made: Any = dataclass(init=False, eq=False, repr=False, match_args=False)(cls)
    fields = made.__dataclass_fields__
    defaults = {name: field.default for name, field in fields.items() if field.default is not MISSING}
    made.__record__ = (tuple(fields), defaults, hasattr(made, "__post_init__"))
    return cast(type[T], made)


def retyped(kind: type[T], record: Any) -> T:
    """Make a record of a kind, or of one that builds on it, out of another's fields.

    Examples
    --------
    >>> @frozen
    ... class Point:
    ...     x: int
    >>> class Shown(Point):
    ...     pass
    >>> retyped(Shown, Point(1))
    Shown(x=1)
    """
    made: Any = kind
    return cast(T, made(**{name: getattr(record, name) for name in made.__dataclass_fields__}))


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
