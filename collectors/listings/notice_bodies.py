"""The notices whose bodies are still to be read: one question at a time, asked again until it is answered.

A list tells titles; the opening stands in the body, on a page of its own, and a site that is asked too often refuses.
So two listings in one breath must not cost the second one its body.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn

from msgspec import Struct

from collectors.events import Channel, Notice
from collectors.listings.sources import ChannelOff, ChannelTrouble, NoticeSource
from collectors.net.deadline import within
from config.clock import Clock

log = logging.getLogger(__name__)

WAITING_MOST = 64  # two pages and more; what is left out is named again when its page is read whole
AGAIN_FIRST_S, AGAIN_CAP_S = 2.0, 30.0
TRIES = 20  # nine minutes


class _Wanted(Struct):
    source: NoticeSource
    notice: Notice
    due: float
    tries: int = 0


class NoticeBodies:
    """`take(source, whole)` is told of each body that came; while it fails, the body is not forgotten."""

    def __init__(self, clock: Clock, take: Callable[[NoticeSource, Notice], Awaitable[None]]) -> None:
        self._clock = clock
        self._take = take
        self._wanted: dict[tuple[Channel, str], _Wanted] = {}
        self._more = asyncio.Event()

    def want(self, source: NoticeSource, notice: Notice) -> None:
        """Read this body soon; asking twice changes nothing."""
        name = (source.channel, notice.notice_id)
        if name in self._wanted:
            return
        if len(self._wanted) == WAITING_MOST:
            log.warning("too many notices at once: the body of %r must wait for its page", notice.title)
            return
        self._wanted[name] = _Wanted(source, notice, self._clock.monotonic())
        self._more.set()

    async def run(self) -> NoReturn:
        """For ever: the one that waits longest first."""
        while True:
            self._more.clear()
            now = self._clock.monotonic()
            name, first = min(self._wanted.items(), key=lambda item: item[1].due, default=(None, None))
            if name is None or first is None:
                await self._more.wait()
            elif first.due > now:
                with suppress(TimeoutError):
                    await within(self._clock, first.due - now, self._more.wait())
            elif await self._read(first):
                del self._wanted[name]

    async def _read(self, wanted: _Wanted) -> bool:
        """Whether it is done with."""
        try:
            whole = await wanted.source.whole(wanted.notice)
        except ChannelOff as alone:
            log.warning("the body of %r is not read: %s", wanted.notice.title, alone)
            return True  # whoever reads the list again names it again
        except ChannelTrouble as trouble:
            wanted.tries += 1
            pause_s = min(AGAIN_CAP_S, AGAIN_FIRST_S * 2.0 ** (wanted.tries - 1))
            wanted.due = self._clock.monotonic() + pause_s
            log.log(
                logging.WARNING if wanted.tries in (1, TRIES) else logging.DEBUG,
                "the body of %r could not be read (%d of %d): %s", wanted.notice.title, wanted.tries, TRIES, trouble,
            )  # fmt: skip
            return wanted.tries == TRIES
        if whole is not None:
            await self._take(wanted.source, whole)
        return True
