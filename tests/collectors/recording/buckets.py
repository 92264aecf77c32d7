"""A bucket that already counts, and what comes out of it."""

from collectors.events import Market
from collectors.recording.second_bucket import SecondBucket
from config.settings import Recording
from tests.fakes.clock import START_MS

SETTINGS = Recording()


def covered(*markets: Market, from_ms: int = START_MS) -> SecondBucket:
    bucket = SecondBucket(markets[0].exchange, SETTINGS)
    for market in markets:
        bucket.cover(market, from_ms)
    return bucket


def closed(bucket: SecondBucket, at_ms: int) -> list[tuple[int, float]]:
    """(second, close) of what comes out `at_ms` after START_MS."""
    return [((candle.open_ms - START_MS) // 1000, candle.close) for candle in bucket.flush(START_MS + at_ms)]
