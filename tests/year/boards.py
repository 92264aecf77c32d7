"""Upbit and Bithumb as far as listings show: notices, market lists, wallets, in memory, in their wire formats.

Own code and own spelling: it shares nothing with the codecs that read it.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from msgspec import Struct

from collectors.net.http import DeadlineExceeded, HttpDoor, Response, Unreachable
from collectors.net.socket import ConnectFailed, Socket, SocketClosed, at_once
from config.clock import Clock

KST = timezone(timedelta(hours=9))
A_PAGE = 20
HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
CATEGORY_CODES = {"거래": "trade", "입출금": "wallet", "안내": "notice", "디지털 자산": "digital_asset"}


class Posted(Struct):
    """A notice on a board; `edited_ms` rises with each edit."""

    number: int
    title: str
    body: str
    categories: tuple[str, ...]
    published_ms: int
    edited_ms: int


class Board:
    """One exchange. Every change makes its pages anew."""

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange
        self.notices: dict[int, Posted] = {}
        self.codes: dict[str, None] = {}
        self.names: dict[str, str] = {}
        self.wallets: dict[str, bool] = {}
        self.on_notice: Callable[[Posted], None] = lambda posted: None
        self._pages: dict[str, bytes] = {}

    def post(self, number: int, title: str, body: str, categories: tuple[str, ...], now_ms: int) -> None:
        self._put(Posted(number, title, body, categories, now_ms, now_ms))

    def edit(self, number: int, title: str, body: str, now_ms: int) -> None:
        old = self.notices[number]
        self._put(Posted(number, title, body, old.categories, old.published_ms, now_ms))

    def delete(self, number: int) -> None:
        del self.notices[number]
        self._pages.clear()

    def show(self, *codes: str) -> None:
        self.codes |= dict.fromkeys(codes)
        self._pages.clear()

    def hide(self, *codes: str) -> None:
        for code in codes:
            self.codes.pop(code, None)
        self._pages.clear()

    def wallet(self, base: str, deposit_open: bool) -> None:
        self.wallets[base] = deposit_open
        self._pages.clear()

    def _put(self, posted: Posted) -> None:
        self.notices[posted.number] = posted
        self._pages.clear()
        self.on_notice(posted)

    def page(self, path: str) -> bytes:
        """What this address answers now."""
        if path not in self._pages:
            self._pages[path] = json.dumps(self._content(path), ensure_ascii=False).encode()
        return self._pages[path]

    def _content(self, path: str) -> Any:  # JSON of any shape
        match path:
            case "/v1/market/all":
                return [
                    {"market": code, "korean_name": self.names.get(code[code.index("-") + 1 :], "")}
                    for code in self.codes
                ]
            case "/v1/ticker/all":
                return [{"market": code, "trade_price": 1.0} for code in self.codes if code.startswith("KRW-")]
            case "/public/ticker/ALL_KRW":
                bases = [code[4:] for code in self.codes if code.startswith("KRW-")]
                return {"status": "0000", "data": {base: {} for base in bases} | {"date": "1"}}
            case "/public/assetsstatus/multichain/ALL":
                rows = [
                    {"currency": base, "net_type": base, "deposit_status": int(is_open), "withdrawal_status": 0}
                    for base, is_open in self.wallets.items()
                ]
                return {"status": "0000", "data": rows}
            case "/v1/notices":
                newest = sorted(self.notices.values(), key=lambda each: (-each.published_ms, -each.number))
                return [_bithumb(each) for each in newest[:A_PAGE]]
            case "/api/v1/announcements":
                newest = sorted(self.notices.values(), key=lambda each: (-each.edited_ms, -each.number))
                shown = [_upbit(each) for each in newest[:A_PAGE]]
                return {"success": True, "data": {"notices": shown, "fixed_notices": []}}
        number = int(path.rpartition("/")[2])
        posted = self.notices[number]
        return {"success": True, "data": {**_upbit(posted), "body": posted.body}}


def _upbit(posted: Posted) -> dict[str, object]:
    return {
        "id": posted.number,
        "uuid": uuid_of(posted),
        "title": posted.title,
        "category": posted.categories[0],
        "first_listed_at": _kst(posted.published_ms).isoformat(),
        "listed_at": _kst(posted.edited_ms).isoformat(),
    }


def uuid_of(posted: Posted) -> str:
    return str(500_000_000 + posted.number * 7)


def _bithumb(posted: Posted) -> dict[str, object]:
    return {
        "categories": list(posted.categories),
        "title": posted.title,
        "pc_url": f"https://feed.bithumb.com/notice/{posted.number}",
        "published_at": _kst(posted.published_ms).strftime("%Y-%m-%d %H:%M:%S"),
        "modified_at": _kst(posted.edited_ms).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _kst(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(KST)


SERVICES = {"upbit": "upbit", "upbit_site": "upbit", "bithumb": "bithumb"}


class BoardDoor(HttpDoor):
    """The one door out, onto the boards. `outages` maps (service, path) to what happens there instead."""

    def __init__(self, boards: Mapping[str, Board], clock: Clock) -> None:
        self._boards = boards
        self._clock = clock
        self.outages: dict[tuple[str, str], str] = {}
        self._kept: dict[tuple[str, str], bytes] = {}

    def break_(self, service: str, path: str, kind: str) -> None:
        """From now on: `error`, `html`, `forbidden`, `empty`, `timeout`, `refused`, or `stale` (as it is now)."""
        self.outages[service, path] = kind
        self._kept[service, path] = self._boards[SERVICES[service]].page(path)

    def mend(self, service: str, path: str) -> None:
        self.outages.pop((service, path), None)

    def forget(self, service: str, path: str, params: object = None) -> None:
        """There are no ETags here."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def get(self, service: str, path: str, **asked: object) -> Response:
        await asyncio.sleep(0)
        now_ms = self._clock.now_ms()
        match self.outages.get((service, path)):
            case "error":
                return Response(502, {}, b"<html>502 Bad Gateway</html>", now_ms, now_ms)
            case "html":
                return Response(200, {}, HTML, now_ms, now_ms)
            case "forbidden":
                return Response(403, {}, HTML, now_ms, now_ms)
            case "empty":
                body = b'{"status":"0000","data":[]}' if path.startswith("/public") else b"[]"
                return Response(200, {}, body, now_ms, now_ms)
            case "timeout":
                raise DeadlineExceeded(service, "no answer within 5 s", sent=True)
            case "refused":
                raise Unreachable(service, "connection refused", sent=False)
            case "stale":
                return Response(200, {}, self._kept[service, path], now_ms, now_ms)
        return Response(200, {}, self._boards[SERVICES[service]].page(path), now_ms, now_ms)


