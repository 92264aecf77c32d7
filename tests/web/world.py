"""A database as a daemon of some hours leaves it, and the page over it behind a real port.

One listing (`NOVA` on Upbit) was announced, judged and opened; its notice's title and a rival coin's name try to become
markup. The world's prices, the rates and the minutes of two coins reach back two hours.
"""

import functools
import math
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from alerts.alert import Alert, AlertKind, AlertLevel
from analysis.facts import USDT_FACT
from analysis.keepers.world_prices import GlobalPrice
from analysis.price_row import ListingPrice
from analysis.verdict import Fact, Finding, Mode, Outcome, Verdict
from collectors.events import Candle, Channel, GapCause, Listing, ListingState, Market, Notice, Sighting, SightingKind
from config.settings import Listen
from config.units import MINUTE_MS
from ops.listener import listening
from ops.process.lifetimes import running
from ops.watching.loop_lag import LoopLag
from ops.watching.readings import Readings
from store.rows import execute
from store.tables import (
    candles,
    decisions,
    deliveries,
    fx,
    gaps,
    global_minutes,
    listing_prices,
    listing_seconds,
    listings,
    markets,
    notices,
)
from store.tables.fx import FxInput, FxSnapshot
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import database
from tests.ops.watching.test_health import LIMITS, readings
from web.page import Page

NOW = START_MS
OPENED_MS = NOW - 20 * MINUTE_MS
PUBLISHED_MS = OPENED_MS - 30 * MINUTE_MS
SEEN_MS = PUBLISHED_MS + 412
EVIL_TITLE = "<img src=x onerror=\"window.hacked='title'\"> 노바(NOVA) 신규 <script>window.hacked='script'</script>"
EVIL_COIN = "<IMG SRC=X ONERROR=WINDOW.HACKED=1>"
BTC, NOVA, RIVAL = Market("upbit", "BTC", "KRW"), Market("upbit", "NOVA", "KRW"), Market("bithumb", "NOVA", "KRW")
EVIL = Market("bithumb", EVIL_COIN, "KRW")
FX, BANK, USDT_USD = 1_400.0, 1_380.0, 1.001
LISTED = Listing(
    "upbit",
    "NOVA",
    1,
    ("KRW", "BTC"),
    ListingState.TRADING,
    SEEN_MS,
    Channel.UPBIT_NOTICES,
    published_ms=PUBLISHED_MS,
    trading_starts_ms=OPENED_MS,
    deposit_opens_ms=OPENED_MS - 10 * MINUTE_MS,
    first_trade_ms=OPENED_MS + 120,
    notice_id="n-1",
    url="https://upbit.com/service_center/notice?id=1",
    title=EVIL_TITLE,
)


def seeded(folder: Path) -> Path:
    """The database's path; written whole and closed."""
    path = folder / "radar.db"
    path.write_bytes(_seeds())
    return path


@functools.cache
def _seeds() -> bytes:
    """The file, written once for all tests of a run."""
    with tempfile.TemporaryDirectory(prefix="radar-page-") as folder:
        with closing(database(Path(folder))) as connection:
            connection.execute("BEGIN")
            ids = markets.intern(connection, [BTC, NOVA, RIVAL, EVIL], NOW - 120 * MINUTE_MS)
            _rates(connection)
            _world(connection, ids)
            _listing(connection)
            _verdicts(connection)
            _seconds(connection, ids)
            connection.execute("COMMIT")
        return (Path(folder) / "radar.db").read_bytes()


def _rates(connection: sqlite3.Connection) -> None:
    inputs = {USDT_FACT: FxInput(USDT_USD, "usd", "coinbase", 900)}
    for ago_s in range(7_200, 0, -10):
        at_ms = NOW - ago_s * 1000
        fx.add(connection, FxSnapshot(at_ms, FX, "USDT", "btc_implied", inputs))
        fx.add(connection, FxSnapshot(at_ms, BANK, "USD", "dunamu", {}))


