"""Bithumb's REST calls: API 2.x (`/v1`, `/v2`), and of 1.x what still tells something that 2.x does not.

apidocs.bithumb.com v2.1.5; captures of 2026-07. Parameters are camelCase (`daysAgo`); snake_case is accepted too.
`to` of a candle is naive Korean time and exclusive; a zone in it is refused with 400.
"""

import json
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from simulator.korea import bithumb_rows as rows
from simulator.korea.bearer import Gatekeeper, Unauthorized
from simulator.korea.bithumb_limits import BithumbLimits
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
    number,
    periods,
    query_of,
    time_of,
)
from simulator.korea.upbit_rows import wallet_row
from simulator.korea.wire import KST_MS, error, kst, kst_parameter, time_of_day_ms
from simulator.world.prices import DAY_MS
from simulator.world.values import SimCandle, SimDay, SimMarket, SimWallet
from simulator.world.world import World

MOST_CODES = 200
MOST_NOTICES = 20
OLDEST_DAYS_AGO = 7
FEED_NOTICES = "/feed-api/v1/notices"

Call = Callable[[Query], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OldRefused(Exception):
    """API 1.x answers errors with a status of four digits, and HTTP 200 or 400."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.body = json.dumps({"status": status, "message": message}, ensure_ascii=False)


class BithumbRest:
    """The calls: each takes its parameters (those of the path among them) and answers JSON text or raises Refused."""

    def __init__(self, world: World, limits: BithumbLimits, keys: Gatekeeper) -> None:
        self._world = world
        self._limits = limits
        self._keys = keys

    def routes(self, prefix: str, redirect_notices: bool = False) -> list[web.RouteDef]:
        calls: tuple[tuple[str, str, Call], ...] = (
            ("/v1/market/all", "market", self.market_all),
            ("/v1/market/virtual_asset_warning", "market", self.warnings),
            ("/v1/ticker", "ticker", self.ticker),
            ("/v1/orderbook", "orderbook", self.orderbook),
            ("/v1/trades/ticks", "trades", self.trades),
            ("/v1/candles/minutes/{unit}", "candle", self.minutes),
            ("/v1/candles/days", "candle", self.days),
            ("/v1/candles/{period:weeks|months}", "candle", self.periods),
            ("/v2/fee/inout/{currency}", "fee", self.fees),
            ("/public/ticker/{pair}", "public", self.old_ticker),
            ("/public/assetsstatus/multichain/{currency}", "public", self.networks),
            ("/public/assetsstatus/{currency}", "public", self.assets),
        )
        notices = self._open("notices", self.notices)
        return [
            *(web.get(prefix + path, self._open(category, call)) for path, category, call in calls),
            web.get(prefix + "/v1/notices", self._elsewhere if redirect_notices else notices),
            web.get(prefix + FEED_NOTICES, notices),
            web.get(prefix + "/v1/status/wallet", self._with_key(self.wallet_status)),
        ]

    # -- at the door ----------------------------------------------------------------------------------------------

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        service = request.path.removesuffix("/v1/notices")
        raise web.HTTPFound(f"{service}{FEED_NOTICES}?{request.query_string}")

    def _open(self, category: str, call: Call) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            refusal, headers = self._limits.request(request.remote or "", category)
            return refusal or self._answered(request, call, headers)

        return handler

    def _with_key(self, call: Call) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                caller = self._keys.access_key(request.headers.get("Authorization"), request.query_string)
            except Unauthorized as e:
                return web.Response(status=401, text=error(e.name, e.message), content_type="application/json")
            refusal, headers = self._limits.request(caller, "private")
            return refusal or self._answered(request, call, headers)

        return handler

    def _answered(self, request: web.Request, call: Call, headers: Mapping[str, str]) -> web.Response:
        try:
            return answer(request, call(query_of(request)), headers)
        except Refused as e:
            response = e.response()
            response.headers.update(headers)
            return response
        except OldRefused as e:
            return web.Response(status=400, text=e.body, content_type="application/json", headers=headers)

    # -- markets, tickers, books ----------------------------------------------------------------------------------

    def market_all(self, query: Query) -> str:
        details = flag(query, "isDetails", "is_details")
        return array([rows.market_row(market, details) for market in self._markets().values()])

    def warnings(self, _: Query) -> str:
        now_ms = self._world.clock.now_ms()
        return array([row for market in self._markets().values() for row in rows.warning_rows(market, now_ms)])

    def ticker(self, query: Query) -> str:
        """At most 200 codes since 2026-10-13."""
        if (first_of(query, "markets") or "").count(",") >= MOST_CODES:
            message = f"Parameter 'markets' must be less than or equal to {MOST_CODES} items."
            raise Refused(400, "400", message)
        codes = codes_of(query, self._markets())
        return array([rows.ticker_row(self._markets()[code], self._day(code)) for code in codes])

    def orderbook(self, query: Query) -> str:
        """30 levels of one market, 15 of each when several are asked for."""
        codes = codes_of(query, self._markets())
        depth = 30 if len(codes) == 1 else 15
        return array([rows.book_row(code, self._world.book("bithumb", code, depth), depth) for code in codes])

    # -- trades and candles ---------------------------------------------------------------------------------------

    def trades(self, query: Query) -> str:
        """Newest first. `to` is a Korean time of day; `daysAgo` counts Korean days; `cursor` goes below an id."""
        code = code_of(query, self._markets())
        count = number(query, ("count",), 1, 1, MOST_TRADES)
        days_ago = number(query, ("daysAgo", "days_ago"), 0, 0, OLDEST_DAYS_AGO, clamp=False)
        cursor = number(query, ("cursor",), 0, 0, 2**62)
        time_ms = time_of(query, time_of_day_ms)
        now_ms = self._world.clock.now_ms()
        midnight_ms = (now_ms + KST_MS) // DAY_MS * DAY_MS - KST_MS - days_ago * DAY_MS
        from_ms, until_ms = 0, now_ms
        if days_ago or time_ms is not None:
            from_ms = midnight_ms
            until_ms = min(now_ms, midnight_ms + (DAY_MS - 1 if time_ms is None else time_ms))
        if cursor:
            until_ms = min(until_ms, cursor // 10_000 - 1)
        try:
            found = self._world.last_trades("bithumb", code, count, until_ms)
        except KeyError:
            return "[]"
        prev_close = self._day(code).prev_close
        return array([rows.trade_row(trade, prev_close) for trade in found if trade.traded_ms >= from_ms])

    def minutes(self, query: Query) -> str:
        unit = minute_unit(query["unit"])
        code, found = self._candles(query, unit * 60)
        return array([rows.minute_row(code, candle, unit) for candle in found])

    def days(self, query: Query) -> str:
        """Days of the Korean calendar: they open at 15:00 UTC."""
        count = number(query, ("count",), 1, 1, MOST_CANDLES)
        code, found = self._candles({**query, "count": str(count)}, DAY_MS // 1000, more=1)
        rate = self._converted(code, first_of(query, "convertingPriceUnit", "converting_price_unit"))
        answered = []
        for n, candle in enumerate(found[:count]):
            before = found[n + 1].close if n + 1 < len(found) else self._day(code).prev_close
            answered.append(rows.day_row(code, candle, before, None if rate is None else candle.close * rate))
        return array(answered)

    def periods(self, query: Query) -> str:
        count = number(query, ("count",), 1, 1, MOST_CANDLES)
        code, found = self._candles({**query, "count": str(MOST_CANDLES)}, DAY_MS // 1000)
        folded = periods(found, kst, PERIODS[query["period"]])
        return array([rows.period_row(code, candle, first) for first, candle in folded[:count]])

    # -- notices, transfers ---------------------------------------------------------------------------------------

    def notices(self, query: Query) -> str:
        """Newest first by publication; no page, no id, no body."""
        count = number(query, ("count",), 5, 1, MOST_NOTICES, clamp=False)
        return array([rows.notice_row(notice) for notice in self._world.notices("bithumb")[:count]])

    def wallet_status(self, _: Query) -> str:
        now_ms = self._world.clock.now_ms()
        coins = self._world.wallets("bithumb")
        return array([wallet_row(wallet, now_ms) for base in coins for wallet in coins[base].values()])

    def fees(self, query: Query) -> str:
        names = {market.base: market.korean_name for market in self._markets().values()}
        coins = self._world.wallets("bithumb")
        wanted = list(coins) if query["currency"] == "ALL" else [query["currency"]]
        if any(base not in coins for base in wanted):
            raise Refused(404, 404, "Code not found")
        return array([rows.fee_row(base, names.get(base, base), list(coins[base].values())) for base in wanted])

    # -- API 1.x --------------------------------------------------------------------------------------------------

    def old_ticker(self, query: Query) -> str:
        """`ALL_KRW` and `ALL_BTC`: one object by coin with the stamp among the coins; `BTC_KRW`: that coin's."""
        base, _, quote = query["pair"].partition("_")
        quote = quote or "KRW"
        date = str(self._world.clock.now_ms())
        if base == "ALL":
            of_quote = [market for market in self._markets().values() if market.quote == quote]
            if not of_quote:
                raise OldRefused("5500", "Invalid Parameter")
            data: dict[str, object] = {market.base: rows.old_ticker(self._day(market.code)) for market in of_quote}
        elif f"{quote}-{base}" in self._markets():
            data = dict(rows.old_ticker(self._day(f"{quote}-{base}")))
        else:
            raise OldRefused("5500", "Invalid Parameter")
        return _text({"status": "0000", "data": {**data, "date": date}})

    def networks(self, query: Query) -> str:
        """Transfer state by network, without a key."""
        coins = self._coins(query["currency"])
        listed = array([rows.network_asset_row(wallet) for networks in coins.values() for wallet in networks.values()])
        return f'{{"status":"0000","data":{listed}}}'

    def assets(self, query: Query) -> str:
        coins = {base: rows.asset_state(networks) for base, networks in self._coins(query["currency"]).items()}
        return _text({"status": "0000", "data": coins if query["currency"] == "ALL" else coins[query["currency"]]})

    # -- the world ------------------------------------------------------------------------------------------------

    def _markets(self) -> Mapping[str, SimMarket]:
        return self._world.markets("bithumb")

    def _day(self, code: str) -> SimDay:
        try:
            day = self._world.day("bithumb", code, "kst")
        except KeyError:
            day = None
        return day or empty_day(self._world.clock.now_ms())

    def _candles(self, query: Query, unit_s: int, more: int = 0) -> tuple[str, list[SimCandle]]:
        code = code_of(query, self._markets())
        count = number(query, ("count",), 1, 1, MOST_CANDLES) + more
        before_ms = time_of(query, kst_parameter)
        try:
            return code, self._world.candles("bithumb", code, unit_s, before_ms, count)
        except KeyError:
            return code, []

    def _coins(self, currency: str) -> Mapping[str, Mapping[str, SimWallet]]:
        coins = self._world.wallets("bithumb")
        if currency == "ALL":
            return coins
        if currency not in coins:
            raise OldRefused("5500", "Invalid Parameter")
        return {currency: coins[currency]}

    def _converted(self, code: str, unit: str | None) -> float | None:
        """KRW per quote, when the closing price is to be converted and the market is not in KRW."""
        quote = self._markets()[code].quote
        if unit is None or quote == "KRW" or f"KRW-{quote}" not in self._markets():
            return None
        return self._day(f"KRW-{quote}").last


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
