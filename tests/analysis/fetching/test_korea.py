"""The Korean side by REST: an unknown code, an empty book, flags in every spelling, and what needs a key."""

from typing import Any

import pytest

from analysis.fetching.korea import Korea, parse_bithumb_transfers
from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Book, NotListed, Silent, Transfers
from analysis.verdict import TransferState
from collectors.events import Exchange, Market, OrderBook
from collectors.exchanges.rest import Ticker
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

NOW = START_MS  # 2027-01-15T08:00:00Z
UNITS = [{"ask_price": 36.2, "bid_price": 36.1, "ask_size": 900.0, "bid_size": 1000.5}]
ABSENT = {"error": {"name": 404, "message": "Code not found"}}
ASSETS = "/public/assetsstatus/multichain/QRX"


def book(units: list[dict[str, float]]) -> list[dict[str, Any]]:
    return [
        {"market": "KRW-QRX", "timestamp": NOW - 50, "total_ask_size": 1, "total_bid_size": 1, "orderbook_units": units}
    ]


def ticker(traded_ms: int) -> list[dict[str, Any]]:
    return [{"market": "KRW-QRX", "trade_price": 36.15, "trade_timestamp": traded_ms, "trade_date": "20270115",
             "trade_time": "075950", "trade_date_kst": "20270115", "trade_time_kst": "165950",
             "acc_trade_price_24h": 5e9, "timestamp": traded_ms}]  # fmt: skip


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    door = FakeDoor(clock)
    for exchange, shift_ms in (("upbit", 0), ("bithumb", 9 * 3_600_000)):
        door.says(exchange, "/v1/orderbook", book(UNITS), markets="KRW-QRX")
        door.says(exchange, "/v1/ticker", ticker(NOW - 10_000 + shift_ms), markets="KRW-QRX")
    row = {"currency": "QRX", "net_type": "ETH", "deposit_status": 0, "withdrawal_status": 1}
    door.says("bithumb", ASSETS, {"status": "0000", "data": [row]})
    return door


@pytest.mark.parametrize("exchange", ["upbit", "bithumb"])
async def test_book_and_ticker_of_both_exchanges_in_true_time(
    clock: FakeClock, door: FakeDoor, exchange: Exchange
) -> None:
    answer = await Korea(door, clock).ask(exchange, "QRX")
    assert isinstance(answer.book, Book) and isinstance(answer.ticker, Ticker)
    assert (tuple(answer.book.bids), answer.book.taken_ms) == (((36.1, 1000.5),), NOW - 50)
    assert (answer.ticker.traded_ms, answer.ticker.quote_volume_24h) == (NOW - 10_000, 5e9)


@pytest.mark.parametrize("status", [404, 200])
async def test_an_unknown_code_is_not_listed_with_either_status(clock: FakeClock, door: FakeDoor, status: int) -> None:
    for path in ("/v1/orderbook", "/v1/ticker"):
        door.says("bithumb", path, ABSENT, status=status)
    answer = await Korea(door, clock).ask("bithumb", "QRX")
    assert (answer.book, answer.ticker) == (NotListed(), NotListed())


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"Too many API requests.", 429), (b"<html>", 403), (b"<html>", 200), (b"<html>", 404), (b"", 500), (b"[]", 200)],
)
async def test_trouble_is_silent_and_never_not_listed(
    clock: FakeClock, door: FakeDoor, body: bytes, status: int
) -> None:
    for path in ("/v1/orderbook", "/v1/ticker"):
        door.says("upbit", path, body, status=status)
    answer = await Korea(door, clock).ask("upbit", "QRX")
    assert isinstance(answer.book, Silent) and isinstance(answer.ticker, Silent)


async def test_a_market_before_its_opening_has_an_empty_book(clock: FakeClock, door: FakeDoor) -> None:
    door.says("upbit", "/v1/orderbook", book([]))
    answer = await Korea(door, clock).ask("upbit", "QRX")
    assert isinstance(answer.book, Book)
    assert (tuple(answer.book.bids), tuple(answer.book.asks), answer.book.mid) == ((), (), None)


async def test_bithumbs_transfers_need_no_key(clock: FakeClock, door: FakeDoor) -> None:
    found = await Korea(door, clock).transfers("bithumb", "QRX")
    assert isinstance(found, Transfers)
    assert [(n.network, n.deposit, n.withdrawal) for n in found.networks] == [
        ("ETH", TransferState.CLOSED, TransferState.OPEN)
    ]


