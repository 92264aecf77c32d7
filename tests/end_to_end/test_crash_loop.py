"""A daemon that a bug ends with its first frame, again and again."""

from pathlib import Path

import pytest

from collectors.feeds.connection import Connection
from tests.end_to_end.daemon import beside_a_simulator


class Bug(Exception):
    pass


def _broken(*_: object) -> None:
    raise Bug


@pytest.mark.leaping
async def test_a_daemon_that_dies_of_its_first_frame_each_time_tells_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "_take_together", _broken)
    async with beside_a_simulator(tmp_path) as daemon:
        for _ in range(3):
            daemon.start()
            with pytest.raises(ExceptionGroup):
                await daemon.ended()
        (told,) = [each["text"] for each in await daemon.messages()]
    assert "비정상 종료 후 다시 시작함" in told
