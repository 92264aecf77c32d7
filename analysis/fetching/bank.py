"""The bank's KRW per USD: Dunamu's posted rate, else open.er-api.com's of the day, else the last one that was heard.

Contract: Dunamu's API is undocumented (public code 2021-2026); open.er-api.com: exchangerate-api.com/docs/free. Both
stand still at night and over weekends: `posted_ms` tells since when, and it is the reader's to judge.
"""

from msgspec import Struct

from analysis.fetching.reading import NoAnswer, Reply, Wire, decoded, positive, require_200, whole
from analysis.fetching.sources import DEADLINE_S, Door, Line
from analysis.quotes import BankRate, Silent
from config.clock import Clock

CODE = "FRX.KRWUSD"
ASK_EVERY_S = 30.0  # "each 10-60 s at most"
DAILY_EVERY_S = 3_600.0
PLAUSIBLE_KRW = (500.0, 5_000.0)  # outside of this it is another currency or unit, or nonsense


class _Posted(Struct, rename="camel"):
    code: str
    base_price: Wire = None
    currency_unit: Wire = None
    timestamp: Wire = None


class _Daily(Struct):
    result: str = ""
    base_code: str = ""
    rates: dict[str, Wire] = {}
    time_last_update_unix: Wire = None


def parse_dunamu(reply: Reply) -> BankRate:
    """`/v1/forex/recent?codes=FRX.KRWUSD`: `basePrice` is KRW per `currencyUnit`. Raise NoAnswer, also for `[]`."""
    require_200(reply)
    row = next((row for row in decoded(reply, list[_Posted]) if row.code == CODE), None)
    if row is None:
        raise NoAnswer(f"no row for {CODE}")
    price, unit, posted_ms = positive(row.base_price), positive(row.currency_unit) or 1.0, whole(row.timestamp)
    return _rate(None if price is None else price / unit, posted_ms, reply)


def parse_er_api(reply: Reply) -> BankRate:
    """`/v6/latest/USD`; new once a day. Raise NoAnswer."""
    require_200(reply)
    page = decoded(reply, _Daily)
    if page.result != "success" or page.base_code != "USD":
        raise NoAnswer(f"result {page.result[:40]!r} for {page.base_code[:10]!r}")
    updated_s = whole(page.time_last_update_unix)
    return _rate(positive(page.rates.get("KRW")), None if updated_s is None else updated_s * 1000, reply)


class Bank:
    """Asks no more often than the sources bear; between two questions the last rate is the answer."""

    def __init__(self, door: Door, clock: Clock, deadline_s: float = DEADLINE_S) -> None:
        self._clock = clock
        self._posted = Line(door, "dunamu", deadline_s)
        self._daily = Line(door, "er_api", deadline_s)
        self._rate: BankRate | None = None
        self._asked_s: dict[str, float] = {}
        self._reason = "not asked yet"

    async def rate(self) -> BankRate | Silent:
        """The newest rate that is known. A failure keeps the last one: its `posted_ms` tells its age."""
        if self._due("dunamu", ASK_EVERY_S):
            posted = await self._posted.ask("/v1/forex/recent", parse_dunamu, params={"codes": CODE})
            if isinstance(posted, BankRate):
                self._rate = posted
                return posted
            self._reason = f"dunamu: {posted.reason}"
            await self._ask_daily()
        return self._rate if self._rate is not None else Silent(self._reason)

    async def _ask_daily(self) -> None:
        if not self._due("er_api", DAILY_EVERY_S):
            return
        daily = await self._daily.ask("/v6/latest/USD", parse_er_api)
        if isinstance(daily, Silent):
            self._reason += f"; er_api: {daily.reason}"
        elif self._rate is None or daily.posted_ms > self._rate.posted_ms:
            self._rate = daily

    def _due(self, source: str, every_s: float) -> bool:
        now = self._clock.monotonic()
        if now - self._asked_s.get(source, float("-inf")) < every_s:
            return False
        self._asked_s[source] = now
        return True


def _rate(krw: float | None, posted_ms: int | None, reply: Reply) -> BankRate:
    low, high = PLAUSIBLE_KRW
    if krw is None or not low < krw < high:
        raise NoAnswer(f"{krw} KRW per USD is not to be believed")
    if posted_ms is None:
        raise NoAnswer("a rate without its time")
    return BankRate(krw, posted_ms, reply.received_ms, reply.source)
