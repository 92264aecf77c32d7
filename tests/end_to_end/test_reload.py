"""SIGHUP to a daemon that records: thresholds change, a mistake does not, and no second is lost."""

import signal
from pathlib import Path

import pytest

from tests.end_to_end.daemon import beside_a_simulator
from tests.fakes.station import compared


@pytest.mark.leaping
async def test_thresholds_change_and_a_mistake_does_not_without_a_lost_second(tmp_path: Path) -> None:
    async with beside_a_simulator(tmp_path) as daemon:
        radar = daemon.config / "radar.yaml"
        shipped = radar.read_text(encoding="utf-8")
        daemon.start()
        await daemon.until_recording()

        async def answered(text: str, words: str) -> None:
            radar.write_text(text, encoding="utf-8")
            daemon.send(signal.SIGHUP)
            await daemon.until_told(words)

        await answered(shipped.replace("margin_bps: 100", "margin_bps: lots"), "아무것도 바꾸지 않음: radar.yaml")
        await answered(shipped.replace("margin_bps: 100", "margin_bps: 130"), "gate.margin_bps: 100 → 130")
        assert any("복구됨 · 설정 오류" in each["text"] for each in await daemon.messages())
        said = daemon.log.read_text()
        assert "nothing was changed: radar.yaml: " in said
        assert "changed: radar.yaml: gate.margin_bps: 100 → 130" in said
        came_ms = daemon.now_ms()
        later = "SELECT 1 FROM candles_1s WHERE open_ms > ?"
        await daemon.until(lambda: daemon.rows(later, came_ms + 3_000), "it records on")
        assert await daemon.stop() == 0
        assert compared(daemon, daemon.simulator).wrong == []
    assert {row["cause"] for row in daemon.rows("SELECT cause FROM gaps")} <= {"start", "stop"}
