"""From which venues Upbit takes coins under the travel rule, as it says itself to whoever has a key; asked once a day.

Contract: docs.upbit.com `/v1/travel_rule/vasps` (checked 2026-11-20): `depositable` is about coins that come to Upbit,
`withdrawable` about those that leave it. Names are Korean or English. A venue that is not in the list keeps what the
table kept by hand says of it: it may only be spelled in a way that nobody here knows.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from analysis.evidence import TravelRule
from analysis.fetching.reading import NoAnswer, Reply, Wire, decoded, flag, require_200
from analysis.fetching.sources import Door, Line
from analysis.quotes import Silent
from config.clock import Clock

log = logging.getLogger(__name__)

PATH = "/v1/travel_rule/vasps"
DEADLINE_S = 10.0
EVERY_S = 86_400.0
AGAIN_AFTER_S = 900.0
GOOD_FOR_S = 7 * 86_400.0
NAMES: Mapping[str, tuple[str, ...]] = {
    "binance": ("binance", "바이낸스"),
    "okx": ("okx", "okex", "오케이엑스"),
    "bybit": ("bybit", "바이비트"),
    "gate": ("gate", "gateio", "게이트", "게이트아이오"),
    "bitget": ("bitget", "비트겟"),
    "htx": ("htx", "huobi", "huobiglobal", "후오비", "후오비글로벌"),
    "coinbase": ("coinbase", "coinbaseexchange", "코인베이스"),
    "kucoin": ("kucoin", "쿠코인"),
    "mexc": ("mexc", "mexcglobal"),
    "kraken": ("kraken", "크라켄"),
}
_VENUE = {name: venue for venue, names in NAMES.items() for name in names}


class _Vasp(Struct):
    vasp_name: str
    depositable: Wire = None


def parse_vasps(reply: Reply) -> dict[str, TravelRule]:
    """By venue, those that are known here; a venue that stands twice with two answers is left out. Raise NoAnswer."""
    rows = decoded(require_200(reply), list[_Vasp])
    if not rows:
        raise NoAnswer("an empty list of VASPs")
    told: dict[str, set[Literal["yes", "no"]]] = {}
    for row in rows:
        venue = _VENUE.get("".join(letter for letter in row.vasp_name.lower() if letter.isalnum()))
        may = flag(row.depositable)
        if venue is not None and may is not None:
            told.setdefault(venue, set()).add("yes" if may else "no")
    return {
        venue: TravelRule(answers.pop(), reply.source, reply.received_ms)
        for venue, answers in told.items()
        if len(answers) == 1
    }


class TravelRules:
    """`of(exchange)` is what is known now; `run()` renews it, for ever. Only Upbit tells, and only with a key."""

    def __init__(self, door: Door, clock: Clock, upbit_bearer: Callable[[], str] | None) -> None:
        self._line = Line(door, "upbit", DEADLINE_S)
        self._clock = clock
        self._bearer = upbit_bearer
        self._upbit: dict[str, TravelRule] = {}
        self._taken_s = 0.0

    def of(self, exchange: str) -> Mapping[str, TravelRule]:
        """By venue. Of a list that has not been renewed for a week only what it forbids is still believed."""
        if exchange != "upbit":
            return {}
        if self._clock.monotonic() - self._taken_s <= GOOD_FOR_S:
            return self._upbit
        return {venue: rule for venue, rule in self._upbit.items() if rule.deposit == "no"}

    async def run(self) -> None:
        while self._bearer is not None:
            await self._clock.sleep(EVERY_S if await self.renew() else AGAIN_AFTER_S)

    async def renew(self) -> bool:
        """Ask once; whether it answered."""
        if self._bearer is None:
            return False
        told = await self._line.ask(PATH, parse_vasps, headers={"Authorization": self._bearer()}, group="exchange")
        if isinstance(told, Silent):
            log.warning("Upbit's list of travel-rule partners did not come: %s", told.reason)
            return False
        for venue in sorted(told):
            if venue not in self._upbit or self._upbit[venue].deposit != told[venue].deposit:
                log.info("travel rule: coins from %s to Upbit: %s", venue, told[venue].deposit)
        self._upbit, self._taken_s = told, self._clock.monotonic()
        return True
