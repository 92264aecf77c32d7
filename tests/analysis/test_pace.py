"""When a listing is looked at again, whether it has opened, and which verdicts are worth telling."""

from decimal import Decimal

import msgspec
import pytest

from analysis.evidence import KoreanFacts
from analysis.gate import decide
from analysis.pace import Worth, opened, pause_s, worth
from analysis.ringing import Quiet, Ring
from analysis.verdict import Finding, Verdict
from collectors.events import Channel, Listing, ListingState
from config.units import HOUR_MS
from tests.fakes.evidence import NOW, book, evidence, settings, two_sided

GATE = settings().radar.gate
LISTING = Listing("upbit", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, NOW, Channel.UPBIT_NOTICES)


def listing(**changes: object) -> Listing:
    return msgspec.structs.replace(LISTING, **changes)


@pytest.mark.parametrize(
    ("given", "now_ms", "crowd", "seconds"),
    [
        (listing(), NOW, 1, 2.0),
        (listing(), NOW, 4, 2.0),
        (listing(), NOW, 5, 4.0),
        (listing(trading_starts_ms=NOW), NOW + HOUR_MS, 1, 2.0),
        (listing(trading_starts_ms=NOW), NOW + HOUR_MS + 1, 1, 60.0),
        (listing(trading_starts_ms=NOW), NOW + 24 * HOUR_MS, 1, 60.0),
        (listing(trading_starts_ms=NOW), NOW + 24 * HOUR_MS + 1, 1, None),
        (listing(trading_starts_ms=NOW, first_trade_ms=NOW + HOUR_MS), NOW + 2 * HOUR_MS, 1, 2.0),
        (listing(trading_starts_ms=NOW + 500), NOW, 1, 0.5),  # not slept through
        (listing(trading_starts_ms=NOW + 9 * HOUR_MS), NOW, 1, 2.0),
        (listing(), NOW + HOUR_MS + 1, 1, 60.0),
        (listing(), NOW + 99 * HOUR_MS, 1, 60.0),  # no opening is known: it is not over
        (listing(quotes=("BTC",)), NOW, 1, 60.0),
        (listing(quotes=()), NOW, 1, 2.0),
    ],
)
def test_pace(given: Listing, now_ms: int, crowd: int, seconds: float | None) -> None:
    assert pause_s(given, GATE, now_ms, crowd) == seconds


BOOK = KoreanFacts(book=two_sided(1.0, 1.1))


@pytest.mark.parametrize(
    ("given", "korean", "expected"),
    [
        (listing(trading_starts_ms=NOW + 1), BOOK, False),  # a book before its time is no opening
        (listing(trading_starts_ms=NOW), BOOK, True),
        (listing(trading_starts_ms=NOW), KoreanFacts(), False),  # no price yet at the very second
        (listing(trading_starts_ms=NOW - 59_999), KoreanFacts(), False),
        (listing(trading_starts_ms=NOW - 60_000), KoreanFacts(), True),  # … and after a minute that is a reason
        (listing(trading_starts_ms=NOW + 1, first_trade_ms=NOW), BOOK, True),
        (listing(state=ListingState.TRADING, first_trade_ms=NOW), KoreanFacts(), False),  # its book is a moment late
        (listing(state=ListingState.TRADING, first_trade_ms=NOW - 60_000), KoreanFacts(), True),
        (listing(state=ListingState.TRADING), KoreanFacts(), True),
        (listing(), BOOK, True),
        (listing(), KoreanFacts(), False),
        (listing(), KoreanFacts(book=book(((1.0, 1.0),), ())), False),
        (None, BOOK, True),
        (None, KoreanFacts(), False),
    ],
)
def test_whether_trading_has_begun(given: Listing | None, korean: KoreanFacts, expected: bool) -> None:
    assert opened(given, korean, NOW) is expected


def test_what_has_opened_stays_open_unless_its_time_is_moved() -> None:
    assert opened(listing(trading_starts_ms=NOW, first_trade_ms=NOW), KoreanFacts(), NOW, before=True)
    assert not opened(listing(trading_starts_ms=NOW + 1), KoreanFacts(), NOW, before=True)


GOOD = decide(evidence(), settings())
MOVED = msgspec.structs.replace(GOOD, net_bps=Decimal(400))
OTHER = msgspec.structs.replace(GOOD, warnings=(Finding("no_hedge"),))
RAN = msgspec.structs.replace(GOOD, run_bps=250.0)
SAME = Quiet("unchanged")


@pytest.mark.parametrize(
    ("new", "answer", "since_s", "expected"),
    [
        (GOOD, Ring("turned", None), 0.0, Worth.TELL),
        (OTHER, SAME, 2.9, Worth.KEEP),
        (OTHER, SAME, 3.0, Worth.TELL),
        (RAN, SAME, 2.9, Worth.KEEP),
        (RAN, SAME, 3.0, Worth.TELL),
        (MOVED, SAME, 29.9, Worth.NOTHING),
        (MOVED, SAME, 30.0, Worth.TELL),
        (GOOD, SAME, 59.9, Worth.NOTHING),
        (GOOD, SAME, 60.0, Worth.TELL),
    ],
)
def test_what_a_verdict_is_worth(new: Verdict, answer: Ring | Quiet, since_s: float, expected: Worth) -> None:
    assert worth(GOOD, GOOD, new, answer, since_s, 3.0) is expected


def test_the_first_verdict_is_always_told() -> None:
    assert worth(None, None, GOOD, Quiet("not_loud"), 0.0, 3.0) is Worth.TELL


def test_a_change_and_its_end_are_both_kept() -> None:
    """Told GOOD, kept OTHER 2 s later: GOOD again is another change, though the reader knows nothing else."""
    assert worth(GOOD, OTHER, GOOD, SAME, 2.9, 3.0) is Worth.KEEP
