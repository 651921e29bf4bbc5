"""What runs of a suite showed, and what that says of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How one test ended; from the best to the worst."""

    PASSED = "passed"
    XPASSED = "xpassed"
    XFAILED = "xfailed"
    SKIPPED = "skipped"
    FAILED = "failed"
    ERROR = "error"


PASSES = frozenset({Outcome.PASSED, Outcome.XPASSED})
FAILS = frozenset({Outcome.FAILED, Outcome.ERROR})


class Arrangement(StrEnum):
    """How the tests of a run are put in order."""

    FILE = "file"
    REVERSED = "reversed"
    SHUFFLED = "shuffled"
    ALONE = "alone"
    WORKERS = "workers"
    RANDOMLY = "randomly"
    LISTED = "listed"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order; `test` is what runs alone, `workers` how many processes share the tests.

    `tests` are those of LISTED, `until` is the last test to run. `randomly` is the seed that pytest-randomly, if it is there, works
    with; RANDOMLY is its order, PLAIN whatever pytest makes of the command line.
    """

    arrangement: Arrangement
    seed: int = 0
    workers: int = 0
    test: str = ""
    tests: tuple[str, ...] = ()
    until: str = ""
    randomly: int = 1

    @property
    def name(self) -> str:
        """What people call it."""
        match self.arrangement:
            case Arrangement.FILE:
                return "file order"
            case Arrangement.SHUFFLED:
                return f"seed {self.seed}"
            case Arrangement.WORKERS:
                return f"{self.workers} workers"
            case Arrangement.RANDOMLY:
                return f"pytest-randomly's seed {self.randomly}"
            case Arrangement.LISTED:
                return f"{len(self.tests)} tests" if len(self.tests) > 1 else "".join(self.tests) or "collection"
            case Arrangement.PLAIN:
                return "plain pytest"
            case Arrangement.REVERSED | Arrangement.ALONE:
                return self.arrangement.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A warning without what changes from run to run."""

    category: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run in one fresh copy; `cut` says why it did not come to its end, "" if it did; `seconds` are wall time, `cpu` seconds too.

    `collected` are all tests that there are, `places` the path and line of those that ran, `plugins` those that bear upon the order.
    """

    order: Order
    outcomes: Mapping[str, Outcome]
    seconds: float
    cpu: float = 0.0
    messages: Mapping[str, str] = field(default_factory=dict)
    warnings: frozenset[Noted] = frozenset()
    outside: tuple[tuple[str, str], ...] = ()
    exit_code: int = 0
    cut: str = ""
    tail: str = ""
    collected: tuple[str, ...] = ()
    places: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    plugins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """All runs of one state of the project, in the order in which they were made."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Tests that fail in some run, by what they hang on; `unclear` differ between orders and were not run alone."""

    victims: tuple[str, ...] = ()
    brittles: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()

    def order_dependent(self) -> tuple[str, ...]:
        """Everything whose outcome the order decides."""
        return tuple(sorted((*self.victims, *self.brittles, *self.unclear)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One cell of the table: how a run went."""

    passed: int
    failed: int
    seconds: float
    cut: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One order before and after."""

    order: str
    before: Counts
    after: Counts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A test that passed before in an order and does not after, each time that it was tried."""

    test: str
    orders: tuple[str, ...]
    outcome: str
    message: str = ""
    brittle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the runs say, slow-downs in per cent; everything of "after" is empty where there was nothing to apply."""

    rows: tuple[Row, ...]
    before: Kinds
    after: Kinds | None = None
    regressions: tuple[Regression, ...] = ()
    cured: tuple[str, ...] = ()
    slowdown: float | None = None
    cpu_slowdown: float | None = None
    new_warnings: tuple[Noted, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What was tried: how many change groups in how many files, and by which interpreter."""

    groups: int
    files: int
    python: str
