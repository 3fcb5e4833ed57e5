"""What the discussion of a teaching case is. Only its place so far: the parts follow with the discussion itself."""

from __future__ import annotations

from namlib.frozen import frozen


@frozen
class Discussion:
    """The staged discussion that goes with a teaching case."""
