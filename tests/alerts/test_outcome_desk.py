"""Half an hour after an opening: one reply with a picture, in one transaction with the outcome."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts.outcome_desk import OutcomeDesk
from alerts.pictures.series import Series
from analysis.outcome import Label, ListingOutcome, Second
from analysis.price_row import ListingPrice
from collectors.events import Channel, GapCause, Listing, ListingState, Market
from store import rows
from store.tables import deliveries, gaps, listings, markets, outcomes
from store.tables.outcomes import Due, Recorded
from tests.fakes.clock import START_MS
from tests.fakes.outbox import CHAT, DirectWriter, a_first_sight, open_database

AFTER_MS = START_MS + 1_900_000
FOUND = ListingOutcome(Label.BIG_HIT, 4_160.0, 3_910.0, 300.0, 3_800.0, 1_900.0, 610.0, 2.5e10)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.db = open_database(folder)
        self.drawn: list[Series] = []
        self.picture: bytes | None = b"PNG"
        self.desk = OutcomeDesk(
            folder / "radar.db", DirectWriter(self.db), [CHAT], "en", self._draw, lambda fresh: None
        )
        listing = listings.save(
            self.db, Listing("upbit", "NOVA", 1, ("KRW",), ListingState.TRADING, START_MS, Channel.UPBIT_NOTICES)
        )
        market = Market("upbit", "NOVA", "KRW")
        self.market_id = markets.intern(self.db, [market], START_MS)[market]
        assert listing.listing_id is not None
        self.due = Due(listing.listing_id, self.market_id, "upbit", False, START_MS)
        self.first = deliveries.add_alert(self.db, a_first_sight(), [CHAT], START_MS)
        self.db.execute("UPDATE deliveries SET state = 'sent', message_id = '7'")

    async def _draw(self, series: Series) -> bytes | None:
        self.drawn.append(series)
        return self.picture

    async def keep(self, now_ms: int = AFTER_MS, recorded: Recorded | None = None) -> None:
        await self.desk.keep(self.due, FOUND, recorded or Recorded([], [], True), now_ms)

    def told(self) -> list[deliveries.Delivery]:
        return list(deliveries.claim(self.db, AFTER_MS).due)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.db.close()


async def test_the_outcome_is_a_reply_with_a_picture(bench: Bench) -> None:
    await bench.keep()
    [reply] = bench.told()
    assert reply.text.splitlines() == [
        "🔔 30 MINUTES ON BIG HIT · NOVA · Upbit (KRW)",
        "highest premium +41.60 %, excess +39.10 %",
        "1 min +38.00 % · 5 min +19.00 % · 30 min +6.10 %",
        "excess of 8 % or more for 5 min",
        "volume of the first minute ₩25,000,000,000",
    ]
    assert (reply.anchor, reply.picture) == ("7", b"PNG")
    known = outcomes.of_listing(bench.db, bench.due.listing_id)
    assert known is not None
    assert known.label == "big_hit"


async def test_without_a_picture_the_words_go_alone(bench: Bench) -> None:
    bench.picture = None
    await bench.keep()
    assert [each.picture for each in bench.told()] == [None]


async def test_the_picture_shows_the_first_half_hour_and_what_of_it_was_missed(bench: Bench) -> None:
    missed = [
        ("upbit", bench.market_id, START_MS + 60_000, START_MS + 90_000, GapCause.STALE),
        ("upbit", None, START_MS + 80_000, START_MS + 95_000, GapCause.DISCONNECT),
        ("bithumb", None, START_MS + 200_000, START_MS + 300_000, GapCause.DISCONNECT),
    ]
    rows.execute(bench.db, gaps.added(missed))  # type: ignore[arg-type] # literals widen in a list
    looks = [ListingPrice(START_MS + 1_000, 1_500.0, 1.0, 1_400.0, 700.0, 500.0)]
    seconds = [Second(START_MS + 1_000, 1_500.0, 3e6), Second(START_MS + 1_850_000, 1_500.0, 9e6)]
    await bench.keep(recorded=Recorded(looks, seconds, True))
    [series] = bench.drawn
    assert series.gaps == ((60.0, 95.0),)
    assert series.volumes == ((0.0, 3e6),)
    assert series.premium_pct[0] == (1.0, 7.0)


async def test_the_line_of_the_picture_never_goes_back_in_time(bench: Bench) -> None:
    """Looks and seconds lie between each other; one after the other they would be joined across the picture."""
    looks = [ListingPrice(START_MS + at_ms, 1_500.0, 1.0, 1_400.0, 700.0, 500.0) for at_ms in (500, 2_500, 4_500)]
    seconds = [Second(START_MS + at_ms, 1_500.0, 3e6) for at_ms in (1_000, 2_000, 3_000)]
    await bench.keep(recorded=Recorded(looks, seconds, True))
    [series] = bench.drawn
    assert [at_s for at_s, _ in series.premium_pct] == [0.5, 1.0, 2.0, 2.5, 3.0, 4.5]


async def test_the_last_look_back_is_kept_and_told_to_nobody(bench: Bench) -> None:
    bench.due = msgspec.structs.replace(bench.due, final=True)
    await bench.desk.keep(bench.due, FOUND, None, AFTER_MS)
    assert bench.told() == []
    known = outcomes.of_listing(bench.db, bench.due.listing_id)
    assert known is not None
    assert known.final


async def test_a_look_back_hours_late_waits_for_the_digest(bench: Bench) -> None:
    await bench.keep(now_ms=START_MS + 3 * 3_600_000)
    assert bench.told() == []
    assert bench.db.execute("SELECT level FROM alerts ORDER BY id DESC LIMIT 1").fetchone() == (20,)


async def test_nothing_is_kept_where_the_reply_cannot_be(bench: Bench) -> None:
    """The outcome and its alert stand or fall together, so a look back is tried again whole."""
    bench.db.execute("CREATE TRIGGER refuse BEFORE INSERT ON alerts BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        await bench.keep()
    assert outcomes.of_listing(bench.db, bench.due.listing_id) is None
