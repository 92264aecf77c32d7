"""What was not believed, between two flushes."""

from collectors.events import EXCHANGES, Market
from collectors.recording.doubts import SAMPLES_A_FLUSH, Doubts
from store.tables.quarantine import Refused

BTC = Market("upbit", "BTC", "KRW")


def test_all_are_counted_and_a_few_are_kept_as_samples() -> None:
    doubts = Doubts(EXCHANGES)
    for number in range(SAMPLES_A_FLUSH + 5):
        doubts.refuse(Refused(number, "bithumb", "price", "{}"))
    samples, _ = doubts.take()
    assert [each.at_ms for each in samples] == list(range(SAMPLES_A_FLUSH))
    assert doubts.counts == {"upbit": 0, "bithumb": SAMPLES_A_FLUSH + 5}
    doubts.refuse(Refused(99, "upbit", "price", "{}"))
    assert [each.at_ms for each in doubts.take()[0]] == [99]


def test_a_second_spoiled_twice_is_told_once_the_oldest_first() -> None:
    doubts = Doubts(EXCHANGES)
    doubts.spoil("upbit", BTC, 2_000, 3_000)
    doubts.spoil("upbit", None, 1_000, 4_000)
    doubts.spoil("upbit", BTC, 2_000, 3_000)
    assert doubts.take()[1] == [("upbit", None, 1_000, 4_000), ("upbit", BTC, 2_000, 3_000)]
    assert doubts.take() == ([], [])
