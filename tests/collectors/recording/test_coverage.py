"""Which markets are waited for, and what opens and ends their gaps. What is stored of it: `test_recorder*.py`."""

import pytest

from collectors.events import EXCHANGES, Exchange, GapCause, Market
from collectors.recording.coverage import Coverage, RunEnd
from collectors.recording.gap_changes import GapChanges
from collectors.recording.second_bucket import SecondBucket
from config.settings import Recording
from store.tables.gaps import OpenGap
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, fold_from, trade

IDS = {BTC: 1, ETH: 2, SOL: 3}


class Covering:
    """Both exchanges, at START_MS."""

    def __init__(self) -> None:
        self.buckets: dict[Exchange, SecondBucket] = {each: SecondBucket(each, Recording()) for each in EXCHANGES}
        self.minutes = fold_from(START_MS - 120_000)
        self.coverage = Coverage(self.buckets, self.minutes)
        self.coverage.ids = dict(IDS)

    def expect(self, *markets: Market) -> tuple[dict[Exchange, int], GapChanges]:
        starts, changes = self.coverage.expect(markets, dict.fromkeys(self.buckets, START_MS + 30_000))
        return dict(starts), changes


@pytest.fixture
def covering() -> Covering:
    return Covering()


def test_the_first_markets_of_an_exchange_start_it_and_each_has_a_gap(covering: Covering) -> None:
    starts, changes = covering.expect(BTC)
    assert starts == {"upbit": START_MS}
    assert changes == GapChanges((("upbit", 1, START_MS, GapCause.START),))
    starts, changes = covering.expect(ETH, SOL)
    assert starts == {"bithumb": START_MS}
    assert changes.opened == (
        ("upbit", 2, START_MS, GapCause.MARKET_ADDED),
        ("bithumb", 3, START_MS, GapCause.START),
    )


def test_a_gap_that_an_earlier_run_left_goes_on_and_reaches_back_over_what_a_crash_took(covering: Covering) -> None:
    left = OpenGap(START_MS - 10_000, GapCause.DISCONNECT)
    changes = covering.coverage.take_up({BTC: 1}, {BTC: left}, {"upbit": RunEnd(START_MS - 90_000, 0, 0)})
    assert changes == GapChanges(added=(("upbit", 1, START_MS - 90_000, START_MS - 10_000, GapCause.START),))
    assert covering.expect(BTC)[1] == GapChanges()
    assert covering.coverage.open_gaps("upbit") == [left]


def test_a_run_that_a_crash_ended_while_stamps_lay_far_back_is_missed_from_there(covering: Covering) -> None:
    ends: dict[Exchange, RunEnd | None] = {"upbit": RunEnd(START_MS - 90_000, -20_000, 0), "bithumb": None}
    changes = covering.coverage.take_up(dict(IDS), {}, ends)
    starts, more = covering.expect(BTC)
    assert starts == {"upbit": START_MS - 90_000 + 3_000 - 20_000 - 1_000}
    assert changes.opened == tuple(("upbit", n, starts["upbit"], GapCause.START) for n in (1, 2))
    assert more == GapChanges()


@pytest.mark.parametrize(
    ("low_ms", "stopped", "safe_ms", "slack_ms"),
    [
        (0, False, 0, 3_000),
        (-2_500, False, 0, 3_000),
        (-3_000, False, -1_000, 4_000),
        (-9_500, False, -7_000, 10_000),
        (-500, True, 0, 500),
        (-9_000, True, 0, 9_000),
    ],
)
def test_a_run_that_ended_is_missed_from_before_what_could_still_be_on_its_way(
    low_ms: int, stopped: bool, safe_ms: int, slack_ms: int
) -> None:
    end = RunEnd(START_MS, low_ms, 0, stopped)
    assert (end.safe_ms - START_MS, end.slack_ms) == (safe_ms, slack_ms)


def test_a_run_that_was_stopped_in_order_has_lost_nothing_before_it(covering: Covering) -> None:
    left = OpenGap(START_MS - 10_000, GapCause.STOP)
    end = RunEnd(left.from_ms, -20_000, 0, stopped=True)
    assert covering.coverage.take_up({BTC: 1}, {BTC: left}, {"upbit": end}) == GapChanges()
    assert covering.expect(BTC)[1] == GapChanges()


