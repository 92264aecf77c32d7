"""Which faults are on now, and what they do to the frames of a socket.

A fault has a target: a service (`upbit`), its public socket (`upbit:public`) or a listing channel
(`upbit:notices`). A fault on a service covers everything below it. What a fault does to an HTTP answer is in
`http_faults.py`; cutting (`drop`) and refusing (`refuse`) connections is the server's work, for sockets as well.
"""

import json
from collections.abc import Callable, Sequence

from msgspec import Struct

from simulator.counters import SERVICES

SOCKET_KINDS = frozenset(
    [
        "drop",
        "stall",
        "refuse",
        "slow",
        "garbage",
        "truncate",
        "big_frame",
        "duplicate",
        "reorder",
        "missing_field",
        "subscribe_error",
        "skew_clock",
        "withhold",
    ]
)
HTTP_KINDS = frozenset(
    [
        "http_429",
        "http_418",
        "http_403",
        "http_451",
        "http_5xx",
        "http_html",
        "empty",
        "stale_page",
        "zero_price",
        "null_price",
        "wrong_price",
        "timeout_after_accept",
    ]
)
TRANSPORT_KINDS = frozenset(["drop", "stall", "refuse", "slow"])  # these mean the same to a request as to a socket
TELEGRAM_KINDS = frozenset(["blocked", "migrated", "bad_markup"])
KINDS = SOCKET_KINDS | HTTP_KINDS | TELEGRAM_KINDS

SOCKETS = frozenset({"upbit:public", "bithumb:public", "upbit:announcement"})
CHANNELS = frozenset(
    [
        "upbit:announcement",
        "upbit:notices",
        "upbit:market_list",
        "upbit:ticker_all",
        "bithumb:notices",
        "bithumb:market_list",
        "bithumb:ticker_all",
        "bithumb:assets",
    ]
)
SOCKET_SERVICES = frozenset({"upbit", "bithumb"})
TARGETS = frozenset(SERVICES) | SOCKETS | CHANNELS
BIG_FRAME_BYTES = 10_000_000


class BadFault(ValueError):
    """The fault asked for makes no sense; the text says why."""


class Fault(Struct, frozen=True):
    """One fault on one target for `from_ms <= now < to_ms`. Parameters without use for its kind keep their default."""

    target: str
    kind: str
    from_ms: int
    to_ms: int
    by_ms: int = 0
    retry_after_s: int = 5
    factor: float = 1.0
    status: int | None = None
    every: int = 3
    size: int | None = None
    chat_id: str | None = None
    new_chat_id: int | None = None


def checked(fault: Fault) -> Fault:
    """The fault, if its kind can happen to its target; raise BadFault if not."""
    target, kind = fault.target, fault.kind
    if target not in TARGETS:
        raise BadFault(f"target: {target!r} is none of {', '.join(sorted(TARGETS))}")
    if kind not in KINDS:
        raise BadFault(f"kind: {kind!r} is none of {', '.join(sorted(KINDS))}")
    if kind in TELEGRAM_KINDS and target != "telegram":
        raise BadFault(f"kind: {kind} happens to telegram only")
    if kind in SOCKET_KINDS - TRANSPORT_KINDS and target not in SOCKETS | SOCKET_SERVICES:
        raise BadFault(f"kind: {kind} happens to sockets only, and {target} is none")
    if kind in HTTP_KINDS and target in SOCKETS:
        raise BadFault(f"kind: {kind} happens to HTTP answers only, and {target} is a socket")
    if kind in ("skew_clock", "withhold") and target == "upbit:announcement":
        raise BadFault(f"kind: {kind} happens to trades, and upbit:announcement has none")
    if kind in ("slow", "skew_clock") and fault.by_ms == 0:
        raise BadFault(f"by_ms: say by how much, for {kind}")
    if kind == "slow" and fault.by_ms < 0:
        raise BadFault("by_ms: nothing is sent before its time")
    if kind == "wrong_price" and fault.factor == 1.0:
        raise BadFault("factor: say by what a wrong price is multiplied")
    return fault


