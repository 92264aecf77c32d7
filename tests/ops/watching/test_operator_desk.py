"""The operator's news on its way: over a real database, through the real outbox, to chats that answer from a script."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from alerts.delivery import Retry, Uncertain
from alerts.outbox import Outbox
from alerts.unrecorded import Unrecorded
from config.settings import Alerting
from ops.process.lock import Run
from ops.watching.operator_desk import Before, Finding, OperatorDesk
from ops.watching.readings import ChannelReading, Readings
from ops.watching.restarts import STEADY_MS
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import CHAT, DirectWriter, ScriptedChats, open_database
from tests.ops.watching.test_health import DOWN, FEED, UP, readings, writer

FRESH = Before(None, "", None)
KILLED = Before(Run(1, ""), "", START_MS - 5_000)
FULL = "SQLITE_FULL: database or disk is full"


class LockedWriter(DirectWriter):
    """While `locked`, work waits as it does behind a disk that refuses: it is done once the disk is back."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        super().__init__(open_database(folder))
        self.locked = False
        self._clock = clock

    async def run(self, work, urgent=False):  # type: ignore[no-untyped-def]  # as DirectWriter's
        while self.locked:
            await self._clock.sleep(0.5)
        return self.do(work)


class Bench:
    """One daemon's worth of operator news; `restart` makes the next run over the same file."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.writer = LockedWriter(folder, self.clock)
        self.chats = ScriptedChats(self.clock)
        self.changes: dict[str, object] = {}

    def read(self) -> Readings:
        now_ms = self.clock.now_ms()
        fresh = msgspec.structs.replace(FEED, last_message_ms=now_ms)
        feeds = {"upbit": fresh, "bithumb": fresh}
        return readings(**{"now_ms": now_ms, "started_ms": START_MS, "feeds": feeds, **self.changes})

    @asynccontextmanager
    async def running(self, before: Before = FRESH, findings: tuple[Finding, ...] = ()) -> AsyncIterator[OperatorDesk]:
        notifiers = {"telegram": self.chats}
        outbox = Outbox(self.writer, notifiers, [CHAT], self.clock, Alerting(), "en", jitter=lambda: 0.5)
        unrecorded = Unrecorded(notifiers, [CHAT], self.clock, "en")
        desk = OperatorDesk(
            self.read, outbox, unrecorded, self.writer, self.clock, "en", before, ["telegram"], findings
        )
        tasks = [asyncio.ensure_future(outbox.run()), asyncio.ensure_future(desk.run())]
        await self.clock.settle()
        try:
            yield desk
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def texts(self) -> list[str]:
        return self.chats.texts(CHAT)

    def first_lines(self) -> list[str]:
        return [text.partition("\n")[0] for text in self.texts()]


async def test_a_start_is_told_once_the_channels_have_spoken(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.changes["channels"] = {"upbit:notices": ChannelReading("degraded", None, None, 0, "not asked yet")}
    async with bench.running():
        await bench.clock.advance(5)
        assert bench.texts() == []
        bench.changes["channels"] = {"upbit:notices": UP}
        await bench.clock.advance(2)
        assert bench.texts() == ["🔔 OPERATOR · started\noff: telegram (`check-config`)"]


async def test_a_start_without_a_notice_channel_names_that_first(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.changes["channels"] = {"upbit:notices": ChannelReading("degraded", None, None, 3, "HTTP 403"), "x": UP}
    async with bench.running():
        await bench.clock.advance(2)
        (text,) = bench.texts()
        assert text.startswith("🔔 OPERATOR · no notice channel of Upbit works")
        assert "UPBIT_ACCESS_KEY" in text.splitlines()[1]
        assert "started" in text


async def test_a_trouble_is_told_and_its_end_answers_that_message(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        await bench.clock.advance(2)
        bench.changes["channels"] = {"upbit:market_list": DOWN}
        await bench.clock.advance(30)
        bench.changes["channels"] = {"upbit:market_list": UP}
        await bench.clock.advance(30)
    down, up = bench.chats.to(CHAT)[1:]
    assert down.text.startswith("🔔 OPERATOR · listing channel upbit:market_list is down: HTTP 403")
    assert up.text == "✅ RECOVERED · listing channel upbit:market_list (after 30 s)"
    assert up.message.reply_to is not None


async def test_a_trouble_that_outlives_a_restart_is_not_told_twice_and_its_end_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.changes["disk_free_part"] = 0.05
    async with bench.running():
        await bench.clock.advance(5)
    async with bench.running(KILLED):
        await bench.clock.advance(60)
        bench.changes["disk_free_part"] = 0.5
        await bench.clock.advance(15)
    lines = bench.first_lines()
    assert [line.partition(" · ")[2][:14] for line in lines] == [
        "started",
        "5 % of the dis",
        "restarted afte",
        "disk space (af",
    ]
    assert lines[-1] == "✅ RECOVERED · disk space (after 1 min 6 s)"
    assert bench.chats.to(CHAT)[-1].message.reply_to is not None


async def test_a_crash_loop_rings_once_and_says_when_it_is_over(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(4):
        async with bench.running(KILLED):
            await bench.clock.advance(20)
    assert len(bench.texts()) == 1
    async with bench.running(KILLED):
        await bench.clock.advance(STEADY_MS / 1000 + 2)
    rows = bench.writer.connection.execute("SELECT level FROM alerts WHERE key = 'operator:crashed'").fetchall()
    assert len(rows) == 6  # starts that are held are recorded too
    assert bench.first_lines()[1:] == [
        "🔔 OPERATOR · running steadily for 10 min (after 4 restarts that were not told)"
    ]


async def test_a_crash_is_told_before_the_channels_have_spoken_for_the_next_may_come_sooner(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.changes["channels"] = {"upbit:notices": ChannelReading("degraded", None, None, 0, "not asked yet")}
    async with bench.running(KILLED):
        await bench.clock.advance(0.5)
        (line,) = bench.first_lines()
        assert line.startswith("🔔 OPERATOR · restarted after a crash")


async def test_a_stop_by_a_signal_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running() as desk:
        await bench.clock.advance(2)
        await desk.stopped_by("SIGTERM")
        await bench.clock.advance(2)
    assert bench.first_lines()[-1].startswith("🔔 OPERATOR · stopped by SIGTERM")


async def test_what_the_start_found_is_told_before_the_start(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    found = Finding("damage", ("데이터베이스 손상", "the database was damaged"), ("복구", "run `salvage`"))
    async with bench.running(findings=(found,)):
        await bench.clock.advance(2)
    assert bench.texts()[0] == "🔔 OPERATOR · the database was damaged\nrun `salvage`"


async def test_while_the_disk_is_full_news_leaves_from_memory_and_is_stored_later(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        await bench.clock.advance(2)
        bench.writer.locked, bench.changes["writer_fault"] = True, FULL
        await bench.clock.advance(5)
        told = bench.chats.to(CHAT)[-1]
        assert told.text.startswith("🔔 OPERATOR · the database takes no writes")
        assert "not recorded" in told.message.footer
        bench.writer.locked, bench.changes["writer_fault"] = False, None
        bench.changes["writer"] = writer(last_commit_ms=START_MS)
        await bench.clock.advance(20)
    assert bench.first_lines()[2:] == ["✅ RECOVERED · writing to the database (after 5.0 s)"]
    stored = bench.writer.connection.execute(
        "SELECT id, reply_to FROM alerts WHERE key = 'operator:writer' ORDER BY id"
    ).fetchall()
    assert [reply_to for _, reply_to in stored] == [None, stored[0][0]]


async def test_news_that_the_disk_did_not_take_in_time_is_told_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        await bench.clock.advance(2)
        bench.writer.locked = True  # and nobody has noticed yet
        bench.changes["channels"] = {"upbit:market_list": DOWN}
        await bench.clock.advance(3)
        assert len(bench.texts()) == 1
        await bench.clock.advance(4)
        assert "not recorded" in bench.chats.to(CHAT)[-1].message.footer
        bench.writer.locked = False
        await bench.clock.advance(30)
    assert len(bench.texts()) == 2
    count = bench.writer.connection.execute("SELECT count(*) FROM alerts WHERE key LIKE '%market_list'").fetchone()
    assert count == (1,)


async def test_memory_tries_again_and_marks_what_may_be_a_repeat(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running():
        await bench.clock.advance(2)
        bench.writer.locked, bench.changes["writer_fault"] = True, FULL
        bench.chats.script(CHAT, Retry("HTTP 429", 3.0), Uncertain("no answer"))
        await bench.clock.advance(30)
    footers = [request.message.footer for request in bench.chats.to(CHAT)[1:]]
    assert len(footers) == 3
    assert ["possible repeat" in footer for footer in footers] == [False, False, True]


async def test_a_wrong_configuration_is_told_and_its_mending_answers_that(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running() as desk:
        await bench.clock.advance(2)
        await desk.settings_refused("radar.yaml: unknown key")
        await bench.clock.advance(60)
        await desk.settings_taken(["radar.yaml: gate.margin_bps: 100 → 130"], ["radar.yaml: language: ko → en"])
        await bench.clock.advance(5)
    refused, mended, taken = bench.chats.to(CHAT)[1:]
    assert refused.text.startswith("🔔 OPERATOR · the configuration is wrong, nothing was changed: radar.yaml")
    assert mended.text == "✅ RECOVERED · the wrong configuration (after 1 min)"
    assert mended.message.reply_to is not None
    assert taken.text.splitlines()[1:] == [
        "radar.yaml: gate.margin_bps: 100 → 130",
        "needs a restart: radar.yaml: language: ko → en",
    ]


async def test_a_start_with_the_mended_file_ends_a_refusal_of_the_run_before(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    async with bench.running() as desk:
        await desk.settings_refused("radar.yaml: unknown key")
        await bench.clock.advance(30)
    async with bench.running(KILLED):
        await bench.clock.advance(5)
    assert any(text == "✅ RECOVERED · the wrong configuration (after 30 s)" for text in bench.texts())
