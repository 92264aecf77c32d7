"""Bank rates: Dunamu's posted KRW rates under `/fx/dunamu`, open.er-api.com under `/fx/er-api`.

Contract: Dunamu's is undocumented (public code 2021-2026, a payload of 2021-08-13); an unknown code is left out. The
other is exchangerate-api.com/docs/free: new once a day, 429 for about 20 minutes when asked too often (how often is
too often is not published; here ten times in ten minutes).
"""

from email.utils import formatdate

from aiohttp import web

from simulator.abroad.venue_wire import caller
from simulator.counters import Counters
from simulator.korea.wire import kst, utc
from simulator.limits import Penalty, Window
from simulator.world.prices import DAY_MS, MINUTE_MS
from simulator.world.values import SimRate
from simulator.world.world import World

ER_REQUESTS, ER_SPAN_MS, ER_PAUSE_MS = 10, 10 * MINUTE_MS, 20 * MINUTE_MS
YEN_IN_USD = 0.0065
CODES = {"FRX.KRWUSD": ("USD", "달러", "미국", 1), "FRX.KRWJPY": ("JPY", "엔", "일본", 100)}

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    count = counters.of("fx")
    window, penalty = Window(ER_REQUESTS, ER_SPAN_MS), Penalty(0, ER_SPAN_MS, ER_PAUSE_MS)

    async def recent(request: web.Request) -> web.StreamResponse:
        rate = world.bank_rate()
        asked = request.query.get("codes", "").split(",")
        return web.json_response([_posted(code, rate) for code in asked if code in CODES])

    async def latest(request: web.Request) -> web.StreamResponse:
        address, now_ms = caller(request), world.clock.now_ms()
        if penalty.banned_for_ms(address, now_ms) or window.take(address, now_ms) is None:
            count.limit_hits += 1
            if not penalty.banned_for_ms(address, now_ms):
                penalty.reject(address, now_ms)
            return web.json_response({"result": "error", "error-type": "too-many-requests"}, status=429)
        if request.match_info["base"] != "USD":
            return web.json_response({"result": "error", "error-type": "unsupported-code"}, status=404)
        return web.json_response(_daily(world.bank_rate(), now_ms))

    return [
        web.get("/fx/dunamu/v1/forex/recent", recent),
        web.get("/fx/er-api/v6/latest/{base}", latest),
    ]


def _posted(code: str, rate: SimRate) -> Row:
    """One posted rate: KRW per `currencyUnit` of the currency; date and time are Korean, `timestamp` is UTC."""
    currency, name, country, unit = CODES[code]
    scale = 1.0 if currency == "USD" else YEN_IN_USD * unit
    price, previous = round(rate.base_price * scale, 2), round(rate.prev_close * scale, 2)
    change = round(price - previous, 2)
    posted = kst(rate.posted_ms)
    return {
        "code": code,
        "currencyCode": currency,
        "currencyName": name,
        "country": country,
        "name": f"{country} (KRW/{currency})",
        "date": f"{posted:%Y-%m-%d}",
        "time": f"{posted:%H:%M:%S}",
        "recurrenceCount": rate.recurrence,
        "basePrice": price,
        "openingPrice": round(rate.opening * scale, 2),
        "highPrice": round(rate.high * scale, 2),
        "lowPrice": round(rate.low * scale, 2),
        "change": "RISE" if change > 0 else "FALL" if change < 0 else "EVEN",
        "changePrice": abs(change),
        "cashBuyingPrice": round(price * 1.0175, 2),
        "cashSellingPrice": round(price * 0.9825, 2),
        "ttBuyingPrice": round(price * 0.99, 2),
        "ttSellingPrice": round(price * 1.01, 2),
        "tcBuyingPrice": None,
        "fcSellingPrice": None,
        "exchangeCommission": 1.9455,
        "usDollarRate": 1.0 if currency == "USD" else round(YEN_IN_USD, 4),
        "high52wPrice": round(price * 1.06, 2),
        "high52wDate": f"{kst(rate.posted_ms - 90 * DAY_MS):%Y-%m-%d}",
        "low52wPrice": round(price * 0.94, 2),
        "low52wDate": f"{kst(rate.posted_ms - 200 * DAY_MS):%Y-%m-%d}",
        "currencyUnit": unit,
        "provider": "하나은행",
        "timestamp": rate.posted_ms,
        "id": 79,
        "createdAt": "2016-10-21T06:13:34.000+0000",
        "modifiedAt": f"{utc(rate.posted_ms):%Y-%m-%dT%H:%M:%S}.000+0000",
        "changeRate": round(abs(change) / previous, 10),
        "signedChangePrice": change,
        "signedChangeRate": round(change / previous, 10),
    }


def _daily(rate: SimRate, now_ms: int) -> Row:
    """The rate of the day's first second, as it stands until the next midnight (UTC): yesterday's close."""
    updated_s = now_ms // DAY_MS * DAY_MS // 1000 + 1
    krw = round(rate.prev_close, 6)
    return {
        "result": "success",
        "provider": "https://www.exchangerate-api.com",
        "documentation": "https://www.exchangerate-api.com/docs/free",
        "terms_of_use": "https://www.exchangerate-api.com/terms",
        "time_last_update_unix": updated_s,
        "time_last_update_utc": formatdate(updated_s).replace("-0000", "+0000"),
        "time_next_update_unix": updated_s + 86_400,
        "time_next_update_utc": formatdate(updated_s + 86_400).replace("-0000", "+0000"),
        "time_eol_unix": 0,
        "base_code": "USD",
        "rates": {"USD": 1, "KRW": krw, "JPY": round(1 / YEN_IN_USD, 6)},
    }
