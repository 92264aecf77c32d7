"""Bybit's answers: retCodes, empty lists, pre-market perpetuals, pages, and a 403 that is a ban."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Instrument, Listed, NotListed, Perp, Run, Silent, Spot, Transfers
from analysis.venues import bybit_wire as wire
from analysis.venues.bybit import Bybit
from analysis.venues.signing import ApiKey
from analysis.verdict import TransferState
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

NOW = START_MS
MARKET = "/v5/market"
UNKNOWN = {"retCode": 10001, "retMsg": "Not supported symbols", "result": {}, "retExtInfo": {}, "time": NOW}
SPOT = {"symbol": "QRXUSDT", "bid1Price": "0.0250", "ask1Price": "0.0252", "lastPrice": "0.0251",
        "turnover24h": "910000.25", "volume24h": "3600000", "usdIndexPrice": ""}  # fmt: skip
LINEAR = {"symbol": "QRXUSDT", "lastPrice": "0.0251", "markPrice": "0.02515", "indexPrice": "0.0251",
          "fundingRate": "0", "nextFundingTime": str(NOW + 60_000), "fundingIntervalHour": "4",
          "curPreListingPhase": ""}  # fmt: skip
BOOK = {"s": "QRXUSDT", "a": [["0.0252", "40"]], "b": [["0.0250", "30"]], "ts": NOW - 12, "u": 1, "seq": 2}


def envelope(result: object, code: int | str = 0) -> dict[str, object]:
    return {"retCode": code, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": NOW - 10}


def tickers(*rows: object) -> dict[str, object]:
    return envelope({"category": "spot", "list": list(rows)})


def reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status, body, NOW, "bybit /x")


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    """Everything unknown, until a test says otherwise."""
    door = FakeDoor(clock)
    for path in ("tickers", "orderbook", "kline"):
        door.says("bybit", f"{MARKET}/{path}", UNKNOWN)
    return door


@pytest.fixture
def listed(door: FakeDoor) -> FakeDoor:
    door.says("bybit", f"{MARKET}/tickers", tickers(SPOT), category="spot", symbol="QRXUSDT")
    door.says("bybit", f"{MARKET}/tickers", tickers(LINEAR), category="linear", symbol="QRXUSDT")
    door.says("bybit", f"{MARKET}/orderbook", envelope(BOOK), symbol="QRXUSDT")
    return door


async def test_one_linear_ticker_tells_mark_funding_and_interval(clock: FakeClock, listed: FakeDoor) -> None:
    answer = await Bybit(listed, clock).ask("QRX")
    assert isinstance(answer, Listed)
    spot, perp = answer.quote.spot, answer.quote.perp
    assert isinstance(spot, Spot) and isinstance(perp, Perp)
    assert spot.last is not None and spot.quote_volume_24h is not None
    assert (spot.last.value, spot.last.taken_ms, spot.quote_volume_24h.value) == (0.0251, NOW - 10, 910_000.25)
    assert perp.funding_rate is not None and perp.funding_interval_h is not None and perp.book is not None
    assert (perp.funding_rate.value, perp.funding_interval_h.value) == (0.0, 4.0)  # a rate of zero is a rate
    assert (tuple(perp.book.bids), perp.book.taken_ms) == (((0.025, 30.0),), NOW - 12)


async def test_10001_everywhere_is_not_listed(clock: FakeClock, door: FakeDoor) -> None:
    assert await Bybit(door, clock).ask("QRX") == NotListed()


async def test_an_empty_list_is_not_listed_unless_the_list_of_instruments_has_it(
    clock: FakeClock, door: FakeDoor
) -> None:
    door.says("bybit", f"{MARKET}/tickers", tickers())
    venue = Bybit(door, clock)
    assert await venue.ask("QRX") == NotListed()
    row = {"symbol": "QRXUSDT", "baseCoin": "QRX", "quoteCoin": "USDT", "status": "Trading"}
    door.says("bybit", f"{MARKET}/instruments-info", envelope({"list": [row]}))
    door.says("bybit", f"{MARKET}/orderbook", b"", status=502)
    await venue.instruments()
    answer = await venue.ask("QRX")
    assert isinstance(answer, Silent)
    assert "an empty list for a symbol that is listed" in answer.reason


async def test_a_403_is_silent_and_says_whether_it_is_a_ban(clock: FakeClock, door: FakeDoor) -> None:
    for path in ("tickers", "orderbook"):
        door.says("bybit", f"{MARKET}/{path}", b"access too frequent", status=403)
    assert await Bybit(door, clock).ask("QRX") == Silent("HTTP 403, too frequent")
    for path in ("tickers", "orderbook"):
        door.says("bybit", f"{MARKET}/{path}", b"<HTML>The Amazon CloudFront distribution ...</HTML>", status=403)
    assert await Bybit(door, clock).ask("QRX") == Silent("HTTP 403, refused")


@pytest.mark.parametrize("phase", ["NotStarted", "CallAuction", "ContinuousTrading"])
async def test_a_pre_market_perpetual_is_told_apart(clock: FakeClock, listed: FakeDoor, phase: str) -> None:
    early = {**LINEAR, "markPrice": "", "fundingRate": "", "nextFundingTime": "0", "curPreListingPhase": phase}
    listed.says("bybit", f"{MARKET}/tickers", tickers(early), category="linear", symbol="QRXUSDT")
    answer = await Bybit(listed, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    perp = answer.quote.perp
    assert (perp.pre_market, perp.mark, perp.funding_rate, perp.next_funding_ms) == (True, None, None, None)


async def test_a_factor_may_stand_before_or_after_the_name(clock: FakeClock, door: FakeDoor) -> None:
    door.says("bybit", f"{MARKET}/tickers", tickers({**LINEAR, "markPrice": "0.0105"}), symbol="QRX1000USDT")
    door.says("bybit", f"{MARKET}/orderbook", envelope(BOOK), symbol="QRX1000USDT")
    answer = await Bybit(door, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    perp = answer.quote.perp
    assert perp.mark is not None and perp.book is not None
    assert (perp.symbol, perp.multiplier, perp.book.bids[0][1]) == ("QRX1000USDT", 1000, 30_000.0)
    assert perp.mark.value == pytest.approx(0.0000105)


async def test_the_linear_list_is_read_to_its_last_page(clock: FakeClock, door: FakeDoor) -> None:
    def row(coin: str, status: str = "Trading", kind: str = "LinearPerpetual", quote: str = "USDT") -> dict[str, Any]:
        return {"symbol": f"{coin}{quote}", "baseCoin": coin, "quoteCoin": quote, "status": status,
                "contractType": kind, "fundingInterval": 240, "isPreListing": status == "PreLaunch"}  # fmt: skip

    path = f"{MARKET}/instruments-info"
    spot = {"symbol": "QRXUSDT", "baseCoin": "QRX", "quoteCoin": "USDT", "status": "Trading"}
    door.says("bybit", path, envelope({"list": [spot]}), category="spot")
    door.says("bybit", path, envelope({"list": [row("AAA")], "nextPageCursor": "p%3D2"}), category="linear")
    last = [row("1000ZZZ"), row("DATED", kind="LinearFutures"), row("USD", quote="USDC")]
    door.says("bybit", path, envelope({"list": last, "nextPageCursor": ""}), category="linear", cursor="p%3D2")
    early = {"category": "linear", "status": "PreLaunch"}
    door.says("bybit", path, envelope({"list": [row("NEW", "PreLaunch")]}), when=early)
    found = await Bybit(door, clock).instruments()
    assert found.spot == {"QRX": Instrument("QRXUSDT", "QRX")}
    assert found.perp == {
        "AAA": Instrument("AAAUSDT", "AAA", funding_interval_h=4.0),
        "ZZZ": Instrument("1000ZZZUSDT", "ZZZ", 1000, funding_interval_h=4.0),
        "NEW": Instrument("NEWUSDT", "NEW", live=False, pre_market=True, funding_interval_h=4.0),
    }


async def test_a_list_that_breaks_off_is_no_list(clock: FakeClock, door: FakeDoor) -> None:
    path = f"{MARKET}/instruments-info"
    door.says("bybit", path, envelope({"list": [], "nextPageCursor": "2"}))
    door.says("bybit", path, b"", status=502, cursor="2")
    found = await Bybit(door, clock).instruments()
    assert found.perp == Silent("HTTP 502, server error")


async def test_the_run_is_read_from_klines(clock: FakeClock, door: FakeDoor) -> None:
    rows = [
        [str(NOW), "1.1", "1.3", "1.1", "1.2", "9", "11"],
        [str(NOW - 60_000), "1.0", "1.2", "1.0", "1.1", "9", "9.5"],
    ]
    door.says("bybit", f"{MARKET}/kline", envelope({"symbol": "QRXUSDT", "list": rows}), symbol="QRXUSDT", interval="1")
    run = await Bybit(door, clock).run_since("QRX", NOW - 50_000)
    assert isinstance(run, Run)
    assert (run.at_publication, run.now, run.high, run.quote_volume) == (1.0, 1.2, 1.3, 20.5)
    assert await Bybit(door, clock).run_since("NOSUCH", NOW - 50_000) == NotListed()


async def test_an_empty_fee_is_a_closed_withdrawal(clock: FakeClock, listed: FakeDoor) -> None:
    chains = [
        {"chain": "ETH", "chainType": "Ethereum", "confirmation": "6", "withdrawFee": "3", "withdrawMin": "3",
         "chainDeposit": "1", "chainWithdraw": "1", "contractAddress": "0xabc"},
        {"chain": "MANTLE", "confirmation": "", "withdrawFee": "", "chainDeposit": "0", "chainWithdraw": "1"},
        {"chain": "ODD", "withdrawFee": "0", "chainDeposit": "", "chainWithdraw": None},
    ]  # fmt: skip
    listed.says("bybit", "/v5/asset/coin/query-info", envelope({"rows": [{"coin": "QRX", "chains": chains}]}, code="0"))
    answer = await Bybit(listed, clock, key=lambda: ApiKey("k", "s")).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Transfers)
    eth, mantle, odd = answer.quote.transfers.networks
    assert (eth.deposit, eth.withdrawal, str(eth.withdraw_fee)) == (TransferState.OPEN, TransferState.OPEN, "3")
    assert (mantle.deposit, mantle.withdrawal, mantle.withdraw_fee) == (
        TransferState.CLOSED,
        TransferState.CLOSED,
        None,
    )
    assert (odd.deposit, odd.withdrawal, str(odd.withdraw_fee)) == (TransferState.UNKNOWN, TransferState.UNKNOWN, "0")


@pytest.mark.parametrize(
    ("result", "code", "reason"),
    [
        ({}, 10016, "10016"),
        ({}, 10006, "10006"),
        ({}, 0, "unreadable"),
        ({"list": [{}]}, 0, "unreadable"),
        ([], None, "None"),
    ],
)
def test_other_codes_and_shapes_are_no_answer(result: object, code: int | None, reason: str) -> None:
    body = msgspec.json.encode({"retCode": code, "retMsg": "", "result": result})
    with pytest.raises(NoAnswer, match=reason):
        wire.parse_spot_ticker(reply(body))


PARSERS = (
    *(wire.parse_spot_ticker, wire.parse_linear_ticker, wire.parse_orderbook),
    *(wire.parse_instruments, wire.parse_kline, wire.parse_transfers),
)


@pytest.mark.parametrize("parse", PARSERS)
@given(
    body=st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b'{"retCode":0,"result":{"list":[[]]}}', b'{"retCode":"0","result":{"rows":[]}}', b"[]"]),
    ),
    status=st.integers(200, 599),
)
def test_any_bytes_give_a_value_or_no_answer(parse: Any, body: bytes, status: int) -> None:
    try:
        parse(reply(body, status))
    except NoAnswer as e:
        assert str(e)
