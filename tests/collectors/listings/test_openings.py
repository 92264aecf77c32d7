"""Which coins sit on a connection of their own, since when, and how eagerly they are asked for."""

import pytest

from collectors.events import Channel, Exchange, Listing, ListingState, Market
from collectors.listings.openings import EAGER_AFTER_MS, EAGER_BEFORE_MS, LEAD_MS, MOST_SEATS, seats
from tests.fakes.clock import START_MS

KRW = Market("upbit", "NEW", "KRW")


def listing(
    base: str = "NEW",
    starts_ms: int | None = START_MS,
    traded_ms: int | None = None,
    quotes: tuple[str, ...] = ("KRW",),
    exchange: Exchange = "upbit",
) -> Listing:
    return Listing(
        exchange, base, 1, quotes, ListingState.ANNOUNCED, START_MS - 3_600_000, Channel.UPBIT_NOTICES,
        trading_starts_ms=starts_ms, first_trade_ms=traded_ms,
    )  # fmt: skip


@pytest.mark.parametrize(("now_ms", "sits"), [(-LEAD_MS - 1, False), (-LEAD_MS, True), (0, True), (10**8, True)])
def test_a_coin_sits_alone_from_ten_minutes_before_its_start(now_ms: int, sits: bool) -> None:
    assert bool(seats([listing()], set(), START_MS + now_ms)) is sits


def test_a_coin_without_a_start_sits_once_a_list_shows_it_or_it_traded() -> None:
    assert seats([listing(starts_ms=None)], set(), START_MS) == []
    assert len(seats([listing(starts_ms=None)], {KRW}, START_MS)) == 1
    assert len(seats([listing(starts_ms=None, traded_ms=START_MS)], set(), START_MS)) == 1


def test_the_krw_market_is_listened_to_and_the_others_only_where_there_is_none() -> None:
    [seat] = seats([listing(quotes=("KRW", "BTC"))], set(), START_MS)
    assert seat.markets == (KRW,)
    [seat] = seats([listing(quotes=("BTC", "USDT"))], set(), START_MS)
    assert seat.markets == (Market("upbit", "NEW", "BTC"), Market("upbit", "NEW", "USDT"))
    [seat] = seats([listing(quotes=())], set(), START_MS)
    assert seat.markets == (KRW,)


def test_what_a_coin_trades_in_besides_krw_is_listened_to_from_its_first_trade_on() -> None:
    waiting = listing("SOON", quotes=("KRW", "BTC"))
    traded = [listing(base, traded_ms=START_MS, quotes=("KRW", "BTC", "USDT")) for base in ("NEW", "OLD")]
    foreign = listing(traded_ms=START_MS, quotes=("KRW", "BTC"), exchange="bithumb")
    found = seats([waiting, *traded, foreign], set(), START_MS)
    beside = {seat.key: seat for seat in found if seat.markets[0].quote != "KRW"}
    assert set(beside) == {"upbit:beside", "bithumb:beside"}
    codes = [market.code for market in beside["upbit:beside"].markets]
    assert sorted(codes) == ["BTC-NEW", "BTC-OLD", "USDT-NEW", "USDT-OLD"]
    assert not beside["upbit:beside"].has_books
    assert not beside["upbit:beside"].eager(START_MS)
    assert [seat.markets for seat in found][-2:] == [each.markets for each in beside.values()]
    assert seats([listing(traded_ms=START_MS, quotes=("BTC", "USDT"))], set(), START_MS)[0].has_books


@pytest.mark.parametrize(
    ("now_ms", "eager"),
    [(-EAGER_BEFORE_MS - 1, False), (-EAGER_BEFORE_MS, True), (EAGER_AFTER_MS, True), (EAGER_AFTER_MS + 1, False)],
)
def test_around_the_start_it_is_asked_for_every_second(now_ms: int, eager: bool) -> None:
    [seat] = seats([listing()], set(), START_MS)
    assert seat.eager(START_MS + now_ms) is eager
    [traded] = seats([listing(traded_ms=START_MS - 5_000)], set(), START_MS)
    assert not traded.eager(START_MS)
    [undated] = seats([listing(starts_ms=None)], {KRW}, START_MS)
    assert not undated.eager(START_MS)


def test_it_joins_the_others_a_minute_after_its_first_trade() -> None:
    [waiting] = seats([listing()], set(), START_MS)
    assert waiting.alone(START_MS + 10**9)
    [traded] = seats([listing(traded_ms=START_MS)], set(), START_MS)
    assert traded.alone(START_MS + 59_999)
    assert not traded.alone(START_MS + 60_000)


@pytest.mark.parametrize(
    ("starts_ms", "traded_ms", "minute"),
    [(0, None, (0, 60)), (0, 1_700, (0, 61)), (0, -1_700, (-2, 60)), (None, 500, (0, 60)), (None, None, None)],
)
def test_the_first_minute_spans_the_told_start_and_the_first_trade(
    starts_ms: int | None, traded_ms: int | None, minute: tuple[int, int] | None
) -> None:
    told = listing(
        starts_ms=None if starts_ms is None else START_MS + starts_ms,
        traded_ms=None if traded_ms is None else START_MS + traded_ms,
    )
    [seat] = seats([told], {KRW}, START_MS)
    expected = None if minute is None else (START_MS + minute[0] * 1_000, START_MS + minute[1] * 1_000)
    assert seat.first_minute() == expected


def test_there_are_only_so_many_seats_and_the_coins_that_have_not_opened_come_first() -> None:
    old = [listing(f"OLD{n}", traded_ms=START_MS - n * 1_000) for n in range(MOST_SEATS)]
    fresh = [listing(f"NEW{n}", starts_ms=START_MS + n * 1_000) for n in range(2)]
    elsewhere = listing("NEW0", exchange="bithumb")
    found = seats([*old, *fresh, elsewhere], set(), START_MS)
    ours = [seat.markets[0].base for seat in found if seat.exchange == "upbit"]
    assert ours == ["NEW0", "NEW1", *(f"OLD{n}" for n in range(MOST_SEATS - 2))]
    assert len(found) == MOST_SEATS + 1
