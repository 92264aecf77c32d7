"""What the REST calls of both Korean exchanges share: parameters, refusals, candles of calendar periods.

Refusals follow docs.upbit.com/kr rest-api-guide and apidocs.bithumb.com api-주요-에러-코드.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from aiohttp import web

from simulator.korea.wire import BadTime, error, weak_etag
from simulator.world.values import SimCandle

MINUTE_UNITS = (1, 3, 5, 10, 15, 30, 60, 240)
MOST_CANDLES = 200
MOST_TRADES = 500
GZIP_FROM_BYTES = 1_024


class Refused(Exception):
    """The call is answered with an error."""

    def __init__(self, status: int, name: str | int, message: str) -> None:
        super().__init__(f"{status} {name}: {message}")
        self.status = status
        self.name = name
        self.message = message

    def response(self) -> web.Response:
        return web.Response(
            status=self.status, text=error(self.name, self.message), content_type="application/json", charset="UTF-8"
        )


def missing() -> Refused:
    return Refused(400, 400, "Missing request parameter error. Check the required parameters!")


def mismatch() -> Refused:
    return Refused(400, 400, "Type mismatch error. Check the parameters type!")


def unknown_code() -> Refused:
    return Refused(404, 404, "Code not found")


Query = Mapping[str, str]


def query_of(request: web.Request) -> Query:
    """The parameters, those of the path among them; a repeated one is joined by commas, as Spring does it."""
    repeated = {name: ",".join(request.query.getall(name)) for name in request.query}
    return {**repeated, **request.match_info}


def first_of(query: Query, *names: str) -> str | None:
    """A parameter under any of its spellings; an empty one counts as absent."""
    return next((query[name] for name in names if query.get(name)), None)


def flag(query: Query, *names: str) -> bool:
    text = (first_of(query, *names) or "false").lower()
    if text not in ("true", "false"):
        raise mismatch()
    return text == "true"


def number(query: Query, names: Sequence[str], default: int, least: int, most: int, clamp: bool = True) -> int:
    """A whole number; beyond `most` it is cut to it (as candles and trades are) or refused."""
    text = first_of(query, *names)
    if text is None:
        return default
    if not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise mismatch()
    value = int(text[:18])
    if value < least or (value > most and not clamp):
        raise mismatch()
    return min(value, most)


def codes_of(query: Query, known: Mapping[str, object]) -> list[str]:
    """`markets=KRW-BTC,BTC-ETH`; one unknown code fails the whole call."""
    text = first_of(query, "markets")
    if text is None:
        raise missing()
    codes = [code.strip() for code in text.split(",") if code.strip()]
    if not codes or any(code not in known for code in codes):
        raise unknown_code()
    return list(dict.fromkeys(codes))


def code_of(query: Query, known: Mapping[str, object]) -> str:
    text = first_of(query, "market")
    if text is None:
        raise missing()
    if text not in known:
        raise unknown_code()
    return text


def time_of(query: Query, read: Callable[[str], int]) -> int | None:
    """The parameter `to`."""
    text = first_of(query, "to")
    try:
        return None if text is None else read(text)
    except BadTime as e:
        raise Refused(400, 400, f"Invalid parameter 'to': {text}") from e


def minute_unit(text: str) -> int:
    if not text.isdigit() or int(text) not in MINUTE_UNITS:
        raise Refused(400, 400, "지원하지 않는 분봉입니다.")
    return int(text)


def array(rows: Sequence[str]) -> str:
    return "[" + ",".join(rows) + "]"


def answer(request: web.Request, text: str, headers: Mapping[str, str]) -> web.Response:
    """JSON with an ETag; 304 when the client has it already; gzip when it is worth it and asked for."""
    body = text.encode()
    etag = weak_etag(body)
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={**headers, "ETag": etag})
    response = web.Response(
        body=body, content_type="application/json", charset="UTF-8", headers={**headers, "ETag": etag}
    )
    if len(body) >= GZIP_FROM_BYTES:
        response.enable_compression()
    return response


# -- weeks, months, years ---------------------------------------------------------------------------------------------

PERIODS: Mapping[str, Callable[[datetime], datetime]] = {
    "weeks": lambda day: day - timedelta(days=day.weekday()),
    "months": lambda day: day.replace(day=1),
    "years": lambda day: day.replace(month=1, day=1),
}


def periods(
    days: Sequence[SimCandle], day_of: Callable[[int], datetime], first_of_period: Callable[[datetime], datetime]
) -> list[tuple[datetime, SimCandle]]:
    """Daily candles (newest first) folded into calendar periods (newest first), each with its first day."""
    folded: list[tuple[datetime, SimCandle]] = []
    for day in days:
        first = first_of_period(day_of(day.open_ms))
        if folded and folded[-1][0] == first:
            folded[-1] = first, _joined(day, folded[-1][1], first)
        else:
            folded.append((first, _joined(day, None, first)))
    return folded


def _joined(older: SimCandle, newer: SimCandle | None, first: datetime) -> SimCandle:
    newer = newer or SimCandle(0, older.open, older.high, older.low, older.close, 0.0, 0.0, 0, older.last_ms)
    return SimCandle(
        int(first.timestamp() * 1000),
        older.open,
        max(older.high, newer.high),
        min(older.low, newer.low),
        newer.close,
        older.volume + newer.volume,
        older.value + newer.value,
        older.trades + newer.trades,
        newer.last_ms,
    )
