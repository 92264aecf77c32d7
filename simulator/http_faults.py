"""What a fault does to an HTTP answer: refusals in each service's own words, and answers with bent prices."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web

from simulator.faults import Fault

REMEMBERED_PAGES = 128
REMEMBERED_BYTES = 2_000_000

HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    '<body><div id="challenge-error-text">Enable JavaScript and cookies to continue</div></body></html>'
)
BAD_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

PRICE_NAME = re.compile(
    r"price|px$|^(last|bid|ask|lastpr|closing|opening|high|low|tp|usd|krw|value)$|^(mark|index)|(high|low|open)24h"
    r"|^(highest_bid|lowest_ask|buy|sell|bidpr|askpr|bid1|ask1|open|close|p)$",
    re.IGNORECASE,
)
NO_PRICE_NAME = re.compile(r"percent|pcnt|change|size|qty|sz$|acc_|volume|limit", re.IGNORECASE)
LEVELS_NAME = re.compile(r"^(bids|asks|b|a|c|bid|ask)$", re.IGNORECASE)
CANDLE_WIDTH = 6  # rows at least this long whose first cell is a time are candles: [time, open, high, low, close, …]


def refusal(service: str, fault: Fault, now_ms: int) -> web.Response | None:
    """The answer that this fault gives instead of the real one; None if it only changes or delays the real one."""
    match fault.kind:
        case "http_429":
            return _too_many(service, fault.retry_after_s)
        case "http_418":
            return _banned(service, fault.retry_after_s, now_ms)
        case "http_403":
            if service == "telegram":
                return _telegram(403, "Forbidden: bot was blocked by the user")
            if service == "bybit":
                return web.Response(status=403, text="access too frequent")
            return web.Response(status=403, text=HTML_PAGE, content_type="text/html")
        case "http_451":
            return web.json_response(
                {
                    "code": 0,
                    "msg": "Service unavailable from a restricted location according to 'b. Eligibility' in "
                    "https://www.binance.com/en/terms. Please contact customer service if you believe you received "
                    "this message in error.",
                },
                status=451,
            )
        case "http_5xx":
            status = fault.status or 500
            if service == "telegram" and status == 500:
                return _telegram(500, "Internal Server Error: restart")
            return web.Response(status=status, text=BAD_GATEWAY_PAGE, content_type="text/html")
        case "http_html":
            return web.Response(status=fault.status or 200, text=HTML_PAGE, content_type="text/html")
    return None


def _too_many(service: str, retry_after_s: int) -> web.Response:
    after = {"Retry-After": str(retry_after_s)}
    match service:
        case "upbit":
            return web.Response(status=429, text="Too many API requests.")
        case "bithumb":
            return web.Response(status=429, headers={"x-ratelimit-remaining": "0"})
        case "binance" | "binance-futures":
            limit = 6000 if service == "binance" else 2400
            message = (
                f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
                "Please use WebSocket Streams for live updates to avoid polling the API."
            )
            return web.json_response({"code": -1003, "msg": message}, status=429, headers=after)
        case "okx":
            return web.json_response({"msg": "Too Many Requests", "code": "50011"}, status=429)
        case "coingecko":
            message = (
                "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe "
                "to our API plans for higher rate limits."
            )
            return web.json_response(
                {"status": {"error_code": 429, "error_message": message}}, status=429, headers=after
            )
        case "telegram":
            return _telegram(429, f"Too Many Requests: retry after {retry_after_s}", retry_after=retry_after_s)
    return web.Response(status=429, text="Too Many Requests", headers=after)


def _banned(service: str, retry_after_s: int, now_ms: int) -> web.Response:
    if service in ("binance", "binance-futures"):
        message = (
            f"Way too much request weight used; IP banned until {now_ms + retry_after_s * 1000}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return web.json_response(
            {"code": -1003, "msg": message}, status=418, headers={"Retry-After": str(retry_after_s)}
        )
    # Upbit's exact text is not known; its documentation says that the body tells how long the block lasts.
    message = f"Too many API requests. Blocked for {retry_after_s} seconds."
    return web.json_response({"error": {"name": 418, "message": message}}, status=418)


def _telegram(status: int, description: str, **parameters: int) -> web.Response:
    body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    headers = {"Retry-After": str(parameters["retry_after"])} if "retry_after" in parameters else {}
    return web.json_response(body, status=status, headers=headers)


class Pages:
    """The last good answer of each address, for `stale_page`: it is what that address goes on to show."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, web.Response] = OrderedDict()

    def remember(self, address: str, response: web.Response) -> None:
        body = response.body
        if response.status == 200 and isinstance(body, bytes) and len(body) <= REMEMBERED_BYTES:
            self._pages[address] = response
            self._pages.move_to_end(address)
            while len(self._pages) > REMEMBERED_PAGES:
                self._pages.popitem(last=False)

    def recall(self, address: str) -> web.Response | None:
        """A fresh copy: a response can be sent only once."""
        page = self._pages.get(address)
        if page is None:
            return None
        return web.Response(status=200, body=page.body, headers=_kept_headers(page))


