"""The traps of the claim types, by theme: what the files say, and what may be claimed for it.

Each trap has products and orders of its own, so that all of them lie in one seller folder and none meets another.
"""

from typing import NamedTuple


class Trap(NamedTuple):
    """`owed`: claim type -> units that are asserted; `unsure`: the claim types that may only be ambiguous."""

    product: str
    rows: list
    owed: dict
    unsure: set


class Traps:
    """The traps of one theme by name; their products begin with the theme's letter."""

    def __init__(self, letter):
        self.letter, self.cases = letter, {}

    def x(self):
        """The product of the next trap, which nobody had before."""
        return f"{self.letter}{len(self.cases):03}"

    def case(self, name, rows, *, unsure=(), **owed):
        """A trap: `rows` of the files, or lists of them."""
        assert name not in self.cases, name
        flat = [part for row in rows for part in (row if isinstance(row, list) else [row])]
        self.cases[name] = Trap(self.x(), flat, owed, set(unsure))
