"""The registry of tokens: filled in slices, the exchange's own word first, never a guess that looks like a match."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.keepers.token_keeper import ROWS_A_SLICE, TokenKeeper
from collectors.notices.notice_parser import parse
from store.tables import token_registry
from store.tables.token_registry import Token
from tests.fakes.blank import open_blank
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor
from tests.fakes.evidence import SHIPPED

LIST = "/api/v3/coins/list"
NOVA = {"id": "nova", "symbol": "nova", "name": "Nova", "platforms": {"ethereum": "0xA1", "solana": "So1"}}
TWINS = [
    {"id": "twin", "symbol": "twin", "name": "Twin", "platforms": {"ethereum": "0xB1"}},
    {"id": "twin-2", "symbol": "TWIN", "name": "Twin Two", "platforms": {"solana": "So2", "ethereum": "0xB2"}},
]
OWN = {"id": "own", "symbol": "own", "name": "Own Chain", "platforms": {}}


class Direct:
    """A writer that works at once and notes how many rows each transaction changed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.changed: list[int] = []

    def offer(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        work(self._connection)
        return True

    async def run(self, work: Callable[[sqlite3.Connection], None], urgent: bool = False) -> None:
        before = self._connection.total_changes
        work(self._connection)
        self.changed.append(self._connection.total_changes - before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radar.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_blank(path)
    yield opened
    opened.close()


async def filled(connection: sqlite3.Connection, path: Path, *coins: object) -> tuple[TokenKeeper, Direct]:
    clock = FakeClock()
    door, writer = FakeDoor(clock), Direct(connection)
    door.says("coingecko", LIST, list(coins), include_platform="true")
    keeper = TokenKeeper(door, path, writer, clock, SHIPPED.networks)
    task = asyncio.create_task(keeper.fill())
    await clock.settle()
    while not task.done():
        await clock.advance(1)
    return keeper, writer


async def test_a_listed_coin_is_registered_but_its_address_proves_nothing_of_ours(
    path: Path, connection: sqlite3.Connection
) -> None:
    keeper, _ = await filled(connection, path, NOVA, OWN)
    assert token_registry.find(connection, "NOVA", "ETH") == Token("NOVA", "ETH", "0xA1", None, "nova", "Nova")
    assert token_registry.find(connection, "OWN") == Token("OWN", "", None, None, "own", "Own Chain")
    names = await keeper.known("upbit", "NOVA")
    assert (names.networks, dict(names.contracts)) == ((), {})
    assert (await keeper.known("upbit", "OWN")).contracts == {}
    assert (await keeper.known("upbit", "NOBODY")).contracts == {}


async def test_of_two_coins_with_one_ticker_neither_is_taken_for_ours(
    path: Path, connection: sqlite3.Connection
) -> None:
    keeper, _ = await filled(connection, path, *TWINS)
    assert token_registry.find(connection, "TWIN", "ETH") == Token("TWIN", "ETH")
    assert token_registry.find(connection, "TWIN", "SOL") == Token("TWIN", "SOL", "So2", None, "twin-2", "Twin Two")
    assert (await keeper.known("upbit", "TWIN")).contracts == {}


async def test_a_second_coin_of_a_ticker_takes_the_certainty_away_again(
    path: Path, connection: sqlite3.Connection
) -> None:
    await filled(connection, path, TWINS[0])
    keeper, _ = await filled(connection, path, *TWINS)
    assert token_registry.find(connection, "TWIN", "ETH") == Token("TWIN", "ETH", None, None, None, "Twin")
    assert (await keeper.known("upbit", "TWIN")).contracts == {}


BODY = "거래지원 개시 시점 2027-01-15 20:00 KST\n입출금 네트워크: Ethereum\n컨트랙트 주소: 0x" + "c0ffee" * 6 + "beef"


async def test_what_a_notice_names_stands_above_the_list(path: Path, connection: sqlite3.Connection) -> None:
    address = "0x" + "c0ffee" * 6 + "beef"
    keeper, _ = await filled(connection, path, *TWINS)
    notice = parse("upbit", "트윈(TWIN) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)", BODY)
    assert (notice.networks, notice.contracts) == (("Ethereum",), (address,))
    keeper.note("upbit", notice)
    names = await keeper.known("upbit", "TWIN")
    assert (names.networks, dict(names.contracts)) == (("ETH",), {"ETH": address})
    keeper, _ = await filled(connection, path, *TWINS)
    assert dict((await keeper.known("upbit", "TWIN")).contracts) == {"ETH": address}


async def test_no_transaction_takes_more_than_a_slice_and_an_unchanged_list_writes_nothing(
    path: Path, connection: sqlite3.Connection
) -> None:
    many = [{"id": f"c{n}", "symbol": f"c{n}", "name": "", "platforms": {"ethereum": f"0x{n}"}} for n in range(1_000)]
    _, writer = await filled(connection, path, *many)
    assert sum(writer.changed) == 1_000
    assert max(writer.changed) <= ROWS_A_SLICE
    _, writer = await filled(connection, path, *many)
    assert sum(writer.changed) == 0


async def test_a_list_that_does_not_come_is_asked_for_again_and_changes_nothing(
    path: Path, connection: sqlite3.Connection
) -> None:
    clock = FakeClock()
    door = FakeDoor(clock)
    door.says("coingecko", LIST, {"status": {"error_code": 429}}, status=429)
    task = asyncio.create_task(TokenKeeper(door, path, Direct(connection), clock, SHIPPED.networks).run())
    await clock.advance(1_000)
    task.cancel()
    assert len(door.asked) == 2
    assert connection.execute("SELECT COUNT(*) FROM token_registry").fetchone() == (0,)


GATE_COINS = [
    {"currency": "NEW", "chains": [{"name": "ETH", "addr": "0xN1"}, {"name": "NOSUCHCHAIN", "addr": "x"}]},
    {"currency": "NOVA", "chains": [{"name": "ETH", "addr": "0xWRONG"}]},
    {"currency": "BARE", "chains": [{"name": "ETH", "addr": ""}]},
    {"no": "coin"},
]


async def test_a_venues_list_fills_only_what_nobody_better_knows(path: Path, connection: sqlite3.Connection) -> None:
    await filled(connection, path, NOVA)
    clock = FakeClock()
    door = FakeDoor(clock)
    door.says("gate", "/api/v4/spot/currencies", GATE_COINS)
    keeper = TokenKeeper(door, path, Direct(connection), clock, SHIPPED.networks)
    task = asyncio.create_task(keeper.fill_from("gate"))
    while not task.done():
        await clock.advance(1)
    assert token_registry.find(connection, "NEW", "ETH") == Token("NEW", "ETH", "0xN1", told_by="gate")
    assert token_registry.find_all(connection, "BARE") == []
    assert [token.contract_address for token in token_registry.find_all(connection, "NOVA")] == ["0xA1", "So1"]
    assert (await keeper.known("upbit", "NEW")).contracts == {}
    await filled(connection, path, {"id": "new", "symbol": "new", "name": "New", "platforms": {"ethereum": "0xN2"}})
    assert token_registry.find(connection, "NEW", "ETH") == Token("NEW", "ETH", "0xN2", None, "new", "New")


COINBASE_COINS = [
    {
        "id": "FAR",
        "status": "online",
        "supported_networks": [
            {"id": "ethereum", "status": "online", "contract_address": "0xF1"},
            {"id": "nobody-knows", "status": "online", "contract_address": "0xF2"},
        ],
    },
    {"id": "BARE", "supported_networks": None},
    {"supported_networks": 7},
]


async def test_coinbases_list_is_read_under_its_own_names_of_chains(path: Path, connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    door = FakeDoor(clock)
    door.says("coinbase", "/currencies", COINBASE_COINS)
    keeper = TokenKeeper(door, path, Direct(connection), clock, SHIPPED.networks)
    task = asyncio.create_task(keeper.fill_from("coinbase"))
    while not task.done():
        await clock.advance(1)
    assert task.result() == 1
    assert token_registry.find_all(connection, "FAR") == [Token("FAR", "ETH", "0xF1", told_by="coinbase")]


async def test_a_venues_list_that_does_not_come_costs_nothing(path: Path, connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    door = FakeDoor(clock)
    door.says("bitget", "/api/v2/spot/public/coins", b"<html>", status=403)
    keeper = TokenKeeper(door, path, Direct(connection), clock, SHIPPED.networks)
    assert await keeper.fill_from("bitget") == 0


async def test_an_id_goes_with_its_contract_and_never_with_the_ticker(
    path: Path, connection: sqlite3.Connection
) -> None:
    """The notice names one contract, CoinGecko lists the ticker with another: the id is that of another coin."""
    address = "0x" + "c0ffee" * 6 + "beef"
    keeper, _ = await filled(connection, path, TWINS[0])
    assert await keeper.coingecko_ids("TWIN", ("0xb1",)) == ("twin",)
    keeper.note("upbit", parse("upbit", "트윈(TWIN) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)", BODY))
    assert await keeper.coingecko_ids("TWIN", (address,)) == ()
    keeper, _ = await filled(connection, path, TWINS[0])
    assert await keeper.coingecko_ids("TWIN", (address,)) == ()
    ours = {**TWINS[0], "id": "ours", "platforms": {"ethereum": address.upper().replace("0X", "0x")}}
    keeper, _ = await filled(connection, path, ours)
    assert await keeper.coingecko_ids("TWIN", (address,)) == ("ours",)
    assert await keeper.coingecko_ids("TWIN", ()) == ()
