"""Every fetcher through the real door against the simulated services, over real connections."""

from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest

from analysis.fetching.bank import Bank
from analysis.fetching.coingecko import CoinGecko
from analysis.fetching.everyone import VENUES
from analysis.fetching.korea import Korea
from analysis.fetching.sources import Venue
from analysis.fx_legs import FxSources
from analysis.quotes import BankRate, Book, Listed, NotListed, Perp, Run, Silent, Spot, Transfers
from analysis.routes import canonical
from analysis.tokenomics import MarketCap
from analysis.venues.binance import Binance
from analysis.venues.bybit import Bybit
from analysis.venues.okx import Okx
from analysis.venues.signing import ApiKey
from analysis.verdict import TransferState
from collectors.events import Exchange
from collectors.exchanges.rest import Ticker
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from config.load import load_settings
from simulator.world.venues import Entry
from tests.fakes.simulator import FakeSimClock, SimulatorHandle, running_simulator

PATHS = {
    "upbit": "/upbit", "bithumb": "/bithumb", "binance": "/binance", "binance_futures": "/binance-futures",
    "okx": "/okx", "bybit": "/bybit", "coingecko": "/coingecko", "dunamu": "/fx/dunamu", "er_api": "/fx/er-api",
    **{name: f"/{name}" for name in ("gate", "kucoin", "bitget", "mexc", "htx", "coinbase", "kraken")},
    **{f"{name}_futures": f"/{name}-futures" for name in ("kucoin", "htx", "kraken")},
}  # fmt: skip
KEYED: dict[str, type[Binance | Okx | Bybit]] = {"binance": Binance, "okx": Okx, "bybit": Bybit}
CONFIG = Path(__file__).resolve().parents[3] / "config"
OPEN_BOOKS = ("gate", "bitget", "kucoin", "htx")  # tell deposits and withdrawals by network without a key
HOSTS = {name: (name, f"{name}-futures") for name in ("binance", "kucoin", "htx", "kraken")}
HEDGED = [name for name in VENUES if name != "coinbase"]


@pytest.fixture
def clock() -> FakeSimClock:
    return FakeSimClock()


@pytest.fixture
async def sim(clock: FakeSimClock) -> AsyncIterator[SimulatorHandle]:
    async with running_simulator(markets=12, rate=20, clock=clock) as handle:
        for venue in VENUES:  # the clock stands, so a latency would never be over
            handle.world.venue(venue).latency_ms = 0
        yield handle


@pytest.fixture
async def door(sim: SimulatorHandle, clock: FakeSimClock) -> AsyncIterator[HttpDoor]:
    """No limits of our own: the clock stands still."""
    urls = {service: sim.url + path for service, path in PATHS.items()}
    async with open_door(HttpDoor(urls, Limits({}), clock, "radar-test")) as door:
        await door.load()  # in a thread: else a question may leave so late that failures before it make it wait
        yield door


def entry(sim: SimulatorHandle, venue: str, base: str) -> Entry:
    coin = sim.world.coin(base)
    assert coin is not None
    return sim.world.venue(venue).list_coin(coin)


def made(name: str, door: HttpDoor, clock: FakeSimClock, key: ApiKey | None = None) -> Venue:
    return VENUES[name](door, clock, 5.0) if key is None else KEYED[name](door, clock, 5.0, lambda: key)


@pytest.mark.parametrize("name", VENUES)
async def test_a_venues_answer_is_the_worlds_truth(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    answer = await made(name, door, clock).ask("BTC")
    spot = sim.world.venue(name).spot("BTC")
    assert isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot) and spot is not None
    told = answer.quote.spot
    assert told.last and told.bid and told.ask and told.quote_volume_24h and told.book
    # where the market is against USD the figures went there and back through its price of a USDT
    assert (told.last.value, told.bid.value, told.ask.value) == pytest.approx((spot.last, spot.bid, spot.ask))
    assert told.quote_volume_24h.value == pytest.approx(spot.value_24h, rel=1e-3)
    assert told.book.bids[0] == pytest.approx((spot.bid, spot.bid_size))
    assert len(told.book.asks) >= 100
    assert set(answer.quote.missing) <= {"transfers"}


