"""What is particular to one venue: its own words for absence, its units, its fees; and what the asking side keeps."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fetching.everyone import VENUES
from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Book, Listed, NotListed, Perp, Run, Silent, Spot, Transfers
from analysis.venues import bitget_wire, coinbase_wire, gate_wire, htx_wire, kraken_wire, kucoin_wire, mexc_wire
from analysis.venues.assemble import Ticker
from analysis.venues.bitget import BITGET
from analysis.venues.coinbase import COINBASE
from analysis.venues.gate import GATE
from analysis.venues.htx import HTX
from analysis.venues.kraken import KRAKEN
from analysis.venues.kucoin import KUCOIN
from analysis.venues.mexc import MEXC
from analysis.venues.rest_venue import RestVenue
from analysis.verdict import TransferState
from config.units import MINUTE_MS
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor
from tests.fakes.venue_pages.bitget import bitget_page
from tests.fakes.venue_pages.everyone import SCRIPTS
from tests.fakes.venue_pages.htx import htx_page
from tests.fakes.venue_pages.kraken import kraken_page
from tests.fakes.venue_pages.kucoin import kucoin_page
from tests.fakes.venue_pages.script import NOW, Told, encoded

DIALECTS = {dialect.name: dialect for dialect in (GATE, BITGET, HTX, COINBASE, KUCOIN, MEXC, KRAKEN)}
THEN = NOW - NOW % MINUTE_MS - 3 * MINUTE_MS  # a whole minute, three before this one


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    return FakeDoor(clock)


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, encoded(body), NOW, "venue /x")


# --- units ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gate", "kucoin", "mexc", "htx"])
@pytest.mark.parametrize("warm", [False, True])
async def test_sizes_in_contracts_become_coins_with_and_without_the_list(
    door: FakeDoor, clock: FakeClock, name: str, warm: bool
) -> None:
    SCRIPTS[name].plays(door)
    venue = VENUES[name](door, clock, 0.8)
    if warm:
        SCRIPTS[name].shows_lists(door)
        await venue.instruments()
        SCRIPTS[name].plays(door)
    answer = await venue.ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    assert answer.quote.perp.book is not None
    assert answer.quote.perp.book.bids[0] == pytest.approx((0.025, 1000.0))


async def test_without_the_size_of_a_contract_there_is_no_book(door: FakeDoor, clock: FakeClock) -> None:
    SCRIPTS["mexc"].plays(door)
    door.says("mexc", "/api/v1/contract/detail", b"", status=500)
    answer = await RestVenue(MEXC, door, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    assert answer.quote.perp.mark is not None
    assert answer.quote.perp.book is None
    assert answer.quote.missing["perp.book"] == "the size of a contract is not told"


async def test_a_thousandfold_perpetual_is_told_per_coin(door: FakeDoor, clock: FakeClock) -> None:
    SCRIPTS["bitget"].plays(door)
    contracts = [{"symbol": "1000QRXUSDT", "baseCoin": "1000QRX", "quoteCoin": "USDT", "symbolStatus": "normal"}]
    door.says("bitget", "/api/v2/mix/market/contracts", bitget_page(contracts))
    door.says("bitget", "/api/v2/spot/public/symbols", bitget_page([{**contracts[0], "status": "online"}]))
    ticker = {"symbol": "1000QRXUSDT", "markPrice": "25.15", "fundingRate": "0.0001", "ts": str(NOW)}
    book = {"bids": [["25", "3"]], "asks": [["26", "4"]], "ts": str(NOW)}
    asked = {"symbol": "1000QRXUSDT"}
    door.says("bitget", "/api/v2/mix/market/ticker", bitget_page([ticker]), when=asked)
    door.says("bitget", "/api/v2/mix/market/merge-depth", bitget_page(book), when=asked)
    venue = RestVenue(BITGET, door, clock)
    await venue.instruments()
    answer = await venue.ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp)
    perp = answer.quote.perp
    assert (perp.symbol, perp.multiplier) == ("1000QRXUSDT", 1000)
    assert perp.mark is not None and perp.mark.value == pytest.approx(0.02515)
    assert perp.book is not None and tuple(perp.book.bids) == ((0.025, 3000.0),)


@pytest.mark.parametrize(("name", "path"), [("coinbase", "/products/USDT-USD/ticker"), ("kraken", "/0/public/Ticker")])
async def test_dollars_become_usdt_by_the_venues_own_market(
    door: FakeDoor, clock: FakeClock, name: str, path: str
) -> None:
    SCRIPTS[name].plays(door)
    dear: Any = {"price": "1.25", "bid": "1.24", "ask": "1.26", "volume": "1"}
    if name == "kraken":
        dear = kraken_page("USDTZUSD", {"a": ["1.26"], "b": ["1.24"], "c": ["1"], "v": ["1", "1"], "p": ["1", "1"]})
    door.says(name, path, dear, when={"pair": "USDTUSD"} if name == "kraken" else None)
    answer = await RestVenue(DIALECTS[name], door, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot)
    spot = answer.quote.spot
    assert spot.bid and spot.quote_volume_24h and spot.book
    assert spot.bid.value == pytest.approx(0.025 / 1.25)
    assert spot.quote_volume_24h.value == pytest.approx(1_250_000.5 / 1.25)
    assert spot.book.bids[0] == pytest.approx((0.025 / 1.25, 1000))
    if isinstance(answer.quote.perp, Perp):
        assert answer.quote.perp.mark and answer.quote.perp.mark.value == pytest.approx(0.02515 / 1.25)


async def test_without_the_dollars_price_a_dollar_market_is_listed_without_figures(
    door: FakeDoor, clock: FakeClock
) -> None:
    SCRIPTS["coinbase"].plays(door)
    door.says("coinbase", "/products/USDT-USD/ticker", b"", status=503)
    answer = await RestVenue(COINBASE, door, clock).ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot)
    assert (answer.quote.spot.bid, answer.quote.spot.book) == (None, None)
    assert answer.quote.missing["dollars"] == "price of USDT in USD: HTTP 503, server error"


def test_krakens_absolute_funding_becomes_a_rate() -> None:
    row = {"symbol": "PF_QRXUSD", "markPrice": 2.0, "fundingRate": 0.0003}
    told = kraken_wire.parse_perp_ticker(reply({"result": "success", "ticker": row}))
    assert not isinstance(told, NotListed)
    assert told.funding_rate is not None and told.funding_rate.value == pytest.approx(0.00015)
    without = kraken_wire.parse_perp_ticker(reply({"result": "success", "ticker": {**row, "markPrice": 0}}))
    assert not isinstance(without, NotListed) and without.funding_rate is None


# --- words for absence ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, {"buy": None, "sell": None, "last": None, "volValue": None}])
def test_kucoins_null_denies_a_pair_only_if_no_list_has_it(data: object) -> None:
    assert kucoin_wire.parse_stats(reply(kucoin_page(data)), in_list=False) == NotListed()
    if data is None:
        with pytest.raises(NoAnswer, match="null"):
            kucoin_wire.parse_stats(reply(kucoin_page(data)), in_list=True)
    else:
        assert kucoin_wire.parse_stats(reply(kucoin_page(data)), in_list=True) == Ticker()


def test_kucoins_400100_for_another_parameter_denies_nothing() -> None:
    with pytest.raises(NoAnswer, match="400100"):
        kucoin_wire.parse_stats(reply({"code": "400100", "msg": "pageSize should not greater than 500"}), in_list=False)


def test_a_market_of_htx_that_is_not_open_yet_is_listed_without_figures() -> None:
    early = {"status": "error", "err-code": "invalid-parameter", "err-msg": "symbol trade not open now", "ts": NOW}
    assert htx_wire.parse_merged(reply(early)) == Ticker()
    book = htx_wire.parse_depth(reply(early))
    assert isinstance(book, Book) and not book.bids and not book.asks


def test_another_error_of_htx_denies_nothing() -> None:
    for message in ("request limit", "system busy", ""):
        with pytest.raises(NoAnswer):
            htx_wire.parse_merged(reply({"status": "error", "err-code": "invalid-parameter", "err-msg": message}))


@pytest.mark.parametrize("error", ["EGeneral:Too many requests", "EService:Unavailable", "EGeneral:Temporary lockout"])
def test_krakens_errors_with_http_200_are_no_denial(error: str) -> None:
    with pytest.raises(NoAnswer, match=error):
        kraken_wire.parse_ticker(reply({"error": [error]}))


def test_a_moved_address_is_no_denial() -> None:
    with pytest.raises(NoAnswer):
        coinbase_wire.parse_ticker(reply({"message": "Route not found"}, 404))


# --- lists ----------------------------------------------------------------------------------------------------------


def test_gates_early_markets_are_told_apart() -> None:
    rows = [
        {"id": f"{base}_USDT", "base": base, "quote": "USDT", "trade_status": status, "type": kind}
        for base, status, kind in (
            ("LIVE", "tradable", "normal"),
            ("SOON", "untradable", "normal"),
            ("EARLY", "tradable", "premarket"),
        )
    ]
    pairs = gate_wire.parse_pairs(reply(rows))
    assert {base: (one.live, one.pre_market) for base, one in pairs.items()} == {
        "LIVE": (True, False),
        "SOON": (False, False),
        "EARLY": (True, True),
    }


def test_contracts_that_leave_are_no_hedge() -> None:
    rows = [
        {"name": "OLD_USDT", "quanto_multiplier": "1", "in_delisting": True},
        {"name": "NEW_USDT", "quanto_multiplier": "100", "status": "prelaunch"},
        {"name": "BTC_USD", "quanto_multiplier": "0"},
        {"name": "QRX_USDT", "quanto_multiplier": "10"},
    ]
    found = gate_wire.parse_contracts(reply(rows))
    assert {base: (one.contract_size, one.pre_market) for base, one in found.items()} == {
        "NEW": (100.0, True),
        "QRX": (10.0, False),
    }


def test_bitcoin_is_xbt_at_kucoin_and_kraken() -> None:
    row = {"symbol": "XBTUSDTM", "baseCurrency": "XBT", "quoteCurrency": "USDT", "multiplier": 0.001, "status": "Open"}
    assert kucoin_wire.parse_contracts(reply(kucoin_page([row])))["BTC"].symbol == "XBTUSDTM"
    pair = {"altname": "XBTUSD", "wsname": "XBT/USD", "status": "online"}
    assert kraken_wire.parse_pairs(reply(kraken_page("XXBTZUSD", pair)))["BTC"].symbol == "XBTUSD"
    assert [one.symbol for one in KRAKEN.perp_names("BTC")] == ["PF_XBTUSD"]
    assert KUCOIN.perp_names("BTC")[0].symbol == "XBTUSDTM"


def test_the_dollar_market_is_preferred_where_there_are_both() -> None:
    rows = [
        {"id": f"QRX-{quote}", "base_currency": "QRX", "quote_currency": quote, "status": "online"}
        for quote in ("EUR", "USDT", "USD")
    ]
    assert coinbase_wire.parse_products(reply(rows))["QRX"].symbol == "QRX-USD"
    rows[2]["status"] = "delisted"
    assert coinbase_wire.parse_products(reply(rows))["QRX"].symbol == "QRX-USDT"


# --- transfers ------------------------------------------------------------------------------------------------------


def state(transfers: Transfers | NotListed) -> Any:
    assert isinstance(transfers, Transfers)
    return transfers.networks[0]


@pytest.mark.parametrize(
    ("kind", "fee"), [("fixed", Decimal("7")), ("circulated", Decimal("9")), ("ratio", None), ("new kind", None)]
)
def test_htx_has_three_kinds_of_fees(kind: str, fee: Decimal | None) -> None:
    chain = {"chain": "qrx1", "withdrawFeeType": kind, "transactFeeWithdraw": "7", "maxTransactFeeWithdraw": "9"}
    told = state(htx_wire.parse_transfers(reply({"code": 200, "data": [{"currency": "qrx", "chains": [chain]}]})))
    assert told.withdraw_fee == fee
    assert (told.network, told.deposit, told.withdrawal) == ("qrx1", TransferState.UNKNOWN, TransferState.UNKNOWN)


def test_a_fee_in_parts_of_the_amount_is_no_number_of_coins() -> None:
    kucoin = {"chainId": "eth", "withdrawalMinFee": "3", "withdrawFeeRate": "0.001"}
    page = kucoin_page({"currency": "QRX", "chains": [kucoin]})
    assert state(kucoin_wire.parse_transfers(reply(page))).withdraw_fee is None
    bitget = {"chain": "ERC20", "withdrawFee": "3", "extraWithdrawFee": "0.1", "congestion": "congested"}
    told = state(bitget_wire.parse_transfers("QRX", reply(bitget_page([{"coin": "QRX", "chains": [bitget]}]))))
    assert (told.withdraw_fee, told.note) == (None, "network congested")


@pytest.mark.parametrize("flag", [None, "", "perhaps", 2])
def test_a_flag_that_is_none_is_unknown(flag: object) -> None:
    chain = {"chain": "ERC20", "withdrawable": flag, "rechargeable": flag}
    told = state(bitget_wire.parse_transfers("QRX", reply(bitget_page([{"coin": "QRX", "chains": [chain]}]))))
    assert (told.deposit, told.withdrawal) == (TransferState.UNKNOWN, TransferState.UNKNOWN)


@pytest.mark.parametrize(
    ("coin", "network", "told"),
    [
        ("online", "online", TransferState.OPEN),
        ("online", "offline", TransferState.CLOSED),
        ("online", "maintenance", TransferState.UNKNOWN),
        ("delisted", "online", TransferState.CLOSED),
        ("", "online", TransferState.UNKNOWN),
    ],
)
def test_a_coin_that_coinbase_took_off_moves_over_no_chain(coin: str, network: str, told: TransferState) -> None:
    page = {"id": "QRX", "status": coin, "supported_networks": [{"id": "solana", "status": network}]}
    found = state(coinbase_wire.parse_transfers(reply(page)))
    assert (found.deposit, found.withdrawal) == (told, told)


@pytest.mark.parametrize(
    ("status", "deposit", "withdrawal"),
    [
        ("deposit_only", TransferState.UNKNOWN, TransferState.CLOSED),
        ("withdrawal_only", TransferState.CLOSED, TransferState.UNKNOWN),
        ("funding_temporarily_disabled", TransferState.CLOSED, TransferState.CLOSED),
    ],
)
def test_what_kraken_forbids_is_forbidden_on_every_network(
    status: str, deposit: TransferState, withdrawal: TransferState
) -> None:
    found = state(kraken_wire.parse_transfers(reply(kraken_page("QRX", {"altname": "QRX", "status": status}))))
    assert (found.network, found.deposit, found.withdrawal) == ("every network", deposit, withdrawal)


def test_what_kraken_allows_may_still_be_closed_on_one_network() -> None:
    with pytest.raises(NoAnswer, match="nothing of its networks"):
        kraken_wire.parse_transfers(reply(kraken_page("QRX", {"altname": "QRX", "status": "enabled"})))


@pytest.mark.parametrize("chains", [None, []])
def test_no_chain_told_is_unknown_not_none(chains: object) -> None:
    for parse, page in (
        (gate_wire.parse_transfers, {"currency": "QRX", "chains": chains}),
        (kucoin_wire.parse_transfers, kucoin_page({"currency": "QRX", "chains": chains})),
        (htx_wire.parse_transfers, {"code": 200, "data": [{"currency": "qrx", "chains": chains}]}),
        (coinbase_wire.parse_transfers, {"id": "QRX", "status": "online", "supported_networks": chains}),
    ):
        with pytest.raises(NoAnswer):
            parse(reply(page))


# --- the run so far, and what is kept -------------------------------------------------------------------------------

# Three minutes from THEN: 1.0 -> 1.1 (high 1.3), 1.1 -> 1.2, 1.2 -> 1.25; 100 USDT each.
ROWS = ((0, 1.0, 1.3, 0.9, 1.1), (1, 1.1, 1.2, 1.1, 1.2), (2, 1.2, 1.25, 1.2, 1.25))
S = THEN // 1000
CANDLES: dict[str, tuple[str, object]] = {
    "gate": (
        "/api/v4/spot/candlesticks",
        [[str(S + 60 * n), "100", str(c), str(h), str(lo), str(o), "1", "true"] for n, o, h, lo, c in ROWS],
    ),
    "kucoin": (
        "/api/v1/market/candles",
        kucoin_page([[str(S + 60 * n), str(o), str(c), str(h), str(lo), "1", "100"] for n, o, h, lo, c in ROWS[::-1]]),
    ),
    "bitget": (
        "/api/v2/spot/market/candles",
        bitget_page(
            [[str(THEN + MINUTE_MS * n), str(o), str(h), str(lo), str(c), "1", "100", "100"] for n, o, h, lo, c in ROWS]
        ),
    ),
    "mexc": ("/api/v3/klines", [[THEN + MINUTE_MS * n, o, h, lo, c, "1", 0, "100"] for n, o, h, lo, c in ROWS]),
    "htx": (
        "/market/history/kline",
        htx_page(
            "data",
            [
                {"id": S + 60 * n, "open": o, "high": h, "low": lo, "close": c, "amount": 1, "vol": 100}
                for n, o, h, lo, c in ROWS[::-1]
            ],
        ),
    ),
    "coinbase": (
        "/products/QRX-USD/candles",
        [[S + 60 * n, lo, h, o, c, 100 / c] for n, o, h, lo, c in ROWS[::-1]],
    ),
    "kraken": (
        "/0/public/OHLC",
        {
            "error": [],
            "result": {
                "QRXZUSD": [[S + 60 * n, str(o), str(h), str(lo), str(c), "2", "50", 7] for n, o, h, lo, c in ROWS],
                "last": S,
            },
        },
    ),
}


@pytest.mark.parametrize("name", CANDLES)
async def test_the_run_since_the_notice_reads_each_venues_columns(door: FakeDoor, clock: FakeClock, name: str) -> None:
    SCRIPTS[name].plays(door)
    path, page = CANDLES[name]
    door.says(name, path, page)
    run = await RestVenue(DIALECTS[name], door, clock).run_since("QRX", THEN + 20_000)
    assert isinstance(run, Run)
    assert (run.at_publication, run.now, run.high) == (1.0, 1.25, 1.3)
    assert run.quote_volume == pytest.approx(300)
    assert run.run_bps == pytest.approx(2_500)


@pytest.mark.parametrize("name", CANDLES)
async def test_a_run_of_a_coin_that_is_not_there_is_not_listed(door: FakeDoor, clock: FakeClock, name: str) -> None:
    SCRIPTS[name].knows_nothing(door)
    assert await RestVenue(DIALECTS[name], door, clock).run_since("NOPE", THEN) == NotListed()


async def test_what_moves_slowly_is_asked_once_in_a_while(door: FakeDoor, clock: FakeClock) -> None:
    SCRIPTS["bitget"].plays(door)
    venue = RestVenue(BITGET, door, clock)

    def asked(path: str) -> int:
        return sum(path in one.path for one in door.asked)

    for _ in range(3):
        answer = await venue.ask("QRX")
        await clock.advance(2)
    assert (asked("/spot/market/tickers"), asked("/public/coins"), asked("current-fund-rate")) == (3, 1, 2)
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Transfers)
    assert answer.quote.transfers.taken_ms == NOW  # an old answer does not pass for a new one


async def test_a_silence_is_never_kept(door: FakeDoor, clock: FakeClock) -> None:
    SCRIPTS["bitget"].plays(door)
    door.says("bitget", "/api/v2/spot/public/coins", b"", status=500)
    venue = RestVenue(BITGET, door, clock)
    first = await venue.ask("QRX")
    assert isinstance(first, Listed) and isinstance(first.quote.transfers, Silent)
    SCRIPTS["bitget"].plays(door)
    second = await venue.ask("QRX")
    assert isinstance(second, Listed) and isinstance(second.quote.transfers, Transfers)


PARSERS = [
    *(gate_wire.parse_ticker, gate_wire.parse_book, gate_wire.parse_contract, gate_wire.parse_perp_book),
    *(gate_wire.parse_pairs, gate_wire.parse_contracts, gate_wire.parse_candles, gate_wire.parse_transfers),
    *(bitget_wire.parse_ticker, bitget_wire.parse_perp_ticker, bitget_wire.parse_book, bitget_wire.parse_symbols),
    *(htx_wire.parse_merged, htx_wire.parse_depth, htx_wire.parse_mark, htx_wire.parse_funding),
    *(htx_wire.parse_contracts, htx_wire.parse_symbols, htx_wire.parse_transfers, htx_wire.parse_candles),
    *(coinbase_wire.parse_ticker, coinbase_wire.parse_book, coinbase_wire.parse_products, coinbase_wire.parse_candles),
    *(coinbase_wire.parse_transfers, coinbase_wire.parse_dollars, kucoin_wire.parse_transfers),
    *(kucoin_wire.parse_symbols, kucoin_wire.parse_contracts, kucoin_wire.parse_candles),
    *(mexc_wire.parse_ticker, mexc_wire.parse_book, mexc_wire.parse_perp_ticker, mexc_wire.parse_contracts),
    *(kraken_wire.parse_ticker, kraken_wire.parse_depth, kraken_wire.parse_pairs, kraken_wire.parse_candles),
    *(kraken_wire.parse_transfers, kraken_wire.parse_perp_ticker, kraken_wire.parse_perps),
]
CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(body=st.binary(max_size=60) | CELLS, status=st.sampled_from([200, 400, 404]))
def test_any_bytes_give_a_value_or_no_answer(body: object, status: int) -> None:
    for parse in PARSERS:
        try:
            parse(reply(body, status))
        except NoAnswer:
            continue


@given(cell=CELLS, place=st.integers(0, 30))
def test_any_cell_in_a_good_page_gives_a_value_or_no_answer(cell: object, place: int) -> None:
    """One value of a real page replaced by anything."""
    for page, parse in (
        (SCRIPTS["gate"].listed(Told())[0].body, gate_wire.parse_ticker),
        (SCRIPTS["gate"].listed(Told())[1].body, gate_wire.parse_book),
        (SCRIPTS["htx"].listed(Told())[0].body, htx_wire.parse_merged),
        (SCRIPTS["htx"].listed(Told())[2].body, htx_wire.parse_transfers),
        (SCRIPTS["coinbase"].listed(Told())[0].body, coinbase_wire.parse_ticker),
        (SCRIPTS["kraken"].listed(Told())[0].body, kraken_wire.parse_ticker),
    ):
        try:
            parse(reply(replaced(page, place, cell)))
        except NoAnswer:
            continue


def replaced(page: Any, place: int, cell: object) -> Any:
    """The page with its leaf number `place` replaced."""
    count = -1

    def walk(node: Any) -> Any:
        nonlocal count
        if isinstance(node, dict):
            return {key: walk(value) for key, value in node.items()}
        if isinstance(node, list | tuple):
            return [walk(value) for value in node]
        count += 1
        return cell if count == place else node

    return walk(page)
