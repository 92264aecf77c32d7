"""Channels fail apart, nothing waits for the gate, and a failed look is never a list without markets."""

import asyncio
from collections.abc import Mapping, Sequence, Set

from msgspec.structs import replace

from collectors.events import Channel, Exchange, Listing, ListingState, Market, Notice, market_of
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.market_monitor import ChannelOff, ChannelTrouble, Ear, MarketMonitor, News
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock

NOVA = market_of("upbit", "KRW-NOVA")
LISTING = Listing(
    "upbit", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES, published_ms=START_MS
)
NOTICE = Notice("upbit", "7", "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)", ("거래",), START_MS, START_MS)


class Notices:
    channel = Channel.UPBIT_NOTICES
    every_s = 5.0

    def __init__(self, *answers: Sequence[Notice] | Exception | None) -> None:
        self.answers = list(answers)
        self.looks = 0
        self.bodies = 0

    async def look(self) -> Sequence[Notice] | None:
        self.looks += 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def whole(self, notice: Notice) -> Notice | None:
        self.bodies += 1
        return replace(notice, body="the body")


class Markets:
    channel = Channel.UPBIT_MARKET_LIST
    every_s = 1.0

    def __init__(self, markets: Set[Market] | Exception, confirms: Set[Market] = frozenset()) -> None:
        self.names: Mapping[Market, str] = {}
        self.markets = markets
        self.confirms = confirms
        self.looks = 0

    async def look(self) -> Set[Market] | None:
        self.looks += 1
        if isinstance(self.markets, Exception):
            raise self.markets
        return self.markets

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        return markets & self.confirms


