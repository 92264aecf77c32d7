"""Starts of coverage that move as the exchange's clock becomes known."""

from collectors.events import Market, Trade
from collectors.recording.proofs import PROOF_MS, Proofs
from collectors.recording.second_bucket import SecondBucket
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
