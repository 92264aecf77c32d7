"""A year of listings in six simulated hours, over real sockets; see `scripts/bench --year`.

The same plan as `tests/year` runs in memory: 203 listings in random order and wording, some postponed, edited, posted
again or cancelled, the same coin at both exchanges, 2,000 other notices, channels that fail, coins that vanish and
return or change their names. Here simulator and daemon are processes of their own and the daemon is stopped or killed
eight times. Lists are read less often than by default, because six hours pass in minutes. The end says what was missed,
doubled or false; the exit code is 1 if anything was.
"""

import argparse
import heapq
import itertools
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.end_to_end.outside import TELEGRAM
from tests.end_to_end.pair import Pair, Simulator
from tests.year.plan import KST, SPAN_S, Announced, Outage, Year, draw

CATEGORIES: dict[str, str | list[str]] = {"upbit": "거래", "bithumb": ["거래지원", "마켓 추가"]}
POSTPONED = {"upbit": " (거래지원 개시 시점 연기 안내)", "bithumb": " (거래 오픈 시간 변경)"}
CANCELLED = {"upbit": " (거래지원 취소 안내)", "bithumb": " (마켓 추가 취소)"}
SECRETS = {**TELEGRAM, "UPBIT_ACCESS_KEY": "SIM-ACCESS", "UPBIT_SECRET_KEY": "SIM-SECRET"}
PACES = """channels:
  upbit_market_list_s: 4
  upbit_ticker_all_s: 6
  bithumb_notices_s: 2
  bithumb_market_list_s: 4
  bithumb_ticker_all_s: 6
  bithumb_assets_s: 20
"""
FAULTS: dict[str, dict[str, str | int]] = {
    "error": {"kind": "http_5xx", "status": 502},
    "html": {"kind": "http_html"},
    "forbidden": {"kind": "http_403"},
    "empty": {"kind": "empty"},
    "timeout": {"kind": "slow", "by_ms": 20_000},
    "refused": {"kind": "refuse"},
    "stale": {"kind": "stale_page"},
    "socket": {"kind": "refuse"},
}
CHANNELS = {
    ("upbit_site", "/api/v1/announcements"): "upbit:notices",
    ("upbit", "/v1/market/all"): "upbit:market_list",
    ("upbit", "/v1/ticker/all"): "upbit:ticker_all",
    ("upbit", ""): "upbit:announcement",
    ("bithumb", "/v1/notices"): "bithumb:notices",
    ("bithumb", "/v1/market/all"): "bithumb:market_list",
    ("bithumb", "/public/ticker/ALL_KRW"): "bithumb:ticker_all",
    ("bithumb", "/public/assetsstatus/multichain/ALL"): "bithumb:assets",
}
GRACE_S = 120.0
TRADES_FOR_S = 60.0
START_S = 60.0  # of real time, for a daemon that starts while others use the machine


