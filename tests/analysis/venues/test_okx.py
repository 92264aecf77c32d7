"""OKX's answers: codes in HTTP 200, contracts turned into coins, funding intervals, empty texts."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Instrument, Listed, NotListed, Perp, Run, Silent, Spot, Transfers
from analysis.venues import okx_wire as wire
from analysis.venues.okx import Okx
from analysis.venues.signing import ApiKey
from analysis.verdict import TransferState
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

NOW = START_MS
V5 = "/api/v5"
UNKNOWN = {"code": "51001", "msg": "Instrument ID, Instrument ID code or Spread ID doesn't exist.", "data": []}
TICKER = {"instType": "SPOT", "instId": "QRX-USDT", "last": "0.0251", "askPx": "0.0252", "bidPx": "0.0250",
          "volCcy24h": "730000.5", "vol24h": "29000000", "ts": str(NOW - 30)}  # fmt: skip
BOOK = {"asks": [["0.0252", "40", "0", "2"]], "bids": [["0.0250", "30", "0", "1"]], "ts": str(NOW - 20)}
SWAP = {"instType": "SWAP", "instId": "QRX-USDT-SWAP", "baseCcy": "", "state": "live", "ruleType": "normal",
        "ctVal": "100", "ctMult": "1", "ctType": "linear", "ctValCcy": "QRX"}  # fmt: skip
FUNDING = {"instId": "QRX-USDT-SWAP", "fundingRate": "0.0002", "fundingTime": str(NOW + 1_000),
           "nextFundingTime": str(NOW + 1_000 + 4 * 3_600_000), "ts": str(NOW - 5)}  # fmt: skip
MARK = {"instType": "SWAP", "instId": "QRX-USDT-SWAP", "markPx": "0.02515", "ts": str(NOW - 8)}


def envelope(*rows: object) -> dict[str, object]:
    return {"code": "0", "msg": "", "data": list(rows)}


def reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status, body, NOW, "okx /x")


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    """Everything unknown, until a test says otherwise."""
    door = FakeDoor(clock)
    for path in ("market/ticker", "market/books", "public/funding-rate", "public/mark-price", "public/instruments"):
        door.says("okx", f"{V5}/{path}", UNKNOWN)
    return door


@pytest.fixture
def listed(door: FakeDoor) -> FakeDoor:
    door.says("okx", f"{V5}/market/ticker", envelope(TICKER), instId="QRX-USDT")
    door.says("okx", f"{V5}/market/books", envelope(BOOK), instId="QRX-USDT")
    door.says("okx", f"{V5}/market/books", envelope(BOOK), instId="QRX-USDT-SWAP")
    door.says("okx", f"{V5}/public/funding-rate", envelope(FUNDING), instId="QRX-USDT-SWAP")
    door.says("okx", f"{V5}/public/mark-price", envelope(MARK), instId="QRX-USDT-SWAP")
    door.says("okx", f"{V5}/public/instruments", envelope(SWAP), instId="QRX-USDT-SWAP")
    return door


async def test_spot_in_usdt_and_swap_in_coins(clock: FakeClock, listed: FakeDoor) -> None:
    answer = await Okx(listed, clock).ask("QRX")
    assert isinstance(answer, Listed)
    spot, perp = answer.quote.spot, answer.quote.perp
    assert isinstance(spot, Spot) and isinstance(perp, Perp)
    assert spot.quote_volume_24h is not None and spot.book is not None
    assert (spot.quote_volume_24h.value, spot.quote_volume_24h.taken_ms) == (730_000.5, NOW - 30)
    assert tuple(spot.book.asks) == ((0.0252, 40.0),)
    assert perp.book is not None
    assert tuple(perp.book.asks) == ((0.0252, 4_000.0),)
    assert perp.mark is not None and perp.funding_rate is not None and perp.funding_interval_h is not None
    assert (perp.mark.source, perp.funding_rate.source) == (
        "okx /api/v5/public/mark-price",
        "okx /api/v5/public/funding-rate",
    )
    assert (perp.funding_rate.value, perp.funding_interval_h.value, perp.next_funding_ms) == (0.0002, 4.0, NOW + 1_000)
    assert set(answer.quote.missing) == {"transfers"}


async def test_51001_everywhere_is_not_listed(clock: FakeClock, door: FakeDoor) -> None:
    assert await Okx(door, clock).ask("QRX") == NotListed()


async def test_a_contract_size_that_is_not_known_leaves_the_book_out(clock: FakeClock, listed: FakeDoor) -> None:
    listed.fails("okx", f"{V5}/public/instruments")
    answer = await Okx(listed, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    assert answer.quote.perp.book is None
    assert answer.quote.perp.mark is not None
    assert answer.quote.missing["perp.book"].startswith("contract size: unreachable")


async def test_the_list_saves_the_question_for_the_contract_size(clock: FakeClock, listed: FakeDoor) -> None:
    spots = [
        {"instId": "QRX-USDT", "state": "live", "baseCcy": "QRX", "quoteCcy": "USDT"},
        {"instId": "QRX-EUR", "state": "live"},
        {"instId": "NEW-USDT", "state": "preopen", "baseCcy": "", "quoteCcy": "", "ctVal": ""},
        {"instId": "TST-USDT", "state": "test"},
    ]
    swaps = [
        SWAP,
        {**SWAP, "instId": "QRX-USD-SWAP", "ctType": "inverse"},
        {**SWAP, "instId": "PRE-USDT-SWAP", "ruleType": "pre_market"},
        {**SWAP, "instId": "RAW-USDT-SWAP", "ctVal": "", "ctMult": "", "ctType": "", "state": "preopen"},
    ]
    listed.says("okx", f"{V5}/public/instruments", envelope(*spots), instType="SPOT")
    listed.says("okx", f"{V5}/public/instruments", envelope(*swaps), instType="SWAP")
    venue = Okx(listed, clock)
    found = await venue.instruments()
    assert found.spot == {"QRX": Instrument("QRX-USDT", "QRX"), "NEW": Instrument("NEW-USDT", "NEW", live=False)}
    assert found.perp == {
        "QRX": Instrument("QRX-USDT-SWAP", "QRX", contract_size=100.0),
        "PRE": Instrument("PRE-USDT-SWAP", "PRE", pre_market=True, contract_size=100.0),
    }
    listed.asked.clear()
    answer = await venue.ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    assert answer.quote.perp.book is not None and tuple(answer.quote.perp.book.bids) == ((0.025, 3_000.0),)
    assert not any(asked.path.endswith("instruments") for asked in listed.asked)


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b'{"msg":"Too Many Requests","code":"50011"}', 429, "429"),
        (b'{"code":"50001","msg":"Service temporarily unavailable","data":[]}', 503, "503"),
        (b'{"code":"50013","msg":"Systems are busy","data":[]}', 200, "50013 Systems are busy"),
        (b'{"code":404,"data":{},"msg":"Not Found"}', 404, "404"),
        (b'{"code":"0","msg":"","data":[]}', 200, "empty answer"),
        (b'{"code":"0","msg":"","data":{}}', 200, "unreadable"),
        (b"<html></html>", 200, "web page"),
    ],
)
def test_trouble_is_never_not_listed(body: bytes, status: int, reason: str) -> None:
    with pytest.raises(NoAnswer, match=reason):
        wire.parse_ticker(reply(body, status))


def test_empty_texts_before_the_opening_are_unknown() -> None:
    blank = {**TICKER, **dict.fromkeys(("last", "askPx", "bidPx", "volCcy24h"), ""), "lastSz": "0"}
    ticker = wire.parse_ticker(reply(msgspec.json.encode(envelope(blank))))
    assert not isinstance(ticker, NotListed)
    assert (ticker.last, ticker.bid, ticker.ask, ticker.quote_volume_24h) == (None, None, None, None)


async def test_the_run_is_read_from_candles_newest_first(clock: FakeClock, door: FakeDoor) -> None:
    first = NOW - 60_000
    rows = [
        [str(NOW), "1.1", "1.3", "1.1", "1.2", "9", "9", "11", "0"],
        [str(first), "1.0", "1.2", "1.0", "1.1", "9", "9", "9.5", "1"],
        [str(first - 60_000), "0.5", "9", "0.5", "1.0", "9", "9", "9", "1"],
    ]
    door.says("okx", f"{V5}/market/candles", envelope(*rows), instId="QRX-USDT", bar="1m")
    run = await Okx(door, clock).run_since("QRX", first + 10)
    assert isinstance(run, Run)
    assert (run.at_publication, run.now, run.high, run.quote_volume) == (1.0, 1.2, 1.3, 20.5)


async def test_transfer_state_by_chain_with_a_key(clock: FakeClock, listed: FakeDoor) -> None:
    rows = [
        {"ccy": "QRX", "chain": "QRX-ERC20", "ctAddr": "0xabc", "canDep": True, "canWd": False, "fee": "1.5",
         "minWd": "3", "minDepArrivalConfirm": "64"},
        {"ccy": "QRX", "chain": "QRX-Arbitrum One", "ctAddr": "", "canDep": False, "canWd": True, "fee": "",
         "minFee": "0"},
    ]  # fmt: skip
    listed.says("okx", f"{V5}/asset/currencies", envelope(*rows), ccy="QRX")
    answer = await Okx(listed, clock, key=lambda: ApiKey("k", "s", "p")).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Transfers)
    erc20, arbitrum = answer.quote.transfers.networks
    assert (erc20.network, erc20.deposit, erc20.withdrawal) == ("ERC20", TransferState.OPEN, TransferState.CLOSED)
    assert (str(erc20.withdraw_fee), erc20.confirmations, erc20.contract) == ("1.5", 64, "0xabc")
    assert (arbitrum.network, str(arbitrum.withdraw_fee)) == ("Arbitrum One", "0")
    listed.says("okx", f"{V5}/asset/currencies", {"code": "50103", "msg": "no key"}, status=401)
    answer = await Okx(listed, clock, key=lambda: ApiKey("k", "s", "p")).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Silent)


PARSERS = (
    *(wire.parse_ticker, wire.parse_book, wire.parse_funding_rate, wire.parse_mark_price, wire.parse_transfers),
    *(wire.parse_spot_instruments, wire.parse_swap_instruments, wire.parse_swap_instrument, wire.parse_candles),
)


@pytest.mark.parametrize("parse", PARSERS)
@given(
    body=st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b'{"code":"0","data":[[]]}', b'{"code":"0","data":[{}]}', b'{"code":"0","data":[["1"]]}']),
    ),
    status=st.integers(200, 599),
)
def test_any_bytes_give_a_value_or_no_answer(parse: Any, body: bytes, status: int) -> None:
    try:
        parse(reply(body, status))
    except NoAnswer as e:
        assert str(e)
