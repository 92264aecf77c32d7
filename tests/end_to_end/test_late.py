"""What was published while the daemon was down: told by the next life, once, and as late as it is."""

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.daemon import beside_a_simulator
from tests.fakes.station import compared

DOWN_S = 91.0  # an alert says that it is late when a minute has passed since the publication
LATE = "늦음: 보고 있지 않던 동안 공지됨"
COINS = {"upbit": "ONGO", "bithumb": "TARU"}
CHANGED = "늦음: 보고 있지 않던 동안 바뀜"


@pytest.mark.leaping
async def test_what_was_published_while_it_was_down_is_told_late_and_once(tmp_path: Path) -> None:
    async with beside_a_simulator(tmp_path) as daemon:
        daemon.ask_three_venues()
        daemon.start()
        await daemon.until_recording()
        opens = {"announce_in_s": 0.0, "deposits_in_s": 90.0, "trading_in_s": 3_000.0}
        await daemon.simulator.post("/sim/listing", exchange="bithumb", base="MIRU", **opens)
        closed = "SELECT 1 FROM listings WHERE base = 'MIRU' AND deposit_closed_ms IS NOT NULL"
        await daemon.until(lambda: daemon.rows(closed), "the deposits of a listing are known to be closed")
        assert await daemon.stop() == 0
        for exchange, base in COINS.items():
            await daemon.simulator.post(
                "/sim/listing", exchange=exchange, base=base, announce_in_s=0.0, trading_in_s=3_000.0
            )
        await asyncio.sleep(DOWN_S)
        daemon.start()
        for base in COINS.values():
            await daemon.until_told(f"신규 상장 · {base} ")
        await daemon.until_told(CHANGED)
        await daemon.until_recording()
        waiting = "SELECT 1 FROM gaps WHERE state = 'open' AND to_ms IS NOT NULL"
        await daemon.until(lambda: not daemon.rows(waiting), "all that it missed is healed")
        sent = "SELECT 1 FROM deliveries WHERE op = 'send' AND state != 'sent'"
        await daemon.until(lambda: not daemon.rows(sent), "what is told is known to have arrived")
        assert await daemon.stop() == 0
        for base in COINS.values():
            (told,) = [each["text"] for each in await daemon.messages() if f"신규 상장 · {base} " in each["text"]]
            assert LATE in told
        (opened,) = [each["text"] for each in await daemon.messages() if CHANGED in each["text"]]
        assert "MIRU" in opened
        assert compared(daemon, daemon.simulator).wrong == []
    assert sorted(sight["key"] for sight in daemon.first_sights()) == [
        *("bithumb:MIRU:1", "bithumb:TARU:1", "upbit:ONGO:1")
    ]
