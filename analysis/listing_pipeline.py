"""Listing in, verdicts out: gathers facts in parallel, has them judged, tells what changed, and looks again.

Decides nothing itself: `weigh` and `judge` say the verdict, `ringing` whether it is heard, `pace` when to look again.
It never makes the monitor wait: what the bounded queue refuses stays in its table and is offered again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

import msgspec

from analysis.evidence import Evidence
from analysis.fetching.gathering import Gathering, Sources
from analysis.gate import follow, judge
from analysis.gate_rules import Previous
from analysis.pace import CROWD, Worth, pause_s, worth
from analysis.premium import Fx, FxMember, remember
from analysis.quotes import NotListed
from analysis.ringing import Quiet, Ring, Rung, ringing, rung
from analysis.verdict import Finding, Outcome, Verdict, VerdictNotKept
from analysis.weigh import weigh
from collectors.events import Exchange, Listing, ListingState
from collectors.net.deadline import wait_until_done
from config.clock import Clock
from config.settings import Settings
from ops.process.lifetimes import TaskGroup

log = logging.getLogger(__name__)

QUEUE = 32
ACTIVE = 64  # listings under watch at a time; the next ones wait in the queue
LATE_EVERY_S = 1.0  # late answers start no more looks than this; the next one hears them anyway
SETTLING_S = 10.0  # after a start nobody may have answered yet, which takes back nothing
KOREAN_FACTS = frozenset(("not_listed_here", "not_open_yet", "deposit_closed", "deposit_scheduled"))
SILENCES = frozenset(("watch_only", "no_open_route"))  # blockers that say what is not known, or not known yet
TRADES = (Outcome.GO, Outcome.NO_GO)
OVER = (ListingState.CANCELLED, ListingState.SETTLED)

OnVerdict = Callable[[Listing, Verdict, Ring | Quiet], Awaitable[None]]
OnChange = Callable[[Listing, Verdict], Awaitable[None]]
OnLook = Callable[[Listing, Verdict], None]
Memory = tuple[Rung, Previous | None]


async def _no_memory(listing: Listing) -> Memory:  # noqa: ARG001 - nothing was ever told
    return Rung(), None


async def _no_change(listing: Listing, verdict: Verdict) -> None:
    """Nobody has to care."""


class _Case:
    """One listing under watch, with what must be remembered between two looks."""

    def __init__(self, listing: Listing, gathering: Gathering) -> None:
        self.listing = listing
        self.gathering = gathering
        self.news = asyncio.Event()
        self.previous: Previous | None = None
        self.rung = Rung()
        self.recalled = False
        self.settles_at_s = float("-inf")  # until then a silence is that of a start
        self.heard: Verdict | None = None  # the latest one that the reader's knowledge agrees with
        self.told: Verdict | None = None
        self.kept: Verdict | None = None
        self.told_s = 0.0
        self.looked_s = float("-inf")
        self.extra_look = False  # a late answer has started, or has to start, a look since the last regular one


class ListingPipeline:
    """`on_verdict(listing, verdict, Ring | Quiet)` is awaited for each verdict worth telling: kept, edited, replied.

    `on_change(listing, verdict)` is awaited for one that differs from the last but comes too early to be told.
    Either may raise VerdictNotKept: then it counts as not told, and the listing is looked at again at its usual time.
    `on_look(listing, verdict)` hears of every verdict at once, told or not, and must not wait for anything.
    `remembered(listing)` is asked once a listing: what its reader was told before we started, and the last verdict.
    `run()` may be cancelled and started again: the listings under watch are kept. `crashes` counts looks that failed.
    """

    def __init__(
        self,
        sources: Sources,
        settings: Settings,
        clock: Clock,
        on_verdict: OnVerdict,
        on_look: OnLook = lambda listing, verdict: None,  # noqa: ARG005 - nobody has to care
        on_change: OnChange = _no_change,
        remembered: Callable[[Listing], Awaitable[Memory]] = _no_memory,
    ) -> None:
        self._sources = sources
        self._settings = settings
        self._clock = clock
        self._on_verdict = on_verdict
        self._on_look = on_look
        self._on_change = on_change
        self._remembered = remembered
        self._queue: asyncio.Queue[Listing] = asyncio.Queue(QUEUE)
        self._cases: dict[str, _Case] = {}
        self._room = asyncio.Event()
        self._last_good: FxMember | None = None
        self.crashes = 0

    def offer(self, listing: Listing) -> bool:
        """Take a listing, or news of one under watch, at once; False if 32 are waiting already."""
        if self._renew(listing):
            return True
        try:
            self._queue.put_nowait(listing)
        except asyncio.QueueFull:
            log.warning("the queue of listings is full; %s stays in its table", listing.key)
            return False
        return True

    def change(self, settings: Settings) -> None:
        """Judge by these from the next look on."""
        self._settings = settings

    def hear_rate(self, fx: Fx) -> None:
        """A rate that was found without a listing: the last good one, if it is good."""
        self._last_good = remember(self._last_good, fx)

    def hear_late(self) -> None:
        """Someone's answer came after its deadline: look again, unless that was done a moment ago or is being done.

        One extra look for each regular one, and none in a crowd: were each late answer a look of its own, a slow venue
        would multiply the questions to all others until all are late. The next regular look hears it anyway.
        """
        if len(self._cases) > CROWD:
            return
        for case in self._cases.values():
            if not case.extra_look and self._clock.monotonic() - case.looked_s >= LATE_EVERY_S:
                case.extra_look = True
                case.news.set()

    @property
    def watched(self) -> tuple[str, ...]:
        """Keys of the listings that are looked at again and again."""
        return tuple(self._cases)

    async def run(self) -> None:
        """Follow every listing that is offered until it is settled; for ever."""
        async with TaskGroup() as group:
            for case in self._cases.values():
                group.create_task(self._follow(case, group))
            while True:
                while len(self._cases) >= ACTIVE:
                    self._room.clear()
                    await self._room.wait()
                listing = await self._queue.get()
                if not self._renew(listing):
                    case = _Case(listing, self._gathering(listing.exchange, listing.base))
                    self._cases[listing.key] = case
                    group.create_task(self._follow(case, group))

    async def judge(self, listing: Listing) -> Verdict:
        """One verdict now, told to nobody; the one that stands is an input, as it is for the looks."""
        case = self._cases.get(listing.key)
        previous = case.previous if case is not None else None
        evidence = await self._evidence(listing.exchange, listing.base, listing, _trades(previous))
        return self._verdict(evidence, previous, None)

    async def judge_now(self, exchange: Exchange, base: str, notional_krw: Decimal | None = None) -> Verdict:
        """One verdict on any coin, for `analyze`, with what is known of its listing where that is under watch.

        A coin that nobody trades has the blocker `unknown_symbol` first.
        """
        watched = (case.listing for case in self._cases.values() if case.listing.gone_ms is None)
        listing = next((each for each in watched if (each.exchange, each.base) == (exchange, base)), None)
        evidence = await self._evidence(exchange, base, listing)
        verdict = self._verdict(evidence, None, notional_krw)
        return verdict if listing is not None else _naming_unknown(evidence, verdict)

    async def _evidence(
        self, exchange: Exchange, base: str, listing: Listing | None, opened_before: bool = False
    ) -> Evidence:
        gathering = self._gathering(exchange, base)
        async with TaskGroup() as group:
            evidence = await gathering.evidence(group, listing, opened_before=opened_before)
            gathering.abandon()
        return evidence

    def _verdict(self, evidence: Evidence, previous: Previous | None, notional_krw: Decimal | None) -> Verdict:
        """The verdict on `evidence`; remembers the exchange rate it settled on as the last good one."""
        weighed = weigh(evidence, self._settings, self._last_good, previous, notional_krw)
        self._last_good = remember(self._last_good, weighed.fx)
        return judge(weighed)

    def _renew(self, listing: Listing) -> bool:
        """Hand newer knowledge to the case under watch and wake it."""
        case = self._cases.get(listing.key)
        if case is None:
            return False
        case.listing = listing
        case.news.set()
        return True

    def _gathering(self, exchange: Exchange, base: str) -> Gathering:
        return Gathering(self._sources, exchange, base, self._clock, self._settings.radar.gate.source_deadline_s)

    async def _follow(self, case: _Case, group: TaskGroup) -> None:
        """Look, tell, rest; until the listing is over."""
        if not case.recalled:
            await self._recall(case)
        pause = pause_s(case.listing, self._settings.radar.gate, self._clock.now_ms(), len(self._cases))
        while pause is not None and case.listing.state not in OVER:
            case.news.clear()
            listing = case.listing
            verdict = await self._look(case, listing, group)
            is_deaf = verdict is not None and self._still_deaf(case, verdict)
            if verdict is not None and not is_deaf:
                await self._tell(case, listing, verdict)
            pause = pause_s(case.listing, self._settings.radar.gate, self._clock.now_ms(), len(self._cases))
            if pause is not None and is_deaf:
                pause = min(pause, max(case.settles_at_s - self._clock.monotonic(), 0.0))
            if pause is not None and await self._rest(case, pause):
                case.extra_look = False
        case.gathering.abandon()
        del self._cases[case.listing.key]
        self._room.set()

    async def _recall(self, case: _Case) -> None:
        """Go on from what was told before we started; without that a GO would ring twice, or fall unheard."""
        case.recalled = True
        try:
            case.rung, case.previous = await self._remembered(case.listing)
            if case.previous is not None:
                case.settles_at_s = self._clock.monotonic() + SETTLING_S
        except Exception:
            self.crashes += 1
            log.exception("what was told of %s is not known; it is judged as if nothing was", case.listing.key)

    def _still_deaf(self, case: _Case, verdict: Verdict) -> bool:
        """Whether, a moment after a start, a price or every venue is missing; what was told before stands so long.

        It does not stand against a fact: one of the Korean exchange, or any once all venues were heard.
        """
        if case.told is not None or self._clock.monotonic() >= case.settles_at_s:
            return False
        codes = {each.code for each in verdict.blockers}
        if codes & KOREAN_FACTS or (not verdict.venues_silent and codes - SILENCES):
            return False
        no_price = any(each.code == "watch_only" and each.subject.endswith(" price") for each in verdict.blockers)
        return no_price or set(verdict.venues_asked) <= set(verdict.venues_silent)

    async def _look(self, case: _Case, listing: Listing, group: TaskGroup) -> Verdict | None:
        """Ask and judge; None when that failed: one listing that can't be judged must not stop the others."""
        case.looked_s = self._clock.monotonic()
        try:
            evidence = await case.gathering.evidence(group, listing, case.news.set, _trades(case.previous))
            verdict = self._verdict(evidence, case.previous, None)
            self._on_look(listing, verdict)
        except Exception:
            self.crashes += 1
            log.exception("judging %s failed; it is looked at again", listing.key)
            return None
        return verdict

    async def _tell(self, case: _Case, listing: Listing, verdict: Verdict) -> None:
        """Hand the verdict on if it is worth it. One that can't be kept costs no more than itself; any other failure of
        a receiver ends `run()`, and the case is kept.
        """
        gate = self._settings.radar.gate
        case.previous = follow(case.previous, verdict, gate)
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic()
        answer = ringing(case.rung, verdict, now_ms, gate.ring_every_s, case.heard)
        what = worth(case.told, case.kept, verdict, answer, now_s - case.told_s, gate.edit_every_s)
        if what is Worth.NOTHING:
            return
        try:
            if what is Worth.TELL:
                await self._on_verdict(listing, verdict, answer)
            else:
                await self._on_change(listing, verdict)
        except VerdictNotKept:
            self.crashes += 1
            log.exception("a verdict on %s is lost; it is looked at again", listing.key)
            return
        case.kept = verdict
        if what is Worth.KEEP:
            return
        case.rung = rung(case.rung, answer, verdict, now_ms)
        case.told, case.told_s = verdict, now_s
        if case.rung.outcome is verdict.outcome:
            case.heard = verdict

    async def _rest(self, case: _Case, seconds: float) -> bool:
        """Sleep, unless news of the listing or a late answer comes first; whether it slept through."""
        news = asyncio.create_task(_until(case.news))
        try:
            await wait_until_done([news], self._clock, seconds)
            return not news.done()
        finally:
            news.cancel()
            await asyncio.gather(news, return_exceptions=True)


def _trades(previous: Previous | None) -> bool:
    """Whether the last verdict was one on a coin that trades."""
    return previous is not None and previous.outcome in TRADES


async def _until(event: asyncio.Event) -> None:
    await event.wait()


def _naming_unknown(evidence: Evidence, verdict: Verdict) -> Verdict:
    """Say so, and who was asked, where nobody trades the coin; a silence anywhere leaves that open."""
    if evidence.korean.listed is not False or not all(isinstance(said, NotListed) for said in evidence.venues.values()):
        return verdict
    asked = ", ".join((evidence.exchange, *verdict.venues_asked))
    unknown = Finding("unknown_symbol", evidence.base, {"asked": asked})
    return msgspec.structs.replace(verdict, blockers=(unknown, *verdict.blockers))
