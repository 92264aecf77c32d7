"""How the Korean exchanges spell things on the wire: numbers, dates, errors, and one event in long or short keys.

Both are Java services. A price is a `BigDecimal`, printed with its trailing zeros as it was calculated, and with an
exponent only when its first digit comes after the sixth decimal: `91200000.0`, `91157000.00000000`, `9.9E-7`, `6E-8`
(raw captures of 2021 and 2026). JSON values here are texts that are ready for the wire.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

KST = timezone(timedelta(hours=9), "KST")
KST_MS = 9 * 3_600_000
DAY_MS = 86_400_000
PLAIN_FROM = 1e-6  # a BigDecimal below this is printed with an exponent


# -- numbers ----------------------------------------------------------------------------------------------------------


def java(value: float) -> str:
    """At least one decimal, as Upbit spells a price or volume: `126.0`, `0.00016456`, `9.9E-7`."""
    text = repr(value)
    if "e" in text:
        text = _decimal(value)
    return text if "." in text or "E" in text else text + ".0"


def plain(value: float) -> str:
    """No needless decimals, as Bithumb spells everything: `91196000`, `0.00001659`, `1.4E-7`."""
    text = repr(value)
    if "e" in text:
        return _decimal(value)
    return text[:-2] if text.endswith(".0") else text


def fixed(value: float, decimals: int) -> str:
    """Always so many decimals, as Upbit's candles: `91157000.00000000`; zero stays `0.00000000`."""
    text = f"{value:.{decimals}f}"
    return str(Decimal(text)) if value and abs(value) < PLAIN_FROM else text


def cut(value: float, decimals: int) -> float:
    """`value` without the digits after so many decimals, towards zero: what Bithumb does to the sizes of a book."""
    scale = 10.0**decimals
    return int(value * scale + 1e-9) / scale


def sum_of(value: float) -> float:
    """A sum or difference freed from the dust of binary fractions (`0.30000000000000004`)."""
    return float(f"{value:.15g}")


def _decimal(value: float) -> str:
    """Python turns to exponents below 1e-4 and from 1e16 on, BigDecimal only below 1e-6."""
    number = Decimal(repr(value))
    return str(number) if abs(number) < PLAIN_FROM else f"{number:f}"


# -- texts and times --------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def kst(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, KST)


def iso_seconds(at: datetime) -> str:
    """`2027-01-15T08:00:00`, without a zone, as every `candle_date_time_*`."""
    return f"{at:%Y-%m-%dT%H:%M:%S}"


def kst_offset(at_ms: int) -> str:
    """`2027-01-15T17:00:00+09:00`, as notices and keys of Upbit."""
    return f"{kst(at_ms):%Y-%m-%dT%H:%M:%S}+09:00"


_WHEN = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+ -]\d{2}:?\d{2})?$")


class BadTime(ValueError):
    """A time parameter that the exchange refuses."""


def utc_parameter(text: str) -> int:
    """Upbit's `to`: seconds, UTC unless it has an offset. A fraction is refused, save the `.000` that ccxt sends.

    `+` may arrive as a blank (not URL-encoded).
    """
    found = _WHEN.match(text.strip())
    if not found or (found[3] and found[3].strip(".0")):
        raise BadTime(text)
    zone = (found[4] or "Z").replace(" ", "+").replace("Z", "+00:00")
    return _epoch_ms(f"{found[1]}T{found[2]}{zone}")


def kst_parameter(text: str) -> int:
    """Bithumb's `to`: naive Korean time; a `Z` or an offset is refused."""
    found = _WHEN.match(text.strip())
    if not found or found[3] or found[4]:
        raise BadTime(text)
    return _epoch_ms(f"{found[1]}T{found[2]}+09:00")


def _epoch_ms(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError) as e:
        raise BadTime(text) from e


def time_of_day_ms(text: str) -> int:
    """`HHmmss` or `HH:mm:ss`, as milliseconds since midnight."""
    found = re.fullmatch(r"(\d{2}):?(\d{2}):?(\d{2})", text.strip())
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3]) > 59:
        raise BadTime(text)
    return (int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])) * 1000


# -- objects ----------------------------------------------------------------------------------------------------------


class Shape:
    """The keys of one kind of object, in the order of the wire, long and short."""

    def __init__(self, *keys: str) -> None:
        """Each key is written `long` or `long/short`."""
        pairs = [key.partition("/") for key in keys]
        self._long = _template([long for long, _, _ in pairs])
        self._short = _template([short or long for long, _, short in pairs])

    def long(self, values: Sequence[str]) -> str:
        return self._long % tuple(values)

    def short(self, values: Sequence[str]) -> str:
        return self._short % tuple(values)


def _template(keys: Sequence[str]) -> str:
    return "{" + ",".join(f'"{key}":%s' for key in keys) + "}"


def error(name: str | int, message: str) -> str:
    return json.dumps({"error": {"name": name, "message": message}}, ensure_ascii=False, separators=(",", ":"))


def change_of(price: float, prev_close: float) -> tuple[str, float]:
    """RISE, EVEN or FALL, and the signed difference to the previous close."""
    difference = sum_of(price - prev_close)
    return ("RISE" if difference > 0 else "FALL" if difference < 0 else "EVEN"), difference


def side_of(side: str) -> str:
    """The taker's side in the exchanges' words: who sold took the bid and is called ASK."""
    return '"ASK"' if side == "sell" else '"BID"'


def weak_etag(body: bytes) -> str:
    """As Spring's shallow filter makes it, with the weak mark that the gateway in front puts on."""
    return f'W/"0{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
