"""Keeps the exchange rate: every ten seconds, and with each decision, with the prices behind it, their source and age.

A rate that two sources dispute is no rate and leaves no USDT row; the bank's rate is then still kept. What is kept here
also lets a verdict fall back on the last good rate, which without listings nobody would ask for.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from analysis.facts import BANK_FACT, FX_FACT, USDT_FACT, fx_facts
from analysis.fetching.gathering import Rates
from analysis.premium import Fx, FxMember, choose_fx, remember
from analysis.verdict import Fact
from collectors.events import Exchange
from config.clock import Clock
from config.settings import Gate
from store.database import Connection
from store.tables import fx
from store.tables.fx import FxInput, FxSnapshot, Quote

EVERY_S = 10.0
BEHIND_THE_RATE = ("leg.", "fx.")
RATES: Mapping[str, Quote] = {FX_FACT: "USDT", BANK_FACT: "USD"}


class Writer(Protocol):
    def offer(self, work: Callable[[Connection], object]) -> bool: ...


class FxKeeper:
    """`run()` takes a snapshot every `EVERY_S` and tells `on_rate` what it found."""

    def __init__(
        self,
        rates: Rates,
        exchange: Exchange,
        writer: Writer,
        clock: Clock,
        gate: Gate,
        on_rate: Callable[[Fx], None],
    ) -> None:
        self._rates = rates
        self._exchange: Exchange = exchange
        self._writer = writer
        self._clock = clock
        self._gate = gate
        self._on_rate = on_rate
        self._last_good: FxMember | None = None

    def change(self, gate: Gate) -> None:
        """Choose by these from the next snapshot on."""
        self._gate = gate

    async def run(self) -> None:
        """For ever, at an even pace; a snapshot that took longer than its turn skips the turns it missed."""
        due_s = self._clock.monotonic()
        while True:
            await self.take()
            due_s = max(due_s + EVERY_S, self._clock.monotonic())
            await self._clock.sleep(due_s - self._clock.monotonic())

    async def take(self) -> None:
        """Ask once and keep what came. A full writer refuses it: the next one is ten seconds away."""
        legs = await self._rates.legs(self._exchange)
        now_ms, gate = self._clock.now_ms(), self._gate
        rate = choose_fx(legs, self._last_good, float(gate.fx_hard_coded_krw), now_ms, gate.fx_last_good_max_s)
        self._last_good = remember(self._last_good, rate)
        self._on_rate(rate)
        kept = snapshots(dict(fx_facts(rate, legs)), now_ms)

        def work(connection: Connection) -> None:
            for snapshot in kept:
                fx.add(connection, snapshot)

        if kept:
            self._writer.offer(work)


def snapshots(facts: Mapping[str, Fact], at_ms: int) -> list[FxSnapshot]:
    """The rates among the facts of a verdict: ours against USDT with all its inputs, the bank's against USD.

    What is not known makes no row.
    """
    numbers = {name: _input(fact, at_ms) for name, fact in facts.items() if _behind(name)}
    inputs = {name: number for name, number in numbers.items() if number is not None}
    found = []
    for name, quote in RATES.items():
        fact = facts.get(name)
        rate = None if fact is None else _input(fact, at_ms)
        if rate is not None:
            step = rate.source.partition(":")[0]
            behind: Mapping[str, FxInput] = inputs if quote == "USDT" else {name: rate}
            found.append(FxSnapshot(at_ms, rate.value, quote, step, behind))
    return found


def _behind(name: str) -> bool:
    return name.startswith(BEHIND_THE_RATE) or name in (BANK_FACT, USDT_FACT)


def _input(fact: Fact, at_ms: int) -> FxInput | None:
    if isinstance(fact.value, bool) or not isinstance(fact.value, float | int):
        return None
    return FxInput(float(fact.value), fact.unit, fact.source, fact.age_ms(at_ms))
