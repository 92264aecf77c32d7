"""The one door out: every HTTP request of the daemon passes here, inside the limits and a deadline.

    DoorError (Exception)       no answer; `.sent` tells whether the request may have arrived all the same
        Unreachable             DNS, connect, TLS, a connection cut before or amid the answer
        DeadlineExceeded        no whole answer by the deadline
        Refused                 not asked at all: the host is paused until `.until_ms`, or our budget is spent
        TooLarge                the answer is larger than we take

Every status is an answer, 304, 429 and 500 too; whoever asked decides what it means. Nothing here prints a path, a
query or a header: Telegram's paths hold its token.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from yarl import URL

from collectors.net.deadline import Deadlines
from collectors.net.dial import Broken, DialError, told
from collectors.net.lean import spare_cpp_and_docstrings
from collectors.net.limits import Limits, Paused
from collectors.net.lines import Answer, AnswerTooLarge, Lines, Question
from config.clock import Clock

if TYPE_CHECKING:
    from collectors.net.session import Session

DEADLINE_S = 5.0
BODY_BYTES = 8 * 1024 * 1024
REMEMBERED_QUESTIONS = 64  # with their last answers
REDIRECTS = 2
REDIRECTING = (301, 302, 303, 307, 308)
# Bithumb's notices answer 302 to another host of theirs at times (seen 2026-07); no other redirect is meant for us.
REDIRECTED = {("bithumb", "/v1/notices"): frozenset({"feed-api.bithumb.com"})}

Params = Mapping[str, str] | Sequence[tuple[str, str]]
Page = tuple[str, str, tuple[tuple[str, str], ...]]  # service, path, parameters


class Response(Struct, frozen=True):
    """One answer. Header names are lower case; a name sent twice keeps its last value. Times are ours."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    requested_ms: int
    received_ms: int


class DoorError(Exception):
    """No answer. `sent`: the request may have arrived."""

    def __init__(self, service: str, text: str, *, sent: bool) -> None:
        self.service = service
        self.sent = sent
        super().__init__(f"{service}: {text}")


class Unreachable(DoorError):
    """The network or the host did not carry it."""


class DeadlineExceeded(DoorError):
    """Not answered in time."""


class Refused(DoorError):
    """Not asked: the limits say no before `until_ms` (our wall clock)."""

    def __init__(self, service: str, why: str, until_ms: int) -> None:
        self.until_ms = until_ms
        super().__init__(service, why, sent=False)


class TooLarge(DoorError):
    """The answer did not fit."""


