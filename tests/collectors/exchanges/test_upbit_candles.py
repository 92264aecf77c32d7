"""Upbit's own seconds over its socket: both spellings, what is refused, and any bytes at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Candle, Market
from collectors.exchanges import dialect, upbit_candles
from collectors.exchanges.frames import BadFrame, FeedError, StatusUp, Subscriptions
from tests.collectors.exchanges.socket_cases import json_values

LONG: dict[str, Any] = {
    "type": "candle.1s",
    "code": "KRW-ORCA",
    "candle_date_time_utc": "2026-11-18T06:40:03",
    "candle_date_time_kst": "2026-11-18T15:40:03",
    "opening_price": 4215.0,
    "high_price": 4220.0,
    "low_price": 4210.0,
    "trade_price": 4211.5,
    "candle_acc_trade_volume": 12.25,
    "candle_acc_trade_price": 51600.5,
    "timestamp": 1794984003900,
    "stream_type": "REALTIME",
}
SHORT: dict[str, Any] = {
    "ty": "candle.1s",
    "cd": "KRW-ORCA",
    "cdttmu": "2026-11-18T06:40:03",
    "cdttmk": "2026-11-18T15:40:03",
    "op": 4215.0,
    "hp": 4220.0,
    "lp": 4210.0,
    "tp": 4211.5,
    "catv": 12.25,
    "catp": 51600.5,
    "tms": 1794984003900,
    "st": "REALTIME",
}
SECOND = Candle(
    Market("upbit", "ORCA", "KRW"), 1_794_984_003_000, 4215.0, 4220.0, 4210.0, 4211.5, 12.25, 51600.5, trades=0
)


def encoded(frame: object) -> bytes:
    return json.dumps(frame).encode()


def reason_of(frame: object) -> str:
    with pytest.raises(BadFrame) as bad:
        upbit_candles.decode(encoded(frame))
    return str(bad.value)


@pytest.mark.parametrize("frame", [LONG, SHORT, [LONG], [SHORT]])
def test_a_second_reads_the_same_in_every_format(frame: object) -> None:
    assert upbit_candles.decode(encoded(frame)) == SECOND


def test_unknown_keys_are_let_through_and_a_zone_is_heeded() -> None:
    assert upbit_candles.decode(encoded(SHORT | {"new_2027": [1]})) == SECOND
    assert upbit_candles.decode(encoded(SHORT | {"cdttmu": "2026-11-18T06:40:03Z"})) == SECOND
    assert upbit_candles.decode(encoded(SHORT | {"cdttmu": "2026-11-18T15:40:03+09:00"})) == SECOND


@pytest.mark.parametrize("key", ["cd", "cdttmu", "op", "hp", "lp", "tp", "catv", "catp"])
def test_a_missing_field_is_named(key: str) -> None:
    assert "missing required field" in reason_of({name: value for name, value in SHORT.items() if name != key})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"op": 0}, "$.op"),
        ({"lp": -1.0}, "$.lp"),
        ({"catv": 0.0}, "$.catv"),
        ({"tp": "4211"}, "$.tp"),
        ({"cd": "ORCA"}, "not a market code"),
        ({"cdttmu": "yesterday"}, "not a second"),
        ({"cdttmu": "2026-11-18T06:40:03.500"}, "not a second"),
        ({"cdttmu": "0001-01-01T00:00:00"}, "not a second"),
        ({"cdttmu": "9999-12-31T23:59:59-23:59"}, "not a second"),
        ({"ty": "candle.1m"}, "$.ty"),
    ],
)
def test_a_breach_names_the_field(change: dict[str, object], reason: str) -> None:
    assert reason in reason_of(SHORT | change)


def test_control_frames_are_told_apart() -> None:
    assert isinstance(upbit_candles.decode(b'{"status":"UP"}'), StatusUp)
    refusal = upbit_candles.decode(encoded({"error": {"name": "INVALID_PARAM", "message": "지원하지 않는 type"}}))
    assert refusal == FeedError("INVALID_PARAM", "지원하지 않는 type")
    listed = {"result": [{"type": "candle.1s", "codes": ["KRW-ORCA"]}], "ticket": "t"}
    assert isinstance(upbit_candles.decode(encoded(listed)), Subscriptions)


def test_the_request_asks_for_what_is_new_only() -> None:
    [ticket, wanted, form] = json.loads(upbit_candles.subscribe([SECOND.market], "t"))
    assert ticket == {"ticket": "t"}
    assert wanted == {"type": "candle.1s", "codes": ["KRW-ORCA"], "is_only_realtime": True}
    assert form == {"format": "SIMPLE"}


@pytest.mark.captures
def test_real_frames_of_candles_are_read(captures: Path) -> None:
    """The recordings hold minutes; a second has the same fields and another name."""
    lines = (captures / "upbit" / "live-2026-07-30.jsonl").read_text().splitlines()
    bodies = [row["body"] for row in map(json.loads, lines) if str(row.get("type", "")).startswith("candle")]
    frames = [each for body in bodies for each in (body if isinstance(body, list) else [body]) if "code" in each]
    assert frames
    for frame in frames:
        event = upbit_candles.decode(encoded(frame | {"type": "candle.1s"}))
        assert isinstance(event, Candle)
        assert event.open == frame["opening_price"]
        assert event.volume == frame["candle_acc_trade_volume"]
        assert event.open_ms % 60_000 == 0


@given(
    st.sampled_from([LONG, SHORT]),
    st.dictionaries(st.sampled_from([*LONG, *SHORT]), json_values, max_size=3),
    st.integers(0, 400),
    st.binary(max_size=3),
)
def test_any_bytes_are_a_second_a_word_of_control_or_a_bad_frame(
    good: dict[str, Any], change: dict[str, Any], at: int, noise: bytes
) -> None:
    raw = encoded(good | change)
    frame = raw[:at] + noise + raw[at:]
    try:
        event = upbit_candles.decode(frame)
    except BadFrame as bad:
        assert frame.startswith(bad.frame)
        return
    assert isinstance(event, (Candle, StatusUp, FeedError, Subscriptions))
    if isinstance(event, Candle):
        assert min(event.open, event.high, event.low, event.close, event.volume, event.quote_volume) > 0
        assert event.open_ms % 1_000 == 0


def test_what_a_socket_makes_up_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "MOST_CODES", 2)
    markets = dialect.Markets("upbit")
    assert [markets[f"KRW-X{n}"].base for n in range(4)] == ["X0", "X1", "X2", "X3"]
    assert len(markets) == 2
    said = b'{"error":{"name":"' + b"N" * 9_000 + b'","message":"' + b"x" * 9_000 + b'"}}'
    error = upbit_candles.decode(said)
    assert isinstance(error, FeedError)
    assert (len(error.name), len(error.message)) == (300, 300)
