"""What an exchange says that a key may do. Pure: its answer in, OK, WARN or FAIL out, and a state for who watches.

A key that may trade or withdraw is more than the radar needs, and is refused; where the exchange does not say, that is
a warning. An answer that is not about the key (busy, a clock that is off, an error page) says nothing of it. Sources:
Upbit `GET /v1/api_keys` (docs.upbit.com), Binance `GET /sapi/v1/account/apiRestrictions`, OKX
`GET /api/v5/account/config` (`perm`), Bybit `GET /v5/user/query-api` (`readOnly`); checked 2026-11-20.
"""

from datetime import datetime
from enum import Enum

import msgspec
from msgspec import Struct

from collectors.exchanges.upbit_announcement import REMEDIES as UPBIT_REMEDIES
from config.units import DAY_MS
from ops.commands.answer import Answer, Mark

SOON_MS = 14 * DAY_MS
UPBIT_SOON_MS = 30 * DAY_MS  # its keys live a year, and the fastest news of a listing hangs on this one
READS_ONLY = ("enableReading", "enableFixReadOnly")  # Binance's switches that give no power
# Error codes that speak of the key itself: unknown, its signature, passphrase or address, its end.
BINANCE_REFUSALS = (-1022, -2008, -2014, -2015)
OKX_REFUSALS = tuple(str(code) for code in range(50_100, 50_120) if code not in (50_102, 50_107, 50_112))
BYBIT_REFUSALS = (10_003, 10_004, 10_005, 10_007, 10_010, 33_004)


NEW_KEY = "make a new read-only key for this address"


class KeyState(Enum):
    """How a key stands. UNTOLD: it is accepted, and the exchange does not say what it may do. UNKNOWN: no answer."""

    FINE = "fine"
    ENDING = "ending"
    REFUSED = "refused"
    UNTOLD = "untold"
    UNKNOWN = "unknown"


class KeyAnswer(Answer, frozen=True, kw_only=True):
    """The answer for `doctor`, and the state that it stands for."""

    state: KeyState


class _Error(Struct, frozen=True):
    name: str | int = ""


class _UpbitRefusal(Struct, frozen=True):
    error: _Error


class _UpbitKey(Struct, frozen=True):
    access_key: str
    expire_at: str


class _OkxConfig(Struct, frozen=True):
    perm: str | None = None


class _Okx(Struct, frozen=True):
    code: str = ""
    msg: str = ""
    data: tuple[_OkxConfig, ...] = ()


class _BybitKey(Struct, frozen=True):
    read_only: int = msgspec.field(name="readOnly")
    expires: str = msgspec.field(name="expiredAt", default="")


class _Bybit(Struct, frozen=True):
    code: int = msgspec.field(name="retCode")
    text: str = msgspec.field(name="retMsg", default="")
    result: msgspec.Raw = msgspec.Raw(b"{}")


class _Binance(Struct, frozen=True):
    code: int = 0
    msg: str = ""


def upbit(status: int, body: bytes, access_key: str, now_ms: int) -> KeyAnswer:
    """Upbit tells when keys end, and not what they may do."""
    if status in (401, 403):
        try:
            name = str(msgspec.json.decode(body, type=_UpbitRefusal).error.name)
        except msgspec.DecodeError:
            return _silent("upbit", f"HTTP {status}")
        return _refused("upbit", name, UPBIT_REMEDIES.get(name, NEW_KEY))
    if status != 200:
        return _silent("upbit", f"HTTP {status}")
    try:
        keys = msgspec.json.decode(body, type=list[_UpbitKey])
    except msgspec.DecodeError:
        return _silent("upbit", "its answer could not be read")
    ends_ms = next((_ms(each.expire_at) for each in keys if each.access_key == access_key), None)
    if ends_ms is not None and ends_ms - now_ms < UPBIT_SOON_MS:
        return _ends("upbit", ends_ms, now_ms)
    return _silent("upbit", "Upbit does not say what it may do", KeyState.UNTOLD)


def binance(status: int, body: bytes) -> KeyAnswer:
    try:
        if status != 200:
            told = msgspec.json.decode(body, type=_Binance)
            why = told.msg or f"HTTP {status}"
            return _refused("binance", why) if told.code in BINANCE_REFUSALS else _silent("binance", why)
        switches = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError:
        return _silent("binance", f"HTTP {status}")
    if "enableReading" not in switches:
        return _silent("binance", "its answer could not be read")
    powers = [name for name, on in switches.items() if on is True and name.startswith(("enable", "permits"))]
    return _powers("binance", [name for name in powers if name not in READS_ONLY])


def okx(status: int, body: bytes) -> KeyAnswer:
    try:
        told = msgspec.json.decode(body, type=_Okx)
    except msgspec.DecodeError:
        return _silent("okx", f"HTTP {status}")
    if told.code in OKX_REFUSALS:
        return _refused("okx", f"{told.code} {told.msg}")
    permissions = told.data[0].perm if told.data else None
    if status != 200 or told.code not in ("0", "") or permissions is None:
        return _silent("okx", f"HTTP {status} {told.code} {told.msg}".strip())
    return _powers("okx", [each for each in permissions.split(",") if each.strip() not in ("read_only", "")])


def bybit(status: int, body: bytes, now_ms: int) -> KeyAnswer:
    try:
        told = msgspec.json.decode(body, type=_Bybit)
        if told.code in BYBIT_REFUSALS:
            return _refused("bybit", f"{told.code} {told.text}")
        if told.code != 0:
            return _silent("bybit", f"{told.code} {told.text}")
        key = msgspec.json.decode(told.result, type=_BybitKey)
    except msgspec.DecodeError:
        return _silent("bybit", f"HTTP {status}")
    ends_ms = _ms(key.expires)
    if key.read_only == 1 and ends_ms is not None and 0 < ends_ms < now_ms + SOON_MS:
        return _ends("bybit", ends_ms, now_ms)
    return _powers("bybit", [] if key.read_only == 1 else ["readOnly: 0"])


def _powers(exchange: str, powers: list[str]) -> KeyAnswer:
    if not powers:
        return KeyAnswer(_question(exchange), Mark.OK, "may read only", state=KeyState.FINE)
    found, remedy = f"may do more than read: {', '.join(powers)}", "make a key that may only read, and delete this one"
    return KeyAnswer(_question(exchange), Mark.FAIL, found, remedy, state=KeyState.REFUSED)


def _refused(exchange: str, why: str, remedy: str = NEW_KEY) -> KeyAnswer:
    return KeyAnswer(_question(exchange), Mark.FAIL, f"refused: {why[:200]}", remedy, state=KeyState.REFUSED)


def _silent(exchange: str, why: str, state: KeyState = KeyState.UNKNOWN) -> KeyAnswer:
    remedy = f"make sure on the site of {exchange} that it may neither trade nor withdraw"
    return KeyAnswer(_question(exchange), Mark.WARN, f"what it may do is not known: {why[:200]}", remedy, state=state)


def _ends(exchange: str, ends_ms: int, now_ms: int) -> KeyAnswer:
    days = max(0, (ends_ms - now_ms) // DAY_MS)
    found, remedy = f"ends in {days} days", f"make a new key on the site of {exchange}"
    return KeyAnswer(_question(exchange), Mark.WARN, found, remedy, state=KeyState.ENDING)


def _question(exchange: str) -> str:
    return f"key of {exchange}"


def _ms(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round(moment.timestamp() * 1000)
