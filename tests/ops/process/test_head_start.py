"""Who goes first at a start, and how long the others wait for it."""

from collections.abc import Sequence

from collectors.events import Exchange
from collectors.feeds.sink import ShardStatus
from ops.assembly.ground import Bulkhead
from ops.process.head_start import LONGEST_S, HeadStart
from ops.process.lifetimes import running
from tests.fakes.clock import FakeClock


class Ears:
    """A fleet of one connection."""

    def __init__(self) -> None:
        self.status = ShardStatus()

    @property
    def statuses(self) -> Sequence[ShardStatus]:
        return [self.status]


class Scene:
    def __init__(self, *exchanges: Exchange) -> None:
        self.clock = FakeClock()
        self.ears = {each: Ears() for each in exchanges}
        self.head_start = HeadStart(self.ears, self.clock)
        self.zone = Bulkhead(self.clock, self.head_start)
        self.begun: list[str] = []

    async def begin(self, name: str) -> None:
        self.begun.append(name)


async def test_what_judges_begins_when_every_exchange_was_heard() -> None:
    scene = Scene("upbit", "bithumb")
    async with running(scene.head_start.run(), scene.zone.after("channels", lambda: scene.begin("channels"))):
        await scene.clock.advance(0.1)
        scene.ears["upbit"].status.last_message_ms = 1
        await scene.clock.advance(0.1)
        assert scene.begun == []
        scene.ears["bithumb"].status.last_message_ms = 1
        await scene.clock.advance(0.02)
        assert scene.begun == ["channels"]


async def test_an_exchange_that_says_nothing_holds_a_listing_up_no_longer_than_the_bound() -> None:
    scene = Scene("upbit", "bithumb")
    async with running(scene.head_start.run(), scene.zone.after("channels", lambda: scene.begin("channels"))):
        await scene.clock.advance(LONGEST_S - 0.1)
        assert scene.begun == []
        await scene.clock.advance(0.2)
        assert scene.begun == ["channels"]


async def test_where_nothing_is_recorded_nobody_waits() -> None:
    scene = Scene()
    async with running(scene.head_start.run(), scene.zone.after("channels", lambda: scene.begin("channels"))):
        await scene.clock.advance(0)
        assert scene.begun == ["channels"]


async def test_the_outbox_waits_for_nobody() -> None:
    scene = Scene("upbit")
    async with running(scene.zone.behind("outbox", lambda: scene.begin("outbox"))):
        await scene.clock.advance(0)
        assert scene.begun == ["outbox"]
