"""Runs the listing channels: looks, tells the listing book what was seen, hands news on and never waits for the gate.

Each channel has its own loop, pace and failure: what one cannot say, the others still do. A look that fails changes
nothing but the channel's state; it never reads as "no listings" or "all delisted".
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from contextlib import suppress
from functools import partial

from collectors.events import Channel, Market, Notice, exchange_of
from collectors.listings.notice_bodies import NoticeBodies
from collectors.listings.sources import (
    AssetSource,
    Book,
    ChannelOff,
    ChannelTrouble,
    Ear,
    Gate,
    ListSource,
    News,
    NoticeSource,
    PollSource,
    PushSource,
)
from collectors.net.deadline import within
from config.clock import Clock
from ops.process.lifetimes import restarting, running
from ops.watching.readings import ChannelReading

__all__ = [
    "AssetSource",
    "Book",
    "ChannelOff",
    "ChannelTrouble",
    "Ear",
    "Gate",
    "ListSource",
    "MarketMonitor",
    "News",
    "NoticeSource",
    "PollSource",
    "PushSource",
]

log = logging.getLogger(__name__)

DOWN_AFTER_S = 60.0  # contract: a channel that has not answered for this long is down
OLD_PAGE_S = 600.0
DOUBT_AGAIN_S = 5.0  # how often a doubtful list is held against a second page, which may be a large one


class _State:
    """How a channel has fared; becomes a `ChannelReading`."""

    def __init__(self, now_ms: int) -> None:
        self.last_ok_ms: int | None = None
        self.last_item_ms: int | None = None
        self.failing_since_ms: int | None = now_ms
        self.errors = 0
        self.reason = "not asked yet"
        self.left_alone = False
        self._newest_ms = 0
        self._old_page_since_ms: int | None = None

    def page(self, notices: Sequence[Notice], now_ms: int) -> None:
        """Tell a page that shows the past: its newest word is older than one that the same page had before.

        A deleted notice looks the same, so after a while such a page is believed.
        """
        newest_ms = max((ms for each in notices for ms in (each.published_ms, each.edited_ms) if ms), default=0)
        if newest_ms >= self._newest_ms:
            self._newest_ms, self._old_page_since_ms = newest_ms, None
        elif self._old_page_since_ms is None:
            self._old_page_since_ms = now_ms
        elif now_ms - self._old_page_since_ms > OLD_PAGE_S * 1000:
            self._newest_ms, self._old_page_since_ms = newest_ms, None

    def reading(self, now_ms: int) -> ChannelReading:
        if self.left_alone:
            state = "off"
        elif self.failing_since_ms is None:
            if self._old_page_since_ms is not None:
                why = "it shows an old page; the other channels carry on"
                return ChannelReading("degraded", self.last_ok_ms, self.last_item_ms, self.errors, why)
            state = "up"
        else:
            state = "down" if now_ms - self.failing_since_ms > DOWN_AFTER_S * 1000 else "degraded"
        return ChannelReading(state, self.last_ok_ms, self.last_item_ms, self.errors, self.reason)


class MarketMonitor:
    """Owns the channel loops. `gate.offer` is the only thing it asks of the judging side, and it returns at once.

    `on_markets` tells the recording side what to subscribe. `off` names channels that do not run, with the reason a
    reader of health.json sees.
    """

    def __init__(
        self,
        notices: Sequence[NoticeSource],
        lists: Sequence[ListSource],
        book: Book,
        gate: Gate,
        clock: Clock,
        on_markets: Callable[[Set[Market]], None],
        off: Mapping[Channel, str] | None = None,
        pushes: Sequence[PushSource] = (),
        assets: Sequence[AssetSource] = (),
    ) -> None:
        self._notices = notices
        self._lists = lists
        self._assets = assets
        self._pushes = pushes
        self._book = book
        self._gate = gate
        self._clock = clock
        self._on_markets = on_markets
        self._off = dict(off or {})
        sources: list[PollSource | PushSource] = [*notices, *lists, *assets, *pushes]
        self._states = {source.channel: _State(clock.now_ms()) for source in sources}
        self._look_now = {push.replays: asyncio.Event() for push in pushes}
        self._bodies = NoticeBodies(clock, self._take_body)
        self._doubted: dict[Channel, tuple[float, Set[Market], ChannelTrouble]] = {}  # when again, what, and why
        self.crashes: dict[str, str] = {}

    def readings(self) -> dict[str, ChannelReading]:
        """The state of every channel, by its name in health.json."""
        now_ms = self._clock.now_ms()
        states = {channel.value: state.reading(now_ms) for channel, state in self._states.items()}
        return states | {channel.value: ChannelReading("off", None, None, 0, why) for channel, why in self._off.items()}

    async def run(self) -> None:
        """Watch every channel, for ever; a crash in one loop leaves the others running and is told."""
        loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [("notice bodies", self._bodies.run)]
        loops += [(s.channel.value, partial(self._watch, s, partial(self._look_notices, s))) for s in self._notices]
        loops += [(s.channel.value, partial(self._watch, s, partial(self._look_list, s))) for s in self._lists]
        loops += [(s.channel.value, partial(self._watch, s, partial(self._look_assets, s))) for s in self._assets]
        loops += [(s.channel.value, partial(s.listen, _Ear(self, s))) for s in self._pushes]
        async with running(*(restarting(name, make, self._clock, self._crashed) for name, make in loops)):
            await asyncio.Event().wait()

    def _crashed(self, name: str, error: Exception) -> None:
        log.error("listing channel %s crashed and starts again", name, exc_info=error)
        self.crashes[name] = f"{type(error).__name__}: {error}"

    async def _watch(self, source: PollSource, look: Callable[[], Awaitable[News]]) -> None:
        state = self._states[source.channel]
        look_now = self._look_now.get(source.channel)
        while True:
            began = self._clock.monotonic()
            if look_now is not None:
                look_now.clear()
            try:
                news = await look()
            except ChannelOff as alone:
                self._failed(source.channel, state, alone)
                await self._leave_alone(source.channel, state, alone)
                continue
            except ChannelTrouble as trouble:
                self._failed(source.channel, state, trouble)
            else:
                self._answered(source.channel, state, news)
            pause_s = self._pace_s(source) - (self._clock.monotonic() - began)
            if look_now is None:
                await self._clock.sleep(pause_s)
            else:
                with suppress(TimeoutError):
                    await within(self._clock, pause_s, look_now.wait())

    async def _leave_alone(self, channel: Channel, state: _State, alone: ChannelOff) -> None:
        log.warning("%s is left alone for %d s: %s", channel.value, alone.for_s, alone)
        state.left_alone = True
        try:
            await self._clock.sleep(alone.for_s)
        finally:
            state.left_alone = False

    def _pace_s(self, source: PollSource) -> float:
        """Seconds from one look to the next: longer where a socket tells the same sooner, half before an opening."""
        if source in self._lists:
            soon = self._book.opens_soon(exchange_of(source.channel), self._clock.now_ms())
            return source.every_s / 2 if soon else source.every_s
        if self._states[source.channel].failing_since_ms is not None:
            return source.every_s
        spared = [
            push.replay_every_s
            for push in self._pushes
            if push.replays is source.channel and self._states[push.channel].failing_since_ms is None
        ]
        return max([source.every_s, *spared])

    async def _look_assets(self, source: AssetSource) -> News:
        wallets = await source.look()
        if wallets is None:
            return News()
        return await self._book.see_assets(source.channel, wallets, self._clock.now_ms())

    async def _look_notices(self, source: NoticeSource) -> News:
        notices = await source.look()
        if notices is None:
            return News()
        self._states[source.channel].page(notices, self._clock.now_ms())
        news = await self._book.see_notices(source.channel, notices, self._clock.now_ms())
        for notice in news.want_body:
            self._bodies.want(source, notice)
        return news

    async def _look_list(self, source: ListSource) -> News:
        markets = await source.look()
        if markets is None:
            markets = self._still_doubted(source.channel)
        if markets is None:
            return News()
        try:
            news = await self._judge_list(source, markets)
        except ChannelTrouble as trouble:
            self._doubted[source.channel] = self._clock.monotonic() + DOUBT_AGAIN_S, markets, trouble
            raise
        self._doubted.pop(source.channel, None)
        return news

    def _still_doubted(self, channel: Channel) -> Set[Market] | None:
        """The list that is not believed yet, once its time has come again: a page that is the same is not read anew."""
        if channel not in self._doubted:
            return None
        due_s, markets, trouble = self._doubted[channel]
        if self._clock.monotonic() < due_s:
            raise trouble
        return markets

    async def _judge_list(self, source: ListSource, markets: Set[Market]) -> News:
        seen_ms = self._clock.now_ms()
        news = await self._book.see_markets(source.channel, markets, seen_ms, names=source.names)
        if news.doubtful:
            confirmed = await source.confirm(news.doubtful)
            news = await self._book.see_markets(source.channel, markets, seen_ms, confirmed, source.names)
        if news.doubtful:
            raise ChannelTrouble(f"{len(news.doubtful)} markets changed at once and a second page does not agree")
        self._on_markets(markets)
        return news

    async def _take_body(self, source: NoticeSource, whole: Notice) -> None:
        self._hand_on(await self._book.see_notices(source.channel, [whole], self._clock.now_ms()))

    def _hand_on(self, news: News) -> None:
        for listing in news.listings:
            if not self._gate.offer(listing):
                log.warning("%s waits to be judged: too many listings at once", listing.key)

    def _answered(self, channel: Channel, state: _State, news: News) -> None:
        now_ms = self._clock.now_ms()
        if state.errors and state.failing_since_ms is not None:
            log.info("%s answers again after %d s", channel.value, (now_ms - state.failing_since_ms) // 1000)
        state.last_ok_ms = now_ms
        state.failing_since_ms = None
        state.reason = ""
        if news.listings or news.items:
            state.last_item_ms = now_ms
        self._hand_on(news)

    def _failed(self, channel: Channel, state: _State, trouble: ChannelTrouble) -> None:
        state.errors += 1
        state.reason = str(trouble)
        if state.failing_since_ms is None or state.errors == 1:
            state.failing_since_ms = state.failing_since_ms or self._clock.now_ms()
            log.warning("%s does not answer: %s", channel.value, trouble)


class _Ear:
    """The monitor as one push source sees it."""

    def __init__(self, monitor: MarketMonitor, source: PushSource) -> None:
        self._monitor = monitor
        self._source = source

    @property
    def _state(self) -> _State:
        return self._monitor._states[self._source.channel]

    async def connected(self) -> None:
        # An empty page: from here on the book takes whatever is pushed for news, the very first time as well.
        await self._see()
        self._replay()

    def alive(self) -> None:
        if self._state.failing_since_ms is None:
            self._state.last_ok_ms = self._monitor._clock.now_ms()

    async def noticed(self, notice: Notice) -> None:
        await self._see(notice)

    def missed(self, why: str) -> None:
        self._state.errors += 1
        log.warning("%s: something could not be read, its list is asked instead: %s", self._source.channel.value, why)
        self._replay()

    def lost(self, why: str) -> None:
        self._monitor._failed(self._source.channel, self._state, ChannelTrouble(why))
        self._replay()

    async def _see(self, *notices: Notice) -> None:
        monitor, channel = self._monitor, self._source.channel
        news = await monitor._book.see_notices(channel, notices, monitor._clock.now_ms())
        monitor._answered(channel, self._state, news)
        if news.want_body:
            self._replay()  # this socket left the body out: the list knows where it is

    def _replay(self) -> None:
        self._monitor._look_now[self._source.replays].set()
