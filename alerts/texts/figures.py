"""Numbers, times and spans as people read them, each with its unit; None and what is no number read "unknown"."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from alerts.texts.words import Language, say, unknown
from analysis.verdict import FactValue

Number = float | int | Decimal

KST = timezone(timedelta(hours=9))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def percent(bps: Number | None, language: Language, signed: bool = True, places: int = 2) -> str:
    """Basis points as percent, to two places: 312.5 is +3.13 % (half away from zero)."""
    exact = _decimal(bps)
    if exact is None:
        return unknown(language)
    rounded = _rounded(exact / 100, places)
    return f"{rounded:{'+' if signed else ''},} %"


def krw(amount: Number | None, language: Language) -> str:
    exact = _decimal(amount)
    if exact is None:
        return unknown(language)
    rounded = _rounded(exact, 0)
    return f"-₩{-rounded:,}" if rounded < 0 else f"₩{rounded:,}"


def usd(amount: Number | None, language: Language) -> str:
    """Dollars or USDT, to the cent from a hundred on, shortened from a thousand on: $749.71, $1.23M."""
    exact = _decimal(amount)
    if exact is None:
        return unknown(language)
    sign, size = ("-" if exact < 0 else ""), abs(exact)
    for unit, name in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "k")):
        if size >= unit:
            return f"{sign}${_rounded(size / unit, 2):,}{name}"
    return f"{sign}${plain(_rounded(size, 2) if size >= 100 else size, language)}"


def plain(amount: Number | None, language: Language) -> str:
    """Up to six significant digits, thousands separated, never in scientific notation."""
    exact = _decimal(amount)
    if exact is None:
        return unknown(language)
    if exact == 0:
        return "0"
    places = max(0, 5 - exact.adjusted())
    text = f"{_rounded(exact, min(places, 18)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def minutes(amount: Number | None, language: Language) -> str:
    exact = _decimal(amount)
    if exact is None:
        return unknown(language)
    return f"{plain(_rounded(exact, 1), language)}{say(('분', ' min'), language)}"


def span(milliseconds: int, language: Language) -> str:
    """A length of time in its two largest units; below ten seconds with a tenth."""
    if milliseconds < 10_000:
        return f"{max(0, milliseconds) / 1000:.1f}{say(('초', ' s'), language)}"
    seconds = milliseconds // 1000
    units = ((86_400, ("일", " d")), (3_600, ("시간", " h")), (60, ("분", " min")), (1, ("초", " s")))
    for place, (size, name) in enumerate(units):
        if seconds >= size:
            text = f"{seconds // size:,}{say(name, language)}"
            below = units[place + 1] if place + 1 < len(units) else None
            if below is not None and seconds % size // below[0]:
                text += f" {seconds % size // below[0]}{say(below[1], language)}"
            return text
    return say(("0초", "0 s"), language)


def kst(at_ms: int | None, language: Language) -> str:
    """A moment to the minute, Korean time with its offset."""
    moment = _moment(at_ms)
    return unknown(language) if moment is None else f"{moment:%Y-%m-%d %H:%M} KST (UTC+9)"


def kst_time(at_ms: int | None, language: Language) -> str:
    """The time of day to the second, Korean time."""
    moment = _moment(at_ms)
    return unknown(language) if moment is None else f"{moment:%H:%M:%S}"


def valued(value: FactValue | Decimal, unit: str, language: Language) -> str:
    """A fact's value in its unit; the unit's own name where it has no special form."""
    if value is None:
        return unknown(language)
    if isinstance(value, bool):
        return say(("예", "yes") if value else ("아니오", "no"), language)
    if isinstance(value, str):
        return value
    match unit:
        case "bps":
            return percent(value, language)
        case "krw":
            return krw(value, language)
        case "usd" | "usdt":
            return usd(value, language)
        case "min":
            return minutes(value, language)
        case "ms" if isinstance(value, int):
            return span(value, language)
        case "s":
            return f"{plain(value, language)}{say(('초', ' s'), language)}"
        case "coins":
            return f"{plain(value, language)}{say(('개', ' coins'), language)}"
        case "krw_per_usdt" | "krw_per_usd":
            return f"₩{plain(value, language)}/{unit[8:].upper()}"
        case "utc_ms" if isinstance(value, int):
            return kst(value, language)
        case "text" | "count" | "bool" | "":
            return plain(value, language)
        case _:
            return f"{plain(value, language)} {unit}"


def _moment(at_ms: int | None) -> datetime | None:
    if at_ms is None:
        return None
    try:
        return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(KST)
    except OverflowError:
        return None


def _decimal(amount: Number | None) -> Decimal | None:
    """The exact number that the shortest spelling of a float names; None for what is no finite number."""
    if amount is None:
        return None
    exact = Decimal(str(amount)) if isinstance(amount, float) else Decimal(amount)
    return exact if exact.is_finite() and abs(exact) < Decimal(10**18) else None


def _rounded(exact: Decimal, places: int) -> Decimal:
    """Half away from zero, and never a negative zero."""
    return exact.quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP") + 0
