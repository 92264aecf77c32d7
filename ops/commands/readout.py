"""The commands that only read: what was detected, sent and missed, how the daemon is, what the configuration says."""

import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from alerts.alert import AlertLevel
from alerts.texts.details import finding
from alerts.texts.figures import span
from alerts.texts.words import Language
from analysis.verdict import FactValue, Finding, Verdict
from config.check import exposed, off, overdue
from config.load import load_secrets, load_settings
from config.settings import SettingsError
from ops.commands import gap_report
from ops.commands.classify import classify_line
from ops.commands.cli import Arguments, complain, print_rows
from ops.commands.latency import latencies
from ops.watching.health import Report, Status, parse, status_of
from store.readings import delivery_report
from store.tables import listings


class FactRow(msgspec.Struct, frozen=True):
    """One input of a verdict; `age_ms` None while the value is unknown."""

    value: FactValue
    unit: str
    source: str
    age_ms: int | None


LISTING_COLUMNS = ("exchange", "base", "state", "published", "first_seen", "delay_ms", "channel", "verdict", "title")
LATENCY_COLUMNS = ("exchange", "step", "listings", "first", "lead_ms", "p50_ms", "p99_ms")
ALERT_COLUMNS = ("id", "kind", "key", "created", "target", "op", "state", "attempts", "error", "text")


def show_table(asked: Arguments) -> int:
    """`listings`, `alerts` or `gaps`, oldest first; exit 2 where there is no database to read."""
    path = asked.data / "radar.db"
    if not path.exists():
        complain(f"{path} does not exist; has the daemon run with this --data?")
        return 2
    reads: dict[str, tuple[Callable[[sqlite3.Connection, int], Iterable[msgspec.Struct]], Sequence[str]]] = {
        "listings": (listings.report, LISTING_COLUMNS),
        "alerts": (delivery_report.last_alerts, ALERT_COLUMNS),
        "gaps": (gap_report.last_gaps, gap_report.GAP_COLUMNS),
    }
    read, columns = reads[asked.command]
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found: Iterable[msgspec.Struct]
            if asked.second is not None:
                found, columns = [gap_report.second_of(connection, *asked.second)], gap_report.SECOND_COLUMNS
            elif asked.report:
                found, columns = latencies(listings.report(connection, asked.last)), LATENCY_COLUMNS
            else:
                found = read(connection, asked.last)
            rows = [msgspec.structs.asdict(row) for row in found]
    except sqlite3.Error as e:
        complain(f"{path} cannot be read: {e}")
        return 2
    except gap_report.UnknownSecond as e:
        complain(str(e))
        return 2
    print_rows(rows if asked.json else map(_readable, rows), asked.json, columns)
    return 0


def _readable(row: dict[str, object]) -> dict[str, object]:
    """The same row with `name_ms` times also as UTC text under `name`, and words for a market that is all of them."""
    times = {
        name.removesuffix("_ms"): datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        for name, value in row.items()
        if name.endswith("_ms") and isinstance(value, int) and name != "delay_ms"
    }
    everyone = {"market": "every market"} if row.get("market", "") is None else {}
    return row | times | everyone


def show_status(asked: Arguments, now_ms: int) -> int:
    """health.json for a person or as JSON; the exit code is its status, 2 where it is stale or absent."""
    path = asked.data / "health.json"
    try:
        seen = parse(path.read_bytes())
    except FileNotFoundError:
        complain(f"{path} does not exist; has the daemon run with this --data?")
        return Status.RED
    except (OSError, ValueError) as e:
        complain(f"{path} cannot be read: {e}")
        return Status.RED
    status = status_of(seen, now_ms)
    if asked.json:
        sys.stdout.write(msgspec.json.encode(seen).decode() + "\n")
        return status
    sys.stdout.write("\n".join(_status_lines(seen, status, now_ms)) + "\n")
    return status


def _status_lines(seen: Report, status: Status, now_ms: int) -> Iterator[str]:
    age_s = (now_ms - seen.heartbeat_ms) / 1000
    stale = f" (the file says {seen.status}; is the daemon running?)" if status.name.lower() != seen.status else ""
    yield f"{status.name.lower()}{stale}, heartbeat {age_s:,.0f} s ago"
    yield from (f"  - {reason}" for reason in seen.reasons)
    yield from (f"  ! {warning}" for warning in seen.warnings)
    for name, feed in seen.feeds.items():
        state = "connected" if feed.connected else "not connected"
        gaps = f"{feed.reconnects} reconnects, {feed.open_gaps} open gaps"
        yield f"{name}: {state}, {feed.markets} markets, {gaps}"
    for name, channel in seen.channels.items():
        yield f"{name}: {channel.state}{f' ({channel.reason})' if channel.reason else ''}"
    yield from (
        f"off: {what} ({why})" for what, why in seen.off.items() if what.replace("_", ":", 1) not in seen.channels
    )
    audit = seen.audit
    yield (
        f"audit: {audit.compared:,} seconds and minutes held against the exchanges' own candles: {audit.equal:,} equal,"
        f" {audit.repaired:,} repaired, {audit.unexplained:,} unexplained"
    )
    if (candles := seen.candle_socket) is not None:
        why = f" ({candles.last_error})" if candles.last_error else ""
        state = f"heard for {candles.markets} markets" if candles.connected else f"not heard{why}"
        yield f"upbit's own seconds: {state}, {candles.told:,} told, {candles.short:,} of them without our last trades"
    writer, days = seen.writer, seen.disk_days_left
    full = "" if days is None else f"; the disk is full in {days:,.0f} days"
    yield f"storage: {writer.queue_size:,} rows wait, WAL {writer.wal_bytes / 1e6:,.1f} MB{full}"
    told = seen.alerts
    yield f"alerts: {told.sent} sent, {told.pending} waiting, {told.uncertain} uncertain, {told.failed} failed"


