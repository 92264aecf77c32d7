"""Starts of coverage that move as the exchange's clock becomes known."""

from msgspec import structs

from collectors.events import Market, Trade
from collectors.recording.proofs import PROOF_MS, Proofs
from collectors.recording.second_bucket import Disbelief, Rejection, SecondBucket
from config.settings import Recording
from tests.fakes.recording import together

BTC, ETH = Market("upbit", "BTC", "KRW"), Market("upbit", "ETH", "KRW")
NOW_MS = 1_800_000_000_000


def test_a_clock_that_runs_ahead_moves_the_start_of_those_that_are_still_live() -> None:
    bucket = SecondBucket("upbit", Recording())
    proofs = Proofs(bucket)
    covered_ms = proofs.add([BTC, ETH], NOW_MS, NOW_MS - 60_000)
    bucket.add_all(together(Trade(BTC, 1.0, 1.0, "buy", NOW_MS + 3_100, NOW_MS + 100, 1)))
    bucket.flush(NOW_MS + 200)
    assert proofs.reconsider({ETH}, NOW_MS + 200) == [(BTC, covered_ms, covered_ms + 3_000)]
    assert proofs.reconsider({ETH}, NOW_MS + 300) == []


def test_a_start_is_settled_after_a_while() -> None:
    bucket = SecondBucket("upbit", Recording())
    proofs = Proofs(bucket)
    proofs.add([BTC], NOW_MS, NOW_MS - 60_000)
    assert proofs.reconsider(set(), NOW_MS + PROOF_MS) == []
    bucket.add_all(together(Trade(BTC, 1.0, 1.0, "buy", NOW_MS + PROOF_MS + 4_000, NOW_MS + PROOF_MS, 1)))
    bucket.flush(NOW_MS + PROOF_MS + 100)
    assert proofs.reconsider(set(), NOW_MS + PROOF_MS + 200) == []


def test_what_was_published_in_a_gap_by_a_clock_set_back_is_marked_before_it() -> None:
    bucket = SecondBucket("upbit", Recording())
    proofs = Proofs(bucket)
    proofs.lose([BTC], 560)
    proofs.add([BTC, ETH], NOW_MS, NOW_MS - 2_000)  # ETH was never heard before
    bucket.add_all(together(Trade(BTC, 1.0, 1.0, "buy", NOW_MS - 8_900, NOW_MS + 100, 1)))
    bucket.flush(NOW_MS + 200)
    assert proofs.reconsider(set(), NOW_MS + 200) == [(BTC, NOW_MS - 11_000, NOW_MS - 2_000)]
    assert proofs.reconsider(set(), NOW_MS + 300) == []


def test_a_trade_from_before_the_gap_comes_too_late_and_one_from_within_it_is_left_alone() -> None:
    bucket = SecondBucket("upbit", Recording())
    proofs = Proofs(bucket)
    proofs.lose([BTC], 560)
    proofs.add([BTC, ETH], NOW_MS, NOW_MS - 2_000)
    late = Trade(BTC, 1.0, 1.0, "buy", NOW_MS - 2_001, NOW_MS + 100, 1)
    assert bucket.add(late) == Rejection(Disbelief.TOO_LATE, late)
    assert bucket.add(structs.replace(late, traded_ms=NOW_MS - 2_000)) is None
    assert bucket.add(structs.replace(late, snapshot=True)) is None
    assert bucket.add(structs.replace(late, market=ETH)) is None
    assert bucket.flush_all() == []


def test_what_an_earlier_run_heard_of_stamps_ahead_marks_what_follows_the_gap() -> None:
    bucket = SecondBucket("upbit", Recording())
    proofs = Proofs(bucket)
    proofs.take_up(NOW_MS - 6_000, 20_000)
    covered_ms = proofs.add([BTC], NOW_MS, NOW_MS - 6_000)
    span = BTC, NOW_MS - 6_000 + 19_000, covered_ms + 20_000
    assert proofs.reconsider(set(), NOW_MS + 200) == [span]
    assert proofs.reconsider(set(), NOW_MS + 300) == []


def test_the_skew_of_late_is_told_in_steps_away_from_zero() -> None:
    bucket = SecondBucket("upbit", Recording())
    proofs = Proofs(bucket)
    assert proofs.skew_ms(NOW_MS) == (0, 0)
    for stamp_ms, received_ms in ((NOW_MS + 600, NOW_MS), (NOW_MS - 1_400, NOW_MS + 100)):
        bucket.add_all(together(Trade(BTC, 1.0, 1.0, "buy", stamp_ms, received_ms, 1)))
    bucket.flush(NOW_MS + 200)
    assert proofs.skew_ms(NOW_MS + 200) == (-1_500, 1_000)
    proofs.note_ahead(Trade(BTC, 1.0, 1.0, "buy", NOW_MS + 19_500, NOW_MS + 300, 2))
    assert proofs.skew_ms(NOW_MS + 300) == (-1_500, 20_000)
    assert proofs.skew_ms(NOW_MS + 300 + 2 * PROOF_MS + 1) == (-1_500, 1_000)
