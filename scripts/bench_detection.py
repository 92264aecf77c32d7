"""How soon a listing is known and told, and what looking for it costs; see `scripts/bench --detection`.

Each subject is a process of its own, and so are the exchange's sockets and Telegram; a control that does the least
possible runs in the same run, so that a busy machine slows both. Missed targets are said as such.
"""

import argparse
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from scripts.bench_reaction import CONNECTIONS
from scripts.bench_run import ROOT, Row, show
from scripts.bench_sender import TEXT, Client, frame
from scripts.bench_year import CATEGORIES, SECRETS, quiet
from tests.end_to_end.pair import Pair, Simulator

KST = timezone(timedelta(hours=9))
RATE = 2_000  # messages a second beside the listings
WARM_S = 4.0  # from the first connection on, until everything is warm
APART_S = (0.1, 0.3)
# Between two notices; so a look a second is met at every phase equally often, and its median is no luck.
STEP_S = (1 + 5**0.5) / 4
ENOUGH = 0.99  # of the listings must have been told, or nothing can be said
PATIENCE_S = 30.0
BODY = """<p>안녕하세요. 새로운 디지털 자산의 거래지원을 안내드립니다.</p>
<table><tr><th>디지털 자산</th><td>별빛{n}(B{n})</td></tr><tr><th>거래지원 마켓</th><td>KRW, BTC, USDT</td></tr>
<tr><th>거래지원 네트워크</th><td>B{n} - Ethereum 네트워크</td></tr>
<tr><th>입출금 개시 시점</th><td>공지 게시 시점으로부터 3시간 이내</td></tr>
<tr><th>거래지원 개시 시점</th><td>{start:%Y-%m-%d %H:%M} KST 예정</td></tr></table>
<p>* 지원하는 네트워크를 꼭 확인해 주세요. 컨트랙트 주소: 0x{n:040x}</p>
<ul><li>매수 주문은 개시 후 약 5분간 제한됩니다.</li><li>최저 매도 가격은 개시 직전에 안내합니다.</li></ul>"""


class Announcer(Client):
    """Upbit's side of the announcement socket."""

    def _subscription(self) -> tuple[list[str], bool]:
        while True:
            for opcode, payload in self.frames():
                if opcode == TEXT and b"announcement" in payload:
                    return [], False
            self._receive()

    def say(self, n: int, now: datetime) -> None:
        stamp = now.isoformat(timespec="seconds")
        told = {
            "type": "announcement", "uuid": f"bench-{n}", "event_type": "CREATED", "category": "trade",
            "title": f"별빛{n}(B{n}) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)", "url": None,
            "body": BODY.format(n=n, start=now + timedelta(hours=3)), "first_listed_at": stamp, "listed_at": stamp,
        }  # fmt: skip
        self.socket.sendall(frame(json.dumps(told, ensure_ascii=False).encode(), TEXT))

    def alive(self) -> None:
        self.socket.sendall(frame(b'{"status":"UP"}', TEXT))


class Telling:
    """Reads what the Telegram process was told, in a thread, as it comes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.at: dict[int, float] = {}
        assert process.stdout is not None
        self._lines = process.stdout
        self.port = int(json.loads(self._lines.readline())["port"])
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._lines:
            told = json.loads(line)
            for number in re.findall(r"\(?\bB(\d+)\b", told["text"]):
                self.at.setdefault(int(number), told["at"])


@contextmanager
def process(*words: str | Path) -> "Iterator[subprocess.Popen[str]]":
    running = subprocess.Popen([sys.executable, "-m", *map(str, words)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)
        assert running.stdout is not None
        running.stdout.close()


def reactions(subject: str, folder: Path, listings: int, first: int) -> list[float]:
    """Milliseconds from the announcement's write to the arrival of the request at Telegram, of each listing."""
    seconds = WARM_S + listings * sum(APART_S) / 2 + 10.0
    with process("scripts.bench_sender") as sender, process("scripts.bench_pages") as pages:
        assert sender.stdout is not None
        load = int(json.loads(sender.stdout.readline())["port"])
        telling = Telling(pages)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(PATIENCE_S)
        urls = (
            f"ws://127.0.0.1:{load}/pace?rate={RATE}&s={seconds:.0f}&connections={CONNECTIONS}",
            f"ws://127.0.0.1:{listener.getsockname()[1]}/websocket/v1/private",
            f"http://127.0.0.1:{telling.port}",
        )
        with process("scripts.bench_reaction", subject, *urls, folder):
            accepted, _ = listener.accept()
            announcer = Announcer(accepted)
            announcer.alive()
            sender.stdout.readline()  # the load has begun
            time.sleep(WARM_S)
            sent: dict[int, float] = {}
            rng = random.Random(first)  # noqa: S311 - a bench wants the same times again
            for n in range(first, first + listings):
                announcer.answer()
                if n % 20 == 0:
                    announcer.alive()
                sent[n] = time.monotonic()
                announcer.say(n, datetime.now(UTC).astimezone(KST))
                time.sleep(rng.uniform(*APART_S))
            until = time.monotonic() + 5.0
            while len(telling.at) < listings and time.monotonic() < until:
                time.sleep(0.05)
        announcer.socket.close()  # now that nobody is left to complain of it
        listener.close()
        told = [(telling.at[n] - at) * 1e3 for n, at in sent.items() if n in telling.at]
        if len(told) < ENOUGH * listings:
            raise SystemExit(
                f"{subject} told only {len(told)} of {listings} listings; nothing can be said of its speed"
            )
        return told


