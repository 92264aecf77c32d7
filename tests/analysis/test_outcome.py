"""What became of a listing, on both sides of each label's boundary."""

import pytest

from analysis.outcome import Label, Sample, outcome

OPENED = 1_800_000_000_000


def path(*levels: tuple[int, float]) -> list[Sample]:
    """Samples every 2 s: `(seconds, bps)` pieces one after the other, the premium 100 bps above the excess."""
    samples, at_ms = [], OPENED
    for seconds, bps in levels:
        for _ in range(0, seconds, 2):
            samples.append(Sample(at_ms, bps + 100, bps))
            at_ms += 2_000
    return samples


@pytest.mark.parametrize(
    ("samples", "label"),
    [
        (path((10, 3_000.0), (600, 0.0)), Label.BIG_HIT),
        (path((10, 2_999.0), (600, 0.0)), Label.LIGHTNING_ROD),
        (path((300, 800.0), (60, 0.0)), Label.HIT),
        (path((298, 800.0), (60, 0.0)), Label.LIGHTNING_ROD),
        (path((600, 799.0)), Label.NORMAL),
        (path((600, 300.0)), Label.NORMAL),
        (path((600, 299.0)), Label.DUD),
        (path((600, -500.0)), Label.DUD),
        ([], Label.UNKNOWN),
        ([Sample(OPENED, None, None)], Label.UNKNOWN),
        ([Sample(OPENED - 1, 9_000.0, 9_000.0)], Label.UNKNOWN),  # before the opening
    ],
)
def test_labels(samples: list[Sample], label: Label) -> None:
    assert outcome(samples, OPENED, []).label is label


def test_time_that_was_not_seen_is_not_counted_as_above() -> None:
    """Two samples ten seconds apart count, eleven do not."""
    near = [Sample(OPENED, 900.0, 900.0), Sample(OPENED + 10_000, 900.0, 900.0)]
    far = [Sample(OPENED, 900.0, 900.0), Sample(OPENED + 10_001, 900.0, 900.0)]
    assert outcome(near, OPENED, []).above_hit_s == 10.0
    assert outcome(far, OPENED, []).above_hit_s == 0.0


def test_premium_at_the_minutes_and_its_maximum() -> None:
    found = outcome(path((60, 500.0), (240, 400.0), (30, 300.0)), OPENED, [])
    assert (found.at_1_min_bps, found.at_5_min_bps, found.at_30_min_bps) == (500.0, 400.0, None)
    assert (found.max_premium_bps, found.max_excess_bps) == (600.0, 500.0)


def test_volume_of_the_first_minute_comes_from_our_seconds() -> None:
    seconds = [(OPENED - 1_000, 5.0), (OPENED, 1.0), (OPENED + 59_000, 2.0), (OPENED + 60_000, 7.0)]
    assert outcome([], OPENED, seconds).first_minute_krw == 3.0
    assert outcome([], OPENED, []).first_minute_krw is None


def test_order_of_samples_does_not_matter() -> None:
    samples = path((60, 900.0), (60, 100.0))
    assert outcome(samples[::-1], OPENED, []) == outcome(samples, OPENED, [])
