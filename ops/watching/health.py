"""What health.json says, and what makes it green, yellow or red. Pure: readings in, a report out.

Every reason names its remedy, so that a person who reads only that line knows what to do.
"""

from collections.abc import Iterator, Mapping
from enum import IntEnum

import msgspec
from msgspec import Struct

from alerts.texts.words import EXCHANGES, Words
from collectors.feeds.sink import BRIEF_S
from ops.watching.readings import (
    AlertsReading,
    AuditReading,
    CandleSocketReading,
    ChannelReading,
    FeedReading,
    Readings,
    WriterReading,
)

# A commit and a checkpoint that run at the same moment could damage a WAL database: fixed in 3.51.3
# (www.sqlite.org/wal.html "the WAL-reset bug", as of 2026).
WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))
UNEXPLAINED_NEWS_MS = 3_600_000  # how long a difference that nothing explains is news; the gap row stays
HEARTBEAT_RED_MS = 60_000  # contract: a heartbeat older than this is red, whatever the file says


class Status(IntEnum):
    """Also the exit code of `status`."""

    GREEN = 0
    YELLOW = 1
    RED = 2


class Limits(Struct, frozen=True):
    """How long each exchange may be silent, and how full the writer's queue may be, before it is yellow."""

    silent_ms: Mapping[str, int]
    queue: int
    alert_stuck_ms: int = 60_000


class Report(Struct, frozen=True):
    """health.json, field by field as in the contract; `warnings` are worth knowing and change no status, `page`
    is its address, `off` what does not run, and why.
    """

    status: str
    reasons: tuple[str, ...]
    heartbeat_ms: int
    started_ms: int
    pid: int
    version: str
    schema_version: int
    sqlite_version: str
    disk_days_left: float | None
    feeds: Mapping[str, FeedReading]
    channels: Mapping[str, ChannelReading]
    writer: WriterReading
    alerts: AlertsReading
    clock_offset_ms: tuple[int, int] | None
    warnings: tuple[str, ...] = ()
    audit: AuditReading = AuditReading()
    candle_socket: CandleSocketReading | None = None
    page: str | None = None
    off: Mapping[str, str] = {}


NOTICE_CHANNELS = {
    "upbit": ("upbit:announcement", "upbit:notices"),
    "bithumb": ("bithumb:notices",),
}


def report(readings: Readings, limits: Limits) -> Report:
    """The report for these readings; reasons in order of weight, in English as the file has them."""
    red, yellow = _red(readings), _yellow(readings, limits)
    status = Status.RED if red else Status.YELLOW if yellow else Status.GREEN
    return Report(
        status=status.name.lower(),
        reasons=tuple(english for _, english in red + yellow),
        heartbeat_ms=readings.now_ms,
        started_ms=readings.started_ms,
        pid=readings.pid,
        version=readings.version,
        schema_version=readings.schema_version,
        sqlite_version=readings.sqlite_version,
        disk_days_left=readings.disk_days_left,
        feeds=readings.feeds,
        channels=readings.channels,
        writer=readings.writer,
        alerts=readings.alerts,
        clock_offset_ms=readings.clock_offset_ms,
        warnings=tuple(_warnings(readings)),
        audit=readings.audit,
        candle_socket=readings.candle_socket,
        page=readings.page,
        off=readings.off,
    )


def reasons(readings: Readings, limits: Limits) -> list[Words]:
    """Why it is not green, in both languages, each with its remedy; what a part said of itself stays as it said it."""
    return _red(readings) + _yellow(readings, limits)


def unexplained(readings: Readings) -> bool:
    """Whether the audit found something of late that nothing explains."""
    odd_ms = readings.audit_odd_ms
    return odd_ms is not None and readings.now_ms - odd_ms < UNEXPLAINED_NEWS_MS


def status_of(seen: Report, now_ms: int) -> Status:
    """What a reader at `now_ms` should take the file for: red once its heartbeat is old."""
    if now_ms - seen.heartbeat_ms > HEARTBEAT_RED_MS:
        return Status.RED
    return Status[seen.status.upper()]


def parse(text: bytes) -> Report:
    """health.json as a Report; raise ValueError if it is not one."""
    return msgspec.json.decode(text, type=Report)


def unready(readings: Readings, limits: Limits) -> list[str]:
    """Why we do not receive and commit now; empty while we do. An exchange in maintenance makes us unready only."""
    found = [english for _, english in _red(readings)]
    for exchange, feed in readings.feeds.items():
        if feed.last_message_ms is None:
            found.append(f"nothing was received from {exchange} yet")
        elif readings.now_ms - feed.last_message_ms > limits.silent_ms[exchange]:
            found.append(f"{exchange} is silent")
    if readings.writer.last_commit_ms is None:
        found.append("nothing was committed yet")
    return found


def _red(readings: Readings) -> list[Words]:
    if readings.writer_fault is None:
        return []
    fault = readings.writer_fault
    return [
        (
            f"데이터베이스에 기록할 수 없음: {fault}; 공간을 비우거나 데이터 폴더의 권한을 고치세요",
            f"the writer cannot commit: {fault}; free space or mend the data folder's permissions",
        )
    ]


