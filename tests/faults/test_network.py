"""Faults 1, 2, 3 and 36 on real sockets: lines reset and frozen, hosts that say nothing, DNS and TLS that fail."""

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import get_args

import pytest

from collectors.events import GapCause
from collectors.feeds.sink import Pace
from collectors.net import dial
from collectors.net.dial import Address, DialError, resolve, system_look_up
from collectors.net.http import HttpDoor, Unreachable, open_door
from collectors.net.limits import Limits
from collectors.net.socket import PING_EVERY_S, PONG_WITHIN_S, ConnectFailed, Library, SocketClosed, connector
from config.clock import SimulatorClock, SystemClock
from tests.fakes.exchange import FakeExchange, answer, send, stall, trade_frame
from tests.fakes.network import Proxy, mute_host, proxied, stalled_host
from tests.fakes.recording import BTC
from tests.fakes.simulator import SimulatorHandle, running_simulator
from tests.fakes.station import Station, compared, markets_of, recording

EXPIRED = Path(__file__).parents[1] / "fixtures" / "tls" / "expired.pem"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stage of a connection has a tenth of a second."""
    for name in ("RESOLVE_S", "CONNECT_S", "TLS_S"):
        monkeypatch.setattr(dial, name, 0.1)
    monkeypatch.setattr("collectors.net.socket.OPEN_TIMEOUT_S", 0.3)
    monkeypatch.setattr("collectors.net.session.CONNECT_S", 0.1)


@asynccontextmanager
async def behind_a_proxy(folder: Path) -> AsyncIterator[tuple[SimulatorHandle, Proxy, Station]]:
    """A station that records a simulated Upbit, its socket through a proxy, healing from REST beside it."""
    async with running_simulator(markets=12, rate=40.0, tick_s=0.05) as simulator, proxied(simulator.port) as proxy:
        clock = SimulatorClock(simulator.world.clock.now_ms(), 1.0, asyncio.get_running_loop().time)
        station = Station(folder, clock, {"upbit": f"ws://127.0.0.1:{proxy.port}/upbit/websocket/v1"})
        async with recording(station, {"upbit": markets_of(simulator, "upbit")}, rest=simulator.url):
            await station.until_live()
            await clock.sleep(8)
            yield simulator, proxy, station
    await asyncio.sleep(0)


def assert_healed_and_true(station: Station, simulator: SimulatorHandle, cause: GapCause) -> None:
    gaps = station.rows("SELECT * FROM gaps WHERE cause = ?", cause.value)
    assert len({gap["market_id"] for gap in gaps}) == len(station.rows("SELECT 1 FROM markets"))
    assert {gap["state"] for gap in gaps} == {"healed"}
    found = compared(station, simulator)
    assert found.wrong == []
    assert found.seconds > 50


@pytest.mark.leaping
async def test_fault_01_a_reset_line_is_replaced_and_its_gap_healed(tmp_path: Path) -> None:
    async with behind_a_proxy(tmp_path) as (simulator, proxy, station):
        (status,) = station.statuses
        heard_ms = status.last_message_ms
        assert heard_ms is not None
        proxy.reset()
        await station.until_back(status, GapCause.DISCONNECT)
        gaps = station.rows("SELECT from_ms FROM gaps WHERE cause = 'disconnect'")
        assert all(heard_ms - 6_000 <= gap["from_ms"] <= heard_ms + 1_000 for gap in gaps), "at the last good second"
        await station.until_healed()
    assert_healed_and_true(station, simulator, GapCause.DISCONNECT)


@pytest.mark.leaping
async def test_fault_02_a_half_open_line_of_a_busy_exchange_is_noticed_by_its_silence(tmp_path: Path) -> None:
    async with behind_a_proxy(tmp_path) as (simulator, proxy, station):
        (status,) = station.statuses
        proxy.freeze()
        frozen_s = station.clock.monotonic()
        await station.until("the line is given up", lambda: status.failures_in_a_row)
        assert station.clock.monotonic() - frozen_s < 15.0
        proxy.thaw()
        await station.until_back(status, GapCause.STALE)
        await station.until_healed()
    assert_healed_and_true(station, simulator, GapCause.STALE)


@pytest.mark.parametrize("library", get_args(Library))
async def test_fault_02_a_half_open_line_of_a_quiet_exchange_is_noticed_by_ping(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PING_EVERY_S + PONG_WITHIN_S <= 15.0
    for name in ("PING_EVERY_S", "PONG_WITHIN_S"):
        monkeypatch.setattr(f"collectors.net.socket.{name}", 0.1)
    exchange = FakeExchange(SystemClock())
    exchange.script(send("the only frame"))
    async with exchange.served() as url, proxied(int(url.rpartition(":")[2])) as proxy:
        line = await connector(library)(f"ws://127.0.0.1:{proxy.port}/", {})
        await line.send('[{"codes": []}]')
        assert await line.receive() == [b"the only frame"]
        waiting = asyncio.ensure_future(line.receive())
        await asyncio.sleep(0.3)  # it is kept open by answers as long as there are any
        assert not waiting.done()
        proxy.freeze()
        with pytest.raises(SocketClosed):
            await waiting
        await line.close()


async def test_fault_03_a_host_that_takes_the_connection_and_says_nothing_is_left_and_counted(tmp_path: Path) -> None:
    exchange = FakeExchange(SystemClock())
    async with exchange.served() as url:
        station = Station(
            tmp_path, SystemClock(), {"upbit": url}, pace=Pace(None, first_message_s=0.1, reconnect_first_s=0.01)
        )
        async with recording(station, {"upbit": [BTC]}):
            exchange.script(stall())
            exchange.script(stall())
            exchange.script(answer(lambda codes: [trade_frame(codes[0], 1.0, station.clock.now_ms(), 1)]))
            await station.until("the third connection is live", lambda: station.recorder.reading("upbit").live)
            assert station.health().feeds["upbit"].reconnects == 2
            assert station.health().feeds["upbit"].failures == 0
        assert len(exchange.connections) == 3


# --- DNS, TCP, TLS ----------------------------------------------------------------------------------------------------


async def refusal(url: str) -> str:
    """Why a socket cannot be opened, the same in each library."""
    said = set()
    for library in get_args(Library):
        with pytest.raises(ConnectFailed) as failed:
            await connector(library)(url, {})
        said.add(str(failed.value))
    assert len(said) == 1
    return said.pop()


async def refusal_of_a_question(url: str) -> str:
    """Why a question by HTTP gets no answer."""
    async with open_door(HttpDoor({"upbit": url}, Limits({}), SystemClock(), "radar/test")) as door:
        with pytest.raises(Unreachable) as failed:
            await door.get("upbit", "/v1/market/all")
    assert not failed.value.sent
    return str(failed.value).removeprefix("upbit: ")


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever signed the expired certificate is believed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(EXPIRED))
    dial.tls_context.cache_clear()
    yield
    dial.tls_context.cache_clear()


def expired() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(EXPIRED)
    return context


async def test_fault_36_a_name_that_is_not_known_is_named() -> None:
    assert (await refusal("ws://no-such-host.invalid/")).startswith("DNS: ")
    assert (await refusal_of_a_question("http://no-such-host.invalid")).startswith("DNS: ")


async def test_fault_36_an_address_waits_for_no_name_server() -> None:
    def never(host: str, port: int) -> Sequence[Address]:
        raise AssertionError(f"{host} was asked for")

    for host in ("127.0.0.1", "::1"):
        assert [address[4][:2] for address in await resolve(host, 443, never)] == [(host, 443)]


async def test_fault_36_a_name_server_that_hangs_holds_up_nobody_else(impatient: None) -> None:
    release = threading.Event()

    def hang(host: str, port: int) -> Sequence[Address]:
        release.wait()
        return system_look_up("127.0.0.1", port)

    try:
        asked = [resolve("upbit.test", 443, hang) for _ in range(40)]  # more than the loop has threads
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {str(each) for each in answers} == {"DNS: no answer for upbit.test within 0.1 s"}
        assert await asyncio.to_thread(lambda: "a thread is free") == "a thread is free"
    finally:
        release.set()


async def test_fault_36_an_address_that_stalls_makes_way_for_the_next_and_alone_is_named(impatient: None) -> None:
    with ExitStack() as stack:
        six, port = stalled_first(stack)
        good = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def both(host: str, _: int) -> Sequence[Address]:
            return [*system_look_up(six, port), *system_look_up("127.0.0.1", good.getsockname()[1])]

        with pytest.raises(DialError, match=re.escape("TCP: no connection to upbit.test:443 within 0.1 s")):
            await dial.dial("upbit.test", 443, lambda host, _: system_look_up(six, port))
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(dial, "CONNECT_S", 4.0)
        with await dial.dial("upbit.test", 443, both) as wire:
            assert wire.getpeername()[1] == good.getsockname()[1]


def stalled_first(stack: ExitStack) -> tuple[str, int]:
    """An address that stalls: of IPv6 where this machine has it."""
    host = "::1" if socket.has_ipv6 and Path("/proc/net/if_inet6").is_file() else "127.0.0.1"
    return host, stack.enter_context(stalled_host(host))


async def test_fault_36_a_tls_handshake_that_hangs_is_named(impatient: None) -> None:
    async with mute_host() as port:
        assert await refusal(f"wss://127.0.0.1:{port}/") == "TLS: no handshake within 0.1 s"
        assert await refusal_of_a_question(f"https://127.0.0.1:{port}") == "TCP or TLS: no connection within 0.1 s"


async def test_fault_36_a_handshake_of_the_socket_that_hangs_is_named(impatient: None) -> None:
    async with mute_host() as port:
        assert await refusal(f"ws://127.0.0.1:{port}/") == "WebSocket: no answer to the handshake within 0.3 s"


async def test_fault_36_a_certificate_that_has_expired_is_named(believed: None) -> None:
    async with mute_host(expired()) as port:
        assert await refusal(f"wss://127.0.0.1:{port}/") == "TLS: certificate has expired"
        assert await refusal_of_a_question(f"https://127.0.0.1:{port}") == "TLS: certificate has expired"


async def test_fault_36_what_fails_is_retried_and_named_in_health(tmp_path: Path, believed: None) -> None:
    async with mute_host(expired()) as port:
        pace = Pace(silent_s=30.0, reconnect_first_s=0.01, reconnect_cap_s=0.01)
        station = Station(tmp_path, SystemClock(), {"upbit": f"wss://127.0.0.1:{port}"}, pace=pace, rates={})
        async with recording(station, {"upbit": [BTC]}):
            await station.until("it was tried again and again", lambda: station.statuses[0].failures_in_a_row > 20)
            station.look()
            warning = next(each for each in station.health().warnings if each.startswith("upbit"))
            assert "times in a row: TLS: certificate has expired" in warning
            assert station.alarms == ["connection:upbit"]