@pytest.mark.parametrize(
    ("data", "deposit"),
    [
        (b'[{"currency":"QRX","net_type":"ETH","deposit_status":true,"withdrawal_status":true}]', TransferState.OPEN),
        (b'[{"currency":"QRX","net_type":"ETH","deposit_status":"1","withdrawal_status":"1"}]', TransferState.OPEN),
        (b'[{"currency":"QRX","net_type":"ETH","deposit_status":"?","withdrawal_status":1}]', TransferState.UNKNOWN),
        (b'[{"currency":"QRX","net_type":"ETH"}]', TransferState.UNKNOWN),
        (b'{"QRX":{"currency":"QRX","net_type":"ETH","deposit_status":0,"withdrawal_status":1}}', TransferState.CLOSED),
        (b'{"QRX":[{"currency":"QRX","net_type":"ETH","deposit_status":1}]}', TransferState.OPEN),
    ],
)
def test_bithumbs_flags_are_read_in_every_spelling(data: bytes, deposit: TransferState) -> None:
    found = parse_bithumb_transfers("QRX", Reply(200, b'{"status":"0000","data":%s}' % data, NOW, "bithumb /x"))
    assert [network.deposit for network in found.networks] == [deposit]


@pytest.mark.parametrize(
    "body", [b'{"status":"5500","message":"Invalid"}', b'{"status":"0000","data":[]}', b"{}", b"[]"]
)
def test_a_coin_that_bithumb_does_not_tell_of_is_unknown(body: bytes) -> None:
    with pytest.raises(NoAnswer):
        parse_bithumb_transfers("QRX", Reply(200, body, NOW, "bithumb /x"))


async def test_upbits_transfers_are_unknown_without_a_key(clock: FakeClock, door: FakeDoor) -> None:
    found = await Korea(door, clock).transfers("upbit", "QRX")
    assert isinstance(found, Silent)
    assert "UPBIT_ACCESS_KEY" in found.reason
    assert not door.asked


async def test_upbits_wallet_states_are_two_sides(clock: FakeClock, door: FakeDoor) -> None:
    states = ["working", "deposit_only", "withdraw_only", "paused", "unsupported", "something_new"]
    rows = [
        {"currency": "QRX", "wallet_state": state, "block_state": "delayed", "net_type": f"N{number}"}
        for number, state in enumerate(states)
    ]
    door.says("upbit", "/v1/status/wallet", [*rows, {"currency": "OTHER", "wallet_state": "paused"}])
    found = await Korea(door, clock, upbit_bearer=lambda: "Bearer token").transfers("upbit", "QRX")
    assert isinstance(found, Transfers)
    opened, closed, unknown = TransferState.OPEN, TransferState.CLOSED, TransferState.UNKNOWN
    assert [(one.deposit, one.withdrawal) for one in found.networks] == [
        *((opened, opened), (opened, closed), (closed, opened), (closed, closed), (closed, closed), (unknown, unknown))
    ]
    assert found.networks[0].note == "blocks delayed"
    assert door.asked[0].headers == {"Authorization": "Bearer token"}


@pytest.mark.parametrize(
    ("wallet", "deposit"), [("working", TransferState.UNKNOWN), ("withdraw_only", TransferState.CLOSED)]
)
async def test_a_chain_whose_blocks_stand_still_takes_no_deposit_for_certain(
    clock: FakeClock, door: FakeDoor, wallet: str, deposit: TransferState
) -> None:
    row = {"currency": "QRX", "wallet_state": wallet, "block_state": "inactive", "net_type": "N",
           "block_elapsed_minutes": 47}  # fmt: skip
    door.says("upbit", "/v1/status/wallet", [row])
    found = await Korea(door, clock, upbit_bearer=lambda: "Bearer token").transfers("upbit", "QRX")
    assert isinstance(found, Transfers)
    [state] = found.networks
    assert (state.deposit, state.block_age_ms, state.note) == (deposit, 47 * 60_000, "blocks inactive")
    assert found.lag == "may lag by minutes"


class Books:
    """The newest book of one market, as a socket brought it."""

    def __init__(self, book: OrderBook) -> None:
        self._book = book

    def latest(self, market: Market) -> OrderBook | None:
        return self._book if market == self._book.market else None


@pytest.mark.parametrize(("age_s", "source"), [(4.9, "upbit socket"), (5.1, "upbit /v1/orderbook")])
async def test_the_socket_tells_the_book_while_it_is_fresh_and_rest_after_that(
    clock: FakeClock, door: FakeDoor, age_s: float, source: str
) -> None:
    taken_ms = clock.now_ms()
    live = OrderBook(Market("upbit", "QRX", "KRW"), ((99.0, 1.0),), ((101.0, 2.0),), taken_ms, taken_ms + 30)
    await clock.advance(age_s + 0.03)
    answer = await Korea(door, clock, live=Books(live)).ask("upbit", "QRX")
    assert isinstance(answer.book, Book)
    assert answer.book.source == source
    if age_s < 5:
        assert (tuple(answer.book.bids), answer.book.taken_ms) == (((99.0, 1.0),), taken_ms)
