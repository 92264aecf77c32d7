"""Founding checks 45, 46 and 54: nobody waits for the gate, importing does nothing, the pipeline still holds."""

import subprocess
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from collectors.events import Channel, Exchange, Listing, ListingState, Market, Notice
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.market_monitor import MarketMonitor, News
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock

ROOT = Path(__file__).resolve().parents[2]
LISTING = Listing("upbit", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
NOTICE = Notice("upbit", "7", "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)", ("거래",), START_MS, START_MS)


class Notices:
    channel = Channel.UPBIT_NOTICES
    every_s = 1.0

    def __init__(self) -> None:
        self.looks = 0

    async def look(self) -> Sequence[Notice] | None:
        self.looks += 1
        return [NOTICE]

    async def whole(self, notice: Notice) -> Notice | None:
        return None


class Book:
    """Every look brings the same listing."""

    async def see_notices(self, channel: Channel, notices: Sequence[Notice], seen_ms: int) -> News:
        return News(listings=(LISTING,))

    async def see_markets(
        self,
        channel: Channel,
        markets: Set[Market],
        seen_ms: int,
        confirmed: Set[Market] | None = None,
        names: Mapping[Market, str] = {},
    ) -> News:
        return News()

    async def see_assets(self, channel: Channel, wallets: Sequence[Wallet], seen_ms: int) -> News:
        return News()

    def opens_soon(self, exchange: Exchange, now_ms: int) -> bool:
        return False


class BusyGate:
    """Takes one listing and refuses all others, as a gate that is still judging does; it has nothing to await."""

    def __init__(self) -> None:
        self.offered: list[Listing] = []

    def offer(self, listing: Listing) -> bool:
        self.offered.append(listing)
        return len(self.offered) == 1


async def test_45_monitor_hands_a_listing_to_the_gate_and_never_waits_for_it() -> None:
    clock, notices, gate = FakeClock(), Notices(), BusyGate()
    monitor = MarketMonitor([notices], [], Book(), gate, clock, lambda markets: None)
    async with running(monitor.run()):
        await clock.advance(9.5)
    assert notices.looks == 10
    assert gate.offered == [LISTING] * 10


def test_46_collector_daemon_imports_without_side_effects(tmp_path: Path) -> None:
    code = (
        "import asyncio, threading, sys\n"
        "before = threading.active_count()\n"
        "import collector_daemon\n"
        "assert threading.active_count() == before\n"
        "assert asyncio._get_running_loop() is None\n"
    )
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_54_the_pipeline_checks_still_pass() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "test_phase2.py")], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "20/20", done.stdout
