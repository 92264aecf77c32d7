"""SIGHUP to a daemon that records: thresholds change, a mistake does not, and no second is lost."""

import signal
from collections.abc import Callable

from tests.end_to_end.pair import Pair, small_world
from tests.end_to_end.truth import compare


def test_thresholds_change_and_a_mistake_does_not_without_a_lost_second(
    new_pair: Callable[..., Pair],
) -> None:
    pair = new_pair(*small_world(5.0, rate=60.0))
    radar = pair.data.parent / "config" / "radar.yaml"
    shipped = radar.read_text(encoding="utf-8")
    pair.start()
    pair.until_recording()

    def answered(text: str, words: str) -> None:
        radar.write_text(text, encoding="utf-8")
        pair.daemon.send_signal(signal.SIGHUP)
        pair.until(lambda: any(words in each["text"] for each in pair.simulator.messages()), f"it said {words}")

    answered(shipped.replace("margin_bps: 100", "margin_bps: lots"), "아무것도 바꾸지 않음: radar.yaml")
    answered(shipped.replace("margin_bps: 100", "margin_bps: 130"), "gate.margin_bps: 100 → 130")
    assert any("복구됨 · 설정 오류" in each["text"] for each in pair.simulator.messages())
    said = pair.log.read_text()
    assert "nothing was changed: radar.yaml: " in said
    assert "changed: radar.yaml: gate.margin_bps: 100 → 130" in said
    came_ms = pair.simulator.now_ms()
    pair.until(lambda: pair.rows("SELECT 1 FROM candles_1s WHERE open_ms > ?", came_ms + 3_000), "it records on")
    assert pair.stop() == 0
    assert {row["cause"] for row in pair.rows("SELECT cause FROM gaps")} <= {"start", "never_live", "stop", "unheard"}
    assert compare(pair).wrong == []
