"""Logs on stdout, a line an event, as text or JSON, in UTC; a secret's value never leaves through them."""

import json
import logging
import re
import sys
import time
from typing import Literal

from config.redaction import Redactor

# Letters that could move a terminal's cursor: exchange text is somebody else's.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class _Redacting(logging.Formatter):
    """Formats, then blanks out every secret, wherever in message or traceback it stands."""

    converter = staticmethod(time.gmtime)

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
        self._redact = redact

    def clean(self, text: str) -> str:
        return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", self._redact(text))

    def format(self, record: logging.LogRecord) -> str:
        """One event; further lines are indented, so that no text can pass for an event of its own."""
        return self.clean(super().format(record)).replace("\n", "\n    ")


class _Json(_Redacting):
    """The same event as one JSON object; a traceback becomes a field, so a line stays a line."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "at": f"{self.formatTime(record, self.datefmt)}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean(record.getMessage()),
        }
        if record.exc_info:
            event["traceback"] = self.clean(self.formatException(record.exc_info))
        return json.dumps(event, ensure_ascii=False)


def set_up(style: Literal["text", "json"], level: str, redact: Redactor) -> None:
    """Send everything at `level` and above to stdout; what libraries chat about only from warnings up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter((_Json if style == "json" else _Redacting)(redact))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("aiohttp", "aiosqlite", "asyncio", "httpx", "telegram", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