def check_config(asked: Arguments, today_ms: int) -> int:
    """Read everything; say what is on, what is off and why. Raises SettingsError for what is wrong."""
    settings = load_settings(asked.config)
    secrets = load_secrets()
    if (problem := exposed(settings.radar.listen, secrets)) is not None:
        raise SettingsError(problem)
    switched_off = off(settings.features, secrets)
    lines = [f"configuration in {asked.config} is right; alerts speak {settings.radar.language}"]
    unavailable = {each.what for each in switched_off}
    lines += [f"on   {name}" for name in settings.features.__struct_fields__ if name not in unavailable]
    lines += [f"off  {each.what}: {each.why}" for each in switched_off]
    today = datetime.fromtimestamp(today_ms / 1000, UTC).date()
    lines += [f"old  {line}" for line in overdue(settings, today)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def classify(asked: Arguments) -> int:
    """Notices in, one JSON line each out; a line that is no notice is answered by an error object and exit 1.

    Exit 2 where there is nothing to read.
    """
    bad = 0
    try:
        for line in _lines(asked.file):
            answer, understood = classify_line(line)
            bad += not understood
            sys.stdout.write(answer + "\n")
    except FileNotFoundError:
        complain(f"{asked.file} does not exist; give a file of notices, one JSON object a line, or none to read stdin")
        return 2
    except OSError as e:
        complain(f"{asked.file or 'standard input'} cannot be read: {e.strerror}")
        return 2
    return 1 if bad else 0


def _lines(file: Path | None) -> Iterator[bytes]:
    """As bytes, so that one line in another encoding spoils only itself."""
    if file is None:
        yield from (line for line in sys.stdin.buffer if line.strip())
        return
    with file.open("rb") as lines:
        yield from (line for line in lines if line.strip())


class Decision(msgspec.Struct, frozen=True):
    """A verdict as `analyze` prints it: the columns of `decisions`. `net_bps` is basis points of the notional."""

    id: int | None  # a question by hand is not kept
    listing_id: int | None
    made_ms: int
    mode: str
    verdict: str
    level: int
    facts: dict[str, FactRow]
    blockers: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    net_bps: float | None


def decision_of(verdict: Verdict) -> Decision:
    """The row of a verdict."""
    return Decision(
        id=None,
        listing_id=None,
        made_ms=verdict.made_ms,
        mode=verdict.mode.value,
        verdict=verdict.outcome.value,
        level=int(verdict.level),
        facts={
            name: FactRow(fact.value, fact.unit, fact.source, fact.age_ms(verdict.made_ms))
            for name, fact in verdict.facts.items()
        },
        blockers=verdict.blockers,
        warnings=verdict.warnings,
        net_bps=None if verdict.net_bps is None else float(verdict.net_bps),
    )


def show_decision(told: bytes, asked: Arguments, language: Language) -> int:
    """One verdict on stdout: reasons first, then every input with its source and its age."""
    if asked.json:
        sys.stdout.write(told.decode() + "\n")
        return 0
    decision = msgspec.json.decode(told, type=Decision)
    net = "unknown" if decision.net_bps is None else f"{decision.net_bps:+.1f} bps"
    print_line = sys.stdout.write
    level = AlertLevel(decision.level).name
    print_line(f"{decision.verdict} ({level}) {asked.symbol} on {asked.exchange}, {decision.mode}, net {net}\n")
    for mark, findings in (("blocked", decision.blockers), ("careful", decision.warnings)):
        for each in findings:
            print_line(f"  {mark}: {finding(each, language)}\n")
    rows = [
        {
            "fact": name,
            "value": "unknown" if fact.value is None else fact.value,
            "unit": fact.unit,
            "source": fact.source,
            "age": "" if fact.age_ms is None else span(fact.age_ms, "en"),
        }
        for name, fact in decision.facts.items()
    ]
    print_rows(rows, as_json=False, columns=("fact", "value", "unit", "source", "age"))
    return 0
