"""What a socket can say besides trades and books, and the one error of every codec.

BadFrame (ValueError)   a frame that breaks the contract; the connection lives on, the frame is counted and sampled
"""

import re

from msgspec import Struct

from collectors.events import Exchange, OrderBook, Trade

SAMPLE_BYTES = 500

_BYTE_OFFSET = re.compile(r" \(byte (\d+)\)")


class StatusUp(Struct, frozen=True):
    """The exchange's answer to a text PING; it proves the connection, not the subscription."""


class FeedError(Struct, frozen=True):
    """The exchange refused a request: `name` is its own word (`WRONG_FORMAT`, `NO_CODES`, `INVALID_PARAM`, …)."""

    name: str
    message: str


class Subscriptions(Struct, frozen=True):
    """The answer to LIST_SUBSCRIPTIONS: the codes that the exchange says it sends, by type (`trade`, …)."""

    codes: dict[str, tuple[str, ...]]
    ticket: str


Event = Trade | OrderBook | StatusUp | FeedError | Subscriptions | None


class BadFrame(ValueError):
    """A frame that is not what the exchange documents.

    `reason` names the field or the breach and repeats itself for the same fault, so it can be counted by. `frame` is
    cut to 500 bytes. `line` and `column` (from 1) point into a frame that is not JSON, else they are None.
    """

    def __init__(self, exchange: Exchange, reason: str, frame: bytes) -> None:
        self.exchange = exchange
        self.line: int | None = None
        self.column: int | None = None
        if offset := _BYTE_OFFSET.search(reason):
            self._point_at(frame, int(offset[1]))
            reason = _BYTE_OFFSET.sub("", reason)
        elif reason == "Input data was truncated":
            self._point_at(frame, len(frame))
        self.reason = reason
        self.frame = bytes(frame[:SAMPLE_BYTES])
        where = "" if self.line is None else f" at line {self.line} column {self.column}"
        super().__init__(f"{exchange}: {reason}{where}")

    def _point_at(self, frame: bytes, offset: int) -> None:
        self.line = frame.count(b"\n", 0, offset) + 1
        self.column = offset - frame.rfind(b"\n", 0, offset)