class Book:
    """Says what it is told to say, and keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Notice] = []
        self.lists: list[Set[Market]] = []
        self.news = News()
        self.doubts: frozenset[Market] = frozenset()
        self.opening: set[Exchange] = set()

    async def see_notices(self, channel: Channel, notices: Sequence[Notice], seen_ms: int) -> News:
        self.seen += notices
        return self.news if any(notice.body is None for notice in notices) else News(listings=self.news.listings)

    async def see_markets(
        self,
        channel: Channel,
        markets: Set[Market],
        seen_ms: int,
        confirmed: Set[Market] | None = None,
        names: Mapping[Market, str] = {},
    ) -> News:
        if self.doubts and not (confirmed and self.doubts <= confirmed):
            return News(doubtful=self.doubts)
        self.lists.append(markets)
        return News()

    async def see_assets(self, channel: Channel, wallets: Sequence[Wallet], seen_ms: int) -> News:
        return News()

    def opens_soon(self, exchange: Exchange, now_ms: int) -> bool:
        return exchange in self.opening


class Gate:
    def __init__(self) -> None:
        self.offered: list[Listing] = []

    def offer(self, listing: Listing) -> bool:
        self.offered.append(listing)
        return True


class Scene:
    def __init__(self, notices: Notices | None = None, markets: Markets | None = None) -> None:
        self.clock = FakeClock()
        self.book = Book()
        self.gate = Gate()
        self.subscribed: list[Set[Market]] = []
        self.monitor = MarketMonitor(
            [notices] if notices else [],
            [markets] if markets else [],
            self.book,
            self.gate,
            self.clock,
            self.subscribed.append,
            off={Channel.UPBIT_ANNOUNCEMENT: "no key"},
        )


async def test_a_listing_is_handed_on_and_its_body_is_read_beside_the_poll() -> None:
    notices = Notices([NOTICE])
    scene = Scene(notices)
    scene.book.news = News(listings=(LISTING,), want_body=(NOTICE,))
    async with running(scene.monitor.run()):
        await scene.clock.advance(1)
    assert scene.gate.offered == [LISTING, LISTING]
    assert [each.body for each in scene.book.seen] == [None, "the body"]


async def test_a_look_that_fails_leaves_the_other_channels_alone_and_is_told() -> None:
    notices, markets = Notices(*[ChannelTrouble("HTTP 403")] * 60), Markets({NOVA})
    scene = Scene(notices, markets)
    async with running(scene.monitor.run()):
        await scene.clock.advance(30)
        assert scene.monitor.readings()["upbit:notices"].state == "degraded"
        await scene.clock.advance(31)
        readings = scene.monitor.readings()
    assert (readings["upbit:notices"].state, readings["upbit:notices"].reason) == ("down", "HTTP 403")
    assert readings["upbit:market_list"].state == "up"
    assert readings["upbit:announcement"].state == "off"
    assert scene.book.seen == []
    assert markets.looks > 50


async def test_a_channel_that_answers_again_is_up_and_keeps_its_count() -> None:
    scene = Scene(Notices(ChannelTrouble("HTTP 502"), []))
    async with running(scene.monitor.run()):
        await scene.clock.advance(6)
        reading = scene.monitor.readings()["upbit:notices"]
    assert (reading.state, reading.errors, reading.reason) == ("up", 1, "")


async def test_a_crash_in_one_loop_is_told_and_the_others_go_on() -> None:
    notices, markets = Notices(ValueError("a bug"), [NOTICE]), Markets({NOVA})
    scene = Scene(notices, markets)
    async with running(scene.monitor.run()):
        await scene.clock.advance(11)
    assert scene.monitor.crashes == {"upbit:notices": "ValueError: a bug"}
    assert scene.book.seen == [NOTICE]
    assert markets.looks >= 11


async def test_a_doubtful_list_is_asked_of_a_second_page_before_it_counts() -> None:
    scene = Scene(markets=Markets({NOVA}, confirms=frozenset({NOVA})))
    scene.book.doubts = frozenset({NOVA})
    async with running(scene.monitor.run()):
        await scene.clock.advance(0.5)
    assert scene.book.lists == [{NOVA}]
    assert scene.subscribed == [{NOVA}]


async def test_a_doubtful_list_that_no_second_page_bears_out_changes_nothing() -> None:
    scene = Scene(markets=Markets({NOVA}))
    scene.book.doubts = frozenset({NOVA})
    async with running(scene.monitor.run()):
        await scene.clock.advance(0.5)
        reading = scene.monitor.readings()["upbit:market_list"]
    assert (scene.book.lists, scene.subscribed) == ([], [])
    assert "second page" in reading.reason


class ReadOnce(Markets):
    """Shows its page once, as an unchanged page does; the second page fails first, then disagrees, then agrees."""

    confirming = 0

    async def look(self) -> Set[Market] | None:
        return await super().look() if self.looks == 0 else None

    async def confirm(self, markets: Set[Market]) -> Set[Market]:
        self.confirming += 1
        if self.confirming == 1:
            raise ChannelTrouble("HTTP 502")
        return set() if self.confirming == 2 else markets


async def test_a_doubtful_list_that_does_not_change_is_doubted_until_a_second_page_agrees() -> None:
    markets = ReadOnce({NOVA})
    scene = Scene(markets=markets)
    scene.book.doubts = frozenset({NOVA})
    async with running(scene.monitor.run()):
        await scene.clock.advance(3)
        reading = scene.monitor.readings()["upbit:market_list"]
        assert (reading.state, reading.reason) == ("degraded", "HTTP 502")
        await scene.clock.advance(4)
        assert "second page" in scene.monitor.readings()["upbit:market_list"].reason
        await scene.clock.advance(5)
        assert scene.monitor.readings()["upbit:market_list"].state == "up"
    assert (scene.book.lists, scene.subscribed, markets.confirming) == ([{NOVA}], [{NOVA}], 3)


async def test_polls_keep_their_pace_whatever_a_look_takes() -> None:
    markets = Markets({NOVA})
    scene = Scene(markets=markets)
    looked = markets.look

    async def slowly() -> Set[Market] | None:
        await scene.clock.sleep(0.4)
        return await looked()

    markets.look = slowly  # type: ignore[method-assign]  # the same page, only slower
    async with running(scene.monitor.run()):
        await scene.clock.advance(10.5)
        await asyncio.sleep(0)
    assert markets.looks == 11


class Push:
    """A socket that a test connects, speaks through and cuts."""

    channel = Channel.UPBIT_ANNOUNCEMENT
    replays = Channel.UPBIT_NOTICES
    replay_every_s = 60.0

    def __init__(self) -> None:
        self.ear: Ear | None = None

    async def listen(self, ear: Ear) -> None:
        self.ear = ear
        await asyncio.Event().wait()


class PushScene(Scene):
    def __init__(self, notices: Notices) -> None:
        super().__init__()
        self.push = Push()
        self.monitor = MarketMonitor(
            [notices], [], self.book, self.gate, self.clock, self.subscribed.append, pushes=[self.push]
        )

    @property
    def ear(self) -> Ear:
        assert self.push.ear is not None
        return self.push.ear

    def state(self, channel: Channel) -> str:
        return self.monitor.readings()[channel.value].state


async def test_a_listening_socket_spares_the_list_which_is_read_at_each_connection_and_loss() -> None:
    notices = Notices()
    scene = PushScene(notices)
    async with running(scene.monitor.run()):
        await scene.clock.advance(9.9)
        assert (notices.looks, scene.state(Channel.UPBIT_ANNOUNCEMENT)) == (2, "degraded")
        await scene.ear.connected()
        await scene.clock.advance(59)
        assert (notices.looks, scene.state(Channel.UPBIT_ANNOUNCEMENT)) == (3, "up")
        await scene.clock.advance(2)
        assert notices.looks == 4
        scene.ear.lost("closed with 1006")
        await scene.clock.advance(10.5)
        assert (notices.looks, scene.state(Channel.UPBIT_ANNOUNCEMENT)) == (7, "degraded")
        await scene.clock.advance(60)
        reading = scene.monitor.readings()["upbit:announcement"]
    assert (reading.state, reading.reason, reading.errors) == ("down", "closed with 1006", 1)


async def test_what_is_pushed_is_handed_on_and_what_cannot_be_read_is_looked_up() -> None:
    notices = Notices()
    scene = PushScene(notices)
    async with running(scene.monitor.run()):
        await scene.clock.advance(0)
        await scene.ear.connected()
        await scene.clock.advance(0)
        scene.book.news = News(listings=(LISTING,))
        await scene.ear.noticed(NOTICE)
        looks = notices.looks
        scene.ear.missed("not JSON")
        await scene.clock.advance(0.1)
    assert scene.gate.offered == [LISTING]
    assert notices.looks == looks + 1


async def test_a_channel_that_asks_to_be_left_alone_is_off_with_the_reason_and_not_asked() -> None:
    notices = Notices(ChannelOff("refused 3 times", 3_600.0))
    scene = PushScene(notices)
    async with running(scene.monitor.run()):
        await scene.clock.advance(1)
        scene.ear.lost("closed")  # even a gap in the socket is no reason to go on asking
        await scene.clock.advance(3_500)
        reading = scene.monitor.readings()["upbit:notices"]
        assert (reading.state, reading.reason, notices.looks) == ("off", "refused 3 times", 1)
        await scene.clock.advance(120)
    assert scene.state(Channel.UPBIT_NOTICES) == "up"


async def test_lists_are_read_twice_as_often_around_a_known_opening() -> None:
    markets = Markets({NOVA})
    scene = Scene(markets=markets)
    async with running(scene.monitor.run()):
        await scene.clock.advance(9.9)
        calm = markets.looks
        scene.book.opening = {"upbit"}
        await scene.clock.advance(10)
        soon = markets.looks - calm
    assert (calm, soon) == (10, 20)


async def test_a_page_that_shows_the_past_degrades_its_channel_until_it_catches_up_or_proves_right() -> None:
    newer = replace(NOTICE, notice_id="8", published_ms=START_MS + 1_000)
    notices = Notices([newer, NOTICE], [NOTICE], [newer, NOTICE])
    scene = Scene(notices)
    async with running(scene.monitor.run()):
        await scene.clock.advance(1)
        assert scene.monitor.readings()["upbit:notices"].state == "up"
        await scene.clock.advance(5)
        reading = scene.monitor.readings()["upbit:notices"]
        assert (reading.state, reading.reason) == ("degraded", "it shows an old page; the other channels carry on")
        await scene.clock.advance(5)
        assert scene.monitor.readings()["upbit:notices"].state == "up"
        notices.answers = [[NOTICE]] * 130  # the newer one was deleted
        await scene.clock.advance(620)
        assert scene.monitor.readings()["upbit:notices"].state == "up"
