"""Upbit's socket codec: fixtures of our own, real captures where they are, and any bytes at all."""

import ast
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Fill, Fills, Market, OrderBook, Trade
from collectors.exchanges import upbit_rest, upbit_ws
from collectors.exchanges.frames import BadFrame, Event, FeedError, StatusUp, Subscriptions
from tests.collectors.exchanges.socket_cases import (
    BREACHES,
    GOOD_BOOK,
    GOOD_TRADE,
    RECEIVED_MS,
    assert_trade,
    encoded,
    event_or_bad_frame,
    fixture_frames,
    mutated,
    reason_of,
)

decode = upbit_ws.decode


@pytest.mark.parametrize(("frame", "expected"), fixture_frames("upbit"))
def test_a_trade_reads_the_same_in_long_and_short_keys(frame: bytes, expected: dict[str, object]) -> None:
    assert_trade(decode(frame, RECEIVED_MS), expected)


def test_the_same_code_gives_the_same_market_object() -> None:
    first, second = decode(encoded(GOOD_TRADE), 1), decode(encoded(GOOD_TRADE), 2)
    assert isinstance(first, Trade)
    assert isinstance(second, Trade)
    assert first.market is second.market


def test_a_one_element_array_is_unwrapped_and_a_longer_one_refused() -> None:
    assert isinstance(decode(encoded([GOOD_TRADE]), 1), Trade)
    assert isinstance(decode(encoded([{"status": "UP"}]), 1), StatusUp)
    assert "array of another length" in reason_of(decode, encoded([GOOD_TRADE, GOOD_TRADE]))


def test_unknown_keys_are_let_through() -> None:
    assert isinstance(decode(encoded(GOOD_TRADE | {"new_2027": {"deep": [1]}}), 1), Trade)


@pytest.mark.parametrize(("change", "reason"), BREACHES)
def test_a_breach_names_the_field(change: dict[str, object], reason: str) -> None:
    assert reason in reason_of(decode, encoded(GOOD_TRADE | change))


@pytest.mark.parametrize("key", ["cd", "tp", "tv", "ab", "ttms", "sid"])
def test_a_missing_field_is_named(key: str) -> None:
    assert f"`{key}`" in reason_of(decode, encoded({name: v for name, v in GOOD_TRADE.items() if name != key}))


def test_broken_json_is_pointed_at_by_line_and_column() -> None:
    with pytest.raises(BadFrame) as bad:
        decode(b'{"type":"trade",\n "code": x}', 1)
    assert (bad.value.line, bad.value.column) == (2, 10)
    with pytest.raises(BadFrame) as bad:
        decode(b'{"type":"tra', 1)
    assert (bad.value.line, bad.value.column) == (1, 13)


def test_a_sample_is_cut() -> None:
    with pytest.raises(BadFrame) as bad:
        decode(b"x" * 10_000_000, 1)
    assert len(bad.value.frame) == 500


def test_a_book_is_best_first_without_empty_rows() -> None:
    rows = [
        {"ap": 4225, "bp": 4205, "as": 3, "bs": 3},
        {"ap": 4220, "bp": 4210, "as": 1.5, "bs": 2.5},
        {"ap": 4230, "bp": 0, "as": 0, "bs": 4},
    ]
    book = decode(encoded(GOOD_BOOK | {"obu": rows}), RECEIVED_MS)
    assert book == OrderBook(
        Market("upbit", "ORCA", "KRW"),
        bids=((4210.0, 2.5), (4205.0, 3.0)),
        asks=((4220.0, 1.5), (4225.0, 3.0)),
        taken_ms=1795000800131,
        received_ms=RECEIVED_MS,
    )


@pytest.mark.parametrize(("sent", "kept"), [(30, 30), (15, 15), (1_000, 30)])
def test_a_book_keeps_the_best_thirty_of_each_side_however_many_are_sent(sent: int, kept: int) -> None:
    rows = [{"ap": 5_000 + n, "bp": 4_000 - n, "as": 1, "bs": 2} for n in range(sent)]
    book = decode(encoded(GOOD_BOOK | {"obu": rows[::-1]}), RECEIVED_MS)
    assert isinstance(book, OrderBook)
    assert book.asks == tuple((5_000.0 + n, 1.0) for n in range(kept))
    assert book.bids == tuple((4_000.0 - n, 2.0) for n in range(kept))


def test_control_frames_have_their_own_types() -> None:
    assert decode(b'{"status":"UP"}', 1) == StatusUp()
    refusal = b'{"error":{"name":"WRONG_FORMAT","message":"x"}}'
    assert decode(refusal, 1) == FeedError("WRONG_FORMAT", "x")
    assert decode(b'{"error":{"name":400,"message":"x"}}', 1) == FeedError("400", "x")
    listed: Event = Subscriptions({"trade": ("KRW-BTC", "BTC-ETH")}, "t")
    long_keys = {"method": "LIST_SUBSCRIPTIONS", "result": [{"type": "trade", "codes": ["KRW-BTC", "BTC-ETH"]}]}
    assert decode(encoded(long_keys | {"ticket": "t"}), 1) == listed
    short_keys = {"mthd": "LIST_SUBSCRIPTIONS", "rslt": [{"ty": "trade", "cds": ["KRW-BTC", "BTC-ETH"]}], "tckt": "t"}
    assert decode(encoded(short_keys), 1) == listed