def _yellow(readings: Readings, limits: Limits) -> list[Words]:
    found = [*_without_notices(readings)]
    if not readings.telegram:
        found.append(
            (
                "텔레그램 토큰 없음: 알림은 로그로만 나갑니다; TELEGRAM_BOT_TOKEN과 TELEGRAM_CHAT_ID를 설정하세요",
                "no Telegram token: alerts go to the log only; set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID",
            )
        )
    found += _silent(readings, limits)
    for name, channel in readings.channels.items():
        if channel.state == "down":
            found.append(
                (
                    f"상장 채널 {name} 응답 없음: {channel.reason}; 다른 채널은 계속 봅니다",
                    f"listing channel {name} is down: {channel.reason}; the other channels carry on",
                )
            )
    found += _storage(readings, limits)
    for target, why in readings.unreachable.items():
        found.append(
            (
                f"{target}에 알림을 보낼 수 없음: {why}; TELEGRAM_CHAT_ID와 채팅을 확인하세요",
                f"alerts do not reach {target}: {why}; look at that chat and at TELEGRAM_CHAT_ID",
            )
        )
    if readings.oldest_pending_ms is not None:
        waiting_ms = readings.now_ms - readings.oldest_pending_ms
        if waiting_ms > limits.alert_stuck_ms:
            found.append(
                (
                    f"알림 하나가 {waiting_ms // 1000}초째 전송을 기다림; `alerts`를 보세요",
                    f"an alert has waited {waiting_ms // 1000} s to be sent; see `alerts`",
                )
            )
    if readings.moved_aside is not None:
        found.append(
            (
                f"데이터베이스가 손상되어 {readings.moved_aside}(으)로 옮김; `salvage`로 남은 것을 읽을 수 있습니다",
                f"the database was damaged and is now {readings.moved_aside}; `salvage` reads what is left of it",
            )
        )
    if unexplained(readings):
        count = readings.audit.unexplained
        found.append(
            (
                f"거래소 자체 캔들과 설명 없이 다른 기록 {count:,}건; `gaps`에 differed로 표시됨",
                f"{count:,} stored candles differ from the exchange's own unexplained; `gaps` has them as differed",
            )
        )
    for task, error in readings.crashes.items():
        found.append((f"{task} 오류로 다시 시작됨: {error}", f"{task} crashed and was started again: {error}"))
    return found


def _without_notices(readings: Readings) -> list[Words]:
    found = []
    for exchange, channels in NOTICE_CHANNELS.items():
        states = {name: readings.channels[name].state for name in channels if name in readings.channels}
        if states and all(state not in ("up", "degraded") for state in states.values()):
            why = "; ".join(f"{name} is {state}: {readings.channels[name].reason}" for name, state in states.items())
            korean = EXCHANGES[exchange][0]
            found.append(
                (
                    f"{korean} 공지 채널이 모두 작동하지 않음 ({why}); 상장은 마켓 목록에서 늦게 보입니다",
                    f"no notice channel of {exchange} works ({why}); listings are seen late, in its market list",
                )
            )
    return found


def _silent(readings: Readings, limits: Limits) -> list[Words]:
    found = []
    for exchange, feed in readings.feeds.items():
        since_ms = feed.last_message_ms if feed.last_message_ms is not None else readings.started_ms
        silent_ms = readings.now_ms - since_ms
        if silent_ms > limits.silent_ms[exchange]:
            korean = EXCHANGES[exchange][0]
            why = f" ({feed.last_error})" if feed.last_error else ""
            found.append(
                (
                    f"{korean}에서 {silent_ms // 1000}초 동안 아무것도 오지 않음{why}; 스스로 다시 연결합니다",
                    f"{exchange} has been silent for {silent_ms // 1000} s{why}; it reconnects by itself",
                )
            )
    return found


def _storage(readings: Readings, limits: Limits) -> list[Words]:
    found: list[Words] = []
    writer = readings.writer
    if writer.queue_size > limits.queue:
        found.append(
            (
                f"{writer.queue_size}행이 디스크를 기다림; 디스크가 느리거나 거의 찼나요?",
                f"{writer.queue_size} rows wait for the disk; is it slow or nearly full?",
            )
        )
    found += [(warning, warning) for warning in readings.storage_warnings]
    if writer.dropped:
        found.append(
            (
                f"{writer.dropped}행이 누락되어 결측으로 표시됨; `gaps`를 보세요",
                f"{writer.dropped} rows were dropped and marked as gaps; see `gaps`",
            )
        )
    return found


def _warnings(readings: Readings) -> Iterator[str]:
    for exchange, feed in readings.feeds.items():
        if feed.failures and feed.last_error:
            yield f"{exchange}: a connection failed {feed.failures} times in a row: {feed.last_error}"
        if feed.brief > 1:
            yield f"{exchange}: a connection ended within {BRIEF_S:.0f} s of its start {feed.brief} times in a row"
        if feed.refused_codes:
            yield f"{exchange} refuses {', '.join(feed.refused_codes)}; the others are recorded, these are asked again"
    candles = readings.candle_socket
    if candles is not None and candles.failures and candles.last_error:
        yield (
            f"upbit's own seconds are not heard (failures in a row: {candles.failures}): {candles.last_error};"
            " its pages of candles are compared all the same"
        )
    for host, state in readings.hosts.items():
        if state.paused_s:
            yield f"{host} is left alone for {state.paused_s:.0f} s: {state.why}; every request to it waits"
    for chat, moved_to in readings.moved_chats.items():
        yield f"chat {chat} is {moved_to} now, and served there; put the new id into TELEGRAM_CHAT_ID and start again"
    if has_wal_reset_bug(readings.sqlite_version):
        yield f"SQLite {readings.sqlite_version} has the WAL-reset bug; let nobody else write to radar.db"


def has_wal_reset_bug(sqlite_version: str) -> bool:
    first, last = WAL_RESET_BUG
    return first <= tuple(int(part) for part in sqlite_version.split(".")[:3]) <= last
