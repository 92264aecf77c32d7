"""Takes the readings that health is made of, from the running parts. Decides nothing; see `ops/watching/health.py`."""

import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from collectors.events import Exchange
from collectors.feeds.fleet import Fleet
from collectors.feeds.sink import ShardStatus
from collectors.listings.market_monitor import MarketMonitor
from collectors.net.limits import ServiceState
from collectors.recording.recorder import Recorder
from collectors.repair.audit import Tally
from collectors.repair.candle_socket import CandleSocketStatus
from config.clock import Clock
from config.redaction import NOTHING
from ops.commands.key_checks import KeyAnswer
from ops.watching.clock_offset import ClockOffset
from ops.watching.health import Limits
from ops.watching.readings import (
    AlertsReading,
    AuditReading,
    CandleSocketReading,
    ChannelReading,
    FeedReading,
    Readings,
    Traffic,
    WriterReading,
)
from store.database import SCHEMA, SQLITE_VERSION
from store.readings import delivery_report
from store.readings.delivery_report import AlertStatistics
from store.readings.track_record import TrackRecord, track_record
from store.writer import DatabaseWriter

VERSION = "0.1.0"
DAY_S = 86_400.0
GROWTH_OVER_S = 6 * 3_600.0  # disk use is judged over at least this long: less is noise times thousands
STEP_S = 600.0
REFRESH_S = 5.0
RECORD_EVERY_S = 60.0  # what the metrics tell of the past need not be fresher


class Crashes(Protocol):
    """Whoever remembers tasks of the judging zone that crashed, by name."""

    crashes: dict[str, str]