class Faults:
    """The faults that were asked for, under the clock that is handed in."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._faults: list[Fault] = []
        self._listeners: list[Callable[[Fault], None]] = []

    def add(self, fault: Fault) -> None:
        self._faults = [known for known in self._faults if known.to_ms > self._now_ms()]
        self._faults.append(fault)
        for listener in self._listeners:
            listener(fault)

    def clear(self) -> None:
        self._faults = []

    def on_add(self, listener: Callable[[Fault], None]) -> None:
        """Call `listener` with each new fault, at once."""
        self._listeners.append(listener)

    def active(self, target: str, kind: str) -> Fault | None:
        """The newest fault of this kind that is on now for `target` or for the service that it belongs to."""
        return self.at(target, kind, self._now_ms())

    def at(self, target: str, kind: str, now_ms: int) -> Fault | None:
        """The same, as of `now_ms`."""
        if not self._faults:
            return None
        return next((f for f in reversed(self._faults) if f.kind == kind and covers(f, target, now_ms)), None)

    def all_active(self) -> list[Fault]:
        now_ms = self._now_ms()
        return [fault for fault in self._faults if fault.from_ms <= now_ms < fault.to_ms]


def covers(fault: Fault, target: str, now_ms: int) -> bool:
    return fault.from_ms <= now_ms < fault.to_ms and fault.target in (target, target.partition(":")[0])


class SocketFaults:
    """The faults of one connection. One object a connection: it counts frames and may hold one back (`reorder`).

    A service asks, in this order: `subscribe_error()` when a subscription arrives, `delay_s()` and then `mutate()` for
    the frames that it is about to send. While `silent()`, it answers nothing at all, neither PING nor pong.
    """

    def __init__(self, faults: Faults, target: str) -> None:
        self._faults = faults
        self._target = target
        self._frames = 0
        self._held: bytes | None = None

    def silent(self) -> bool:
        """`stall`: the connection stays open and nothing comes."""
        return self._faults.active(self._target, "stall") is not None

    def subscribe_error(self) -> bool:
        """Answer the subscription with the exchange's error frame instead of data."""
        return self._faults.active(self._target, "subscribe_error") is not None

    def delay_s(self) -> float:
        """Simulated seconds to wait before the frames are sent; order is kept."""
        slow = self._faults.active(self._target, "slow")
        return slow.by_ms / 1000 if slow else 0.0

    def mutate(self, frames: Sequence[bytes]) -> list[bytes]:
        """What really goes out for these JSON frames; nothing while stalled."""
        if not self._faults.all_active():
            return self._release(list(frames))
        if self.silent():
            return []
        sent: list[bytes] = []
        for frame in frames:
            self._frames += 1
            sent.extend(self._bent(frame))
        if self._faults.active(self._target, "reorder"):
            return self._shuffled(sent)
        return self._release(sent)

    def _bent(self, frame: bytes) -> list[bytes]:
        def hits(kind: str) -> Fault | None:
            fault = self._faults.active(self._target, kind)
            return fault if fault and self._frames % max(1, fault.every) == 0 else None

        if is_live_trade(frame) and hits("withhold"):
            return []
        bent: list[bytes] = []  # garbage, truncated and big frames come on top: no trade is lost by them
        if hits("garbage"):
            bent.append(b'{"type":\xff\xfe garbage ' + frame[:16])
        if hits("truncate"):
            bent.append(frame[: max(1, len(frame) * 2 // 3)])
        if hits("missing_field"):
            frame = without_one_field(frame)
        bent.append(frame)
        if self._faults.active(self._target, "duplicate"):
            bent.append(frame)
        if big := hits("big_frame"):
            bent.append(b'{"type":"trade","padding":"' + b"x" * (big.size or BIG_FRAME_BYTES) + b'"}')
        return bent

    def _shuffled(self, frames: list[bytes]) -> list[bytes]:
        """Neighbours change places; the last of an odd number waits for the next batch."""
        waiting = ([self._held] if self._held is not None else []) + frames
        self._held = waiting.pop() if len(waiting) % 2 else None
        return [frame for pair in zip(waiting[1::2], waiting[::2], strict=True) for frame in pair]

    def _release(self, frames: list[bytes]) -> list[bytes]:
        if self._held is not None:
            frames.append(self._held)
            self._held = None
        return frames


def is_live_trade(frame: bytes) -> bool:
    """A trade as it happens; a snapshot repeats one, and a client waits for it."""
    return (b'"type":"trade"' in frame or b'"ty":"trade"' in frame) and b'"REALTIME"' in frame


PRICE_FIELDS = ("trade_price", "tp", "orderbook_units", "obu", "title", "tt")


def without_one_field(frame: bytes) -> bytes:
    """The same frame without its price (or units, or title): the field that no reader can do without."""
    wire = json.loads(frame)
    for row in wire if isinstance(wire, list) else [wire]:
        name = next((field for field in PRICE_FIELDS if field in row), None)
        if name:
            del row[name]
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode()
