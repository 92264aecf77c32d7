"""What a new process reads of the verdicts that an earlier one told."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from alerts.verdict_desk import VerdictDesk
from analysis.gate import decide
from analysis.gate_rules import Previous
from analysis.ringing import Quiet, Ring, Rung
from analysis.verdict import Outcome
from collectors.events import Channel, Listing, ListingState
from store.tables.decisions import remembered
from tests.fakes.evidence import NOW, evidence, korean, settings
from tests.fakes.outbox import CHAT, GROUP, lifeline, open_database

T = TypeVar("T")
GO = decide(evidence(), settings())
NO_GO = decide(evidence(korean=korean(book=None)), settings())


class DirectWriter:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False) -> T:
        del urgent
        return work(self._connection)


async def test_the_last_ring_and_the_last_verdict_of_a_listing_are_remembered(tmp_path: Path) -> None:
    connection = open_database(tmp_path)
    desk = VerdictDesk(lifeline(DirectWriter(connection)), (CHAT, GROUP), "en", lambda _: None)
    nova = Listing("upbit", "NOVA", 1, ("KRW",), ListingState.TRADING, NOW, Channel.UPBIT_NOTICES, listing_id=7)
    other = msgspec.structs.replace(nova, base="OTHER", listing_id=8)
    assert remembered(connection, nova.key, 7) == (Rung(), None)

    await desk.take(nova, NO_GO, Quiet("not_loud"))
    assert remembered(connection, nova.key, 7) == (Rung(), Previous(Outcome.NO_GO, NOW))

    await desk.take(nova, msgspec.structs.replace(GO, made_ms=NOW + 2_000), Ring("first", None))
    await desk.take(nova, msgspec.structs.replace(GO, made_ms=NOW + 4_000), Quiet("unchanged"))
    await desk.take(other, msgspec.structs.replace(NO_GO, made_ms=NOW + 5_000), Ring("withdrawn", Outcome.GO))
    assert remembered(connection, nova.key, 7) == (Rung(Outcome.GO, NOW + 2_000), Previous(Outcome.GO, NOW + 4_000))

    await desk.take(nova, msgspec.structs.replace(NO_GO, made_ms=NOW + 6_000), Ring("withdrawn", Outcome.GO))
    assert remembered(connection, nova.key, 7)[0] == Rung(Outcome.NO_GO, NOW + 6_000)

    await desk.keep(nova, msgspec.structs.replace(GO, made_ms=NOW + 7_000))
    assert remembered(connection, nova.key, 7) == (Rung(Outcome.NO_GO, NOW + 6_000), Previous(Outcome.GO, NOW + 7_000))
    connection.close()
