"""What both codecs must do alike; each codec's test runs these with its own `decode`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from collectors.events import OrderBook, Trade
from collectors.exchanges.frames import BadFrame, Event, FeedError, StatusUp, Subscriptions

Decode = Callable[[bytes, int], Event]
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
RECEIVED_MS = 1_795_000_801_234
EVENTS = (Trade, OrderBook, StatusUp, FeedError, Subscriptions, type(None))

GOOD_TRADE: dict[str, object] = {
    "ty": "trade",
    "cd": "KRW-ORCA",
    "ttms": 1795000800131,
    "tp": 4215.0,
    "tv": 12.5,
    "ab": "BID",
    "sid": 17950008001310003,
    "st": "REALTIME",
}
GOOD_BOOK: dict[str, object] = {
    "ty": "orderbook",
    "cd": "KRW-ORCA",
    "tms": 1795000800131,
    "obu": [{"ap": 4220, "bp": 4210, "as": 1.5, "bs": 2.5}],
    "st": "REALTIME",
}
BREACHES: list[tuple[dict[str, object], str]] = [
    ({"tp": 0}, "non-positive price"),
    ({"tp": -1.0}, "non-positive price"),
    ({"tv": 0.0}, "non-positive volume"),
    ({"tp": "4215"}, "$.tp"),
    ({"tp": None}, "$.tp"),
    ({"sid": 1.5}, "$.sid"),
    ({"ab": "BUY"}, "$.ab"),
    ({"ttms": 1795000800}, "not in milliseconds"),
    ({"ttms": 1795000800131000}, "not in milliseconds"),
    ({"cd": "ORCA"}, "not a market code"),
    ({"cd": 5}, "$.cd"),
    ({"cd": "KRW-" + "A" * 60}, "not a market code"),
]


def fixture_frames(exchange: str) -> list[tuple[bytes, dict[str, object]]]:
    cases = json.loads((FIXTURES / exchange / "socket.json").read_text())
    return [(json.dumps(case["frame"]).encode(), case["event"]) for case in cases]


def assert_trade(event: Event, expected: dict[str, object]) -> None:
    assert isinstance(event, Trade)
    told = {name: getattr(event, name) for name in ("price", "volume", "side", "traded_ms", "trade_id", "snapshot")}
    assert {"code": event.market.code, **told} == expected
    assert event.received_ms == RECEIVED_MS


def encoded(frame: object) -> bytes:
    return json.dumps(frame).encode()


def reason_of(decode: Decode, frame: bytes) -> str:
    with pytest.raises(BadFrame) as bad:
        decode(frame, RECEIVED_MS)
    assert len(bad.value.frame) <= 500
    return str(bad.value)


def event_or_bad_frame(decode: Decode, frame: bytes) -> Event:
    """The one promise for any bytes: an event or BadFrame."""
    try:
        event = decode(frame, RECEIVED_MS)
    except BadFrame as bad:
        assert frame.startswith(bad.frame)
        return None
    assert isinstance(event, EVENTS)
    if isinstance(event, Trade):
        assert 0 < event.price < float("inf")
        assert 0 < event.volume < float("inf")
    return event


json_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
json_values = (
    json_leaves
    | st.lists(json_leaves, max_size=2)
    | st.dictionaries(st.sampled_from(["ap", "bp", "as", "x"]), json_leaves, max_size=2)
    | st.lists(st.dictionaries(st.sampled_from(["ap", "bp", "as", "x"]), json_leaves, max_size=2), max_size=1)
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid frame with fields replaced or dropped, or with bytes flipped, cut or doubled."""
    frame = dict(draw(st.sampled_from([GOOD_TRADE, GOOD_BOOK])))
    for key in draw(st.lists(st.sampled_from(list(frame)), max_size=3)):
        if draw(st.booleans()):
            frame.pop(key, None)
        else:
            frame[key] = draw(json_values)
    raw = bytearray(encoded(frame))
    for at in draw(st.lists(st.integers(0, len(raw) - 1), max_size=3)):
        raw[at] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw * draw(st.integers(1, 2)))
