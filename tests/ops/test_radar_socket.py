"""A command asks the running daemon, and learns when there is none."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ops.radar_socket import BadQuestion, ask, serving


async def echo(query: Mapping[str, str]) -> object:
    if "symbol" not in query:
        raise BadQuestion("a symbol is expected")
    return {"asked": query["symbol"]}


async def test_a_question_is_answered_while_the_daemon_runs_and_not_after(tmp_path: Path) -> None:
    path = tmp_path / "radar.sock"
    async with serving(path, {"analyze": echo}):
        assert await ask(path, "analyze", {"symbol": "XRP"}) == b'{"asked":"XRP"}'
        with pytest.raises(BadQuestion, match="a symbol is expected"):
            await ask(path, "analyze", {})
    assert await ask(path, "analyze", {"symbol": "XRP"}) is None


async def test_a_socket_left_by_a_killed_daemon_is_nobody_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "radar.sock"
    path.touch()
    assert await ask(path, "analyze", {"symbol": "XRP"}) is None
    async with serving(path, {"analyze": echo}):
        assert await ask(path, "analyze", {"symbol": "XRP"}) == b'{"asked":"XRP"}'
