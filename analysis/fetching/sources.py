"""The fetching side of a verdict: what a venue is to the pipeline, and how one question passes the door.

A question never raises for what the network or a service did: the answer is then `Silent`, with the reason. Every call
has a deadline of its own, in seconds of the daemon's clock, which the door keeps.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Instruments, NotListed, Run, Silent, VenueAnswer
from collectors.net.http import DeadlineExceeded, DoorError, Refused, TooLarge

T = TypeVar("T")

DEADLINE_S = 0.8  # `gate.source_deadline_s` of radar.yaml has the last word
BACKGROUND_S = 10.0  # for what is fetched ahead of need: instrument lists, id maps


class Answer(Protocol):
    """What the door brings back; every status is an answer. Times are ours."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def requested_ms(self) -> int: ...
    @property
    def received_ms(self) -> int: ...


class Door(Protocol):
    """The one way out, `collectors.net.http.HttpDoor`; raises DoorError. `service` is a key of exchanges.yaml."""

    async def get(
        self,
        service: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> Answer: ...


class Venue(Protocol):
    """One foreign exchange. No method raises for what happens outside this process."""

    @property
    def name(self) -> str:
        """As in `gate.venues`: `binance`, `okx`, `bybit`."""
        ...

    async def ask(self, base: str) -> VenueAnswer:
        """Everything it tells about one coin, all calls in parallel; works best after `instruments`."""
        ...

    async def instruments(self) -> Instruments:
        """What it trades now. The lists are kept: `ask` takes symbols, multipliers and contract sizes from them."""
        ...

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        """How the spot price went since then."""
        ...


class Line:
    """One service behind the door, and how long one question to it may take."""

    def __init__(self, door: Door, service: str, deadline_s: float = DEADLINE_S) -> None:
        self._door = door
        self._service = service
        self._deadline_s = deadline_s

    async def ask(
        self,
        path: str,
        parse: Callable[[Reply], T],
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> T | Silent:
        """What `parse` makes of the answer; `Silent` if there was none, or if `parse` raised NoAnswer."""
        limit_s = self._deadline_s if deadline_s is None else deadline_s
        try:
            answer = await self._door.get(
                self._service, path, params=params, headers=headers, group=group, deadline_s=limit_s
            )
        except DoorError as e:
            return Silent(_reason(e, limit_s))
        reply = Reply(answer.status, answer.body, answer.received_ms, f"{self._service} {path}")
        try:
            return parse(reply)
        except NoAnswer as e:
            return Silent(str(e))


def _reason(error: DoorError, limit_s: float) -> str:
    match error:
        case DeadlineExceeded():
            return f"no answer within {limit_s:g} s"
        case Refused() | TooLarge():
            return str(error)
    return f"unreachable ({error})"
