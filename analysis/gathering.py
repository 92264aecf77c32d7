"""The questions of one coin, asked together, each with its own deadline; the answers become one `Evidence`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from analysis.asking import Asked, Question, wait_until_done
from analysis.evidence import Evidence, FxLegs, KoreanFacts
from analysis.pace import opened
from analysis.quotes import Figure, Listed, NotListed, Run, Silent, Spot, VenueAnswer
from analysis.sources import Venue
from collectors.events import Exchange, Listing
from config.clock import Clock

RUN_ATTEMPTS = 5
GRACE_S = 0.1  # sources keep the deadline themselves; this is their time to come back with what they have by then


class KoreanSide(Protocol):
    """The Korean exchanges' part: book, networks, transfer states. Never raises for what happens outside."""

    async def facts(self, exchange: Exchange, base: str) -> KoreanFacts: ...


class Rates(Protocol):
    """The legs of the exchange rate as they stand now, Korean and foreign. Never raises for what happens outside."""

    async def legs(self, exchange: Exchange) -> FxLegs: ...


class Sources(Protocol):
    """Everyone who can be asked."""

    @property
    def venues(self) -> Sequence[Venue]: ...
    @property
    def korean(self) -> KoreanSide: ...
    @property
    def rates(self) -> Rates: ...


class Gathering:
    """Asks everyone about one coin, again and again. A source that is late keeps its question and answers next time."""

    def __init__(self, sources: Sources, exchange: Exchange, base: str, clock: Clock, deadline_s: float) -> None:
        self._exchange: Exchange = exchange
        self._base = base
        self._clock = clock
        self._deadline_s = deadline_s + GRACE_S
        self._by_name = {venue.name: venue for venue in sources.venues}
        self._venues = {
            name: Question(name, _asking(venue, base), _silent, clock, self._deadline_s)
            for name, venue in self._by_name.items()
        }
        korean, rates = sources.korean, sources.rates
        self._korean = Question(
            exchange, lambda: korean.facts(exchange, base), _no_korean_facts, clock, self._deadline_s
        )
        self._rates = Question("exchange rate", lambda: rates.legs(exchange), _no_legs, clock, self._deadline_s)
        self._runs: dict[str, Question[None]] = {}
        self._attempts: dict[str, int] = {}
        self._published: dict[str, Figure] = {}

    async def evidence(
        self, group: asyncio.TaskGroup, listing: Listing | None, late: Callable[[], None] | None = None
    ) -> Evidence:
        """What is known as soon as everyone has answered, or when the deadline has passed.

        `group` owns the questions, which may outlive this call; `late` is called when a late answer has come.
        """
        for question in self._questions():
            question.start(group, late)
        await wait_until_done(self._busy(), self._clock, self._deadline_s)
        answers = {name: question.answer() for name, question in self._venues.items()}
        korean, now_ms = self._korean.answer(), self._clock.now_ms()
        if listing is not None and listing.published_ms is not None:
            self._ask_for_runs(group, answers, listing.published_ms)
        return Evidence(
            exchange=self._exchange,
            base=self._base,
            now_ms=now_ms,
            korean=korean,
            venues=answers,
            legs=self._rates.answer(),
            quotes=(listing.quotes if listing is not None else ()) or ("KRW",),
            trading_starts_ms=listing.trading_starts_ms if listing is not None else None,
            first_trade_ms=listing.first_trade_ms if listing is not None else None,
            deposit_opens_ms=listing.deposit_opens_ms if listing is not None else None,
            opened=opened(listing, korean, now_ms),
            published_usdt=next((self._published[name] for name in self._by_name if name in self._published), None),
        )

    def abandon(self) -> None:
        """Stop waiting for whoever has not answered."""
        for task in (*self._busy(), *(run.busy for run in self._runs.values())):
            if task is not None:
                task.cancel()

    def _questions(self) -> list[Asked]:
        return [*self._venues.values(), self._korean, self._rates]

    def _busy(self) -> list[asyncio.Task[None]]:
        return [task for question in self._questions() if (task := question.busy) is not None]

    def _ask_for_runs(self, group: asyncio.TaskGroup, answers: dict[str, VenueAnswer], published_ms: int) -> None:
        """The price at publication, once for each venue that trades the coin; nobody waits for it."""
        for name in _with_spot(answers.items()):
            attempts = self._attempts.get(name, 0)
            if name in self._published or attempts >= RUN_ATTEMPTS:
                continue
            if name not in self._runs:
                ask = self._run_of(self._by_name[name], published_ms)
                self._runs[name] = Question(f"{name} run", ask, _nothing, self._clock, self._deadline_s)
            if self._runs[name].busy is None:
                self._attempts[name] = attempts + 1
                self._runs[name].start(group)

    def _run_of(self, venue: Venue, published_ms: int) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            run = await venue.run_since(self._base, published_ms)
            if isinstance(run, Run) and run.at_publication is not None:
                self._published[venue.name] = Figure(run.at_publication, run.source, published_ms)
            elif isinstance(run, NotListed):
                self._attempts[venue.name] = RUN_ATTEMPTS

        return ask


def _with_spot(answers: Iterable[tuple[str, VenueAnswer]]) -> list[str]:
    return [name for name, answer in answers if isinstance(answer, Listed) and isinstance(answer.quote.spot, Spot)]


def _asking(venue: Venue, base: str) -> Callable[[], Awaitable[VenueAnswer]]:
    return lambda: venue.ask(base)


def _silent(reason: str) -> VenueAnswer:
    return Silent(reason)


def _no_korean_facts(reason: str) -> KoreanFacts:
    return KoreanFacts(transfers=Silent(reason))


def _no_legs(reason: str) -> FxLegs:
    del reason
    return FxLegs()


def _nothing(reason: str) -> None:
    del reason
