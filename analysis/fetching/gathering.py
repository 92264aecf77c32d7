"""The questions of one coin, asked together, each with its own deadline; the answers become one `Evidence`."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from analysis.evidence import Evidence, FxLegs, KoreanFacts
from analysis.fetching.asking import Asked, Question
from analysis.fetching.sources import Venue
from analysis.pace import opened
from analysis.quotes import NotListed, Run, Silent, VenueAnswer
from analysis.tokenomics import MarketCap
from collectors.events import Exchange, Listing
from collectors.net.deadline import wait_until_done
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

RUN_EVERY_S = 10.0  # how often high and volume since the notice are asked for anew
DEPARTURE_TURNS = 12  # of the loop, until a venue's deepest question has passed the door
GRACE_S = 0.1  # sources keep the deadline themselves; this is their time to come back with what they have by then


class KoreanSide(Protocol):
    """The Korean exchanges' part: book, networks, transfer states. Never raises for what happens outside."""

    async def facts(self, exchange: Exchange, base: str) -> KoreanFacts: ...


class Rates(Protocol):
    """The legs of the exchange rate as they stand now, Korean and foreign. Never raises for what happens outside."""

    async def legs(self, exchange: Exchange) -> FxLegs: ...


class Sizes(Protocol):
    """What is known of coins' market caps; it asks in its own time and never keeps anyone waiting."""

    def latest(self, base: str, contracts: Collection[str]) -> MarketCap | None: ...


class NoSizes:
    """Nobody knows any market cap."""

    def latest(self, base: str, contracts: Collection[str]) -> MarketCap | None:  # noqa: ARG002 - of no coin
        return None


class Sources(Protocol):
    """Everyone who can be asked."""

    @property
    def venues(self) -> Sequence[Venue]: ...
    @property
    def korean(self) -> KoreanSide: ...
    @property
    def rates(self) -> Rates: ...
    @property
    def sizes(self) -> Sizes: ...
    @property
    def paces_s(self) -> dict[str, float]:
        """How long each venue took for its last answer, whatever the coin."""
        ...

    @property
    def spot_only(self) -> frozenset[str]:
        """Venues that trade no perpetuals against USDT at all."""
        ...


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
        self._sizes, self._spot_only, self._paces = sources.sizes, sources.spot_only, sources.paces_s
        self._since_ms: int | None = None
        self._asking_runs: dict[str, Question[None]] = {}
        self._asked_runs_s: dict[str, float] = {}
        self._runs: dict[str, Run] = {}

    async def evidence(
        self,
        group: TaskGroup,
        listing: Listing | None,
        late: Callable[[], None] | None = None,
        opened_before: bool = False,
    ) -> Evidence:
        """What is known as soon as everyone has answered, or when the deadline has passed.

        `group` owns the questions, which may outlive this call; `late` is called when a late answer has come.
        `opened_before`: an earlier verdict was one on a coin that trades.
        """
        slowest, *others = self._slowest_first()
        slowest.start(group, late)
        for _ in range(DEPARTURE_TURNS):
            await asyncio.sleep(0)
        for question in others:
            question.start(group, late)
        self._ask_for_runs(group, listing, late)
        await wait_until_done(self._busy(), self._clock, self._deadline_s)
        self._paces.update({name: took for name, one in self._venues.items() if (took := one.took_s) is not None})
        answers = {name: question.answer() for name, question in self._venues.items()}
        korean, now_ms = self._korean.answer(), self._clock.now_ms()
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
            opened=opened(listing, korean, now_ms, opened_before),
            spot_only=self._spot_only,
            runs=dict(self._runs),
            size=self._sizes.latest(self._base, tuple(korean.contracts.values())),
        )

    def abandon(self) -> None:
        """Stop waiting for whoever has not answered."""
        for task in self._busy():
            task.cancel()

    def _slowest_first(self) -> list[Asked]:
        """Sending forty requests takes a moment, and the slowest venue decides when the verdict comes; its requests
        leave before the others are so much as begun.
        """
        order = sorted(self._venues, key=lambda name: -self._paces.get(name, 0.0))
        return [*(self._venues[name] for name in order), self._korean, self._rates]

    def _questions(self) -> list[Asked]:
        return [*self._venues.values(), self._korean, self._rates]

    def _busy(self) -> list[asyncio.Task[None]]:
        asked = [*self._questions(), *self._asking_runs.values()]
        return [task for question in asked if (task := question.busy) is not None]

    def _ask_for_runs(self, group: TaskGroup, listing: Listing | None, late: Callable[[], None] | None) -> None:
        """The price since the notice, else since the first sight, of every venue that may trade the coin."""
        since_ms = None if listing is None else counted_from_ms(listing)
        if since_ms != self._since_ms:
            self._since_ms = since_ms
            self._runs, self._asked_runs_s = {}, {}
            for question in self._asking_runs.values():
                if question.busy is not None:
                    question.busy.cancel()
            self._asking_runs = {}
        if since_ms is None:
            return
        now_s = self._clock.monotonic()
        for name, venue in self._by_name.items():
            if now_s - self._asked_runs_s.get(name, float("-inf")) < RUN_EVERY_S or self._denied(name):
                continue
            self._asked_runs_s[name] = now_s
            if name not in self._asking_runs:
                ask = self._run_of(venue, since_ms)
                self._asking_runs[name] = Question(f"{name} run", ask, _nothing, self._clock, self._deadline_s)
            self._asking_runs[name].start(group, late)

    def _denied(self, name: str) -> bool:
        """Whether the venue said a moment ago that it does not trade the coin."""
        return isinstance(self._venues[name].answer(), NotListed)

    def _run_of(self, venue: Venue, since_ms: int) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            run = await venue.run_since(self._base, since_ms)
            if isinstance(run, Run):
                self._runs[venue.name] = run

        return ask


def counted_from_ms(listing: Listing) -> int:
    """From when a run counts: the notice, or the first sight where nobody saw a notice."""
    return listing.first_seen_ms if listing.published_ms is None else listing.published_ms


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