@pytest.mark.parametrize("name", HEDGED)
async def test_a_venues_perpetual_is_the_worlds_truth(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    answer = await made(name, door, clock).ask("ETH")
    perp = sim.world.venue(name).perp("ETH")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp) and perp is not None
    hedge = answer.quote.perp
    assert hedge.mark and hedge.funding_rate and hedge.funding_interval_h and hedge.book
    assert hedge.mark.value == pytest.approx(perp.mark)
    hours, rate = hedge.funding_interval_h.value, hedge.funding_rate.value
    assert rate / hours == pytest.approx(perp.funding_rate / 8, abs=1e-8)
    if name != "kraken":
        assert (hours, hedge.next_funding_ms) == (8.0, perp.next_funding_ms)
    assert hedge.book.asks[0][0] == pytest.approx(perp.ask)
    assert hedge.book.asks[0][1] == pytest.approx(perp.ask_size, rel=0.2 if name == "gate" else 1e-6)  # whole contracts


@pytest.mark.parametrize("name", OPEN_BOOKS)
async def test_transfers_are_told_without_a_key(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    entry(sim, name, "ETH").withdrawal = False
    answer = await made(name, door, clock).ask("ETH")
    truth = sim.world.venue(name).currency("ETH")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Transfers) and truth is not None
    networks = load_settings(CONFIG).networks
    told = {canonical(networks, name, state.network): state for state in answer.quote.transfers.networks}
    assert {"ETH"} <= set(told)  # not every venue's spelling of every chain is known
    assert {(state.deposit, state.withdrawal) for state in told.values()} == {
        (TransferState.OPEN, TransferState.CLOSED)
    }
    fees = {state.withdraw_fee is None for state in told.values()}
    assert fees == {name == "gate"}


@pytest.mark.parametrize("name", HEDGED)
@pytest.mark.parametrize("warm", [False, True])
async def test_a_multiplied_perpetual_is_told_per_coin_with_and_without_the_list(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str, warm: bool
) -> None:
    entry(sim, name, "SHIB").perp = True
    venue = made(name, door, clock)
    if warm:
        await venue.instruments()
    answer = await venue.ask("SHIB")
    perp = sim.world.venue(name).perp("SHIB")
    assert isinstance(answer, Listed) and isinstance(answer.quote.perp, Perp) and perp is not None
    hedge = answer.quote.perp
    assert hedge.mark and hedge.book
    assert hedge.multiplier == perp.multiplier
    assert hedge.mark.value == pytest.approx(perp.mark, rel=1e-5)
    assert hedge.book.bids[0][0] == pytest.approx(perp.bid, rel=1e-5)
    contract = 1e6 if name == "gate" else 0.0  # whole contracts there
    assert hedge.book.bids[0][1] == pytest.approx(perp.bid_size, rel=1e-5, abs=contract)


@pytest.mark.parametrize("name", VENUES)
async def test_a_coin_nobody_lists_is_not_listed(door: HttpDoor, clock: FakeSimClock, name: str) -> None:
    assert await made(name, door, clock).ask("NOSUCHCOIN") == NotListed()


@pytest.mark.parametrize("name", VENUES)
async def test_before_its_opening_a_coin_is_listed_without_figures(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    entry(sim, name, "ETH").live = False
    answer = await made(name, door, clock).ask("ETH")
    assert isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot)
    spot = answer.quote.spot
    assert (spot.last, spot.bid, spot.ask, spot.quote_volume_24h) == (None, None, None, None)
    assert spot.book is not None and tuple(spot.book.bids) == ()


