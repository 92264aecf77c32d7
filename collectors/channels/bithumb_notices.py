"""Bithumb's official notice API: one request a second, the latest 20, titles only."""

from collections.abc import Sequence

from collectors.channels.page import Page
from collectors.events import Channel, Notice
from collectors.exchanges import bithumb_rest
from collectors.net.http import HttpDoor
from config.clock import Clock


class BithumbNotices:
    """The latest notices; more than 20 between two looks would push some out unseen."""

    channel = Channel.BITHUMB_NOTICES

    def __init__(self, door: HttpDoor, clock: Clock, every_s: float) -> None:
        self.every_s = every_s
        self._page = Page(door, clock, bithumb_rest.SERVICE, bithumb_rest.notices(), bithumb_rest.parse_notices)

    async def look(self) -> Sequence[Notice] | None:
        return await self._page.look()

    async def whole(self, notice: Notice) -> Notice | None:  # noqa: ARG002 - no API gives bodies
        return None
