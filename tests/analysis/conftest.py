"""What several tests of this folder begin with."""

from collections.abc import AsyncIterator

import pytest

from ops.process.lifetimes import running
from tests.analysis.pipeline_world import World
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


@pytest.fixture
async def at_work(world: World) -> AsyncIterator[World]:
    """A world whose pipeline runs."""
    async with running(world.pipeline.run()):
        yield world
