"""Binance's answers: listed, not listed, silent; what a missing call costs; multiplied perpetuals; the run so far."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Instrument, Listed, NotListed, Perp, Run, Silent, Spot, Transfers
from analysis.venues import binance_wire as wire
from analysis.venues.binance import Binance
from analysis.venues.signing import ApiKey
from analysis.verdict import TransferState
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

NOW = START_MS
UNKNOWN = {"code": -1121, "msg": "Invalid symbol."}
TICKER = {
    "symbol": "QRXUSDT", "lastPrice": "0.02510000", "bidPrice": "0.02500000", "bidQty": "1.0", "askPrice": "0.02520000",
    "quoteVolume": "1250000.50000000", "closeTime": NOW - 40, "count": 7, "newField": {"a": [1]},
}  # fmt: skip
DEPTH = {
    "lastUpdateId": 7,
    "bids": [["0.02500000", "1000.0"], ["0.02490000", "2000.0"]],
    "asks": [["0.02520000", "900.0"]],
}
PREMIUM = {
    "symbol": "QRXUSDT", "markPrice": "0.02515000", "indexPrice": "0.02512000", "lastFundingRate": "-0.00012000",
    "nextFundingTime": NOW + 3_600_000, "time": NOW - 15,
}  # fmt: skip
SYMBOLS: dict[str, Any] = {
    "symbols": [
        {"symbol": "QRXUSDT", "status": "TRADING", "baseAsset": "QRX", "quoteAsset": "USDT"},
        {"symbol": "QRXBTC", "status": "TRADING", "baseAsset": "QRX", "quoteAsset": "BTC"},
        {"symbol": "1000LOWUSDT", "status": "TRADING", "baseAsset": "1000LOW", "quoteAsset": "USDT"},
        {"symbol": "NEWUSDT", "status": "BREAK", "baseAsset": "NEW", "quoteAsset": "USDT"},
    ]
}
PERPS: dict[str, Any] = {
    "symbols": [
        {"symbol": name, "status": status, "baseAsset": base, "quoteAsset": "USDT", "contractType": kind}
        for name, status, base, kind in (
            ("QRXUSDT", "TRADING", "QRX", "PERPETUAL"),
            ("QRXUSDT_270326", "TRADING", "QRX", "CURRENT_QUARTER"),
            ("1000LOWUSDT", "TRADING", "1000LOW", "PERPETUAL"),
            ("OLDUSDT", "SETTLING", "OLD", "PERPETUAL"),
            ("SOONUSDT", "PENDING_TRADING", "SOON", "PERPETUAL"),
        )
    ]
}


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    """Everything unknown, until a test says otherwise."""
    door = FakeDoor(clock)
    for service, path in (
        ("binance", "/api/v3/ticker/24hr"),
        ("binance", "/api/v3/depth"),
        ("binance", "/api/v3/klines"),
        ("binance_futures", "/fapi/v1/premiumIndex"),
        ("binance_futures", "/fapi/v1/depth"),
    ):
        door.says(service, path, UNKNOWN, status=400)
    door.says("binance_futures", "/fapi/v1/fundingInfo", [])
    return door


@pytest.fixture
def listed(door: FakeDoor) -> FakeDoor:
    door.says("binance", "/api/v3/ticker/24hr", TICKER, symbol="QRXUSDT")
    door.says("binance", "/api/v3/depth", DEPTH, symbol="QRXUSDT")
    door.says("binance_futures", "/fapi/v1/premiumIndex", PREMIUM, symbol="QRXUSDT")
    door.says("binance_futures", "/fapi/v1/depth", {**DEPTH, "E": NOW - 9, "T": NOW - 10}, symbol="QRXUSDT")
    return door


def reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status, body, NOW, "binance /x")


async def test_a_listed_coin_is_told_with_every_figures_source_and_time(clock: FakeClock, listed: FakeDoor) -> None:
    answer = await Binance(listed, clock).ask("QRX")
    assert isinstance(answer, Listed)
    spot, perp = answer.quote.spot, answer.quote.perp
    assert isinstance(spot, Spot) and isinstance(perp, Perp)
    assert spot.last is not None and spot.quote_volume_24h is not None and spot.book is not None
    assert (spot.last.value, spot.last.source, spot.last.taken_ms) == (
        0.0251,
        "binance /api/v3/ticker/24hr",
        NOW - 40,
    )
    assert spot.quote_volume_24h.value == 1_250_000.5
    assert tuple(spot.book.bids) == ((0.025, 1000.0), (0.0249, 2000.0))
    assert spot.book.taken_ms == NOW  # its depth has no time of its own
    assert perp.mark is not None and perp.funding_rate is not None and perp.book is not None
    assert (perp.mark.value, perp.funding_rate.value, perp.next_funding_ms) == (0.02515, -0.00012, NOW + 3_600_000)
    assert perp.book.taken_ms == NOW - 10
    assert perp.funding_interval_h is not None and perp.funding_interval_h.value == 8.0
    assert not perp.pre_market
    assert set(answer.quote.missing) == {"transfers"}


async def test_a_coin_that_binance_denies_is_not_listed(clock: FakeClock, door: FakeDoor) -> None:
    assert await Binance(door, clock).ask("QRX") == NotListed()


async def test_a_venue_that_does_not_answer_is_silent_with_its_reasons(clock: FakeClock, door: FakeDoor) -> None:
    html = b"<html>Just a moment...</html>"
    for path in ("/api/v3/ticker/24hr", "/api/v3/depth"):
        door.says("binance", path, html, status=403)
    for path in ("/fapi/v1/premiumIndex", "/fapi/v1/depth", "/fapi/v1/fundingInfo"):
        door.says("binance_futures", path, {"code": 0, "msg": "restricted location"}, status=451)
    answer = await Binance(door, clock).ask("QRX")
    assert answer == Silent("HTTP 403, refused; HTTP 451, not served to this place")


async def test_spot_silent_and_perpetual_denied_is_silent_not_unlisted(clock: FakeClock, door: FakeDoor) -> None:
    for path in ("/api/v3/ticker/24hr", "/api/v3/depth"):
        door.fails("binance", path)
    assert isinstance(await Binance(door, clock).ask("QRX"), Silent)


async def test_a_call_that_fails_costs_its_own_figures_only(clock: FakeClock, listed: FakeDoor) -> None:
    listed.says("binance", "/api/v3/ticker/24hr", b"", status=502)
    listed.says("binance_futures", "/fapi/v1/fundingInfo", b"", status=500)
    answer = await Binance(listed, clock).ask("QRX")
    assert isinstance(answer, Listed)
    assert isinstance(answer.quote.spot, Spot) and isinstance(answer.quote.perp, Perp)
    assert answer.quote.spot.last is None
    assert answer.quote.spot.book is not None
    assert answer.quote.perp.funding_interval_h is None
    assert answer.quote.missing["spot.ticker"] == "HTTP 502, server error"
    assert answer.quote.missing["perp.funding_interval"] == "HTTP 500, server error"


async def test_a_market_before_its_opening_has_no_zero_in_it(clock: FakeClock, listed: FakeDoor) -> None:
    zeros = {**TICKER, **dict.fromkeys(("lastPrice", "bidPrice", "askPrice", "quoteVolume"), "0.00000000")}
    listed.says("binance", "/api/v3/ticker/24hr", zeros)
    listed.says("binance", "/api/v3/depth", {"lastUpdateId": 1, "bids": [], "asks": []})
    answer = await Binance(listed, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot)
    spot = answer.quote.spot
    assert (spot.last, spot.bid, spot.ask, spot.quote_volume_24h) == (None, None, None, None)
    assert spot.book is not None and (tuple(spot.book.bids), spot.book.mid) == ((), None)


async def test_all_calls_run_at_once_within_one_deadline(clock: FakeClock, listed: FakeDoor) -> None:
    listed.says("binance", "/api/v3/ticker/24hr", TICKER, after_s=0.7)
    listed.says("binance_futures", "/fapi/v1/premiumIndex", PREMIUM, after_s=0.7, symbol="QRXUSDT")
    listed.says("binance", "/api/v3/depth", DEPTH, after_s=60)
    asking = asyncio.ensure_future(Binance(listed, clock, deadline_s=0.8).ask("QRX"))
    await clock.advance(0.8)
    assert asking.done()
    answer = await asking
    assert isinstance(answer, Listed)
    assert answer.quote.missing["spot.book"] == "no answer within 0.8 s"


async def test_without_a_list_the_thousandfold_is_asked_for_too(clock: FakeClock, door: FakeDoor) -> None:
    door.says("binance_futures", "/fapi/v1/premiumIndex", {**PREMIUM, "markPrice": "0.0105"}, symbol="1000LOWUSDT")
    door.says("binance_futures", "/fapi/v1/depth", DEPTH, symbol="1000LOWUSDT")
    answer = await Binance(door, clock).ask("LOW")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    perp = answer.quote.perp
    assert (perp.symbol, perp.multiplier) == ("1000LOWUSDT", 1000)
    assert perp.mark is not None and perp.mark.value == pytest.approx(0.0000105)
    assert perp.book is not None and perp.book.bids[0] == (0.000025, 1_000_000.0)
    assert answer.quote.spot == NotListed()


async def test_the_lists_tell_symbols_states_and_multipliers(clock: FakeClock, door: FakeDoor) -> None:
    door.says("binance", "/api/v3/exchangeInfo", SYMBOLS)
    door.says("binance_futures", "/fapi/v1/exchangeInfo", PERPS)
    venue = Binance(door, clock)
    found = await venue.instruments()
    assert found.spot == {
        "QRX": Instrument("QRXUSDT", "QRX"),
        "LOW": Instrument("1000LOWUSDT", "LOW", 1000),
        "NEW": Instrument("NEWUSDT", "NEW", live=False),
    }
    assert found.perp == {
        "QRX": Instrument("QRXUSDT", "QRX"),
        "LOW": Instrument("1000LOWUSDT", "LOW", 1000),
        "SOON": Instrument("SOONUSDT", "SOON", live=False),
    }
    door.asked.clear()
    await venue.ask("LOW")
    assert {asked.params["symbol"] for asked in door.asked if asked.params} == {"1000LOWUSDT"}


async def test_a_perpetual_that_is_not_open_yet_is_pre_market(clock: FakeClock, listed: FakeDoor) -> None:
    listed.says("binance", "/api/v3/exchangeInfo", SYMBOLS)
    pending = {"symbols": [{**PERPS["symbols"][0], "status": "PENDING_TRADING"}]}
    listed.says("binance_futures", "/fapi/v1/exchangeInfo", pending)
    venue = Binance(listed, clock)
    await venue.instruments()
    answer = await venue.ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    assert answer.quote.perp.pre_market


async def test_a_list_that_fails_keeps_the_last_one(clock: FakeClock, listed: FakeDoor) -> None:
    listed.says("binance", "/api/v3/exchangeInfo", SYMBOLS)
    listed.says("binance_futures", "/fapi/v1/exchangeInfo", PERPS)
    venue = Binance(listed, clock)
    await venue.instruments()
    listed.says("binance", "/api/v3/exchangeInfo", {"symbols": []})
    listed.says("binance_futures", "/fapi/v1/exchangeInfo", b"<html>", status=200)
    found = await venue.instruments()
    assert found.spot == Silent("an empty instrument list")
    assert isinstance(found.perp, Silent)
    listed.asked.clear()
    await venue.ask("LOW")
    assert {asked.params["symbol"] for asked in listed.asked if asked.params} == {"1000LOWUSDT"}


async def test_a_changed_funding_interval_is_taken_from_its_list_once_an_hour(
    clock: FakeClock, listed: FakeDoor
) -> None:
    listed.says("binance_futures", "/fapi/v1/fundingInfo", [{"symbol": "QRXUSDT", "fundingIntervalHours": 4}])
    venue = Binance(listed, clock)
    for _ in range(2):
        answer = await venue.ask("QRX")
        assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
        assert answer.quote.perp.funding_interval_h is not None
        assert answer.quote.perp.funding_interval_h.value == 4.0
    assert sum(asked.path == "/fapi/v1/fundingInfo" for asked in listed.asked) == 1


async def test_the_run_since_a_notice_is_read_from_minutes(clock: FakeClock, door: FakeDoor) -> None:
    published = NOW - 120_000 + 20_000  # NOW is a whole minute
    first = NOW - 120_000
    rows = [
        [first, "1.00", "1.10", "0.90", "1.05", "10", first + 59_999, "10.5", 3, "0", "0", "0"],
        [first + 60_000, "1.05", "1.60", "1.05", "1.50", "20", first + 119_999, "26", 3, "0", "0", "0"],
        [first + 120_000, "1.50", "1.50", "1.20", "1.25", "5", first + 179_999, "7", 3, "0", "0", "0"],
    ]
    door.says("binance", "/api/v3/klines", rows, symbol="QRXUSDT", interval="1m", startTime=str(first))
    run = await Binance(door, clock).run_since("QRX", published)
    assert isinstance(run, Run)
    assert (run.at_publication, run.now, run.high, run.quote_volume, run.resolution_s) == (1.0, 1.25, 1.6, 43.5, 60)
    assert run.run_bps == pytest.approx(2_500)


async def test_a_coin_that_traded_only_later_has_no_price_at_publication(clock: FakeClock, door: FakeDoor) -> None:
    late = [[NOW - 60_000, "2", "2", "2", "2", "1", NOW - 1, "2", 1]]
    door.says("binance", "/api/v3/klines", late, symbol="QRXUSDT")
    run = await Binance(door, clock).run_since("QRX", NOW - 300_000)
    assert isinstance(run, Run)
    assert (run.at_publication, run.run_bps, run.now) == (None, None, 2.0)
    door.says("binance", "/api/v3/klines", [], symbol="QRXUSDT")
    assert isinstance(await Binance(door, clock).run_since("QRX", NOW - 300_000), Silent)
    assert await Binance(door, clock).run_since("NOSUCH", NOW - 300_000) == NotListed()


async def test_a_long_run_takes_coarser_candles(clock: FakeClock, door: FakeDoor) -> None:
    await Binance(door, clock).run_since("QRX", NOW - 20 * 3_600_000)
    assert door.asked[-1].params["interval"] == "5m"


async def test_transfer_state_needs_a_key_and_is_asked_for_once_in_twenty_seconds(
    clock: FakeClock, listed: FakeDoor
) -> None:
    chains = [
        {"network": "ETH", "depositEnable": True, "withdrawEnable": False, "withdrawFee": "0.55", "withdrawMin": "1",
         "minConfirm": 12, "contractAddress": "0xabc", "depositDesc": "", "withdrawDesc": "Wallet Maintenance"},
        {"network": "BSC", "depositEnable": None, "withdrawEnable": "?", "withdrawFee": "", "contractAddress": None},
    ]  # fmt: skip
    listed.says("binance", "/sapi/v1/capital/config/getall", [{"coin": "QRX", "networkList": chains}])
    venue = Binance(listed, clock, key=lambda: ApiKey("key", "secret"))
    answer = await venue.ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Transfers)
    eth, bsc = answer.quote.transfers.networks
    assert (eth.deposit, eth.withdrawal, eth.note) == (TransferState.OPEN, TransferState.CLOSED, "Wallet Maintenance")
    assert (str(eth.withdraw_fee), eth.confirmations) == ("0.55", 12)
    assert (bsc.deposit, bsc.withdrawal, bsc.withdraw_fee) == (TransferState.UNKNOWN, TransferState.UNKNOWN, None)
    assert answer.quote.contracts == ("0xabc",)
    await venue.ask("QRX")
    signed = [asked for asked in listed.asked if asked.path.startswith("/sapi")]
    assert len(signed) == 1
    assert signed[0].headers["X-MBX-APIKEY"] == "key"
    assert "secret" not in str(signed[0].params)


async def test_without_a_key_transfers_are_unknown_and_never_asked_for(clock: FakeClock, listed: FakeDoor) -> None:
    answer = await Binance(listed, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Silent)
    assert not any(asked.path.startswith("/sapi") for asked in listed.asked)


PARSERS = (
    *(wire.parse_ticker, wire.parse_depth, wire.parse_premium_index, wire.parse_funding_info),
    *(wire.parse_spot_instruments, wire.parse_perp_instruments, wire.parse_klines, wire.parse_transfers),
)


@pytest.mark.parametrize("parse", PARSERS)
@given(
    body=st.one_of(st.binary(max_size=60), st.just(b"[[1]]"), st.just(b'[{"symbol":"X"}]')),
    status=st.integers(200, 599),
)
def test_any_bytes_give_a_value_or_no_answer(parse: Any, body: bytes, status: int) -> None:
    try:
        parse(reply(body, status))
    except NoAnswer as e:
        assert str(e)
