"""What waits while the disk refuses for days stays within its bounds, and says everything that was missed."""

from pathlib import Path

import pytest

from collectors.events import GapCause
from collectors.recording.gap_changes import GapChanges
from collectors.recording.handover import HandOver
from config.settings import Writing
from store.tables import markets
from store.tables.quarantine import Refused
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, ETH, fold_from, rows, second

GAPS = "SELECT market_id, (from_ms - ?) / 1000, (to_ms - ?) / 1000, cause FROM gaps ORDER BY market_id, from_ms"


async def test_minutes_that_were_rolled_before_a_drop_could_be_said_count_their_coverage_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.recording.handover.WAITING_ROWS", 3)
    writer = DatabaseWriter.open(tmp_path / "radar.db", FakeClock(), Writing(batch_ms=1, inbox=1))
    writer.offer(lambda connection: None)  # not entered yet: full, and nothing is taken out
    fold = fold_from(START_MS - 60_000)
    out = HandOver(writer, fold)
    for at_s in range(8):
        out.add_seconds([second(at_s, market=BTC)], {BTC: 1})
    out.push()
    assert out.dropped == 5
    assert fold.take("upbit", START_MS + 60_000).recount == ()
    with writer:
        await writer.run(lambda connection: markets.intern(connection, [BTC], START_MS))
        while out.waits:
            out.push()
            await writer.run(lambda connection: None)
    assert fold.take("upbit", START_MS + 120_000).recount == ((None, START_MS, START_MS + 5_000),)


async def test_days_of_lost_connections_wait_as_a_few_gaps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.recording.handover.WAITING_CHANGES", 20)
    monkeypatch.setattr("collectors.recording.handover.WAITING_SAMPLES", 5)
    path = tmp_path / "radar.db"
    writer = DatabaseWriter.open(path, FakeClock(), Writing(batch_ms=1, inbox=1))
    writer.offer(lambda connection: None)  # not entered yet: full, and nothing is taken out
    out = HandOver(writer, fold_from(START_MS))
    ids = {BTC: 1, ETH: 2}
    most = 0
    for at_s in range(0, 1_000, 10):
        at_ms = START_MS + at_s * 1_000
        out.add_changes(GapChanges(tuple(("upbit", each, at_ms, GapCause.DISCONNECT) for each in ids.values())))
        out.add_seconds([second(at_s + 1, market=BTC)], ids)
        out.add_changes(GapChanges(closed=(("upbit", 1, at_ms + 1_000), ("upbit", 2, at_ms + 2_000))))
        out.add_changes(GapChanges(added=(("upbit", None, at_ms, at_ms + 1_000, GapCause.QUARANTINED),)))
        out.add_samples([Refused(at_ms, "upbit", "price", str(at_s))])
        out.push()
        most = max(most, out.rows)
    assert most < 100 + 20 + 5 + 10  # the seconds, and both bounds
    assert out.settled_before(START_MS + 2_000_000) <= START_MS
    with writer:
        await writer.run(lambda connection: markets.intern(connection, [BTC, ETH], START_MS))
        while out.waits:
            out.push()
            await writer.run(lambda connection: None)
    assert rows(path, "SELECT COUNT(*) FROM candles_1s") == [(100,)]
    assert rows(path, "SELECT COUNT(*), MAX(sample) FROM quarantine") == [(5, "990")]
    missed = rows(path, GAPS, START_MS, START_MS)
    assert len(missed) < 20
    for market, past_s in ((None, 991), (1, 991), (2, 992)):
        spans = [(int(str(begin)), int(str(end))) for each, begin, end, _ in missed if each == market]
        told = {at_s for begin, end in spans for at_s in range(begin, end)}
        assert told >= set(range(0, 1_000, 10))
        assert max(told) == past_s - 1
