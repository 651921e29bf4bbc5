"""Where a definition or a remark stands."""

from dataclasses import dataclass
from typing import NamedTuple


class Address(NamedTuple):
    """A definition by path, qualified name and ordinal of that name in document order.

    Lines shift when a file is edited and columns differ between parsers (bytes and characters); this
    key survives both, so that edits made from one parser's facts are found again by another's.
    Names that an assignment gives (`client = pytest.fixture(impl)`) are counted apart from `def` and `class`.
    A tuple, since it is the key of every table: a dataclass hashes, compares and loads several times slower.
    """

    path: str
    qualname: str
    ordinal: int = 0
    assigned: bool = False

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualname.rpartition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """A line of a file, with a short note on what stands there."""

    path: str
    line: int
    column: int = 1
    note: str = ""
