"""Pages that do not change, and a Telegram that takes everything: what the benchmarks of detection talk to.

`python -m scripts.bench_pages`: prints `{"port": …}`; for each message sent to Telegram a JSON line with `at`, on the
monotonic clock, which the processes of a machine share, and its `text`. `/etag` before a path answers 304 to whoever
knows the page. Only the standard library, so that it costs little beside what it serves.
"""

import json
import socket
import sys
import threading
import time
from urllib.parse import parse_qs

MARKETS = 700
ETAG = '"a-page"'


def bodies() -> dict[str, bytes]:
    """The answers, by the end of the path, about as long as the real ones."""
    event = {"warning": False, "caution": dict.fromkeys(("PRICE", "VOLUME", "DEPOSIT", "GLOBAL", "ACCOUNTS"), False)}
    rows = [
        {"market": f"KRW-C{n}", "korean_name": f"코인{n}", "english_name": f"Coin {n}", "market_event": event}
        for n in range(MARKETS)
    ]
    bithumb = [
        {"categories": ["안내"], "title": f"이용 안내 {n}", "pc_url": f"https://feed.bithumb.com/notice/17{n:05}",
         "published_at": "2026-11-20 12:00:00", "modified_at": "2026-11-20 12:00:00"}
        for n in range(20)
    ]  # fmt: skip
    upbit = [
        {"id": n, "uuid": str(n), "title": f"이용 안내 {n}", "category": "안내",
         "listed_at": "2026-11-20T12:00:00+09:00", "first_listed_at": "2026-11-20T12:00:00+09:00"}
        for n in range(1, 21)
    ]  # fmt: skip
    wallets = [
        {"currency": f"C{n}", "net_type": f"C{n}", "deposit_status": 1, "withdrawal_status": 1} for n in range(450)
    ]
    tickers = [{"market": f"KRW-C{n}", "trade_price": 1_000.5 + n, "timestamp": 1_795_000_000_000} for n in range(250)]
    old = {f"C{n}": {"closing_price": str(n), "units_traded": "12.34", "fluctate_rate_24H": "0.1"} for n in range(450)}
    pages = {
        "/v1/market/all": rows,
        "/v1/notices": bithumb,
        "/api/v1/announcements": {"success": True, "data": {"notices": upbit, "fixed_notices": []}},
        "/public/assetsstatus/multichain/ALL": {"status": "0000", "data": wallets},
        "/v1/ticker/all": tickers,
        "/public/ticker/ALL_KRW": {"status": "0000", "data": {**old, "date": "1795000000000"}},
    }
    return {path: json.dumps(page, ensure_ascii=False).encode() for path, page in pages.items()}


class Server:
    def __init__(self) -> None:
        self._bodies = bodies()
        self._sent = 0

    def serve(self, connection: socket.socket) -> None:
        """One connection, kept alive."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        while True:
            while b"\r\n\r\n" not in received:
                heard = connection.recv(65_536)
                if not heard:
                    return
                received += heard
            at = time.monotonic()  # a request has reached us, whatever it is about
            head, received = received.split(b"\r\n\r\n", 1)
            fields = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
            }
            length = int(fields.get(b"content-length", 0))
            while len(received) < length:
                received += connection.recv(65_536)
            body, received = received[:length], received[length:]
            path = head.split(b" ", 2)[1].decode().partition("?")[0]
            connection.sendall(self._answer(path, fields, body, at))

    def _answer(self, path: str, fields: dict[bytes, bytes], body: bytes, at: float) -> bytes:
        if path.endswith(("/sendMessage", "/editMessageText")):
            return reply(self._take(body, at))
        known = path.startswith("/etag")
        if known and fields.get(b"if-none-match") == ETAG.encode():
            return b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n"
        page = next((page for end, page in self._bodies.items() if path.endswith(end)), None)
        return (
            reply(page, f"ETag: {ETAG}\r\n" if known else "")
            if page
            else b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        )

    def _take(self, body: bytes, at: float) -> bytes:
        self._sent += 1
        text = parse_qs(body.decode()).get("text", [""])[0]
        sys.stdout.write(json.dumps({"at": at, "text": text[:300]}) + "\n")
        sys.stdout.flush()
        chat = {"id": 1, "type": "private"}
        message = {"message_id": self._sent, "date": 1_795_000_000, "chat": chat, "text": "told"}
        return json.dumps({"ok": True, "result": message}).encode()


def reply(page: bytes, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{more}Content-Length: {len(page)}\r\n\r\n"
    return head.encode() + page


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)
    sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    server = Server()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
