"""One page of an exchange that is looked at again and again: unchanged costs next to nothing, unreadable is trouble."""

from collections.abc import Callable
from typing import Generic, TypeVar

from collectors.exchanges.rest import ExchangeError, PageError, Request
from collectors.listings.byte_budget import ByteBudget
from collectors.listings.market_monitor import ChannelTrouble
from collectors.net.http import DoorError, HttpDoor
from config.clock import Clock

T = TypeVar("T")

WHOLE_EVERY_S = 30.0  # whoever lost what a page said (a crash on the way) is told again within this time


class Page(Generic[T]):
    """`look` at one request's answer; None where it says what it said before."""

    def __init__(
        self,
        door: HttpDoor,
        clock: Clock,
        service: str,
        request: Request,
        parse: Callable[[int, bytes], T],
        budget: ByteBudget | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """`budget` makes a look wait where the page is too large to be read that often; `deadline_s` bounds a look."""
        self._door = door
        self._clock = clock
        self._service = service
        self._request = request
        self._parse = parse
        self._budget = budget
        self._deadline_s = deadline_s
        self._told: int | None = None  # the mark of what it said; the largest pages are another one each time
        self._whole_at = -WHOLE_EVERY_S

    async def look(self) -> T | None:
        """The page, or None for a 304 or for the same bytes again; raise ChannelTrouble."""
        if self._budget is not None:
            wait_s = self._budget.wait_s(self._clock.monotonic())
            if wait_s > 0.0:
                await self._clock.sleep(wait_s)
        whole_due = self._clock.monotonic() - self._whole_at >= WHOLE_EVERY_S
        if whole_due:
            self._forget()
        request = self._request
        try:
            answer = await self._door.get(
                self._service,
                request.path,
                params=request.params,
                group=request.group,
                deadline_s=self._deadline_s,
                conditional=True,
            )
        except DoorError as e:
            raise ChannelTrouble(str(e)) from e
        status, body = answer.status, answer.body
        if self._budget is not None:
            self._budget.spend(len(body), self._clock.monotonic())
        if self._told is not None and (status == 304 or (status == 200 and hash(body) == self._told)):
            return None
        try:
            page = self._parse(status, body)
        except PageError as e:
            self._forget()
            raise trouble(e) from e
        self._told = hash(body)
        if whole_due:
            self._whole_at = self._clock.monotonic()
        return page

    def _forget(self) -> None:
        self._told = None
        self._door.forget(self._service, self._request.path, self._request.params)


async def read(
    door: HttpDoor, service: str, request: Request, parse: Callable[[int, bytes], T], deadline_s: float | None = None
) -> T:
    """The page behind `request`, asked once; raise ChannelTrouble. `deadline_s` holds for our own rate, too."""
    try:
        answer = await door.get(
            service, request.path, params=request.params, group=request.group, deadline_s=deadline_s
        )
    except DoorError as e:
        raise ChannelTrouble(str(e)) from e
    try:
        return parse(answer.status, answer.body)
    except PageError as e:
        raise trouble(e) from e


def trouble(error: PageError) -> ChannelTrouble:
    """The same, as the monitor takes it; a refusal keeps its HTTP status."""
    return ChannelTrouble(str(error), error.status if isinstance(error, ExchangeError) else None)
