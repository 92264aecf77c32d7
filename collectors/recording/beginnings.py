"""Where the first gap of a market begins that no earlier run left: with this run's minute, before an earlier run ended,
or when the market was last known not to trade. Pure; all times are the exchange's.
"""

from collections.abc import Iterable, Mapping

from collectors.events import Exchange, GapCause, Market
from config.units import MINUTE_MS, whole_minute
from store.tables.gaps import OpenGap


class Beginnings:
    """What is known of the time before a market is expected."""

    def __init__(self) -> None:
        self._recorded_before: Mapping[Exchange, int | None] = {}
        self._list_read_ms: dict[Exchange, int] = {}
        self._absent_ms: dict[Market, int] = {}  # when a market that is not expected yet was last known not to trade

    def take_up(self, recorded_before: Mapping[Exchange, int | None]) -> None:
        """Of each exchange an earlier run stored every second before that moment."""
        self._recorded_before = recorded_before

    def has_list(self, exchange: Exchange) -> bool:
        """Whether its list was read since this run began."""
        return exchange in self._list_read_ms

    def listed(self, exchange: Exchange, newcomers: Iterable[Market], read_ms: int) -> None:
        """Its whole list shows these newcomers; they did not trade when the list before was read, or the run ended."""
        before_ms = self._list_read_ms.get(exchange, self._recorded_before.get(exchange))
        if before_ms is not None:
            for market in newcomers:
                self._absent_ms.setdefault(market, before_ms)
        self._list_read_ms[exchange] = read_ms

    def usual(self, exchange: Exchange, now_ms: int, *, is_start: bool) -> OpenGap:
        """The gap of a market of which nothing else is known: of this minute, or at the start since the run before."""
        minute_ms = whole_minute(now_ms)
        if not is_start:
            return OpenGap(minute_ms, GapCause.MARKET_ADDED)
        before_ms = self._recorded_before.get(exchange)
        return OpenGap(minute_ms if before_ms is None else before_ms, GapCause.START)

    def of(self, market: Market, usual: OpenGap) -> OpenGap:
        """The gap of a market that is expected from now on: earlier than usual, if it may have traded unheard."""
        before_ms = self._recorded_before.get(market.exchange)
        absent_ms = self._absent_ms.pop(market, self._list_read_ms.get(market.exchange, usual.from_ms))
        if usual.cause is GapCause.START and before_ms is not None:
            return OpenGap(whole_minute(before_ms - MINUTE_MS), usual.cause)  # it may have opened unseen just before
        if usual.cause is not GapCause.MARKET_ADDED or absent_ms >= usual.from_ms:
            return usual
        return OpenGap(whole_minute(absent_ms), usual.cause)