@pytest.mark.parametrize("frame", [{"type": "ticker"}, {"ty": "ticker", "cd": "KRW-BTC"}, {"type": "candle.1s"}])
def test_known_kinds_that_nobody_asked_for_are_nothing(frame: dict[str, str]) -> None:
    assert decode(encoded(frame), 1) is None


def test_an_unknown_kind_is_a_bad_frame() -> None:
    assert "newtype" in reason_of(decode, b'{"type":"newtype","code":"KRW-BTC"}')


def test_a_request_names_codes_and_asks_for_short_keys() -> None:
    text = upbit_ws.subscribe([Market("upbit", "BTC", "KRW")], "t1", [Market("upbit", "ETH", "KRW")])
    assert json.loads(text) == [
        {"ticket": "t1"},
        {"type": "trade", "codes": ["KRW-BTC"]},
        {"type": "orderbook", "codes": ["KRW-ETH"]},
        {"format": "SIMPLE"},
    ]


@given(st.binary(max_size=300))
def test_any_bytes_give_an_event_or_a_bad_frame(frame: bytes) -> None:
    event_or_bad_frame(decode, frame)


@given(mutated())
def test_a_mutated_frame_gives_an_event_or_a_bad_frame(frame: bytes) -> None:
    event_or_bad_frame(decode, frame)


def alone(fills: Sequence[Fill]) -> list[Trade]:
    return list(Fills("upbit", RECEIVED_MS, fills).trades()) if fills else []


@given(st.lists(mutated() | st.just(encoded(GOOD_TRADE)), max_size=4))
def test_trades_read_together_are_the_same_as_one_by_one_or_left_to_that(frames: list[bytes]) -> None:
    together = upbit_ws.decode_trades(frames)
    if together is not None:
        assert alone(together) == [decode(frame, RECEIVED_MS) for frame in frames]


def test_ordinary_trades_are_read_together_and_nothing_else_is() -> None:
    good = [encoded(GOOD_TRADE | {"sid": number}) for number in range(3)]
    together = upbit_ws.decode_trades(good)
    assert together is not None
    assert alone(together) == [decode(frame, RECEIVED_MS) for frame in good]
    snapshot, long = encoded(GOOD_TRADE | {"st": "SNAPSHOT"}), encoded({"type": "trade", "code": "KRW-ORCA"})
    typeless = encoded({key: value for key, value in GOOD_TRADE.items() if key != "ty"})
    for other in (snapshot, long, encoded(GOOD_BOOK), b'{"status":"UP"}', b"", b"\n".join(good[:2]), b"{", typeless):
        assert upbit_ws.decode_trades([good[0], other, good[1]]) is None
    assert upbit_ws.decode_trades([good[0] + b"\n" + good[1], b""]) is None


@pytest.mark.parametrize(("change", "reason"), BREACHES)
def test_a_breach_is_never_read_together(change: dict[str, object], reason: str) -> None:
    assert upbit_ws.decode_trades([encoded(GOOD_TRADE | change)]) is None


def test_deep_nesting_is_a_bad_frame_and_no_crash() -> None:
    reason_of(decode, b'{"type":"trade","x":' + b"[" * 200_000)


@pytest.mark.captures
def test_every_frame_of_the_2021_capture_decodes(captures: Path) -> None:
    trades = books = 0
    for line in (captures / "upbit/cryptofeed-UPBIT.ws.62.0").read_text().splitlines():
        received_s, _, literal = line.partition(": ")
        if not literal.startswith("b'"):
            continue
        frame, received_ms = ast.literal_eval(literal), int(float(received_s) * 1000)
        raw = json.loads(frame)
        event = decode(frame, received_ms)
        if raw["ty"] == "trade":
            assert isinstance(event, Trade)
            trades += 1
            assert event.market.code == raw["cd"]
            assert event.side == {"ASK": "sell", "BID": "buy"}[raw["ab"]]
            told = datetime.fromisoformat(f"{raw['td']}T{raw['ttm']}Z")
            assert int(told.timestamp()) == event.traded_ms // 1000
            assert (event.price, event.volume, event.trade_id) == (raw["tp"], raw["tv"], raw["sid"])
            assert -2_000 < received_ms - event.traded_ms < 5_000
        else:
            assert isinstance(event, OrderBook)
            books += 1
            assert list(event.bids) == sorted(event.bids, reverse=True)
            assert event.bids[0][0] < event.asks[0][0]
    assert (trades, books) == (304, 145)


@pytest.mark.captures
def test_a_trade_of_2026_is_the_same_over_socket_and_rest(captures: Path) -> None:
    rows = [json.loads(line) for line in (captures / "upbit/live-2026-07-30.jsonl").read_text().splitlines()]
    twin = next(row["body"] for row in rows if row.get("note") == "REST twin of the next line")
    frame = next(row["body"] for row in rows if row.get("note") == "WS twin of the previous line")
    over_socket = decode(encoded(frame), RECEIVED_MS)
    assert upbit_rest.parse_trades(200, encoded(twin), RECEIVED_MS) == (over_socket,)
    assert isinstance(over_socket, Trade)
    assert over_socket.side == "sell"
    assert over_socket.trade_id == 17853950437790001


@pytest.mark.captures
def test_no_socket_frame_of_2026_is_rejected(captures: Path) -> None:
    frames = 0
    for line in (captures / "upbit/live-2026-07-30.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["src"].startswith("wss"):
            for body in row["body"] if isinstance(row["body"], list) else [row["body"]]:
                decode(encoded({"type": row["type"], **body}), RECEIVED_MS)  # the publisher dropped some `type`s
                frames += 1
    assert frames == 10
