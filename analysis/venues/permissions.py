"""What a key may do, as its exchange tells: reading is wanted, anything beyond it is too much. Pure.

Binance GET /sapi/v1/account/apiRestrictions (developers.binance.com, checked 2026-11-20): one flag for each right.
OKX GET /api/v5/account/config: `perm`, a comma list of read_only, trade, withdraw. Bybit GET /v5/user/query-api:
`readOnly` 1, else `permissions` names the rights by group. A right that is not known here counts as too much.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from analysis.fetching.reading import NoAnswer, Reply, Wire, decoded, flag, number, refuse

BINANCE_READS = frozenset({"enableReading", "enableFixReadOnly"})
BINANCE_MUST_TELL = ("enableWithdrawals", "enableSpotAndMarginTrading")
OKX_READS = "read_only"

Rights = tuple[str, ...]  # what the key may do beyond reading; empty: it is read-only


class _OkxConfig(Struct):
    perm: str = ""


class _OkxAnswer(Struct):
    code: Wire = None
    data: list[_OkxConfig] = []


class _BybitKey(Struct, rename="camel"):
    read_only: Wire = None
    permissions: Mapping[str, list[str] | None] = {}


class _BybitHead(Struct, rename="camel"):
    ret_code: Wire = None


class _BybitAnswer(Struct):
    result: _BybitKey


def binance_rights(reply: Reply) -> Rights:
    """Raise NoAnswer where Binance does not say whether the key may trade and withdraw."""
    _good(reply)
    told = decoded(reply, dict[str, msgspec.Raw])
    if any(name not in told for name in BINANCE_MUST_TELL):
        raise NoAnswer("it is not told what the key may do")
    names = [name for name in told if name.startswith(("enable", "permits")) and name not in BINANCE_READS]
    return tuple(name for name in names if bytes(told[name]) != b"false")


def okx_rights(reply: Reply) -> Rights:
    """Raise NoAnswer where OKX does not say what the key may do."""
    _good(reply)
    answer = decoded(reply, _OkxAnswer)
    if str(answer.code) != "0" or not answer.data:
        raise NoAnswer(f"code {str(answer.code)[:10]}")
    rights = [right.strip() for right in answer.data[0].perm.split(",") if right.strip()]
    if not rights:
        raise NoAnswer("it is not told what the key may do")
    return tuple(right for right in rights if right != OKX_READS)


def bybit_rights(reply: Reply) -> Rights:
    """Raise NoAnswer where Bybit does not say what the key may do."""
    _good(reply)
    code = decoded(reply, _BybitHead).ret_code
    if number(code) != 0:
        raise NoAnswer(f"retCode {str(code)[:10]}, the key was not accepted")
    answer = decoded(reply, _BybitAnswer)
    read_only = flag(answer.result.read_only)
    if read_only is None:
        raise NoAnswer("it is not told what the key may do")
    if read_only:
        return ()
    rights = [right for group in answer.result.permissions.values() for right in group or []]
    return tuple(rights) or ("write",)


def _good(reply: Reply) -> None:
    """Only the status goes into the reason: an error's own text might repeat the key."""
    refuse(reply)
    if reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, the key was not accepted")
