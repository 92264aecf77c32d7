"""Upbit's announcements as its website lists them: not an official API, but the only one without a key."""

from collections.abc import Sequence

from collectors import upbit_rest
from collectors.channels.page import Page, read
from collectors.events import Channel, Notice
from collectors.net.http import HttpDoor
from config.clock import Clock


class UpbitNotices:
    """The newest page of announcements; the site blocks whoever asks more than once in a few seconds."""

    channel = Channel.UPBIT_NOTICES

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float) -> None:
        self.every_s = every_s
        self._door = door
        self._page = Page(door, clock, upbit_rest.SITE, upbit_rest.notices(), upbit_rest.parse_notices)

    async def look(self) -> Sequence[Notice] | None:
        return await self._page.look()

    async def whole(self, notice: Notice) -> Notice | None:
        """The announcement with its body, from its own page."""
        number = upbit_rest.page_id(notice)
        if number is None:
            return None
        return await read(self._door, upbit_rest.SITE, upbit_rest.notice(number), upbit_rest.parse_notice)
