"""Where the first gap of a market begins."""

from collectors.events import GapCause, Market
from collectors.recording.beginnings import Beginnings
from store.tables.gaps import OpenGap

BTC, NEW = Market("upbit", "BTC", "KRW"), Market("upbit", "NEW", "KRW")
MINUTE = 60_000
NOW_MS = 1_800_000_000_000 + 25_000
THIS_MINUTE = NOW_MS - 25_000


def test_without_an_earlier_run_it_is_the_present_minute() -> None:
    begins = Beginnings()
    start = begins.usual("upbit", NOW_MS, is_start=True)
    assert start == begins.of(BTC, start) == OpenGap(THIS_MINUTE, GapCause.START)
    added = begins.usual("upbit", NOW_MS, is_start=False)
    assert added == begins.of(NEW, added) == OpenGap(THIS_MINUTE, GapCause.MARKET_ADDED)


def test_after_an_earlier_run_it_is_where_that_run_ended() -> None:
    begins = Beginnings()
    begins.take_up({"upbit": NOW_MS - 3 * MINUTE})
    assert begins.usual("upbit", NOW_MS, is_start=True) == OpenGap(NOW_MS - 3 * MINUTE, GapCause.START)
    added = begins.usual("upbit", NOW_MS, is_start=False)
    assert added == begins.of(NEW, added) == OpenGap(THIS_MINUTE, GapCause.MARKET_ADDED)


def test_a_coin_that_no_run_knew_may_have_opened_a_minute_before_the_earlier_run_ended() -> None:
    begins = Beginnings()
    begins.take_up({"upbit": NOW_MS - 3 * MINUTE})
    unseen = OpenGap(THIS_MINUTE - 4 * MINUTE, GapCause.START)
    assert begins.of(NEW, begins.usual("upbit", NOW_MS, is_start=True)) == unseen


def test_a_newcomer_reaches_back_to_the_list_before_the_first_that_showed_it() -> None:
    begins = Beginnings()
    assert not begins.has_list("upbit")
    begins.listed("upbit", [], NOW_MS - 3 * MINUTE)
    assert begins.has_list("upbit")
    begins.listed("upbit", [NEW], NOW_MS - 2 * MINUTE)
    begins.listed("upbit", [NEW], NOW_MS - MINUTE)
    added = begins.usual("upbit", NOW_MS, is_start=False)
    assert begins.of(NEW, added) == OpenGap(THIS_MINUTE - 3 * MINUTE, GapCause.MARKET_ADDED)
    assert begins.of(BTC, added) == OpenGap(THIS_MINUTE - MINUTE, GapCause.MARKET_ADDED)  # shown by no list yet