def part(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def reaction(folder: Path, listings: int) -> Iterator[Row]:
    """Ours between two halves of the control, so that both meet the same machine."""
    before = reactions("control", folder, listings // 2, 1)
    ours = reactions("ours", folder, listings, 100_001)
    bare = before + reactions("control", folder, listings // 2, 200_001)
    name = f"listing to Telegram beside {RATE:,} messages/s"
    yield Row(f"{name}: p50", part(ours, 0.5), "ms", 5.0, at_most=True)
    yield Row(f"{name}: p99", part(ours, 0.99), "ms", 25.0, at_most=True)
    yield Row(f"{name}: p50 of the control", part(bare, 0.5), "ms")
    yield Row(f"{name}: p99 of the control", part(bare, 0.99), "ms")
    yield Row(f"{name}: p99 / control", part(ours, 0.99) / part(bare, 0.99), "×", 3.0, at_most=True)


def polls(looks: int) -> Iterator[Row]:
    """Ten looks a second; the bare loop that waits between them is taken off."""
    with process("scripts.bench_pages") as pages:
        telling = Telling(pages)
        done = subprocess.run(
            [sys.executable, "-m", "scripts.bench_polls", f"http://127.0.0.1:{telling.port}", str(looks)],
            capture_output=True, text=True, cwd=ROOT, timeout=300, check=True,
        )  # fmt: skip
    n: Mapping[str, float] = json.loads(done.stdout)
    for kind, words in (("etag", "304"), ("equal", "equal bytes")):
        yield Row(f"ten looks a second, {words}", max(0.0, n[kind] - n["idle"]), "% of a core", 0.3, at_most=True)
    yield Row(
        "ten looks a second at tickers of 700 markets, equal bytes", max(0.0, n["tickers"] - n["idle"]), "% of a core"
    )


def _is_up(pair: Pair, channel: str) -> bool:
    return ((pair.health() or {}).get("channels", {}).get(channel) or {}).get("state") == "up"


def delays(folder: Path, notices: int) -> Iterator[Row]:
    """From publication at the simulator to the sight in the daemon's table, at the default paces."""
    found: dict[str, list[float]] = {"upbit:announcement": [], "bithumb:notices": []}
    with ExitStack() as stack:
        stack.enter_context(quiet(folder))
        simulator = stack.enter_context(closing(Simulator("--markets", "60", "--rate", "20")))
        pair = stack.enter_context(closing(Pair(folder, simulator)))
        pair.start(secrets=SECRETS)
        pair.until(lambda: all(_is_up(pair, name) for name in found), "both channels are up", PATIENCE_S)
        published: dict[str, int] = {}
        for n in range(notices):
            exchange = ("upbit", "bithumb")[n % 2]
            title = f"별빛(B{n}) 신규 거래지원 안내 (KRW 마켓)" if exchange == "upbit" else f"별빛(B{n}) 원화 마켓 추가"
            told = simulator.post("/sim/notice", exchange=exchange, title=title, category=CATEGORIES[exchange])
            published[f"B{n}"] = int(told["published_ms"])
            time.sleep(STEP_S)
        rows = "SELECT 1 FROM listings WHERE base LIKE 'B%'"
        pair.until(lambda: len(pair.rows(rows)) >= notices, "all notices are seen", PATIENCE_S)
        seen = pair.rows("SELECT base, channel, seen_ms FROM sightings AS s JOIN listings AS l ON l.id = listing_id")
    for row in seen:
        if row["channel"] in found and row["base"] in published:
            found[row["channel"]].append(row["seen_ms"] - published[row["base"]])
    if any(len(each) < ENOUGH * notices / 2 for each in found.values()):
        raise SystemExit(f"only {[len(each) for each in found.values()]} of {notices} notices were seen")
    socket_ms, list_ms = found["upbit:announcement"], found["bithumb:notices"]
    yield Row("seen after publication, announcement socket: p50", part(socket_ms, 0.5), "ms")
    yield Row("seen after publication, announcement socket: p99", part(socket_ms, 0.99), "ms", 50.0, at_most=True)
    yield Row("seen after publication, Bithumb's notices: p50", part(list_ms, 0.5), "ms", 600.0, at_most=True)
    yield Row("seen after publication, Bithumb's notices: p99", part(list_ms, 0.99), "ms", 1_200.0, at_most=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --detection")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    parser.add_argument("--quick", action="store_true", help="fewer listings and looks")
    asked = parser.parse_args()
    listings, looks, notices = (60, 100, 60) if asked.quick else (300, 300, 200)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for section in (reaction(Path(name), listings), delays(Path(name), notices), polls(looks)):
            fresh = list(section)
            show(fresh)
            print(flush=True)
            rows += fresh
    if asked.json is not None:
        asked.json.write_text(
            json.dumps([{"name": r.name, "value": r.value, "unit": r.unit, "met": r.met} for r in rows], indent=2)
        )
    missed = sum(row.met is False for row in rows)
    print(f"{missed} of {sum(row.met is not None for row in rows)} targets missed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
