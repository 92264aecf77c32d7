"""The pipeline among sources that answer, hang, fail and change their minds, on a clock that stands still."""

from collections.abc import Callable

import msgspec

from analysis.evidence import FxLegs, KoreanFacts
from analysis.fetching.gathering import NoSizes
from analysis.listing_pipeline import ListingPipeline
from analysis.quotes import Instruments, NotListed, Run, Silent, VenueAnswer
from analysis.ringing import Quiet, Ring
from analysis.verdict import Verdict
from collectors.events import Channel, Exchange, Listing, ListingState
from tests.fakes import evidence as good
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.evidence import told_at


class FakeVenue:
    """Tells `answer` with the time of its telling, after `after_s`. `breaks` raises, as only a bug would."""

    def __init__(self, name: str, clock: FakeClock, answer: VenueAnswer, after_s: float = 0.0) -> None:
        self.name = name
        self.answer = answer
        self.after_s = after_s
        self.breaks = False
        self.runs: list[int] = []
        self.on_ask: Callable[[str], None] = lambda _: None
        self.run_after_s = 0.0
        self._clock = clock

    async def ask(self, base: str) -> VenueAnswer:
        self.on_ask(self.name)
        if self.breaks:
            raise KeyError(base)
        if self.after_s:
            await self._clock.sleep(self.after_s)
        return told_at(self.answer, self._clock.now_ms())

    async def instruments(self) -> Instruments:
        return Instruments(self.name, {}, {}, self._clock.now_ms())

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        self.runs.append(published_ms)
        if self.run_after_s:
            await self._clock.sleep(self.run_after_s)
        return Run(self.name, published_ms, 0.8, 1.0, 1.0, 1e5, 60, f"{self.name} klines", self._clock.now_ms())


class World:
    """Three venues, the Korean side and the rate, all good; and what the pipeline told."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.binance = FakeVenue("binance", clock, good.venue())
        self.okx = FakeVenue("okx", clock, NotListed())
        self.venues = (self.binance, self.okx, FakeVenue("bybit", clock, NotListed()))
        self.korean = self
        self.rates = self
        self.sizes, self.spot_only, self.paces_s = NoSizes(), frozenset[str](), dict[str, float]()
        self.korean_facts = good.korean()
        self.fx = good.legs()
        self.told: list[tuple[float, Listing, Verdict, Ring | Quiet]] = []
        self.kept: list[tuple[float, Verdict]] = []
        self.pipeline = ListingPipeline(self, good.settings(), clock, self.take, on_change=self.keep)

    async def keep(self, listing: Listing, verdict: Verdict) -> None:
        self.kept.append((self.clock.monotonic(), verdict))

    async def facts(self, exchange: Exchange, base: str) -> KoreanFacts:
        return told_at(self.korean_facts, self.clock.now_ms())

    async def legs(self, exchange: Exchange) -> FxLegs:
        fx = self.fx
        return told_at(fx, self.clock.now_ms())

    async def take(self, listing: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        self.told.append((self.clock.monotonic(), listing, verdict, answer))

    @property
    def outcomes(self) -> list[str]:
        return [f"{verdict.outcome.value} {answer.reason}" for _, _, verdict, answer in self.told]


LISTING = Listing(
    "upbit",
    "NOVA",
    1,
    ("KRW",),
    ListingState.TRADING,
    START_MS,
    Channel.UPBIT_NOTICES,
    published_ms=START_MS - 5_000,
    trading_starts_ms=START_MS - 1_000,
)


def listing(**changes: object) -> Listing:
    return msgspec.structs.replace(LISTING, **changes)