def bent(response: web.Response, fault: Fault) -> web.Response:
    """The same answer with its lists emptied, or with its prices zero, null or wrong; what is no JSON stays."""
    body = response.body
    if response.status != 200 or not isinstance(body, bytes):
        return response
    try:
        wire = json.loads(body)
    except ValueError:
        return response
    match fault.kind:
        case "empty":
            changed = emptied(wire)
        case "zero_price":
            changed = with_prices(wire, lambda price: "0.00000000" if isinstance(price, str) else 0)
        case "null_price":
            changed = with_prices(wire, lambda _: None)
        case "wrong_price":
            changed = with_prices(wire, lambda price: _times(price, fault.factor))
        case _:
            return response
    return web.Response(
        status=200, body=json.dumps(changed, ensure_ascii=False).encode(), headers=_kept_headers(response)
    )


def emptied(wire: object) -> object:
    """The same shape with nothing in any list."""
    if isinstance(wire, list):
        return []
    if isinstance(wire, dict):
        return {name: emptied(value) for name, value in wire.items()}
    return wire


def with_prices(wire: object, change: Callable[[object], object], name: str = "") -> object:
    """Every price in the answer changed: fields by their names, book levels and candle rows by their place."""
    if isinstance(wire, dict):
        return {key: with_prices(value, change, key) for key, value in wire.items()}
    if isinstance(wire, list):
        if LEVELS_NAME.match(name) and wire and not isinstance(wire[0], list | dict):
            return _changed_cells(wire, change, range(1))  # the best level alone
        if LEVELS_NAME.match(name):
            return [_changed_cells(row, change, range(1)) for row in wire]
        if all(_is_candle(row) for row in wire):
            return [_changed_cells(row, change, range(1, 5)) for row in wire]
        return [with_prices(row, change, name) for row in wire]
    if PRICE_NAME.search(name) and not NO_PRICE_NAME.search(name) and _is_number(wire):
        return change(wire)
    return wire


def _changed_cells(row: object, change: Callable[[object], object], places: range) -> object:
    if not isinstance(row, list):
        return with_prices(row, change)
    return [change(cell) if place in places and _is_number(cell) else cell for place, cell in enumerate(row)]


def _is_candle(row: object) -> bool:
    return isinstance(row, list) and len(row) >= CANDLE_WIDTH and all(_is_number(cell) for cell in row[:5])


def _is_number(cell: object) -> bool:
    if isinstance(cell, str):
        return bool(re.fullmatch(r"-?\d+(\.\d+)?", cell))
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _times(price: object, factor: float) -> object:
    if isinstance(price, str):
        return f"{float(price) * factor:.10f}".rstrip("0").rstrip(".")
    return price * factor if isinstance(price, int | float) else price


def _kept_headers(response: web.Response) -> dict[str, str]:
    dropped = {"content-length", "content-encoding", "date", "server"}
    return {name: value for name, value in response.headers.items() if name.lower() not in dropped}
