"""The notice list and the notices of Upbit's web site: an unofficial API that the site itself uses.

Captured 2026-08-21 and 2026-09-17. A list is ordered by `listed_at`, which an edit raises; pinned notices come apart,
on every page. The site refuses pages of 100 and whoever asks faster than a few times a second.
"""

import html
import json

from aiohttp import web

from simulator.counters import Counters
from simulator.korea.rest_calls import Refused, answer, mismatch, number
from simulator.korea.subscriptions import CATEGORIES
from simulator.korea.wire import kst_offset
from simulator.limits import Window
from simulator.world.prices import DAY_MS
from simulator.world.values import SimNotice
from simulator.world.world import World

PREFIX = "/upbit-site/api/v1/announcements"
MOST_PER_PAGE = 30
PER_SECOND = 3
HEADERS = {"Cache-Control": "max-age=0, private, must-revalidate", "Vary": "Accept-Language"}
ENGLISH = {
    "안내": "Notice",
    "거래": "Trade",
    "입출금": "Wallet",
    "점검": "Maintenance",
    "디지털 자산": "Digital Asset",
    "NFT": "NFT",
    "이벤트": "Event",
}


class UpbitSite:
    """Two calls: the list, and one notice."""

    def __init__(self, world: World, counters: Counters) -> None:
        self._world = world
        self._count = counters.of("upbit-site")
        self._limit = Window(PER_SECOND, 1_000)

    async def announcements(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            per_page = number(request.query, ("per_page",), 20, 1, MOST_PER_PAGE, clamp=False)
            page = number(request.query, ("page",), 1, 1, 100_000)
            wanted = request.query.get("category", "all")
            if wanted != "all" and wanted not in CATEGORIES:
                raise mismatch()
        except Refused as e:
            return e.response()
        notices = self._world.notices("upbit")
        listed = [n for n in notices if not n.pinned and (wanted == "all" or CATEGORIES[wanted] in n.categories)]
        shown = listed[(page - 1) * per_page : page * per_page]
        data = {
            "total_pages": max(1, -(-len(listed) // per_page)),
            "total_count": len(listed),
            "notices": [self._row(notice, request) for notice in shown],
            "fixed_notices": [self._row(notice, request) for notice in notices if notice.pinned],
        }
        return answer(request, _text({"success": True, "data": data}), HEADERS)

    async def announcement(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        wanted = request.match_info["notice_id"]
        notice = next((n for n in self._world.notices("upbit") if wanted in (str(n.notice_id), n.uuid)), None)
        if notice is None:
            return web.json_response({"success": False, "error": {"message": "not found"}}, status=404)
        lines = "".join(f"<p>{html.escape(line)}</p>" for line in notice.body.splitlines() if line.strip())
        row = self._row(notice, request)
        return answer(request, _text({"success": True, "data": {**row, "body": lines}}), HEADERS)

    def _refusal(self, request: web.Request) -> web.Response | None:
        """A foreign Origin is refused, and haste."""
        if "Origin" in request.headers:
            return web.Response(status=403, text="Forbidden")
        if self._limit.take(request.remote, self._world.clock.now_ms()) is not None:
            return None
        self._count.limit_hits += 1
        return web.Response(status=429, text="Too Many Requests")

    def _row(self, notice: SimNotice, request: web.Request) -> dict[str, object]:
        """The badges: new within a day of the first listing unless edited, updated within a day of an edit."""
        now_ms = self._world.clock.now_ms()
        edited = notice.edited_ms != notice.published_ms
        category = notice.categories[0] if notice.categories else "안내"
        if request.headers.get("Accept-Language", "ko").startswith("en"):
            category = ENGLISH.get(category, category)
        return {
            "listed_at": kst_offset(notice.edited_ms),
            "first_listed_at": kst_offset(notice.published_ms),
            "id": notice.notice_id,
            "uuid": notice.uuid,
            "title": notice.title,
            "category": category,
            "need_new_badge": not edited and now_ms - notice.published_ms < DAY_MS,
            "need_update_badge": edited and now_ms - notice.edited_ms < DAY_MS,
        }


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    site = UpbitSite(world, counters)
    return [web.get(PREFIX, site.announcements), web.get(PREFIX + "/{notice_id:\\d+}", site.announcement)]
