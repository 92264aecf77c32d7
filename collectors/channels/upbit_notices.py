"""Upbit's announcements as its website lists them: not an official API, but the only one without a key.

The site stands behind bot protection and we never look for a way around it: whoever is refused three times in a row
leaves it alone for an hour, and says so.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from collectors.channels.page import Page, read
from collectors.events import Channel, Notice
from collectors.exchanges import upbit_rest
from collectors.listings.market_monitor import ChannelOff, ChannelTrouble
from collectors.net.http import HttpDoor
from config.clock import Clock

T = TypeVar("T")

REFUSALS = (403, 429)
REFUSED_AT_MOST = 3
ALONE_S = 3_600.0
DEADLINE_S = 12.0  # list and bodies share one turn in three seconds, so either may have to wait for two


class UpbitNotices:
    """The newest page of announcements; the site blocks whoever asks more than once in a few seconds."""

    channel = Channel.UPBIT_NOTICES

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float) -> None:
        self.every_s = every_s
        self._door = door
        self._clock = clock
        self._page = Page(
            door, clock, upbit_rest.SITE, upbit_rest.notices(), upbit_rest.parse_notices, None, DEADLINE_S
        )
        self._refused = 0
        self._alone_until = 0.0

    async def look(self) -> Sequence[Notice] | None:
        return await self._unless_alone(self._page.look)

    async def whole(self, notice: Notice) -> Notice | None:
        """The announcement with its body, from its own page."""
        number = upbit_rest.page_id(notice)
        if number is None:
            return None
        request = upbit_rest.notice(number)
        parse = upbit_rest.parse_notice
        return await self._unless_alone(lambda: read(self._door, upbit_rest.SITE, request, parse, DEADLINE_S))

    async def _unless_alone(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, unless the site wants to be left alone; count its refusals in a row, after an hour the first is one."""
        now = self._clock.monotonic()
        if now < self._alone_until:
            raise self._alone(self._alone_until - now)
        try:
            answer = await ask()
        except ChannelTrouble as trouble:
            if trouble.status in REFUSALS:
                self._refused += 1
                if self._refused >= REFUSED_AT_MOST:
                    self._alone_until = self._clock.monotonic() + ALONE_S
                    raise self._alone(ALONE_S) from trouble
            elif trouble.status is not None:
                self._refused = 0
            raise
        self._refused = 0
        return answer

    def _alone(self, for_s: float) -> ChannelOff:
        return ChannelOff(
            f"Upbit's site refused {self._refused} times in a row and is left alone for an hour; "
            "an API key (UPBIT_ACCESS_KEY, UPBIT_SECRET_KEY) opens the official socket instead",
            for_s,
        )
