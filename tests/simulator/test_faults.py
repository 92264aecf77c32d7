import json

import pytest

from simulator.faults import KINDS, TARGETS, BadFault, Fault, Faults, SocketFaults, checked

NOW = 1_800_000_000_000
FRAMES = [json.dumps({"type": "trade", "code": "KRW-BTC", "trade_price": n}).encode() for n in range(6)]


class Bench:
    """Faults under a clock that the test sets, and one connection."""

    def __init__(self, target: str = "upbit:public") -> None:
        self.now = NOW
        self.faults = Faults(lambda: self.now)
        self.socket = SocketFaults(self.faults, target)

    def add(self, kind: str, target: str = "upbit:public", **given: int) -> None:
        self.faults.add(Fault(target, kind, self.now, self.now + 1_000, **given))  # type: ignore[arg-type]  # ints only


def test_without_faults_frames_go_out_as_they_are() -> None:
    assert Bench().socket.mutate(FRAMES) == FRAMES


def test_a_fault_ends_by_itself_and_by_clearing() -> None:
    bench = Bench()
    bench.add("stall")
    assert bench.socket.mutate(FRAMES) == []
    bench.now += 1_000
    assert bench.socket.mutate(FRAMES) == FRAMES
    bench.add("stall")
    bench.faults.clear()
    assert bench.socket.mutate(FRAMES) == FRAMES


@pytest.mark.parametrize(
    ("target", "asked", "hit"),
    [
        ("upbit", "upbit:public", True),
        ("upbit:public", "upbit:public", True),
        ("upbit:public", "upbit", False),
        ("upbit:public", "upbit:announcement", False),
        ("bithumb", "upbit:public", False),
        ("upbit", "upbit-site", False),
    ],
)
def test_a_fault_on_a_service_covers_what_is_below_it(target: str, asked: str, hit: bool) -> None:
    bench = Bench()
    bench.add("stall", target)
    assert (bench.faults.active(asked, "stall") is not None) == hit


def test_a_stalled_connection_is_silent_also_to_pings() -> None:
    bench = Bench()
    bench.add("stall")
    assert bench.socket.silent()


def test_slow_says_how_long_to_wait() -> None:
    bench = Bench()
    bench.add("slow", by_ms=250)
    assert bench.socket.delay_s() == 0.25


def test_garbage_and_truncated_frames_come_on_top_before_each_nth_frame() -> None:
    for kind in ("garbage", "truncate"):
        bench = Bench()
        bench.add(kind, every=3)
        sent = bench.socket.mutate(FRAMES)
        assert [frame for frame in sent if frame in FRAMES] == FRAMES
        assert [n for n, frame in enumerate(sent) if frame not in FRAMES] == [2, 6]
        for broken in (sent[2], sent[6]):
            with pytest.raises(ValueError):
                json.loads(broken)


def test_a_missing_field_is_the_one_that_matters() -> None:
    bench = Bench()
    bench.add("missing_field", every=1)
    assert json.loads(bench.socket.mutate(FRAMES[:1])[0]) == {"type": "trade", "code": "KRW-BTC"}


def test_withheld_trades_never_come_and_everything_else_does() -> None:
    bench = Bench()
    bench.add("withhold", every=2)
    live = [json.dumps({"ty": "trade", "st": "REALTIME", "n": n}, separators=(",", ":")).encode() for n in range(4)]
    snapshot = json.dumps({"type": "trade", "stream_type": "SNAPSHOT"}, separators=(",", ":")).encode()
    assert bench.socket.mutate(live) == [live[0], live[2]]
    assert bench.socket.mutate([snapshot] * 4) == [snapshot] * 4
    bench.now += 1_000
    assert bench.socket.mutate(live) == live


def test_duplicates_repeat_each_frame() -> None:
    bench = Bench()
    bench.add("duplicate")
    assert bench.socket.mutate(FRAMES[:2]) == [FRAMES[0], FRAMES[0], FRAMES[1], FRAMES[1]]


def test_big_frames_come_on_top_so_no_trade_is_lost() -> None:
    bench = Bench()
    bench.add("big_frame", every=3, size=100_000)
    sent = bench.socket.mutate(FRAMES)
    assert [frame for frame in sent if len(frame) < 1_000] == FRAMES
    assert sum(len(frame) > 100_000 for frame in sent) == 2


def test_reordering_loses_nothing_and_repeats_nothing() -> None:
    bench = Bench()
    bench.add("reorder")
    sent = bench.socket.mutate(FRAMES[:3]) + bench.socket.mutate(FRAMES[3:5])
    bench.now += 1_000
    sent += bench.socket.mutate(FRAMES[5:])
    assert sorted(sent) == sorted(FRAMES)
    assert sent != FRAMES


@pytest.mark.parametrize(
    ("target", "kind", "given", "says"),
    [
        ("nowhere", "drop", {}, "target"),
        ("upbit", "nothing", {}, "kind"),
        ("upbit", "blocked", {}, "telegram only"),
        ("binance", "garbage", {}, "sockets only"),
        ("upbit:public", "http_429", {}, "HTTP answers only"),
        ("upbit:public", "slow", {}, "by_ms"),
        ("upbit:public", "slow", {"by_ms": -1}, "by_ms"),
        ("upbit", "skew_clock", {}, "by_ms"),
        ("upbit:announcement", "skew_clock", {"by_ms": 5}, "has none"),
        ("upbit:announcement", "withhold", {}, "has none"),
        ("binance", "wrong_price", {}, "factor"),
    ],
)
def test_a_senseless_fault_is_refused_with_its_reason(target: str, kind: str, given: dict[str, int], says: str) -> None:
    with pytest.raises(BadFault, match=says):
        checked(Fault(target, kind, NOW, NOW + 1, **given))  # type: ignore[arg-type]  # ints only


def test_every_kind_has_a_target_that_it_can_happen_to() -> None:
    for kind in KINDS:
        fits = []
        for target in TARGETS:
            try:
                fits.append(checked(Fault(target, kind, NOW, NOW + 1, by_ms=5, factor=2.0)))
            except BadFault:
                continue
        assert fits, kind
