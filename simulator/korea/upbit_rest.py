"""Upbit's REST quotation calls, and the few private ones that need no permission.

docs.upbit.com/kr/v1.6.4, headers as captured on 2026-03-11. Both spellings of a parameter are accepted (`is_details`,
`isDetails`). Where nothing is documented: a `count` beyond the most is cut to it, one below 1 is refused.
"""

from collections.abc import Awaitable, Callable, Mapping
from uuid import NAMESPACE_DNS, uuid5

from aiohttp import web

from simulator.korea import upbit_rows as rows
from simulator.korea.bearer import Gatekeeper, Unauthorized
from simulator.korea.market_feed import empty_day
from simulator.korea.rest_calls import (
    MOST_CANDLES,
    MOST_TRADES,
    PERIODS,
    Query,
    Refused,
    answer,
    array,
    code_of,
    codes_of,
    first_of,
    flag,
    minute_unit,
    missing,
    number,
    periods,
    query_of,
    time_of,
)
from simulator.korea.upbit_books import grouped, levels_of
from simulator.korea.upbit_limits import UpbitLimits
from simulator.korea.wire import error, kst_offset, quoted, time_of_day_ms, utc, utc_parameter
from simulator.world.prices import DAY_MS
from simulator.world.values import SimCandle, SimDay, SimMarket
from simulator.world.world import World

HEADERS = {
    "Limit-By-Ip": "Yes",
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
    "Vary": "origin,access-control-request-method,access-control-request-headers,accept-encoding",
}
VASPS = ("바이낸스", "OKX", "바이비트", "빗썸", "코인원", "코빗", "게이트", "비트겟")
KEY_LIFE_MS = 365 * DAY_MS
OLDEST_DAYS_AGO = 7

