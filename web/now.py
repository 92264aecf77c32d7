"""The first screen: is it healthy, what just happened, is there a trade? Pure: readings and rows in, one value out."""

from collections.abc import Iterable

from msgspec import Struct

from alerts.texts.words import Words
from analysis.premium import excess
from ops.watching.health import Limits, Report, reasons, report
from ops.watching.readings import Readings
from store.readings.latest import GapFigures, Latest, Stamps, usdt_usd
from store.readings.listing_page import AlertRow
from store.tables.fx import FxSnapshot
from web.readable import BriefView, brief_view

OVER = ("settled", "cancelled")
# How much a verdict is worth one's attention, most first; INFO and what has no verdict are no trade.
BEST = ("GO", "READY", "UNKNOWN", "NO_GO", "NOT_READY")


class Rate(Struct, frozen=True):
    """An exchange rate: KRW for one, where it comes from, when it was taken."""

    krw: float
    source: str
    taken_ms: int

    @classmethod
    def of(cls, snapshot: FxSnapshot | None) -> "Rate | None":
        return None if snapshot is None else cls(snapshot.krw_per_quote, snapshot.source, snapshot.taken_ms)


class Now(Struct, frozen=True):
    """`health` is what health.json says; `reasons` the same reasons in Korean and English.

    `trade` is the id of the listing among `listings` that is most worth a look, None where none is open.
    `market_bps` is the market's premium, None while a rate is unknown. `loop_lag_s` is the worst of a minute.
    """

    now_ms: int
    health: Report
    reasons: tuple[Words, ...]
    disk_free_part: float | None
    resident_bytes: int | None
    loop_lag_s: float
    listings: tuple[BriefView, ...]
    trade: int | None
    alerts: tuple[AlertRow, ...]
    gaps: tuple[GapFigures, ...]
    usdt: Rate | None
    bank: Rate | None
    market_bps: float | None
    stamps: Stamps


def now_view(readings: Readings, limits: Limits, latest: Latest, lag_s: float, resident_bytes: int | None) -> Now:
    """Everything of this moment."""
    listings = tuple(brief_view(each) for each in latest.briefs)
    return Now(
        now_ms=readings.now_ms,
        health=report(readings, limits),
        reasons=tuple(reasons(readings, limits)),
        disk_free_part=readings.disk_free_part,
        resident_bytes=resident_bytes,
        loop_lag_s=lag_s,
        listings=listings,
        trade=trade(listings),
        alerts=latest.alerts,
        gaps=latest.gaps,
        usdt=Rate.of(latest.usdt),
        bank=Rate.of(latest.bank),
        market_bps=market_bps(latest),
        stamps=latest.stamps,
    )


def trade(listings: Iterable[BriefView]) -> int | None:
    """The listing on its way or just open with the best verdict; of equals the newest, which comes first."""
    open_ones = [each for each in listings if each.listing.state not in OVER]
    judged = [each for each in open_ones if each.verdict is not None and each.verdict.verdict in BEST]
    if judged:
        return min(judged, key=lambda each: BEST.index(each.verdict.verdict if each.verdict else "")).listing.id
    return open_ones[0].listing.id if open_ones else None


def market_bps(latest: Latest) -> float | None:
    """The market's premium by the newest rates: our KRW per USDT over what the bank and the dollar price of it make."""
    per_usd = usdt_usd(latest.usdt)
    if latest.usdt is None or latest.bank is None or per_usd is None:
        return None
    exact = excess(latest.usdt.krw_per_quote, per_usd, latest.bank.krw_per_quote)
    return None if exact is None else float(exact)
