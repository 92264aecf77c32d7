"""A cache whose entries live by their tier, on the monotonic clock, in bounded room."""

import pytest

from store.cache import Tier, TtlCache
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_what_was_set_is_got(clock: FakeClock) -> None:
    cache = TtlCache[str, int](clock)
    cache.set("a", 1, Tier.MINUTE)
    assert (cache.get("a"), cache.get("b"), len(cache)) == (1, None, 1)


@pytest.mark.parametrize(("tier", "seconds"), [(Tier.DAY, 86_400), (Tier.HOUR, 3_600), (Tier.MINUTE, 60)])
async def test_an_entry_is_gone_when_its_tier_is_over(clock: FakeClock, tier: Tier, seconds: int) -> None:
    cache = TtlCache[str, str](clock)
    cache.set("a", "kept", tier)
    await clock.advance(seconds - 0.001)
    assert cache.get("a") == "kept"
    await clock.advance(0.001)
    assert (cache.get("a"), len(cache)) == (None, 0)


async def test_a_step_of_the_wall_clock_changes_nothing(clock: FakeClock) -> None:
    cache = TtlCache[str, str](clock)
    cache.set("a", "kept", Tier.MINUTE)
    clock.step_wall(3_600_000)
    assert cache.get("a") == "kept"


async def test_setting_again_starts_a_new_life_and_reading_does_not(clock: FakeClock) -> None:
    cache = TtlCache[str, int](clock)
    cache.set("read", 1, Tier.MINUTE)
    cache.set("renewed", 1, Tier.MINUTE)
    await clock.advance(40)
    assert cache.get("read") == 1
    cache.set("renewed", 2, Tier.MINUTE)
    assert (cache.age_s("read"), cache.age_s("renewed")) == (40.0, 0.0)
    await clock.advance(40)
    assert (cache.get("read"), cache.get("renewed"), cache.age_s("read")) == (None, 2, None)


async def test_a_full_cache_drops_what_is_over_before_what_is_old(clock: FakeClock) -> None:
    cache = TtlCache[str, int](clock, capacity=2)
    cache.set("long", 1, Tier.DAY)
    cache.set("short", 2, Tier.MINUTE)
    await clock.advance(61)
    cache.set("new", 3, Tier.MINUTE)
    assert (cache.get("long"), cache.get("short"), cache.get("new")) == (1, None, 3)
    cache.set("newer", 4, Tier.MINUTE)
    assert (cache.get("long"), cache.get("new"), cache.get("newer")) == (None, 3, 4)
    assert len(cache) == 2


def test_drop_forgets_and_a_cache_without_room_is_refused(clock: FakeClock) -> None:
    cache = TtlCache[str, int](clock)
    cache.set("a", 1, Tier.DAY)
    cache.drop("a")
    cache.drop("never there")
    assert cache.get("a") is None
    with pytest.raises(ValueError, match="at least one"):
        TtlCache[str, int](clock, capacity=0)