def test_markets_that_return_together_were_each_missed_from_their_own_time(covering: Covering) -> None:
    coverage, bucket = covering.coverage, covering.buckets["upbit"]
    covering.expect(BTC, ETH)
    coverage.prove("upbit", [BTC, ETH], START_MS)
    coverage.lose("upbit", [BTC], START_MS + 10_000, GapCause.DISCONNECT)
    coverage.lose("upbit", [ETH], START_MS + 30_000, GapCause.DISCONNECT)
    changes = coverage.prove("upbit", [BTC, ETH], START_MS + 32_400)
    assert changes.closed == (("upbit", 1, START_MS + 33_000), ("upbit", 2, START_MS + 33_000))
    bucket.add(trade(28_100, market=BTC, received_ms=33_100))
    bucket.flush(START_MS + 33_200)
    spans = coverage.learn("upbit", [], START_MS + 33_200)
    assert spans == [(BTC, START_MS + 5_000, START_MS + 10_000), (ETH, START_MS + 25_000, START_MS + 30_000)]


def test_what_others_tell_while_a_market_is_away_counts_for_it(covering: Covering) -> None:
    coverage, bucket = covering.coverage, covering.buckets["upbit"]
    covering.expect(BTC, ETH)
    coverage.prove("upbit", [BTC, ETH], START_MS)
    coverage.lose("upbit", [BTC], START_MS + 40_000, GapCause.DISCONNECT)
    bucket.add(trade(30_100, market=ETH, received_ms=45_100))
    for at_s in range(46, 96):  # long forgotten as a clock of late
        bucket.flush(START_MS + at_s * 1_000)
        assert coverage.learn("upbit", [], START_MS + at_s * 1_000) == []
    coverage.prove("upbit", [BTC], START_MS + 95_400)
    assert coverage.learn("upbit", [], START_MS + 96_000) == [(BTC, START_MS + 25_000, START_MS + 40_000)]


def test_a_market_is_heard_from_its_proof_until_it_is_lost(covering: Covering) -> None:
    coverage, bucket = covering.coverage, covering.buckets["upbit"]
    covering.expect(BTC, ETH)
    assert coverage.missing([BTC, ETH]) == {"upbit": [BTC, ETH]}
    assert coverage.prove("upbit", [BTC], START_MS + 600) == GapChanges(closed=(("upbit", 1, START_MS + 2_000),))
    assert (coverage.hears(BTC), coverage.hears(ETH), coverage.live_markets("upbit")) == (True, False, [BTC])
    bucket.add(trade(2_100))
    assert coverage.standing([BTC, ETH]) == {"upbit": [BTC]}
    changes = coverage.lose("upbit", [BTC], START_MS + 3_000, GapCause.DISCONNECT)
    assert changes == GapChanges((("upbit", 1, START_MS + 3_000, GapCause.DISCONNECT),))
    bucket.add(trade(3_100))
    assert [candle.trades for candle in bucket.flush_all()] == [1], "what comes in a gap is not counted"
    assert coverage.misses(BTC)


def test_only_what_is_expected_has_a_say(covering: Covering) -> None:
    for ask in (covering.coverage.standing, covering.coverage.missing):
        with pytest.raises(ValueError, match=r"upbit KRW-BTC was never expected; call Recorder\.expect first"):
            ask([BTC])


def test_a_market_that_is_left_is_not_waited_for_until_it_is_welcome_again(covering: Covering) -> None:
    coverage = covering.coverage
    assert coverage.welcome([BTC, ETH]) == [BTC, ETH]
    covering.expect(BTC, ETH)
    assert coverage.leave([BTC, Market("upbit", "NOVA", "KRW")]) == [BTC]
    assert coverage.waited_for("upbit") == {ETH}
    assert coverage.open_gaps("upbit") == [OpenGap(START_MS, GapCause.START)]
    assert coverage.welcome([BTC, ETH]) == [BTC]
    assert coverage.waited_for("upbit") == {BTC, ETH}
    assert coverage.welcome([BTC, ETH]) == []


def test_only_the_first_list_tells_what_left_unseen_and_only_of_quotes_that_it_shows(covering: Covering) -> None:
    coverage, tether = covering.coverage, Market("upbit", "BTC", "USDT")
    coverage.ids[tether] = 4
    assert coverage.left_unseen("upbit", {BTC}) == [ETH]
    coverage.listed("upbit", {BTC}, START_MS)
    assert coverage.left_unseen("upbit", {BTC}) == []


def test_where_a_gap_opens_minutes_that_are_rolled_count_again(covering: Covering) -> None:
    covering.expect(BTC)
    covering.coverage.prove("upbit", [BTC], START_MS)
    covering.minutes.take("upbit", START_MS + 60_000)
    covering.coverage.lose("upbit", [BTC], START_MS + 59_000, GapCause.STALE)
    assert covering.minutes.take("upbit", START_MS + 60_000).recount == ((BTC, START_MS + 59_000, START_MS + 60_000),)
