"""The owner's read-only keys: none is used for anything before its exchange has said that it can only read.

    absent      no key was given
    unchecked   not asked yet, or the exchange did not answer: transfer state stays unknown
    read_only   in use
    refused     the exchange says that it may do more than read: never used, and said so
    untold      in use; the exchange does not say what its keys may do (Upbit)

A key's rights can be changed at any time, so they are asked again every hour.
"""

import logging
from collections.abc import Callable, Mapping
from enum import Enum

from msgspec import Struct

from analysis.fetching.reading import Reply
from analysis.fetching.sources import Door, Line
from analysis.quotes import Silent
from analysis.venues import permissions, signing
from analysis.venues.permissions import Rights
from analysis.venues.signing import ApiKey, HeldKey
from config.clock import Clock

log = logging.getLogger(__name__)

DEADLINE_S = 10.0
AGAIN_FIRST_S = 5.0
AGAIN_CAP_S = 300.0
CHECKED_FOR_S = 3_600.0
NAMES = {"binance": "Binance", "okx": "OKX", "bybit": "Bybit", "upbit": "Upbit"}


class KeyState(Enum):
    ABSENT = "absent"
    UNCHECKED = "unchecked"
    READ_ONLY = "read_only"
    REFUSED = "refused"
    UNTOLD = "untold"


class KeyReport(Struct, frozen=True):
    """How one key stands; `reason` never holds a part of it. `checked_ms`: when the exchange last answered."""

    exchange: str
    state: KeyState
    reason: str = ""
    checked_ms: int | None = None


class Keyring:
    """Hands out keys that may be used, and says why the others may not. `run` checks them, for ever."""

    def __init__(self, door: Door, clock: Clock, keys: Mapping[str, ApiKey], has_upbit: bool = False) -> None:
        """`keys` by venue: binance, okx, bybit."""
        self._clock = clock
        self._keys = dict(keys)
        self._lines = {name: Line(door, name, DEADLINE_S) for name in keys}
        self._reports = {
            name: KeyReport(name, KeyState.UNCHECKED if name in keys else KeyState.ABSENT)
            for name in ("binance", "okx", "bybit")
        }
        untold = KeyReport("upbit", KeyState.UNTOLD, "Upbit does not tell what a key may do; make one without rights")
        self._reports["upbit"] = untold if has_upbit else KeyReport("upbit", KeyState.ABSENT)

    def reports(self) -> tuple[KeyReport, ...]:
        return tuple(self._reports.values())

    def held(self, venue: str) -> HeldKey:
        """The key as a venue may have it at the moment it asks: the key itself, or why there is none."""
        return lambda: self._of(venue)

    def _of(self, venue: str) -> ApiKey | Silent:
        report, name = self._reports[venue], NAMES[venue]
        match report.state:
            case KeyState.READ_ONLY:
                return self._keys[venue]
            case KeyState.REFUSED:
                return Silent(f"the {name} key is refused: {report.reason}")
            case KeyState.UNCHECKED:
                return Silent(f"the {name} key is not checked yet{report.reason and f': {report.reason}'}")
        return signing.absent(venue)()

    async def run(self) -> None:
        """Check every key until each has an answer, then all again once an hour; for ever."""
        pause_s = AGAIN_FIRST_S
        while True:
            waiting = await self.check()
            await self._clock.sleep(min(pause_s, AGAIN_CAP_S) if waiting else CHECKED_FOR_S)
            pause_s = pause_s * 2 if waiting else AGAIN_FIRST_S

    async def check(self) -> bool:
        """Ask each exchange once what its key may do; whether one of them has still to answer."""
        for venue in self._keys:
            rights = await self._ask(venue)
            known = self._reports[venue]
            if isinstance(rights, Silent):
                if known.state is KeyState.UNCHECKED:  # an older answer stands
                    self._note(KeyReport(venue, KeyState.UNCHECKED, f"cannot be checked ({rights.reason})"))
                continue
            now_ms = self._clock.now_ms()
            if rights:
                why = f"it may do more than read ({', '.join(rights)[:120]}); make one that can only read"
                self._note(KeyReport(venue, KeyState.REFUSED, why, now_ms))
            else:
                self._note(KeyReport(venue, KeyState.READ_ONLY, "", now_ms))
        return any(report.state is KeyState.UNCHECKED for report in self._reports.values())

    async def _ask(self, venue: str) -> Rights | Silent:
        api, now_ms = self._keys[venue], self._clock.now_ms()
        parse: Callable[[Reply], Rights]
        params: Mapping[str, str] | None = None
        match venue:
            case "binance":
                path, parse = "/sapi/v1/account/apiRestrictions", permissions.binance_rights
                params, headers = signing.binance(api, {}, now_ms)
            case "okx":
                path, parse = "/api/v5/account/config", permissions.okx_rights
                headers = signing.okx(api, path, {}, now_ms)
            case _:
                path, parse = "/v5/user/query-api", permissions.bybit_rights
                headers = signing.bybit(api, {}, now_ms)
        line = self._lines[venue]
        return await line.ask(path, signing.blind(api, parse), params=params, headers=headers, group="transfer")

    def _note(self, report: KeyReport) -> None:
        """Keep it, and tell the log what changed."""
        before, name = self._reports[report.exchange], NAMES[report.exchange]
        self._reports[report.exchange] = report
        if (before.state, before.reason) == (report.state, report.reason):
            return
        if report.state is KeyState.READ_ONLY:
            log.info("the %s key can only read; transfer state is asked for with it", name)
        else:
            log.warning("off: transfer_state_%s: the %s key %s", report.exchange, name, _said(report))


def _said(report: KeyReport) -> str:
    return f"is refused: {report.reason}" if report.state is KeyState.REFUSED else report.reason
