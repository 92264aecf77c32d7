"""The readings of this moment in the text format of Prometheus. Times are seconds, as Prometheus wants them.

Names begin with `radar_`. What is not known has no sample; it is never a zero.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from ops.commands.key_checks import KeyState
from ops.commands.latency import percentile
from ops.watching.footprint import Footprint
from ops.watching.health import Limits, Status, report
from ops.watching.readings import AlertsReading, Readings, WriterReading

CONTENT_TYPE = CONTENT_TYPE_LATEST
QUANTILES = ("0.5", "0.99")
Sample = tuple[tuple[str, ...], float | int | None]


def exposition(
    readings: Readings, limits: Limits, loop_lag_s: float, taken: Footprint, troubles: Iterable[str]
) -> bytes:
    """Everything that Prometheus may scrape. `loop_lag_s` is the worst of the last minute; `troubles` are open now."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(lambda: _metrics(readings, limits, loop_lag_s, taken, troubles)))
    return generate_latest(registry)


class _Now(Collector):
    """One scrape's worth of metrics."""

    def __init__(self, metrics: Callable[[], Iterable[Metric]]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics()


def _metrics(
    readings: Readings, limits: Limits, loop_lag_s: float, taken: Footprint, troubles: Iterable[str]
) -> Iterator[Metric]:
    versions = ("version", "sqlite_version", "schema_version")
    values = (readings.version, readings.sqlite_version, str(readings.schema_version))
    yield _gauge("info", "What runs here; always 1.", versions, [(values, 1)])
    yield _gauge("start_time_seconds", "When this process began.", (), [((), readings.started_ms / 1000)])
    status = Status[report(readings, limits).status.upper()]
    yield _gauge("status", "health.json: 0 green, 1 yellow, 2 red.", (), [((), int(status))])
    yield _gauge("event_loop_lag_seconds", "Worst delay of the event loop in the last minute.", (), [((), loop_lag_s)])
    yield from _process(taken)
    yield _gauge("trouble", "1 for each operator alert that is not over.", ("cause",), [((c,), 1) for c in troubles])
    yield _gauge("disk_free_ratio", "Free part of the data folder's disk, 0 to 1.", (), [((), readings.disk_free_part)])
    yield _gauge("disk_days_left", "Days until the disk is full.", (), [((), readings.disk_days_left)])
    low, high = readings.clock_offset_ms or (None, None)
    bounds: list[Sample] = [(("low",), _seconds(low)), (("high",), _seconds(high))]
    yield _gauge("clock_offset_seconds", "Our clock minus the exchanges', between low and high.", ("bound",), bounds)
    yield from _feeds(readings)
    yield from _channels(readings)
    yield from _writer(readings.writer, readings.writer_fault)
    keys: list[Sample] = [((name,), key.state is not KeyState.REFUSED) for name, key in readings.keys.items()]
    yield _gauge("key_accepted", "1 if the exchange takes the owner's key.", ("exchange",), keys)
    yield from _alerts(readings)
    audit = readings.audit
    ends: list[Sample] = [((end,), getattr(audit, end)) for end in ("equal", "repaired", "unexplained")]
    yield _counter("audit_candles", "Candles held against the exchanges' own, by how it ended.", ("outcome",), ends)
    if (candles := readings.candle_socket) is not None:
        yield _gauge("candle_socket_connected", "1 while Upbit's own seconds are heard.", (), [((), candles.connected)])
        told: list[Sample] = [(("whole",), candles.told - candles.short), (("short",), candles.short)]
        yield _counter("candle_socket_seconds", "Seconds that Upbit's socket told itself.", ("kind",), told)


def _process(taken: Footprint) -> Iterator[Metric]:
    yield _gauge("resident_memory_bytes", "Resident memory of this process.", (), [((), taken.resident_bytes)])
    yield _gauge("open_files", "Open files and sockets of this process.", (), [((), taken.open_files)])
    yield _gauge("threads", "Threads of this process.", (), [((), taken.threads)])
    yield _gauge("tasks", "Tasks of the event loop.", (), [((), taken.tasks)])
    yield _counter("cpu_seconds", "CPU of this process.", (), [((), taken.cpu_s)])


def _feeds(readings: Readings) -> Iterator[Metric]:
    feeds, label = readings.feeds.items(), ("exchange",)
    yield _gauge("feed_connected", "1 if every connection is open.", label, [((e,), f.connected) for e, f in feeds])
    yield _gauge(
        "feed_last_message_time_seconds",
        "Last message.",
        label,
        [((e,), _seconds(f.last_message_ms)) for e, f in feeds],
    )
    yield _gauge(
        "feed_last_trade_time_seconds", "Last trade.", label, [((e,), _seconds(f.last_trade_ms)) for e, f in feeds]
    )
    yield _gauge("feed_markets", "Markets that should be heard.", label, [((e,), f.markets) for e, f in feeds])
    yield _gauge("feed_connections", "Connections.", label, [((e,), f.connections) for e, f in feeds])
    yield _gauge("feed_stale_markets", "Markets that fell silent.", label, [((e,), f.stale_markets) for e, f in feeds])
    yield _gauge("feed_open_gaps", "Gaps that have not ended.", label, [((e,), f.open_gaps) for e, f in feeds])
    yield _counter("feed_reconnects", "Connections made anew.", label, [((e,), f.reconnects) for e, f in feeds])
    traffic = readings.traffic.items()
    yield _counter("feed_trades", "Trades in closed seconds.", label, [((e,), t.trades) for e, t in traffic])
    yield _counter("feed_rejected", "Frames and trades refused.", label, [((e,), t.rejected) for e, t in traffic])
    gaps: list[Sample] = [(key, count) for key, count in readings.record.gaps.items()]
    yield _gauge("gaps", "Rows in gaps, by state.", ("exchange", "state"), gaps)


def _channels(readings: Readings) -> Iterator[Metric]:
    channels = [(name, channel) for name, channel in readings.channels.items() if channel.state != "off"]
    label = ("channel",)
    yield _gauge("channel_up", "1 if it answers.", label, [((n,), c.state == "up") for n, c in channels])
    yield _gauge(
        "channel_last_ok_time_seconds",
        "Last good answer.",
        label,
        [((n,), _seconds(c.last_ok_ms)) for n, c in channels],
    )
    yield _counter("channel_errors", "Looks that failed.", label, [((n,), c.errors) for n, c in channels])
    yield _gauge(
        "channel_last_item_time_seconds",
        "Last notice or row.",
        label,
        [((n,), _seconds(c.last_item_ms)) for n, c in channels],
    )
    delays = _quantiles(readings.record.sighting_ms)
    yield _gauge("channel_delay_seconds", "From publication to our sight, of late.", ("channel", "quantile"), delays)


def _writer(writer: WriterReading, fault: str | None) -> Iterator[Metric]:
    yield _gauge("writer_up", "1 if commits succeed.", (), [((), fault is None)])
    yield _gauge("writer_queue_rows", "Rows that wait for the disk.", (), [((), writer.queue_size)])
    yield _gauge("writer_wal_bytes", "Size of the WAL.", (), [((), writer.wal_bytes)])
    yield _gauge("writer_commit_p99_seconds", "Slow commits of late.", (), [((), writer.commit_ms_p99 / 1000)])
    yield _gauge("writer_last_commit_time_seconds", "Last commit.", (), [((), _seconds(writer.last_commit_ms))])
    yield _counter("writer_dropped_rows", "Rows dropped and marked as gaps.", (), [((), writer.dropped)])
    yield _counter("writer_failed_rows", "Rows the database refused.", (), [((), writer.failed)])


def _alerts(readings: Readings) -> Iterator[Metric]:
    alerts: AlertsReading = readings.alerts
    oldest_ms = readings.oldest_pending_ms
    waits_s = None if oldest_ms is None else max(0, readings.now_ms - oldest_ms) / 1000
    yield _gauge("alert_oldest_pending_seconds", "How long the oldest alert has waited.", (), [((), waits_s or 0.0)])
    delays = _quantiles(readings.record.alert_ms)
    yield _gauge("alert_delay_seconds", "From alert to delivery, of late.", ("kind", "quantile"), delays)
    states: list[Sample] = [((name,), getattr(alerts, name)) for name in ("pending", "sent", "failed", "uncertain")]
    yield _gauge("alert_deliveries", "Deliveries in the database, by state.", ("state",), states)
    yield _gauge("alert_last_sent_time_seconds", "Last delivery.", (), [((), _seconds(alerts.last_sent_ms))])


def _quantiles(delays_ms: Mapping[str, Sequence[int]]) -> list[Sample]:
    return [
        ((name, part), _seconds(percentile(values, float(part))))
        for name, values in delays_ms.items()
        for part in QUANTILES
    ]


def _gauge(name: str, about: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    family = GaugeMetricFamily(f"radar_{name}", about, labels=labels)
    for values, value in samples:
        if value is not None:
            family.add_metric(values, float(value))
    return family


def _counter(name: str, about: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Metric:
    family = CounterMetricFamily(f"radar_{name}", about, labels=labels)
    for values, value in samples:
        if value is not None:
            family.add_metric(values, float(value))
    return family


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
