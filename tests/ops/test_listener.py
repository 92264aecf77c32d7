"""Health and metrics over real sockets: TCP with and without a token, and the daemon's own."""

import socket
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web

from config.check import exposed
from config.secrets import Secrets
from config.settings import Listen
from ops.listener import listening
from ops.radar_socket import ask, serving
from ops.vital_routes import routes
from ops.watching.footprint import footprint
from ops.watching.loop_lag import LoopLag
from ops.watching.readings import Readings
from tests.ops.watching.test_health import DOWN, LIMITS, NOW, heard, readings, writer

FREE = Listen(port=0)


def over(seen: Readings) -> list[web.RouteDef]:
    return routes(lambda: seen, LIMITS, LoopLag(), lambda: ["disk"])


async def fetched(url: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_a_healthy_daemon_is_alive_and_ready() -> None:
    async with listening(FREE, None, over(readings())) as url:
        assert await fetched(f"{url}/healthz") == (200, "ok\n")
        assert await fetched(f"{url}/readyz") == (200, '{"ready": true, "reasons": []}')


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feeds": {"upbit": heard(30_001)}}, "upbit is silent"),
        (
            {"feeds": {"upbit": msgspec.structs.replace(heard(0), last_message_ms=None)}},
            "nothing was received from upbit",
        ),
        ({"writer_fault": "SQLITE_FULL"}, "the writer cannot commit: SQLITE_FULL"),
        ({"writer": writer(last_commit_ms=None)}, "nothing was committed yet"),
    ],
)
async def test_what_does_not_receive_or_commit_is_alive_and_not_ready(changes: dict[str, object], reason: str) -> None:
    async with listening(FREE, None, over(readings(**changes))) as url:
        assert (await fetched(f"{url}/healthz"))[0] == 200
        status, said = await fetched(f"{url}/readyz")
    assert status == 503
    assert reason in said


async def test_metrics_are_in_the_format_of_prometheus_and_leave_out_what_is_unknown() -> None:
    seen = readings(channels={"upbit:notices": DOWN}, clock_offset_ms=None, disk_days_left=12.5)
    async with (
        listening(FREE, None, over(seen)) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/metrics") as answer,
    ):
        kind, text = answer.headers["Content-Type"], await answer.text()
    assert kind.startswith("text/plain; version=")
    lines = text.splitlines()
    assert 'radar_feed_connected{exchange="upbit"} 1.0' in lines
    assert 'radar_channel_up{channel="upbit:notices"} 0.0' in lines
    assert 'radar_channel_errors_total{channel="upbit:notices"} 9.0' in lines
    assert "radar_disk_days_left 12.5" in lines
    assert "radar_status 1.0" in lines
    (commit,) = (line for line in lines if line.startswith("radar_writer_last_commit_time_seconds "))
    assert float(commit.split()[1]) == NOW / 1000
    assert not [line for line in lines if line.startswith(("radar_clock_offset_seconds{", "radar_disk_free_ratio "))]
    samples = {line.partition(" ")[0].partition("{")[0] for line in lines if not line.startswith("#")}
    assert all(name.startswith("radar_") for name in samples)


async def test_a_token_is_asked_of_everyone_but_who_asks_whether_we_live() -> None:
    async with listening(FREE, "open sesame", over(readings())) as url:
        assert (await fetched(f"{url}/healthz"))[0] == 200
        assert (await fetched(f"{url}/metrics"))[0] == 401
        assert (await fetched(f"{url}/metrics", Authorization="Bearer open sesame!"))[0] == 401
        assert (await fetched(f"{url}/metrics", Authorization="Bearer open sesame"))[0] == 200


async def test_a_port_that_is_taken_costs_the_page_and_nothing_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with listening(Listen(port=taken.getsockname()[1]), None, over(readings())) as url:
            assert url is None
    async with listening(Listen(enabled=False), None, []) as url:
        assert url is None


async def test_the_daemons_own_socket_serves_the_same_and_the_questions_besides(tmp_path: Path) -> None:
    async def answer(_: object) -> object:
        return {"fine": True}

    path = tmp_path / "radar.sock"
    async with serving(path, {"doctor": answer}, over(readings())):
        assert await ask(path, "doctor", {}) == b'{"fine":true}'
        assert await ask(path, "healthz", {}) == b"ok\n"
    async with listening(FREE, None, over(readings())) as url:
        assert (await fetched(f"{url}/doctor"))[0] == 404


@pytest.mark.parametrize(
    ("listen", "secrets", "refused"),
    [
        (Listen(), Secrets(), False),
        (Listen(host="::1"), Secrets(), False),
        (Listen(host="localhost"), Secrets(), False),
        (Listen(host="0.0.0.0"), Secrets(), True),
        (Listen(host="192.168.0.7"), Secrets(), True),
        (Listen(host="0.0.0.0"), Secrets(web_token="x" * 16), False),
        (Listen(host="0.0.0.0"), Secrets(web_token="x" * 15), True),
        (Listen(host="0.0.0.0", enabled=False), Secrets(), False),
        (Listen(port=70_000), Secrets(), True),
    ],
)
def test_an_address_beyond_loopback_needs_a_token(listen: Listen, secrets: Secrets, refused: bool) -> None:
    assert (exposed(listen, secrets) is not None) is refused


async def test_what_this_process_takes_is_known() -> None:
    taken = footprint()
    assert (taken.resident_bytes or 0) > 1_000_000
    assert (taken.open_files or 0) >= 3
    assert taken.threads >= 1
    assert taken.tasks >= 1
    assert taken.cpu_s > 0.0
