"""Which versions of which notices we hold, so that an edit is told apart from a repeat and from an old page. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from collectors.events import Exchange, Notice

Name = tuple[Exchange, str]


class Version(Struct, frozen=True):
    """The newest version of a notice that we hold.

    `mark` tells versions apart (title and time of the edit); `body` is the hash of its text, None while we have none.
    `edited_ms` is the exchange's time of this version, None where it did not say or a restart forgot it.
    """

    number: int
    mark: str
    body: str | None
    title: str
    edited_ms: int | None = None


class Stored(Protocol):
    """A version as its table holds it."""

    @property
    def exchange(self) -> Exchange: ...
    @property
    def notice_id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def mark(self) -> str: ...
    @property
    def body_hash(self) -> str | None: ...
    @property
    def title(self) -> str: ...


class NoticeVersions:
    """Memory of the newest versions. Ask `next`, and `keep` what was committed."""

    def __init__(self, rows: Iterable[Stored] = ()) -> None:
        self._newest = {
            (row.exchange, row.notice_id): Version(row.version, row.mark, row.body_hash, row.title) for row in rows
        }

    def known(self, notice: Notice) -> Version | None:
        return self._newest.get((notice.exchange, notice.notice_id))

    def next(self, notice: Notice) -> Version | None:
        """The version that this text would be; None where we hold it already, hold more of it, or hold a newer one."""
        known = self.known(notice)
        mark = _hash(f"{notice.edited_ms}\0{notice.title}")
        body = None if notice.body is None else _hash(notice.body)
        if known is None:
            return Version(1, mark, body, notice.title, notice.edited_ms)
        if _older(notice.edited_ms, known.edited_ms):
            return None
        if known.mark != mark:
            return Version(known.number + 1, mark, body, notice.title, notice.edited_ms)
        if body is None or body == known.body:
            return None
        return Version(known.number + (known.body is not None), mark, body, notice.title, notice.edited_ms)

    def keep(self, versions: Mapping[Name, Version]) -> None:
        self._newest |= versions


def _older(edited_ms: int | None, known_ms: int | None) -> bool:
    """An old page shows what we know to be overtaken."""
    return edited_ms is not None and known_ms is not None and edited_ms < known_ms


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