def _world(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    told = [
        GlobalPrice("BTC", 100_000.0, 9e9, ("binance", "okx", "bybit")),
        GlobalPrice("NOVA", 1.0, None, ("okx",)),
        GlobalPrice(EVIL_COIN, 2.0, 5e6, ("bybit",)),
    ]
    for ago in range(120, 0, -1):
        at_ms = NOW - ago * MINUTE_MS
        execute(connection, global_minutes.rows(at_ms, told))
        candles.store_minutes(connection, [candle(BTC, at_ms, 141e6, 3.0), candle(EVIL, at_ms, 2_900.0, 100.0)], ids)


def candle(market: Market, open_ms: int, price: float, volume: float) -> Candle:
    return Candle(market, open_ms, price, price, price, price, volume, price * volume, 4)


def _listing(connection: sqlite3.Connection) -> None:
    kept = listings.save(connection, LISTED)
    for channel, kind, at_ms in (
        (Channel.UPBIT_NOTICES, SightingKind.NOTICE, SEEN_MS),
        (Channel.UPBIT_MARKET_LIST, SightingKind.IN_LIST, PUBLISHED_MS + 60_300),
        (Channel.UPBIT_TICKER_ALL, SightingKind.TRADED, OPENED_MS + 480),
    ):
        traded_ms = OPENED_MS + 120 if kind is SightingKind.TRADED else None
        sighting = Sighting("upbit", "NOVA", ("KRW",), channel, kind, at_ms, trading_starts_ms=traded_ms)
        listings.add_sighting(connection, kept, sighting)
    for version, title in ((1, EVIL_TITLE), (2, f"(수정) {EVIL_TITLE}")):
        notice = Notice("upbit", "n-1", title, ("거래",), PUBLISHED_MS, None)
        notices.save(connection, notice, "listing", version, str(version), None, SEEN_MS + version * MINUTE_MS)
    told = Alert("upbit:NOVA:1", AlertKind.FIRST_SIGHT, AlertLevel.HIGH, f"신규 상장 {EVIL_TITLE}\n둘째 줄", SEEN_MS, 1)
    alert_id = deliveries.add_alert(connection, told, ["telegram:1"], SEEN_MS)
    connection.execute(
        "UPDATE deliveries SET state = 'sent', requested_ms = ?, sent_ms = ? WHERE alert_id = ?",
        (SEEN_MS + 30, SEEN_MS + 180, alert_id),
    )


def add_verdict(connection: sqlite3.Connection, made_ms: int, outcome: Outcome, net_bps: int | None) -> None:
    """A verdict on the listing; without a net it is blocked for a reason that names the hostile coin."""
    mode = Mode.PRE_OPEN if outcome is Outcome.UNKNOWN else Mode.OPEN
    blockers = (Finding("no_open_route", EVIL_COIN, {"routes_count": 2}),) if outcome is not Outcome.GO else ()
    facts = {
        "route": Fact("binance/SOL", "text", "computed", made_ms),
        "premium_bps": Fact(None, "bps", "computed", None),
        "excess_bps": Fact(None if net_bps is None else net_bps + 138.0, "bps", "computed", made_ms),
        "title": Fact(EVIL_TITLE, "text", "upbit", PUBLISHED_MS),
    }
    net = None if net_bps is None else Decimal(net_bps)
    decisions.add(connection, 1, Verdict(mode, outcome, AlertLevel.HIGH, made_ms, facts, blockers, net_bps=net))


def _verdicts(connection: sqlite3.Connection) -> None:
    add_verdict(connection, PUBLISHED_MS + 900, Outcome.UNKNOWN, None)
    add_verdict(connection, OPENED_MS + 2_000, Outcome.NO_GO, 40)
    add_verdict(connection, OPENED_MS + 4_000, Outcome.GO, 812)


def price_at(second: int) -> float:
    """The listed coin's KRW price, `second` after its opening: 30 % above the world, and falling."""
    return 1_400 * (1 + 0.3 * math.exp(-second / 90))


def _seconds(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    """Ten minutes of trading with a gap of a minute in them, and what the looks saw every two seconds."""
    traded = [at for at in range(600) if not 200 <= at < 260]
    for market in (NOVA, RIVAL):
        seconds = [candle(market, OPENED_MS + at * 1000, price_at(at), 500.0) for at in traded]
        execute(connection, candles.seconds(seconds, ids))
    listing_seconds.keep(connection, [ids[NOVA], ids[RIVAL]], OPENED_MS, OPENED_MS + 600_000)
    connection.execute("DELETE FROM candles_1s")
    for at in range(0, 600, 2):
        coin = 10_000 * (price_at(at) / (BANK * USDT_USD) - 1)
        look = ListingPrice(OPENED_MS + at * 1000, price_at(at), 1.0, FX, coin, 10_000 * (price_at(at) / FX - 1))
        execute(connection, listing_prices.row(1, look))
    execute(
        connection,
        gaps.added([("upbit", ids[NOVA], OPENED_MS + 200_000, OPENED_MS + 260_000, GapCause.STALE)]),
    )


class Served(Struct, frozen=True):
    """The page behind `url`; `seen` changes what it says of health, time moves by `clock`."""

    url: str
    page: Page
    clock: FakeClock
    path: Path
    seen: dict[str, object]


@asynccontextmanager
async def served(folder: Path, token: str | None = None, language: str = "ko") -> AsyncIterator[Served]:
    """The page over the seeded database."""
    clock, seen = FakeClock(NOW), dict[str, object]()

    def read() -> Readings:
        return readings(**{"now_ms": clock.now_ms(), **seen})

    path = seeded(folder)
    page = Page(path, read, LIMITS, LoopLag(), clock, language)
    async with listening(Listen(port=0), token, page.routes()) as url, running(page.run()):
        assert url is not None
        yield Served(url, page, clock, path, seen)