class Drive:
    """Does to the simulator what the plan says, when its clock says so."""

    def __init__(self, year: Year, simulator: Simulator, pair: Pair, speed: float, start_ms: int) -> None:
        self.year = year
        self.simulator = simulator
        self.pair = pair
        self._speed = speed
        self._start_ms = start_ms
        self._began = time.monotonic() - (simulator.now_ms() - start_ms) / 1_000 / speed
        self._tie = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._notices: dict[int, int] = {}
        for announced in year.announced:
            self._plan_listing(announced)
        for other in year.others:
            self._at(other.at_s, partial(self._post, other.exchange, other.title, "", other.category))
        for outage in year.outages:
            self._at(outage.from_s, partial(self._break, outage))
        for number, (down_s, up_s) in enumerate(year.restarts):
            self._at(down_s, pair.kill if number % 2 else partial(self._stop, pair))
            self._at(up_s, partial(pair.start, secrets=SECRETS))
        self._plan_returns()

    def now_s(self) -> float:
        return (time.monotonic() - self._began) * self._speed

    def run(self, until_s: float, tell: Callable[[str], None]) -> None:
        hour = 0
        while self._events and self._events[0][0] <= until_s:
            at_s, _, do = heapq.heappop(self._events)
            time.sleep(max(0.0, (at_s - self.now_s()) / self._speed))
            do()
            if self.now_s() > (hour + 1) * 3_600:
                hour = int(self.now_s() // 3_600)
                tell(f"{hour} h of 6: {len(self.pair.first_sights())} first sights; {self.now_s() - at_s:.0f} s late")
        time.sleep(max(0.0, (until_s - self.now_s()) / self._speed))

    def _at(self, at_s: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_s, next(self._tie), do))

    @staticmethod
    def _stop(pair: Pair) -> None:
        code = pair.stop(signal.SIGTERM)
        if code != 0:
            raise SystemExit(f"the daemon ended with {code}; see {pair.log}")

    def _notice(self, exchange: str, title: str, body: str, category: str | list[str]) -> int:
        told = self.simulator.post("/sim/notice", exchange=exchange, title=title, body=body, category=category)
        return int(told["notice_id"])

    def _post(self, exchange: str, title: str, body: str, category: str | list[str]) -> None:
        self._notice(exchange, title, body, category)

    def _edit(self, each: Announced, title: str, body: str) -> None:
        named = self._notices[id(each)]
        self.simulator.post("/sim/notice/edit", exchange=each.exchange, notice_id=named, title=title, body=body)

    def _plan_listing(self, each: Announced) -> None:
        self._at(each.at_s, partial(self._announce, each))
        body = self._body(each, each.opens_s)
        if each.cancelled_at_s is not None:
            self._at(each.cancelled_at_s, partial(self._cancel, each, body))
        elif each.postponed_at_s is not None and each.postponed_by_s is not None:
            self._at(each.postponed_at_s, partial(self._postpone, each, each.postponed_by_s))
        if each.edited_at_s is not None:
            self._at(each.edited_at_s, partial(self._edit, each, each.title + " ", body))
        if each.reposted_at_s is not None:
            self._at(
                each.reposted_at_s, partial(self._post, each.exchange, each.title, body, CATEGORIES[each.exchange])
            )

    def _announce(self, each: Announced) -> None:
        if each.title:
            body = self._body(each, each.opens_s)
            self._notices[id(each)] = self._notice(each.exchange, each.title, body, CATEGORIES[each.exchange])
        for coin in each.coins:
            self.simulator.post(
                "/sim/listing", exchange=each.exchange, base=coin.base, name=coin.name, quotes=list(each.quotes),
                announce_in_s=None, trading_in_s=max(1.0, each.opens_s - self.now_s()),
            )  # fmt: skip

        if each.cancelled_at_s is None:
            opens_s = each.opens_s + (each.postponed_by_s or 0.0)
            self._at(opens_s + TRADES_FOR_S, partial(self._leave, each))

    def _leave(self, each: Announced) -> None:
        """A listed coin goes again, so that a few trades a second remain; one that was late to open stays."""
        for code in (f"{quote}-{coin.base}" for coin in each.coins for quote in each.quotes):
            with suppress(AssertionError):
                self._market(each.exchange, code, "remove")

    def _cancel(self, each: Announced, body: str) -> None:
        self._edit(each, each.title + CANCELLED[each.exchange], body)
        for coin in each.coins:
            self.simulator.post("/sim/listing/edit", exchange=each.exchange, base=coin.base, cancel=True)

    def _postpone(self, each: Announced, by_s: float) -> None:
        self._edit(each, each.title + POSTPONED[each.exchange], self._body(each, each.opens_s + by_s))
        for coin in each.coins:
            self.simulator.post("/sim/listing/edit", exchange=each.exchange, base=coin.base, postpone_s=by_s)

    def _body(self, each: Announced, opens_s: float) -> str:
        at = datetime.fromtimestamp(self._start_ms / 1_000 + opens_s, UTC).astimezone(KST)
        return f"거래지원 마켓: {', '.join(each.quotes)}\n거래지원 개시 시점: {at:%Y-%m-%d %H:%M} KST"

    def _break(self, outage: Outage) -> None:
        target = CHANNELS[outage.service, outage.path]
        for_s = max(1.0, outage.to_s - self.now_s())
        self.simulator.post("/sim/fault", target=target, for_s=for_s, **FAULTS[outage.kind])

    def _plan_returns(self) -> None:
        """Coins of the simulator's own vanish for minutes, or change their name while their list can be read."""
        hidden = [(o.service, o.from_s, o.to_s) for o in self.year.outages if o.path == "/v1/market/all"]
        hidden += [(exchange, *span) for exchange in ("upbit", "bithumb") for span in self.year.restarts]
        for exchange in ("upbit", "bithumb"):
            listed = self.simulator.get(f"/{exchange}/v1/market/all")
            codes = [row["market"] for row in listed if row["market"].startswith("KRW-")]
            backs = [back for back in self.year.returns if back.exchange == exchange]
            for code, back in zip(codes[4:], backs, strict=False):
                change = partial(self._market, exchange, code)
                if back.new_name is None:
                    self._at(back.at_s, partial(change, "remove"))
                    self._at(back.back_s, partial(change, "add"))
                elif not any(on == exchange and a - 60 <= back.at_s <= b + 60 for on, a, b in hidden):
                    self._at(back.at_s, partial(change, "rename", f"KRW-{back.new_name.base}"))

    def _market(self, exchange: str, code: str, op: str, to: str | None = None) -> None:
        self.simulator.post("/sim/market", exchange=exchange, code=code, op=op, **({"to": to} if to else {}))


