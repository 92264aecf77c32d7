"""The chat of a whole daemon: what is told half an hour after an opening, with its picture, and what a reader asks.

The opening was recorded by an earlier run, so nobody waits half an hour for it.
"""

from collections.abc import Callable
from contextlib import closing

from msgspec.structs import replace

from analysis.price_row import ListingPrice
from collectors.events import Channel, Listing, ListingState
from config.units import MINUTE_MS
from store import rows
from store.tables import listing_prices, listings
from tests.end_to_end.outside import CHAT
from tests.end_to_end.pair import Pair, small_world
from tests.fakes.blank import open_blank


def recorded_half_an_hour_ago(pair: Pair) -> None:
    """A coin opened at Upbit with 40 % of premium, which was gone within half an hour."""
    opened_ms = pair.simulator.now_ms() - 33 * MINUTE_MS
    pair.data.mkdir()
    with closing(open_blank(pair.data / "radar.db")) as db:
        announced_ms, channel = opened_ms - 60 * MINUTE_MS, Channel.UPBIT_NOTICES
        coin = Listing("upbit", "SAET", 1, ("KRW",), ListingState.TRADING, announced_ms, channel)
        listing_id = listings.save(db, replace(coin, first_trade_ms=opened_ms)).listing_id
        assert listing_id is not None
        for at_s in range(0, 1_800, 10):
            bps = 4_000.0 * (1 - at_s / 1_800)
            look = ListingPrice(opened_ms + at_s * 1_000, 1_400.0, 1.0, 1_400.0, bps, bps)
            rows.execute(db, listing_prices.row(listing_id, look))


def test_the_chat_gets_the_picture_of_an_opening_and_an_answer_to_its_question(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(*small_world(2.0))
    recorded_half_an_hour_ago(pair)
    pair.start()
    pair.simulator.post("/sim/telegram/update", chat_id=CHAT, text="/status")
    messages = pair.simulator.messages

    def told(words: str) -> list[dict[str, object]]:
        return [each for each in messages() if words in each["text"]]

    pair.until(lambda: told("30분 결과"), "the outcome is told")
    pair.until(lambda: told("업비트: "), "the question is answered")
    (outcome,) = told("30분 결과")
    assert "SAET" in str(outcome["text"])
    assert outcome["photo"]
    assert pair.stop() == 0