class HttpDoor:
    """Two ways out: `lines.py` for pages that are looked at again and again, `session.py` for everything else.

    Close it, or use `open_door`.
    """

    def __init__(
        self,
        base_urls: Mapping[str, str],
        limits: Limits,
        clock: Clock,
        user_agent: str,
        deadlines_s: Mapping[str, float] | None = None,
    ) -> None:
        """`base_urls` by service, from exchanges.yaml or the simulator; `deadlines_s` likewise, else 5 s each."""
        self._base_urls = {name: url.rstrip("/") for name, url in base_urls.items()}
        self.limits = limits
        self._clock = clock
        self._user_agent = user_agent
        self._deadlines_s = dict(deadlines_s or {})
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        self._deadlines = Deadlines(clock)
        self._questions: dict[Page, Question] = {}
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}
        self._lines = Lines(user_agent)
        self.on_answer: Callable[[str, Response], None] | None = None  # told of every answer; must not raise

    def get(
        self,
        service: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
        conditional: bool = False,
    ) -> Coroutine[Any, Any, Response]:
        """Ask `service` for `path`; raise DoorError.

        `conditional`: send the ETag of the last whole answer to the same question; an unchanged page comes back as 304
        with an empty body. Who can't use an answer must `forget` it, or would be told "unchanged" for ever.
        """
        return self._ask(service, "GET", path, params, headers, None, group, deadline_s, conditional)

    async def post(
        self,
        service: str,
        path: str,
        *,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> Response:
        """Send `body` to `service` at `path`; raise DoorError."""
        typed = {**(headers or {}), "Content-Type": content_type}
        return await self._ask(service, "POST", path, None, typed, body, group, deadline_s, conditional=False)

    def forget(self, service: str, path: str, params: Params | None = None) -> None:
        """Ask for the whole page again next time."""
        self._questions.pop(_page(service, path, params), None)

    async def load(self) -> None:
        """Make ready for requests of every kind, whose first would else wait 0.2 s for a library."""
        await self._opened()

    async def close(self) -> None:
        await self._lines.close()
        self._deadlines.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(
        self,
        service: str,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        group: str,
        deadline_s: float | None,
        conditional: bool,
    ) -> Response:
        if headers and any(name.lower() == "origin" for name in headers):
            raise ValueError("an Origin header would be throttled to one request in 10 s")
        page = (service, path, params) if isinstance(params, tuple) else _page(service, path, params)
        question = None
        if conditional:
            question = self._questions.get(page) or self._remember(page, self._lines.question(self._url(page)))
            if headers:
                question = self._lines.question(self._url(page), headers, question.etag)
        session = None if conditional else await self._opened()
        sent: list[bool] = []
        on_sent = partial(sent.append, True)
        asked = self._clock.monotonic()
        if deadline_s is None:
            deadline_s = self._deadlines_s.get(service, DEADLINE_S)
        deadline = asked + deadline_s
        turns = self._turns.get((service, group))
        if (turns is not None and turns.locked()) or self.limits.ask(service, group, asked) != 0.0:
            await self._wait_for_turn(service, group, deadline)
        requested_ms = self._clock.now_ms()
        onward: URL | None = None
        try:
            for hop in range(REDIRECTS + 1):
                work: Awaitable[Answer]
                if session is None:
                    assert question is not None
                    there = question if onward is None else self._lines.question(onward, headers, question.etag)
                    work = self._lines.get(there, BODY_BYTES, on_sent)
                else:
                    url = onward or self._url(page)
                    work = session.ask(method, url, headers or {}, body, BODY_BYTES, on_sent)
                answer = await self._deadlines.by(deadline, work)
                if hop == REDIRECTS or answer.status not in REDIRECTING:
                    break
                onward = _onward(page, onward or self._url(page), answer.headers.get("location"))
                if onward is None:
                    break
        except AnswerTooLarge:
            raise TooLarge(service, f"the answer is larger than {BODY_BYTES} bytes", sent=True) from None
        except TimeoutError:
            self.limits.failed(service, self._clock.monotonic())
            what = "answer" if sent else "connection"
            raise DeadlineExceeded(service, f"no {what} within {deadline_s:g} s", sent=bool(sent)) from None
        except OSError as e:  # its text may hold the URL, so often only its name goes on
            self.limits.failed(service, self._clock.monotonic())
            names_itself = isinstance(e, DialError | Broken | ssl.SSLError)
            raise Unreachable(service, told(e) if names_itself else type(e).__name__, sent=bool(sent)) from None
        response = Response(answer.status, answer.headers, answer.body, requested_ms, self._clock.now_ms())
        self.limits.learn(service, group, answer.status, answer.headers, self._clock.monotonic(), answer.body)
        if self.on_answer is not None:
            self.on_answer(service, response)
        if question is not None and answer.status == 200:
            etag = answer.headers.get("etag")
            if etag != question.etag:  # none, too: the one from before belongs to another page
                self._remember(page, self._lines.question(self._url(page), {}, etag, question))
        return response

    async def _wait_for_turn(self, service: str, group: str, deadline: float) -> None:
        """Wait while the limits' answer is worth waiting for, not past the deadline; who came first goes first."""
        turns = self._turns.get((service, group))
        if turns is None:
            turns = self._turns[service, group] = asyncio.Lock()
        try:
            await self._deadlines.by(deadline, self._first_in_line(turns, service, group, deadline))
        except TimeoutError:
            raise Refused(service, "not asked, others of our own wait for their turn", self._clock.now_ms()) from None

    async def _first_in_line(self, turns: asyncio.Lock, service: str, group: str, deadline: float) -> None:
        async with turns:
            while (answer := self.limits.ask(service, group, now := self._clock.monotonic())) != 0.0:
                until, why = (
                    (answer.until, answer.why) if isinstance(answer, Paused) else (now + answer, "our own rate")
                )
                if until >= deadline:
                    raise Refused(service, f"not asked, {why}", self._clock.now_ms() + round((until - now) * 1000))
                await self._clock.sleep(until - now)

    async def _opened(self) -> "Session":
        """The session, its library imported off the loop the first time."""
        async with self._opening:
            if self._session is None:
                spare_cpp_and_docstrings()
                module = await asyncio.to_thread(import_module, "collectors.net.session")
                self._session = module.Session(self._user_agent)
            return self._session

    def _url(self, page: Page) -> URL:
        service, path, params = page
        url = URL(self._base_urls[service] + path)
        return url.with_query(params) if params else url

    def _remember(self, page: Page, question: Question) -> Question:
        self._questions.pop(page, None)
        self._questions[page] = question
        if len(self._questions) > REMEMBERED_QUESTIONS:
            del self._questions[next(iter(self._questions))]
        return question


@asynccontextmanager
async def open_door(door: HttpDoor) -> AsyncIterator[HttpDoor]:
    """Close the door when the block ends."""
    try:
        yield door
    finally:
        await door.close()


def _page(service: str, path: str, params: Params | None) -> Page:
    return service, path, tuple(params.items() if isinstance(params, Mapping) else params or ())


def _onward(page: Page, url: URL, location: str | None) -> URL | None:
    """Where a redirect leads, if it is one that we follow."""
    hosts = REDIRECTED.get(page[:2])
    if hosts is None or location is None:
        return None
    try:
        onward = url.join(URL(location))
    except ValueError:
        return None
    known = onward.origin() == url.origin() or (onward.scheme == "https" and onward.host in hosts)
    return onward if known else None
