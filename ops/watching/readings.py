"""How the daemon is at one moment, in numbers and words: what its parts tell, before anybody judges it. Pure values."""

from collections.abc import Mapping

from msgspec import Struct

from collectors.net.limits import ServiceState
from ops.commands.key_checks import KeyAnswer
from store.readings.track_record import TrackRecord


class FeedReading(Struct, frozen=True):
    """One exchange's sockets. Times are ours; `markets` are subscribed, `stale_markets` connected but silent.

    `failures` is the longest run of failures of a connection that has not ended, `last_error` the newest of it;
    `brief` the longest run of connections that brought data and ended within seconds.
    `quarantined` are trades that were not believed and frames that could not be read, since the start; `unreadable`
    counts the latter by what was wrong with them.
    """

    connected: bool
    last_message_ms: int | None
    last_trade_ms: int | None
    markets: int
    connections: int
    reconnects: int
    stale_markets: int
    open_gaps: int
    failures: int = 0
    last_error: str = ""
    refused_codes: tuple[str, ...] = ()
    quarantined: int = 0
    unreadable: Mapping[str, int] = {}
    brief: int = 0


class ChannelReading(Struct, frozen=True):
    """One listing channel. `state` is up, degraded, down or off; `reason` is empty while it is up."""

    state: str
    last_ok_ms: int | None
    last_item_ms: int | None
    errors: int
    reason: str


class WriterReading(Struct, frozen=True):
    queue_size: int
    dropped: int
    failed: int
    last_commit_ms: int | None
    commit_ms_p99: float
    wal_bytes: int


class AlertsReading(Struct, frozen=True):
    pending: int
    sent: int
    failed: int
    uncertain: int
    last_sent_ms: int | None


class AuditReading(Struct, frozen=True):
    """Seconds and minutes held against the exchanges' own candles since the start, and what came of it."""

    compared: int = 0
    equal: int = 0
    repaired: int = 0
    unexplained: int = 0


class CandleSocketReading(Struct, frozen=True):
    """How Upbit's own seconds are heard: `told` since the start, `short` of which lacked trades that we have.

    `connected` is false after a failure until the first candle comes.
    """

    connected: bool
    markets: int
    told: int
    short: int
    last_told_ms: int | None
    failures: int = 0
    last_error: str = ""


class Traffic(Struct, frozen=True):
    """What one exchange has sent since the start: trades in closed seconds, and frames or trades that were refused."""

    trades: int
    rejected: int


class Readings(Struct, frozen=True):
    """Everything the report is made of, taken at `now_ms`.

    `writer_fault` is why the writer cannot commit, None while it can. `crashes` maps a task of the judging zone to its
    last error while that counts as news. `oldest_pending_ms` is when the alert that waits longest was created.
    `disk_free_part` is 0 to 1. `moved_aside` names the damaged database that this start found.
    `storage_warnings` are the writer's own, remedies included. `traffic` and `record` are for the metrics only;
    `keys` holds, by exchange, what was last said of the owner's key.
    `off` says by name why a part does not run. `hosts` tells how each host that we ask stands.
    `audit_odd_ms` is when the audit last found what nothing explains; `candle_socket` is None where Upbit is not
    recorded.
    `page` is where the page is served. `unreachable` says why an alert target takes nothing before a person mends it;
    `moved_chats` holds the new id of every configured chat that has one, and is served under it.
    """

    now_ms: int
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
    telegram: bool
    writer_fault: str | None = None
    oldest_pending_ms: int | None = None
    crashes: Mapping[str, str] = {}
    disk_free_part: float | None = None
    moved_aside: str | None = None
    storage_warnings: tuple[str, ...] = ()
    page: str | None = None
    traffic: Mapping[str, Traffic] = {}
    record: TrackRecord = TrackRecord()
    keys: Mapping[str, KeyAnswer] = {}
    off: Mapping[str, str] = {}
    hosts: Mapping[str, ServiceState] = {}
    unreachable: Mapping[str, str] = {}
    moved_chats: Mapping[str, int] = {}
    audit: AuditReading = AuditReading()
    audit_odd_ms: int | None = None
    candle_socket: CandleSocketReading | None = None