@pytest.mark.parametrize("name", VENUES)
async def test_the_lists_are_those_of_the_world(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    found = await made(name, door, clock).instruments()
    world = sim.world.venue(name)
    assert not isinstance(found.spot, Silent) and not isinstance(found.perp, Silent)
    assert set(found.spot) == set(world.bases())
    perps = {base for base in world.bases() if world.perp(base) is not None} if name in HEDGED else set()
    assert set(found.perp) == perps


@pytest.mark.parametrize("name", KEYED)
async def test_a_key_opens_the_transfer_state(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    entry(sim, name, "ETH").withdrawal = False
    answer = await made(name, door, clock, ApiKey("k", "s", "p")).ask("ETH")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Transfers)
    states = {(one.deposit, one.withdrawal) for one in answer.quote.transfers.networks}
    assert states == {(TransferState.OPEN, TransferState.CLOSED)}


@pytest.mark.parametrize("name", VENUES)
async def test_the_run_starts_at_the_minute_of_the_notice(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str
) -> None:
    run = await made(name, door, clock).run_since("BTC", clock.now_ms() - 30 * 60_000 - 5_000)
    spot = sim.world.venue(name).spot("BTC")
    assert isinstance(run, Run) and spot is not None
    assert run.at_publication is not None
    assert run.now == pytest.approx(spot.bid)
    assert run.high >= run.now
    assert run.resolution_s == 60


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("kind", ["http_html", "http_403", "http_451", "http_5xx", "http_429"])
async def test_a_venue_in_trouble_is_silent(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str, kind: str
) -> None:
    for target in HOSTS.get(name, (name,)):
        await sim.post("/sim/fault", target=target, kind=kind, for_s=60)
    assert isinstance(await made(name, door, clock).ask("BTC"), Silent)


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("kind", ["zero_price", "null_price"])
async def test_a_price_of_zero_or_null_is_no_price(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, name: str, kind: str
) -> None:
    for target in HOSTS.get(name, (name,)):
        await sim.post("/sim/fault", target=target, kind=kind, for_s=60)
    answer = await made(name, door, clock).ask("BTC")
    assert isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot)
    assert (answer.quote.spot.last, answer.quote.spot.bid) == (None, None)
    assert answer.quote.spot.book is None or answer.quote.spot.book.mid is None


@pytest.mark.parametrize("exchange", ["upbit", "bithumb"])
async def test_the_korean_side_answers(
    sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock, exchange: Exchange
) -> None:
    answer = await Korea(door, clock, 5.0).ask(exchange, "BTC")
    truth = sim.world.book(exchange, "KRW-BTC", 1)
    assert isinstance(answer.book, Book) and isinstance(answer.ticker, Ticker)
    assert answer.book.bids[0][0] == truth.bids[0][0]
    assert answer.book.taken_ms == pytest.approx(clock.now_ms(), abs=60_000)
    assert (await Korea(door, clock, 5.0).ask(exchange, "NOSUCHCOIN")).book == NotListed()
    assert isinstance(answer.transfers, Transfers if exchange == "bithumb" else Silent)


async def nobody(symbol: str, contracts: Collection[str]) -> tuple[str, ...]:
    """A registry that knows no contract."""
    return ()


async def test_bank_legs_and_caps_answer(sim: SimulatorHandle, door: HttpDoor, clock: FakeSimClock) -> None:
    rate = await Bank(door, clock, 5.0).rate()
    assert isinstance(rate, BankRate) and rate.krw_per_usd == sim.world.bank_rate().base_price
    answer = await FxSources(door, clock, 5.0).legs()
    assert answer.missing == {}
    legs = answer.legs
    assert legs.btc_krw and legs.btc_usdt and legs.usdt_krw
    assert legs.btc_krw.price / legs.btc_usdt.price == pytest.approx(legs.usdt_krw.price, rel=0.03)
    cap = await CoinGecko(door, clock, nobody).market_cap("BTC")
    assert isinstance(cap, MarketCap) and cap.market_cap_usd is not None and cap.market_cap_usd > 1e11
