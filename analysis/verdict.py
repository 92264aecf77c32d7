"""What the judging side knows and says: facts with a source and an age, findings, routes, costs, one verdict.

Pure values. The rules that make them live in `gate_rules.py` and `gate.py`; `alerts/texts/message.py` makes them text.
A finding carries a code and its numbers, never a sentence, so that one formatter can speak Korean or English.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Literal

from msgspec import Struct

from alerts.alert import AlertLevel

FactValue = float | int | str | bool | None


class Fact(Struct, frozen=True):
    """One input: a value (None: unknown), its unit (`krw`, `usdt`, `bps`, `min`, `bool`, `text`, …), who said so, when.

    `taken_ms` is the source's own time where it gives one, else our time of receipt; None while the value is unknown.
    """

    value: FactValue
    unit: str
    source: str
    taken_ms: int | None

    def age_ms(self, now_ms: int) -> int | None:
        return None if self.taken_ms is None else max(0, now_ms - self.taken_ms)


class Finding(Struct, frozen=True):
    """One reason: a rule's code and what it saw. `subject` names a route, venue or exchange where one is meant."""

    code: str
    subject: str = ""
    numbers: Mapping[str, FactValue] = {}


class TransferState(Enum):
    """One side of a transfer. SCHEDULED: announced for later, neither closed nor unknown."""

    OPEN = "open"
    CLOSED = "closed"
    SCHEDULED = "scheduled"
    UNKNOWN = "unknown"


class Route(Struct, frozen=True):
    """One way to bring the coin to Korea: buy at `venue`, send over `network`. Reasons empty: the route is open."""

    venue: str
    network: str
    withdrawal: TransferState
    deposit: TransferState
    vasp: Literal["yes", "no", "unknown"]
    p50_min: float | None
    p90_min: float | None
    cost_krw: Decimal | None
    reasons: tuple[Finding, ...] = ()


class CostPart(Struct, frozen=True):
    """One line of the cost table. `low_bps` = `high_bps` where it is known; both None: unknown, never zero."""

    name: str  # korean_fee | foreign_fee | korean_slippage | foreign_slippage | withdrawal | gas | hedge
    low_bps: Decimal | None
    high_bps: Decimal | None
    source: str


class Cost(Struct, frozen=True):
    """What the round costs for one notional; `total_bps` is None when a part is unknown, `low_bps` sums the known."""

    notional_krw: Decimal
    parts: tuple[CostPart, ...]
    total_bps: Decimal | None
    low_bps: Decimal


class Mode(Enum):
    PRE_OPEN = "pre_open"
    OPEN = "open"


class Outcome(Enum):
    """READY, NOT_READY, UNKNOWN before the opening; GO, NO_GO after it. INFO: nothing to trade against KRW."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    UNKNOWN = "UNKNOWN"
    GO = "GO"
    NO_GO = "NO_GO"
    INFO = "INFO"


class VerdictNotKept(Exception):
    """A verdict could be neither stored nor told, for a reason of its own and not for want of a disk; the next may."""


class Verdict(Struct, frozen=True):
    """One answer with all its reasons. The same facts always give the same verdict.

    `premium_bps` is the coin premium against the bank rate, `excess_bps` the excess over the market's own premium
    (what an arbitrage can gain), both at mid prices; None while an input is unknown.
    `net_bps` = excess at the mids of the best route − its total cost, in which the slippage of both books stands; that
    is the executable excess − the other costs.
    `run_bps` is the foreign price now against the foreign price at publication.
    """

    mode: Mode
    outcome: Outcome
    level: AlertLevel
    made_ms: int
    facts: Mapping[str, Fact]
    blockers: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    routes: tuple[Route, ...] = ()  # best first
    cost: Cost | None = None
    premium_bps: float | None = None
    excess_bps: float | None = None
    net_bps: Decimal | None = None
    run_bps: float | None = None
    venues_asked: tuple[str, ...] = ()
    venues_silent: tuple[str, ...] = ()  # did not answer; not the same as "not listed"