Call = Callable[[Query], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class UpbitRest:
    """The calls: each takes its parameters (those of the path among them) and answers JSON text or raises Refused."""

    def __init__(self, world: World, limits: UpbitLimits, keys: Gatekeeper) -> None:
        self._world = world
        self._limits = limits
        self._keys = keys

    def routes(self, prefix: str) -> list[web.RouteDef]:
        public: tuple[tuple[str, str, Call], ...] = (
            ("/market/all", "market", self.market_all),
            ("/ticker", "ticker", self.ticker),
            ("/ticker/all", "ticker", self.ticker_all),
            ("/orderbook", "orderbook", self.orderbook),
            ("/orderbook/instruments", "orderbook", self.instruments),
            ("/orderbook/supported_levels", "orderbook", self.supported_levels),
            ("/trades/ticks", "crix-trades", self.trades),
            ("/candles/seconds", "candles", self.seconds),
            ("/candles/minutes/{unit}", "candles", self.minutes),
            ("/candles/days", "candles", self.days),
            ("/candles/{period:weeks|months|years}", "candles", self.periods),
        )
        private: tuple[tuple[str, Call], ...] = (
            ("/status/wallet", self.wallet_status),
            ("/travel_rule/vasps", self.vasps),
            ("/api_keys", self.api_keys),
            ("/accounts", self.accounts),
        )
        return [
            *(web.get(prefix + path, self._public(group, call)) for path, group, call in public),
            *(web.get(prefix + path, self._private(call)) for path, call in private),
        ]

    # -- at the door ----------------------------------------------------------------------------------------------

    def _public(self, group: str, call: Call) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            refusal, remaining = self._limits.request(request.remote or "", group, "Origin" in request.headers)
            return refusal or self._answered(request, call, remaining)

        return handler

    def _private(self, call: Call) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            try:
                caller = self._keys.access_key(request.headers.get("Authorization"), request.query_string)
            except Unauthorized as e:
                return web.Response(status=401, text=error(e.name, e.message), content_type="application/json")
            refusal, remaining = self._limits.request(caller, "default", with_origin=False)
            return refusal or self._answered(request, call, remaining)

        return handler

    def _answered(self, request: web.Request, call: Call, remaining: str) -> web.Response:
        headers = {**HEADERS, "Remaining-Req": remaining}
        try:
            return answer(request, call(query_of(request)), headers)
        except Refused as e:
            response = e.response()
            response.headers.update(headers)
            return response

    # -- markets, tickers, books ----------------------------------------------------------------------------------

    def market_all(self, query: Query) -> str:
        details = flag(query, "is_details", "isDetails")
        return array([rows.market_row(market, details) for market in self._markets().values()])

    def ticker(self, query: Query) -> str:
        return self._tickers(codes_of(query, self._markets()))

    def ticker_all(self, query: Query) -> str:
        text = first_of(query, "quote_currencies", "quoteCurrencies")
        if text is None:
            raise missing()
        quotes = {quote.strip().upper() for quote in text.split(",")}
        return self._tickers([code for code, market in self._markets().items() if market.quote in quotes])

    def orderbook(self, query: Query) -> str:
        """A market that does not offer the step asked for is left out, so one such market alone gives `[]`."""
        codes = codes_of(query, self._markets())
        depth = number(query, ("count",), 30, 1, 30)
        level = first_of(query, "level") or "0"
        level = level[:-2] if level.endswith(".0") else level
        found = []
        for code in codes:
            book = self._world.book("upbit", code, 30)
            if level != "0":
                if not book.asks or level not in levels_of(code, book.asks[0][0])[1]:
                    continue
                book = grouped(book, float(level))
            found.append(rows.book_row(code, book, depth, level))
        return array(found)

    def instruments(self, query: Query) -> str:
        codes = codes_of(query, self._markets())
        return array([rows.instrument_row(code, self._price(code)) for code in codes])

    def supported_levels(self, query: Query) -> str:
        codes = codes_of(query, self._markets())
        return array([rows.supported_levels_row(code, self._price(code)) for code in codes])

    # -- trades and candles ---------------------------------------------------------------------------------------

    def trades(self, query: Query) -> str:
        """Newest first. `to` and `days_ago` pick a moment of a UTC day; `cursor` goes on below a sequential id."""
        code = code_of(query, self._markets())
        count = number(query, ("count",), 1, 1, MOST_TRADES)
        days_ago = number(query, ("days_ago", "daysAgo"), 0, 0, OLDEST_DAYS_AGO, clamp=False)
        cursor = number(query, ("cursor",), 0, 0, 2**62)
        time_ms = time_of(query, time_of_day_ms)
        now_ms = self._world.clock.now_ms()
        midnight_ms = now_ms - now_ms % DAY_MS - days_ago * DAY_MS
        from_ms, until_ms = 0, now_ms
        if days_ago or time_ms is not None:
            from_ms = midnight_ms
            until_ms = min(now_ms, midnight_ms + (DAY_MS - 1 if time_ms is None else time_ms))
        if cursor:
            until_ms = min(until_ms, cursor // 10_000)
        try:
            found = self._world.last_trades("upbit", code, count + (100 if cursor else 0), until_ms)
        except KeyError:
            return "[]"
        prev_close = self._day(code).prev_close
        wanted = [t for t in found if t.traded_ms >= from_ms and (not cursor or t.rest_id < cursor)]
        return array([rows.trade_row(trade, prev_close) for trade in wanted[:count]])

    def seconds(self, query: Query) -> str:
        code, found = self._candles(query, 1)
        return array([rows.second_row(code, candle) for candle in found])

    def minutes(self, query: Query) -> str:
        unit = minute_unit(query["unit"])
        code, found = self._candles(query, unit * 60)
        return array([rows.minute_row(code, candle, unit) for candle in found])

    def days(self, query: Query) -> str:
        code, found = self._candles(query, DAY_MS // 1000, more=1)
        rate = self._converted(code, first_of(query, "converting_price_unit", "convertingPriceUnit"))
        answered = []
        for n, candle in enumerate(found[: number(query, ("count",), 1, 1, MOST_CANDLES)]):
            before = found[n + 1].close if n + 1 < len(found) else self._day(code).prev_close
            answered.append(rows.day_row(code, candle, before, None if rate is None else candle.close * rate))
        return array(answered)

    def periods(self, query: Query) -> str:
        count = number(query, ("count",), 1, 1, MOST_CANDLES)
        code, found = self._candles({**query, "count": str(MOST_CANDLES)}, DAY_MS // 1000)
        folded = periods(found, utc, PERIODS[query["period"]])
        return array([rows.period_row(code, candle, first) for first, candle in folded[:count]])

    # -- with a key -----------------------------------------------------------------------------------------------

    def wallet_status(self, _: Query) -> str:
        now_ms = self._world.clock.now_ms()
        coins = self._world.wallets("upbit")
        return array([rows.wallet_row(wallet, now_ms) for base in coins for wallet in coins[base].values()])

    def vasps(self, _: Query) -> str:
        return array(
            [
                f'{{"depositable":true,"vasp_uuid":"{uuid5(NAMESPACE_DNS, name)}","vasp_name":{quoted(name)},'
                f'"withdrawable":{"false" if name == "비트겟" else "true"}}}'
                for name in VASPS
            ]
        )

    def api_keys(self, _: Query) -> str:
        ends = kst_offset(self._world.start_ms + KEY_LIFE_MS)
        return f'[{{"access_key":"SIM-ACCESS","expire_at":"{ends}"}}]'

    def accounts(self, _: Query) -> str:
        """The simulated keys have no permission at all, which is all that a radar needs."""
        raise Refused(401, "out_of_scope", "권한이 부족합니다.")

    # -- the world ------------------------------------------------------------------------------------------------

    def _markets(self) -> Mapping[str, SimMarket]:
        return self._world.markets("upbit")

    def _tickers(self, codes: list[str]) -> str:
        now_ms = self._world.clock.now_ms()
        return array([rows.ticker_row(self._markets()[code], self._day(code), now_ms) for code in codes])

    def _day(self, code: str) -> SimDay:
        try:
            day = self._world.day("upbit", code, "utc")
        except KeyError:
            day = None
        return day or empty_day(self._world.clock.now_ms())

    def _price(self, code: str) -> float:
        return self._day(code).last

    def _candles(self, query: Query, unit_s: int, more: int = 0) -> tuple[str, list[SimCandle]]:
        code = code_of(query, self._markets())
        count = number(query, ("count",), 1, 1, MOST_CANDLES) + more
        before_ms = time_of(query, utc_parameter)
        try:
            return code, self._world.candles("upbit", code, unit_s, before_ms, count)
        except KeyError:
            return code, []

    def _converted(self, code: str, unit: str | None) -> float | None:
        """KRW per quote, when the closing price is to be converted and the market is not in KRW."""
        quote = self._markets()[code].quote
        if unit is None or quote == "KRW" or f"KRW-{quote}" not in self._markets():
            return None
        return self._day(f"KRW-{quote}").last