def verdict(due: set[str], planned: set[str], pair: Pair) -> list[str]:
    """What was wrong, in words: `due` must have been told, and nothing that was not `planned`."""
    told = [str(row["key"]) for row in pair.first_sights()]
    found = [f"missed: {key}" for key in sorted(due - set(told))]
    found += [f"false: {key}" for key in sorted(set(told) - planned)]
    found += [f"told {told.count(key)} times: {key}" for key in sorted(set(told)) if told.count(key) > 1]
    unread = pair.rows("SELECT text FROM alerts WHERE kind = 'news' AND level = 40")
    return found + [f"unread: {str(row['text'])[:200]}" for row in unread]


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@contextmanager
def quiet(folder: Path) -> Iterator[None]:
    """Sends to a file what the processes say of connections that were cut, which is the point of it all here."""
    kept = os.dup(2)
    with (folder / "stderr.log").open("wb") as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --year")
    parser.add_argument(
        "--speed", type=float, default=30.0, help="simulated seconds in a real one (default 30: 12 min)"
    )
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--hours", type=float, default=SPAN_S / 3_600, help="stop after so many of the six hours")
    asked = parser.parse_args()

    def tell(text: str) -> None:
        print(text, flush=True)

    words = ("--markets", "40", "--rate", "3", "--speed", str(asked.speed), "--seed", str(asked.seed))
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(quiet(Path(name)))
        simulator = stack.enter_context(closing(Simulator(*words)))
        pair = stack.enter_context(closing(Pair(Path(name), simulator)))
        rewrite(Path(name) / "config" / "radar.yaml", "channels:\n", PACES)
        rewrite(Path(name) / "config" / "features.yaml", "analysis: true", "analysis: false")
        pair.start(secrets=SECRETS)
        pair.until(lambda: (pair.health() or {}).get("status") == "green", "the daemon is green", START_S)
        start_ms = simulator.now_ms()
        drive = Drive(draw(asked.seed, start_ms), simulator, pair, asked.speed, start_ms)
        tell(f"{len(drive.year.keys)} listings, {len(drive.year.others)} other notices, at {asked.speed:g} × speed")
        until_s = min(SPAN_S, asked.hours * 3_600)
        drive.run(until_s, tell)
        pair.until(lambda: drive.now_s() > until_s + GRACE_S, "the last alerts", GRACE_S)
        due = {f"{e.exchange}:{coin.base}:1" for e in drive.year.announced for coin in e.coins if e.opens_s < until_s}
        wrong = verdict(due, drive.year.keys, pair)
        sights = pair.rows("SELECT first_seen_ms - published_ms AS ms FROM listings WHERE published_ms IS NOT NULL")
        half_ms = statistics.median(row["ms"] for row in sights)
        tell(f"{len(pair.first_sights())} first sights, {len(due)} due; half within {half_ms:,.0f} ms of publication")
        for each in wrong:
            tell(each)
        tell("none missed, none doubled, none false" if not wrong else f"{len(wrong)} wrong")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