class Disk:
    """Free space, and days until there is none at the pace of the last day, or of as much of it as was seen."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self.free_part: float | None = None
        self.days_left: float | None = None

    def look(self) -> None:
        """Measure. `days_left` stays None while it is too early to tell, or where nothing fills up."""
        now_s, usage = self._clock.monotonic(), shutil.disk_usage(self._folder)
        self.free_part = usage.free / max(1, usage.used + usage.free)
        if not self._seen or now_s - self._seen[-1][0] >= STEP_S:
            self._seen.append((now_s, usage.free))
        while now_s - self._seen[0][0] > DAY_S:
            self._seen.popleft()
        then_s, free_then = self._seen[0]
        used = free_then - usage.free
        early = now_s - then_s < GROWTH_OVER_S
        self.days_left = None if early or used <= 0 else round(usage.free / used * (now_s - then_s) / DAY_S, 1)


class Vitals:
    """`read` gives the readings of this moment; `run` keeps the counts that need the database no older than 5 s."""

    def __init__(
        self,
        clock: Clock,
        data: Path,
        writer: DatabaseWriter,
        recorder: Recorder,
        fleets: Mapping[Exchange, Fleet],
        monitor: MarketMonitor,
        crashes: Sequence[Crashes],
        telegram: bool,
        offset: ClockOffset,
        hosts: Callable[[], Mapping[str, ServiceState]],
        moved_aside: str | None = None,
        keys: Mapping[str, KeyAnswer] = {},
        tallies: Sequence[Tally] = (),
        redact: Callable[[str], str] = NOTHING,
        unreachable: Mapping[str, str] = {},
        moved_chats: Mapping[str, int] = {},
        off: Mapping[str, str] = {},
        candle_socket: CandleSocketStatus | None = None,
    ) -> None:
        """What others said of a trouble passes through `redact` before anybody reads it."""
        self._clock = clock
        self._disk = Disk(data, clock)
        self._writer = writer
        self._recorder = recorder
        self._fleets = fleets
        self._monitor = monitor
        self._crashes = crashes
        self._telegram = telegram
        self._offset = offset
        self._started_ms = clock.now_ms()
        self._alerts = AlertStatistics(0, 0, 0, 0, None, None)
        self._record = TrackRecord()
        self._hosts = hosts
        self._moved_aside = moved_aside
        self.page: str | None = None  # where it is, known once it listens
        self._keys = keys
        self._tallies = tallies
        self._redact = redact
        self._unreachable = unreachable
        self._moved_chats = moved_chats
        self._candle_socket = candle_socket
        self._off = off
        self._disk.look()

    async def run(self) -> None:
        """Count alerts and measure the disk, now and then, for ever."""
        recorded_s = -RECORD_EVERY_S
        while True:
            self._disk.look()
            self._alerts = await self._writer.run(delivery_report.statistics)
            if self._clock.monotonic() - recorded_s >= RECORD_EVERY_S:
                recorded_s = self._clock.monotonic()
                self._record = await self._writer.run(track_record)
            await self._clock.sleep(REFRESH_S)

    def read(self) -> Readings:
        writer, alerts = self._writer, self._alerts
        self._offset.clocks(self._clock.now_ms(), self._clock.monotonic())
        for exchange in self._fleets:
            self._offset.traded(exchange, self._recorder.reading(exchange).lag_ms)
        return Readings(
            now_ms=self._clock.now_ms(),
            started_ms=self._started_ms,
            pid=os.getpid(),
            version=VERSION,
            schema_version=SCHEMA[-1].version,
            sqlite_version=SQLITE_VERSION,
            disk_days_left=self._disk.days_left,
            feeds={exchange: self._feed(exchange, fleet) for exchange, fleet in self._fleets.items()},
            channels={name: self._channel(each) for name, each in self._monitor.readings().items()},
            writer=WriterReading(
                queue_size=writer.queue_size,
                dropped=writer.dropped + self._recorder.dropped,
                failed=writer.failed,
                last_commit_ms=writer.last_commit_ms,
                commit_ms_p99=round(writer.commit_ms_p99, 2),
                wal_bytes=writer.wal_bytes,
            ),
            alerts=AlertsReading(alerts.pending, alerts.sent, alerts.failed, alerts.uncertain, alerts.last_sent_ms),
            clock_offset_ms=self._offset.interval(),
            telegram=self._telegram,
            writer_fault=None if writer.fault is None else self._redact(writer.fault),
            oldest_pending_ms=alerts.oldest_waiting_ms,
            crashes={name: self._redact(error) for each in self._crashes for name, error in each.crashes.items()},
            disk_free_part=self._disk.free_part,
            moved_aside=self._moved_aside,
            storage_warnings=writer.warnings,
            page=self.page,
            traffic={exchange: self._traffic(exchange) for exchange in self._fleets},
            record=self._record,
            keys=dict(self._keys),
            off=self._off,
            hosts=self._hosts(),
            unreachable={target: self._redact(why) for target, why in self._unreachable.items()},
            moved_chats=dict(self._moved_chats),
            audit=AuditReading(
                compared=sum(each.compared for each in self._tallies),
                equal=sum(each.equal for each in self._tallies),
                repaired=sum(each.repaired for each in self._tallies),
                unexplained=sum(each.unexplained for each in self._tallies),
            ),
            audit_odd_ms=max((each.odd_ms for each in self._tallies if each.odd_ms is not None), default=None),
            candle_socket=self._candles_heard(),
        )

    def _candles_heard(self) -> CandleSocketReading | None:
        if (heard := self._candle_socket) is None:
            return None
        failing = heard.failures_in_a_row
        return CandleSocketReading(
            heard.hears,
            heard.markets,
            heard.told,
            heard.short,
            heard.last_told_ms,
            failing,
            self._redact(heard.last_error) if failing else "",
        )

    def _channel(self, told: ChannelReading) -> ChannelReading:
        return msgspec.structs.replace(told, reason=self._redact(told.reason)) if told.reason else told

    def _traffic(self, exchange: Exchange) -> Traffic:
        recorded = self._recorder.reading(exchange)
        return Traffic(recorded.trades, recorded.rejected)

    def _feed(self, exchange: Exchange, fleet: Fleet) -> FeedReading:
        recorded = self._recorder.reading(exchange)
        statuses = fleet.statuses
        heard = [status.last_message_ms for status in statuses if status.last_message_ms is not None]
        worst = max(statuses, key=lambda status: status.failures_in_a_row, default=ShardStatus())
        return FeedReading(
            connected=bool(statuses) and all(status.connected for status in statuses),
            last_message_ms=max(heard, default=None),
            last_trade_ms=recorded.last_trade_ms,
            markets=recorded.markets,
            connections=len(statuses),
            reconnects=sum(status.reconnects for status in statuses),
            stale_markets=recorded.stale_markets,
            open_gaps=recorded.open_gaps,
            failures=worst.failures_in_a_row,
            last_error=self._redact(worst.last_error) if worst.failures_in_a_row else "",
            refused_codes=tuple(sorted(code for status in statuses for code in status.refused_codes)),
            quarantined=recorded.rejected,
            unreadable=_summed(status.unreadable for status in statuses),
            brief=max((status.unsteady(self._clock.monotonic()) for status in statuses), default=0),
        )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def limits(upbit_silent_s: float, bithumb_silent_s: float, queue: int) -> Limits:
    """The lines between green and yellow, from seconds to the milliseconds of the readings."""
    return Limits(
        silent_ms={"upbit": round(upbit_silent_s * 1000), "bithumb": round(bithumb_silent_s * 1000)}, queue=queue
    )
