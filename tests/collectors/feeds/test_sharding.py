"""Markets over connections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Market
from collectors.feeds.sharding import spread

MARKETS = [Market("upbit", f"C{n}", "KRW") for n in range(30)]
some_markets = st.sets(st.sampled_from(MARKETS)).map(sorted)


@given(some_markets, some_markets, st.integers(1, 12))
def test_every_wanted_market_has_exactly_one_connection_and_none_is_overfull(
    before: list[Market], after: list[Market], size: int
) -> None:
    current = spread([], before, size)
    planned = spread(current, after, size)
    assert sorted(market for shard in planned for market in shard) == after
    assert all(len(shard) <= size for shard in planned)


@given(some_markets, some_markets, st.integers(1, 12))
def test_a_market_never_moves_to_another_connection(before: list[Market], after: list[Market], size: int) -> None:
    current = spread([], before, size)
    planned = spread(current, after, size)
    for old, new in zip(current, planned, strict=False):
        assert [market for market in old if market in after] == list(new[: len(set(old) & set(after))])


def test_a_start_deals_the_markets_out_evenly() -> None:
    assert [len(shard) for shard in spread([], MARKETS[:25], 10)] == [9, 8, 8]
    assert spread([], MARKETS[:4], 2)[0] == (MARKETS[0], MARKETS[2])


def test_a_connection_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="needs room"):
        spread([], MARKETS, 0)
