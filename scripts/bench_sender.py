"""The load of the benchmarks: a WebSocket server that speaks Upbit's frames faster than any client reads them.

`python -m scripts.bench_sender`: prints its port, then a JSON line for each blast or pace it has begun, with the `run`
that its path names. The path says what to send once a client has subscribed:

    /blast?n=100000&books=2     n trades as fast as the socket takes them, with `books` order books after each trade
    /pace?rate=2000&s=10        so many trades a second for s seconds, one by one, over all connections of that path

Frames are encoded beforehand; only time stamps and ids are written into them, a thousand frames at a time. These are
real, so that a client may check them. First each code gets its snapshot, then only one more trade comes on each
connection for SETTLE_S, until a client counts what it asked for. At the end the connection is closed. Only the standard
library: it must be faster than what it measures.
"""

import base64
import hashlib
import json
import re
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SETTLE_S = 1.8  # a market counts a second and a half after its snapshot; half of this is too short for a hole
CHUNK = 1_000  # frames that share one stamp
STAMP = b"1700000000000"  # stands where the time goes, 13 digits as the real one
LEVELS = 15
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

SHORT_TRADE = (
    '{"ty":"trade","cd":"%s","tms":%s,"td":"2026-11-20","ttm":"07:04:03","ttms":%s,"tp":%d.0,"tv":0.0127%04d,'
    '"ab":"%s","pcp":91424000.0,"c":"FALL","cp":63000.0,"sid":%s%04d,"bap":91370000,"bas":0.0070459,'
    '"bbp":91361000,"bbs":0.00196362,"st":"%s"}'
)
LONG_TRADE = (
    '{"type":"trade","code":"%s","timestamp":%s,"trade_date":"2026-11-20","trade_time":"07:04:03",'
    '"trade_timestamp":%s,"trade_price":%d.0,"trade_volume":0.0127%04d,"ask_bid":"%s",'
    '"prev_closing_price":91424000.0,"change":"FALL","change_price":63000.0,"sequential_id":%s%04d,'
    '"best_ask_price":91370000,"best_ask_size":0.0070459,"best_bid_price":91361000,"best_bid_size":0.00196362,'
    '"stream_type":"%s"}'
)


def frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One unmasked frame, as servers send them."""
    length = len(payload)
    head = bytes([0x80 | opcode, length]) if length < 126 else bytes([0x80 | opcode, 126]) + struct.pack(">H", length)
    return head + payload


def trade(code: str, index: int, short: bool, kind: str = "REALTIME") -> bytes:
    stamp = STAMP.decode()
    side = "ASK" if index % 2 else "BID"
    values = (code, stamp, stamp, 91_361_000 + index % 7 * 1_000, index % 10_000, side, stamp, index % 10_000, kind)
    return frame(((SHORT_TRADE if short else LONG_TRADE) % values).encode())


def book(code: str, index: int) -> bytes:
    """An order book of 15 levels in short keys."""
    units = ",".join(
        f'{{"ap":{91_370_000 + away},"bp":{91_361_000 - away},"as":0.01{index % 90 + 10},"bs":0.02{away}}}'
        for away in range(1_000, 1_000 * (LEVELS + 1), 1_000)
    )
    text = (
        f'{{"ty":"orderbook","cd":"{code}","tms":{STAMP.decode()},"tas":3.31,"tbs":1.73,"obu":[{units}],'
        '"st":"REALTIME","lv":0}'
    )
    return frame(text.encode())


def stamped(template: bytes, now_ms: int) -> bytes:
    return template.replace(STAMP, b"%d" % now_ms)


class Client:
    """One connection, after its handshake."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._received = b""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = self._read_until(b"\r\n\r\n")
        target = urlsplit(head.split(b" ", 2)[1].decode())
        self.path = target.path
        self.query = {name: float(values[0]) for name, values in parse_qs(target.query).items()}
        found = re.search(rb"sec-websocket-key:\s*(\S+)", head, re.IGNORECASE)
        assert found is not None
        accept = base64.b64encode(hashlib.sha1(found[1] + GUID, usedforsecurity=False).digest())
        self.socket.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.codes, self.short = self._subscription()

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._received:
            self._receive()
        head, self._received = self._received.split(end, 1)
        return head

    def _subscription(self) -> tuple[list[str], bool]:
        """The codes of the trades that are asked for, and whether in short keys."""
        while True:
            for opcode, payload in self.frames():
                if opcode in (TEXT, BINARY) and b"codes" in payload:
                    parts = json.loads(payload)
                    codes = [code for part in parts if part.get("type") == "trade" for code in part["codes"]]
                    return codes, any(part.get("format") == "SIMPLE" for part in parts)
            self._receive()

    def _receive(self) -> None:
        heard = self.socket.recv(65_536)
        if not heard:
            raise ConnectionResetError("it closed")
        self._received += heard

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The whole frames among what was received, unmasked."""
        while len(self._received) >= 6:
            opcode, length, at = self._received[0] & 15, self._received[1] & 127, 2
            if length == 126:
                length, at = struct.unpack(">H", self._received[2:4])[0], 4
            if len(self._received) < at + 4 + length:
                return
            mask, body = self._received[at : at + 4], self._received[at + 4 : at + 4 + length]
            self._received = self._received[at + 4 + length :]
            yield opcode, bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))

    def answer(self) -> None:
        """Answer the pings that came meanwhile, so that keep-alives stay content."""
        while select.select([self.socket], [], [], 0)[0]:
            self._receive()
            for opcode, payload in self.frames():
                if opcode == PING:
                    self.socket.sendall(frame(payload, PONG))

    def snapshots(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        self.socket.sendall(
            b"".join(
                stamped(trade(code, 9_000 + i, self.short, "SNAPSHOT"), now_ms) for i, code in enumerate(self.codes)
            )
        )

    def beat(self) -> None:
        """A trade like any other."""
        now_ms = time.time_ns() // 1_000_000
        self.socket.sendall(stamped(trade(self.codes[0], 8_000, self.short), now_ms))

    def rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            select.select([self.socket], [], [], left)
            self.answer()

    def close(self) -> None:
        self.socket.sendall(frame(struct.pack(">H", 1000), CLOSE))
        self.socket.shutdown(socket.SHUT_WR)  # the client sees the end at once, not after its own close timeout
        self.socket.settimeout(2)
        try:
            while self.socket.recv(65_536):
                pass
        except OSError:
            pass  # it is gone, which is what we want
        self.socket.close()


def tell(**what: float) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def settle(clients: Sequence[Client]) -> None:
    """Snapshots, and time until they count; a trade half-way shows that the line is no hole."""
    for client in clients:
        client.snapshots()
    for client in clients:
        client.rest(SETTLE_S / 2 / len(clients))
    for client in clients:
        client.beat()
    for client in clients:
        client.rest(SETTLE_S / 2 / len(clients))


def blast(client: Client) -> None:
    """All at once. `began` is on the monotonic clock, which the processes of a machine share."""
    trades, books = int(client.query["n"]), int(client.query.get("books", 0))
    parts = []
    for index in range(CHUNK):
        code = client.codes[index % len(client.codes)]
        parts.append(trade(code, index, client.short))
        parts.extend(book(code, index) for _ in range(books))
    template = b"".join(parts)
    settle([client])
    tell(run=client.query.get("run", 0), began=time.monotonic())
    stamp_ms = 0
    for _ in range(trades // CHUNK):
        stamp_ms = max(stamp_ms + 1, time.time_ns() // 1_000_000)
        client.socket.sendall(stamped(template, stamp_ms))
        client.answer()
    client.close()


def pace(clients: Sequence[Client]) -> None:
    """Trade after trade over all markets of all connections, each in a frame and a packet of its own."""
    rate, seconds = clients[0].query["rate"], clients[0].query["s"]
    turns = [
        (client, trade(code, index, client.short)) for client in clients for index, code in enumerate(client.codes)
    ]
    turns = [turns[i * 271 % len(turns)] for i in range(len(turns))]  # another market, often another connection
    settle(clients)
    began = time.monotonic()
    tell(run=clients[0].query.get("run", 0), began=began)
    sent, stamp_ms = 0, 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * rate)
        while sent < due:
            client, template = turns[sent % len(turns)]
            stamp_ms = max(stamp_ms + (sent % len(turns) == 0), time.time_ns() // 1_000_000)
            client.socket.sendall(stamped(template, stamp_ms))
            sent += 1
        time.sleep(0.000_4)
        if sent % 100 == 0:
            for client in clients:
                client.answer()
    for client in clients:
        client.close()


def main() -> None:
    """Serve for ever; `/pace?connections=5` waits for that many before it begins."""
    server = socket.create_server(("127.0.0.1", 0), backlog=50)
    tell(port=server.getsockname()[1])
    pacing: list[Client] = []
    while True:
        connection, _ = server.accept()
        try:
            client = Client(connection)
            if client.path == "/blast":
                blast(client)
                continue
            pacing.append(client)
            if len(pacing) >= client.query.get("connections", 1):
                begun, pacing = pacing, []
                pace(begun)
        except ConnectionError:  # it has all it wanted, or came back only to leave
            pacing = []


if __name__ == "__main__":
    main()
