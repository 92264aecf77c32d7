"""The page's answers: what each question reads from the database, in a thread, and the shape of what it gives.

Times are UTC epoch milliseconds; what is unknown is None.
"""

from msgspec import Struct

from config.units import DAY_MS, MINUTE_MS, whole_minute
from ops.commands.latency import Latency, latencies
from store.database import Connection
from store.readings import around_listing, latest, listing_page, premiums, volumes
from store.readings.listing_page import AlertRow, FactRow
from store.tables import fx, listing_prices, listings
from store.tables.listings import ListingRow
from store.tables.notices import NoticeRow
from web import asked, series
from web.dominance import Dominance, dominance
from web.now import Rate
from web.readable import BriefView, VerdictView, brief_view, verdict_view
from web.series import CoinPremium, MarketSeries, PremiumSeries
from web.timeline import Moment, timeline

WORLD_MAX_AGE_MS = 15 * MINUTE_MS  # of the 24 h volume abroad, which moves slowly


class NotThere(LookupError):
    """What was asked for does not exist; the text says what."""


class Listings(Struct, frozen=True):
    now_ms: int
    listings: tuple[BriefView, ...]


class OneListing(Struct, frozen=True):
    """`facts` are the inputs of the newest verdict, `verdicts` come newest first."""

    now_ms: int
    listing: ListingRow
    timeline: list[Moment]
    verdicts: list[VerdictView]
    facts: dict[str, FactRow]
    notices: list[NoticeRow]
    alerts: list[AlertRow]


class ListingSeconds(Struct, frozen=True):
    """`markets` begin with the listing's own exchange; each point is `step_s` long."""

    now_ms: int
    from_ms: int
    to_ms: int
    step_s: int
    markets: list[MarketSeries]


class Premium(Struct, frozen=True):
    now_ms: int
    coin: str | None
    hours: int
    step_ms: int
    series: PremiumSeries
    usdt: Rate | None
    bank: Rate | None


class Coins(Struct, frozen=True):
    """`minute_ms` is the newest minute of the world, None where there is none yet."""

    now_ms: int
    minute_ms: int | None
    coins: list[CoinPremium]


class Dominances(Struct, frozen=True):
    """`rate` turned KRW into USDT. `dominance` is None while there is no rate or no minute of the world."""

    now_ms: int
    minute_ms: int | None
    rate: Rate | None
    dominance: Dominance | None


class Latencies(Struct, frozen=True):
    now_ms: int
    listings: int
    steps: list[Latency]


def newest_listings(connection: Connection, last: int, now_ms: int) -> Listings:
    return Listings(now_ms, tuple(map(brief_view, latest.briefs(connection, last))))


def _row(connection: Connection, listing_id: int) -> ListingRow:
    found = listings.one(connection, listing_id)
    if found is None:
        raise NotThere(f"there is no listing {listing_id}")
    return found


def one_listing(connection: Connection, listing_id: int, now_ms: int) -> OneListing:
    row = _row(connection, listing_id)
    versions = listing_page.notice_versions(connection, listing_id)
    made = listing_page.decisions(connection, listing_id)
    alerts = listing_page.alerts(connection, listing_id)
    return OneListing(
        now_ms=now_ms,
        listing=row,
        timeline=timeline(row, versions, made, alerts, now_ms),
        verdicts=[verdict_view(each) for each in made],
        facts=dict(listing_page.facts(connection, made[0].id)) if made else {},
        notices=versions,
        alerts=alerts,
    )


def seconds(connection: Connection, listing_id: int, from_ms: int, to_ms: int, now_ms: int) -> ListingSeconds:
    row = _row(connection, listing_id)
    step_s = around_listing.step_of(from_ms, to_ms)
    until_ms = min(to_ms, now_ms)
    looks = listing_prices.load(connection, listing_id)
    markets = around_listing.krw_markets(connection, row.base)
    markets.sort(key=lambda market: market.exchange != row.exchange)
    found = []
    for market in markets:
        points = around_listing.points(connection, market.market_id, from_ms, until_ms, step_s)
        gaps = around_listing.blinds(connection, market, from_ms, until_ms) if until_ms > from_ms else []
        found.append(series.market_series(market, points, looks if market.exchange == row.exchange else (), gaps))
    return ListingSeconds(now_ms, from_ms, to_ms, step_s, found)


def premium(connection: Connection, hours: int, coin: str | None, now_ms: int) -> Premium:
    step_ms = asked.STEP_MS[hours] if coin is None else max(MINUTE_MS, asked.STEP_MS[hours])
    to_ms = now_ms - now_ms % min(step_ms, MINUTE_MS)
    from_ms = to_ms - hours * 3_600_000
    rates = premiums.rates(connection, from_ms, to_ms, step_ms)
    points = None
    if coin is not None:
        if not around_listing.krw_markets(connection, coin):
            raise NotThere(f"{coin} has no KRW market here")
        points = premiums.coin(connection, coin, from_ms, to_ms, step_ms)
    usdt, bank = fx.latest(connection, "USDT"), fx.latest(connection, "USD")
    return Premium(now_ms, coin, hours, step_ms, series.premiums(rates, points), Rate.of(usdt), Rate.of(bank))


def coins(connection: Connection, now_ms: int) -> Coins:
    minute_ms = premiums.newest_minute(connection)
    if minute_ms is None:
        return Coins(now_ms, None, [])
    (rates,) = premiums.rates(connection, minute_ms, minute_ms, MINUTE_MS)
    return Coins(now_ms, minute_ms, series.coin_premiums(premiums.coins(connection, minute_ms), rates))


def dominance_now(connection: Connection, now_ms: int) -> Dominances:
    minute_ms = volumes.fullest_minute(connection, now_ms - WORLD_MAX_AGE_MS)
    rate = Rate.of(fx.latest(connection, "USDT"))
    if minute_ms is None or rate is None:
        return Dominances(now_ms, minute_ms, rate, None)
    to_ms = whole_minute(now_ms) - MINUTE_MS  # the last minute may not be rolled yet
    korea = volumes.traded(connection, to_ms - DAY_MS, to_ms)
    return Dominances(now_ms, minute_ms, rate, dominance(korea, volumes.world(connection, minute_ms), rate.krw))


def latency(connection: Connection, last: int, now_ms: int) -> Latencies:
    told = [row for row in listings.report(connection, last) if row.alerted_ms is not None]
    return Latencies(now_ms, len(told), latencies(told))