class Announcements:
    """Upbit's announcement socket: tells who is connected of each notice, and nobody of what is past."""

    def __init__(self, board: Board) -> None:
        self._open: set[_Line] = set()
        self.refusing = False
        board.on_notice = self._tell

    async def connect(
        self, url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Socket:
        await admitted()
        await asyncio.sleep(0)
        if self.refusing:
            raise ConnectFailed("ConnectionRefusedError: the simulated host is away")
        line = _Line(self._open)
        self._open.add(line)
        return line

    def cut(self) -> None:
        for line in list(self._open):
            line.cut()

    def _tell(self, posted: Posted) -> None:
        category = CATEGORY_CODES.get(posted.categories[0])
        if category is None:
            return
        edited = posted.edited_ms != posted.published_ms
        frame = {
            "type": "announcement",
            "uuid": uuid_of(posted),
            "event_type": "UPDATED" if edited else "CREATED",
            "category": category,
            "title": posted.title,
            "url": f"https://upbit.com/service_center/notice?id={uuid_of(posted)}",
            "body": None if posted.number % 5 == 0 else posted.body,  # too large now and then
            "first_listed_at": _kst(posted.published_ms).isoformat(),
            "listed_at": _kst(posted.edited_ms).isoformat(),
        }
        for line in self._open:
            line.say(json.dumps(frame, ensure_ascii=False).encode())


class _Line(Socket):
    """One connection."""

    def __init__(self, among: "set[_Line]") -> None:
        self._among = among
        self._frames: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._cut = False

    def say(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._ready.set()

    def cut(self) -> None:
        self._among.discard(self)
        self._cut = True
        self._ready.set()

    async def send(self, text: str) -> None:
        if self._cut:
            raise SocketClosed(1006, "")
        if text == "PING":
            self.say(b'{"status":"UP"}')

    async def receive(self) -> Sequence[bytes]:
        while not self._frames:
            if self._cut:
                raise SocketClosed(1006, "")
            self._ready.clear()
            await self._ready.wait()
        frames = list(self._frames)
        self._frames.clear()
        return frames

    async def close(self) -> None:
        self.cut()
