"""What the recorder does not believe: a sample is kept, its seconds are marked, and nothing ends."""

import pytest

from collectors.events import GapCause, Market
from config.units import SECOND_MS
from tests.collectors.recording.recorder_bench import Bench
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, rows, trade


def spans(bench: Bench, cause: str) -> list[tuple[str, int, int]]:
    """(code, from, to) of the gaps of a cause that are over, in order."""
    found = [(code, begins, ends) for code, begins, ends, of in bench.gaps() if of == cause]
    return sorted((str(code), int(str(begins)), int(str(ends))) for code, begins, ends in found)


async def test_a_refused_trade_is_kept_for_a_look_and_its_second_is_marked(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(5)
    bench.hear(100.0)
    bench.recorder.trade(trade(4_200, -1.0, received_ms=5_000))
    bench.recorder.trade(trade(4_300, float("nan"), received_ms=5_000))
    await bench.stored()
    assert bench.gaps()[1:] == [("KRW-BTC", 4_000, 5_000, "quarantined")]
    kept = rows(bench.path, "SELECT exchange, reason, sample FROM quarantine ORDER BY id")
    assert [row[:2] for row in kept] == [("upbit", "price"), ("upbit", "price")]
    assert '"price":-1.0' in str(kept[0][2])
    assert bench.recorder.reading("upbit").rejected == 2


async def test_a_frame_that_cannot_be_read_marks_its_moment_on_the_whole_exchange(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(8)
    bench.hear()
    await bench.stored()
    bench.recorder.rejected("upbit", "not JSON", b"\xff{", bench.clock.now_ms())
    await bench.stored()
    assert bench.gaps()[1:] == [(None, 7_000, 9_000, "quarantined")]
    assert rows(bench.path, "SELECT reason, sample FROM quarantine") == [("not JSON", "\\xff{")]


async def test_a_flood_of_bad_frames_leaves_a_few_samples_and_one_gap_a_second(bench: Bench) -> None:
    await bench.begin(BTC)
    for n in range(500):
        bench.recorder.rejected("upbit", "not JSON", b"%d" % n, START_MS)
    await bench.stored()
    assert rows(bench.path, "SELECT COUNT(*) FROM quarantine") == [(20,)]
    assert len(bench.gaps()) == 2
    assert bench.recorder.reading("upbit").rejected == 500


async def test_a_trade_from_the_future_of_a_market_that_nobody_expects_ends_nothing(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(2.5)
    bench.recorder.trade(trade(3_600_000, market=ETH, received_ms=bench.now()))
    await bench.stored()
    assert bench.recorder.reading("upbit").rejected == 1
    assert bench.gaps() == [("KRW-BTC", 0, 1_000, "start")]


@pytest.mark.parametrize("heard_by", [BTC, ETH])
async def test_what_a_clock_that_is_ahead_stamped_during_a_gap_is_marked_as_well(
    bench: Bench, heard_by: Market
) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    await bench.clock.advance(12.5)
    bench.hear()
    bench.recorder.lost([ETH], bench.clock.now_ms(), GapCause.STALE)
    await bench.clock.advance(6)
    if heard_by is ETH:
        bench.go_live(ETH)
        await bench.clock.advance(3)
    bench.recorder.trade(trade(bench.now() + 19_700, received_ms=bench.now(), market=heard_by))
    if heard_by is BTC:
        await bench.clock.advance(3)
        bench.go_live(ETH)
    await bench.stored()
    await bench.clock.advance(1)
    await bench.stored()
    ((_, begins, ends),) = spans(bench, "stale")
    marked = [span for span in spans(bench, "quarantined") if span[2] - span[1] > SECOND_MS]
    assert marked == [("KRW-ETH", max(ends, begins + 19_000), ends + 20_000)]


async def test_a_misprint_long_after_a_gap_or_far_in_the_future_marks_its_own_second_only(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    await bench.clock.advance(5)
    bench.recorder.trade(trade(3_600_000, received_ms=bench.now()))
    await bench.stored()
    await bench.clock.advance(25)
    bench.recorder.trade(trade(60_000, received_ms=bench.now()))
    await bench.stored()
    assert spans(bench, "quarantined") == [("KRW-BTC", 60_000, 61_000), ("KRW-BTC", 3_600_000, 3_601_000)]
