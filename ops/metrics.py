"""The readings of this moment in the text format of Prometheus. Times are seconds, as Prometheus wants them.

Names begin with `radar_`. What is not known has no sample; it is never a zero.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from ops.health import AlertsReading, Limits, Readings, Status, WriterReading, report

CONTENT_TYPE = CONTENT_TYPE_LATEST
Sample = tuple[tuple[str, ...], float | int | None]


def exposition(readings: Readings, limits: Limits, loop_lag_s: float, resident_bytes: int | None) -> bytes:
    """Everything that Prometheus may scrape. `loop_lag_s` is the worst of the last minute."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(lambda: _metrics(readings, limits, loop_lag_s, resident_bytes)))
    return generate_latest(registry)


class _Now(Collector):
    """One scrape's worth of metrics."""

    def __init__(self, metrics: Callable[[], Iterable[Metric]]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics()


def _metrics(readings: Readings, limits: Limits, loop_lag_s: float, resident_bytes: int | None) -> Iterator[Metric]:
    versions = ("version", "sqlite_version", "schema_version")
    values = (readings.version, readings.sqlite_version, str(readings.schema_version))
    yield _gauge("info", "What runs here; always 1.", versions, [(values, 1)])
    yield _gauge("start_time_seconds", "When this process began.", (), [((), readings.started_ms / 1000)])
    status = Status[report(readings, limits).status.upper()]
    yield _gauge("status", "health.json: 0 green, 1 yellow, 2 red.", (), [((), int(status))])
    yield _gauge("event_loop_lag_seconds", "Worst delay of the event loop in the last minute.", (), [((), loop_lag_s)])
    yield _gauge("resident_memory_bytes", "Resident memory of this process.", (), [((), resident_bytes)])
    yield _gauge("disk_free_ratio", "Free part of the data folder's disk, 0 to 1.", (), [((), readings.disk_free_part)])
    yield _gauge("disk_days_left", "Days until the disk is full.", (), [((), readings.disk_days_left)])
    low, high = readings.clock_offset_ms or (None, None)
    bounds: list[Sample] = [(("low",), _seconds(low)), (("high",), _seconds(high))]
    yield _gauge("clock_offset_seconds", "Our clock minus the exchanges', between low and high.", ("bound",), bounds)
    yield from _feeds(readings)
    yield from _channels(readings)
    yield from _writer(readings.writer, readings.writer_fault)
    yield from _alerts(readings.alerts)


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


def _writer(writer: WriterReading, fault: str | None) -> Iterator[Metric]:
    yield _gauge("writer_up", "1 if commits succeed.", (), [((), fault is None)])
    yield _gauge("writer_queue_rows", "Rows that wait for the disk.", (), [((), writer.queue_size)])
    yield _gauge("writer_wal_bytes", "Size of the WAL.", (), [((), writer.wal_bytes)])
    yield _gauge("writer_commit_p99_seconds", "Slow commits of late.", (), [((), writer.commit_ms_p99 / 1000)])
    yield _gauge("writer_last_commit_time_seconds", "Last commit.", (), [((), _seconds(writer.last_commit_ms))])
    yield _counter("writer_dropped_rows", "Rows dropped and marked as gaps.", (), [((), writer.dropped)])
    yield _counter("writer_failed_rows", "Rows the database refused.", (), [((), writer.failed)])


def _alerts(alerts: AlertsReading) -> Iterator[Metric]:
    states: list[Sample] = [((name,), getattr(alerts, name)) for name in ("pending", "sent", "failed", "uncertain")]
    yield _gauge("alert_deliveries", "Deliveries in the database, by state.", ("state",), states)
    yield _gauge("alert_last_sent_time_seconds", "Last delivery.", (), [((), _seconds(alerts.last_sent_ms))])


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
