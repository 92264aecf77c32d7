"""What is green, yellow and red, on both sides of each line."""

import json
from pathlib import Path

import msgspec
import pytest

from collectors.net.limits import ServiceState
from ops.watching.health import Limits, Status, parse, reasons, report, status_of
from ops.watching.health_file import HealthFile, last_heartbeat
from ops.watching.readings import AlertsReading, AuditReading, ChannelReading, FeedReading, Readings, WriterReading
from tests.fakes.clock import START_MS, FakeClock

NOW = START_MS
LIMITS = Limits(silent_ms={"upbit": 30_000, "bithumb": 120_000}, queue=10_000)
FEED = FeedReading(True, NOW, NOW, 100, 1, 0, 0, 0)
UP = ChannelReading("up", NOW, NOW, 0, "")


def readings(**changes: object) -> Readings:
    healthy = Readings(
        now_ms=NOW,
        started_ms=NOW - 600_000,
        pid=1,
        version="0",
        schema_version=3,
        sqlite_version="3.51.3",
        disk_days_left=None,
        feeds={"upbit": FEED, "bithumb": FEED},
        channels={"upbit:notices": UP, "upbit:market_list": UP, "bithumb:notices": UP, "bithumb:market_list": UP},
        writer=WriterReading(0, 0, 0, NOW, 1.0, 0),
        alerts=AlertsReading(0, 0, 0, 0, None),
        clock_offset_ms=None,
        telegram=True,
    )
    return msgspec.structs.replace(healthy, **changes)


def heard(ms_ago: int) -> FeedReading:
    return msgspec.structs.replace(FEED, last_message_ms=NOW - ms_ago)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sqlite_version": "3.51.2"}, "SQLite 3.51.2 has the WAL-reset bug"),
        ({"sqlite_version": "3.51.3"}, ""),
        (
            {"hosts": {"upbit": ServiceState(57.2, "HTTP 418, banned for a while", 0)}},
            "upbit is left alone for 57 s: HTTP 418, banned for a while",
        ),
        ({"hosts": {"upbit": ServiceState(0.0, "", 3)}}, ""),
        (
            {"feeds": {"upbit": msgspec.structs.replace(FEED, failures=4, last_error="TLS: certificate has expired")}},
            "upbit: a connection failed 4 times in a row: TLS: certificate has expired",
        ),
        ({"feeds": {"upbit": msgspec.structs.replace(FEED, refused_codes=("KRW-X",))}}, "upbit refuses KRW-X"),
        (
            {"moved_chats": {"-42": -100_42}},
            "chat -42 is -10042 now, and served there; put the new id",
        ),
    ],
)
def test_what_is_worth_knowing_is_a_warning_and_changes_no_status(changes: dict[str, object], says: str) -> None:
    told = report(readings(**changes), LIMITS)
    assert told.status == "green"
    assert [each[: len(says)] for each in told.warnings] == ([says] if says else [])


def test_a_silent_feed_says_why() -> None:
    mute = msgspec.structs.replace(heard(90_000), failures=3, last_error="DNS: no such name")
    assert "silent for 90 s (DNS: no such name)" in report(readings(feeds={"upbit": mute}), LIMITS).reasons[0]


def writer(**changes: object) -> WriterReading:
    return msgspec.structs.replace(readings().writer, **changes)


DOWN = ChannelReading("down", None, None, 9, "HTTP 403")


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({}, "green", ""),
        ({"feeds": {"upbit": heard(30_000), "bithumb": heard(120_000)}}, "green", ""),
        ({"feeds": {"upbit": heard(30_001), "bithumb": FEED}}, "yellow", "upbit has been silent"),
        ({"feeds": {"upbit": FEED, "bithumb": heard(120_001)}}, "yellow", "bithumb has been silent"),
        ({"writer": writer(queue_size=10_000)}, "green", ""),
        ({"writer": writer(queue_size=10_001)}, "yellow", "wait for the disk"),
        ({"writer": writer(dropped=1)}, "yellow", "were dropped"),
        ({"telegram": False}, "yellow", "TELEGRAM_BOT_TOKEN"),
        ({"channels": {"upbit:market_list": DOWN}}, "yellow", "upbit:market_list is down: HTTP 403"),
        ({"channels": {"bithumb:notices": DOWN}}, "yellow", "no notice channel of bithumb works"),
        ({"channels": {"upbit:notices": DOWN, "upbit:announcement": UP}}, "yellow", "upbit:notices is down"),
        ({"unreachable": {"telegram:1": "Forbidden: bot was blocked"}}, "yellow", "telegram:1: Forbidden: bot was"),
        ({"oldest_pending_ms": NOW - 60_000}, "green", ""),
        ({"oldest_pending_ms": NOW - 60_001}, "yellow", "an alert has waited"),
        ({"crashes": {"monitor": "ValueError: x"}}, "yellow", "monitor crashed"),
        ({"writer_fault": "disk full"}, "red", "the writer cannot commit: disk full"),
    ],
)
def test_status_and_the_reason_that_a_person_reads(changes: dict[str, object], status: str, says: str) -> None:
    made = report(readings(**changes), LIMITS)
    assert made.status == status
    assert says in "\n".join(made.reasons)


def test_a_notice_channel_that_works_beside_one_that_is_off_is_enough() -> None:
    off = ChannelReading("off", None, None, 0, "no key")
    made = report(readings(channels={"upbit:announcement": off, "upbit:notices": UP, "bithumb:notices": UP}), LIMITS)
    assert made.status == "green"


def test_an_old_heartbeat_is_red_whatever_the_file_says() -> None:
    made = report(readings(), LIMITS)
    assert status_of(made, NOW + 60_000) is Status.GREEN
    assert status_of(made, NOW + 60_001) is Status.RED


async def test_the_file_is_replaced_on_the_timer_and_at_once_when_the_status_changes(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "health.json"
    now = {"telegram": True}
    written = HealthFile(path, lambda: readings(now_ms=clock.now_ms(), **now), LIMITS, clock, every_s=30)
    await written.write()
    assert parse(path.read_bytes()).status == "green"
    now["telegram"] = False
    await written.write()
    assert json.loads(path.read_text())["status"] == "yellow"
    assert [each.name for each in tmp_path.iterdir()] == ["health.json"]


def test_every_reason_is_told_in_both_languages() -> None:
    seen = readings(
        telegram=False,
        writer_fault="SQLITE_FULL",
        feeds={"upbit": heard(40_000), "bithumb": heard(200_000)},
        channels={"upbit:notices": DOWN, "bithumb:notices": DOWN},
        writer=writer(queue_size=20_000, dropped=3),
        oldest_pending_ms=NOW - 90_000,
        moved_aside="radar.db.1",
        crashes={"outcomes": "ValueError: x"},
    )
    told = reasons(seen, LIMITS)
    assert [english for _, english in told] == list(report(seen, LIMITS).reasons)
    assert len(told) == 13
    assert all(any("가" <= letter <= "힣" for letter in korean) for korean, _ in told)


def test_an_unexplained_difference_is_yellow_for_an_hour_and_counted_for_good() -> None:
    audit = AuditReading(compared=500, equal=490, repaired=9, unexplained=1)
    told = report(readings(audit=audit, audit_odd_ms=NOW - 3_599_000), LIMITS)
    assert told.status == "yellow"
    assert "1 stored candles differ from the exchange's own unexplained; `gaps`" in told.reasons[0]
    later = report(readings(audit=audit, audit_odd_ms=NOW - 3_600_000), LIMITS)
    assert (later.status, later.audit) == ("green", audit)
    assert json.loads(msgspec.json.encode(later))["audit"] == {
        "compared": 500, "equal": 490, "repaired": 9, "unexplained": 1,
    }  # fmt: skip


def test_a_file_from_before_there_was_an_audit_can_be_read() -> None:
    told = json.loads(msgspec.json.encode(report(readings(), LIMITS)))
    del told["audit"]
    assert parse(json.dumps(told).encode()).audit == AuditReading()


@pytest.mark.parametrize("left", [b"", b'{"heartbeat_ms":', b"[]", b'{"status":"\xec\x98"}', b"\x00" * 4_096])
def test_a_file_that_says_nothing_legible_tells_of_no_heartbeat(tmp_path: Path, left: bytes) -> None:
    path = tmp_path / "health.json"
    assert last_heartbeat(path) is None
    path.write_bytes(left)
    assert last_heartbeat(path) is None
