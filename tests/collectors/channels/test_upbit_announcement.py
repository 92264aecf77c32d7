"""Upbit's announcement socket as a channel: proven, kept alive, reconnected for ever, troubles told with a remedy."""

import itertools
import json
import logging
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import pytest

from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.events import Notice
from collectors.exchanges.upbit_key import UpbitKey
from collectors.net.limits import Limits
from collectors.net.socket import ConnectRefused
from ops.process.lifetimes import running
from tests.fakes.clock import FakeClock
from tests.fakes.exchange import FakeExchange, drop, error_frame, garbage, refuse, send, stall, wait

KEY = UpbitKey("MY-ACCESS-KEY", "MY-SECRET-KEY")
NEWS = json.dumps(
    {"type": "announcement", "uuid": "77", "category": "trade", "title": "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)"}
    | {"first_listed_at": "2027-01-15T17:00:00+09:00", "listed_at": "2027-01-15T17:00:00+09:00", "body": "b"},
    ensure_ascii=False,
).encode()


class Ear:
    """Writes down what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.notices: list[Notice] = []
        self.signs_of_life = 0

    async def connected(self) -> None:
        self.told.append("connected")

    def alive(self) -> None:
        self.signs_of_life += 1

    async def noticed(self, notice: Notice) -> None:
        self.told.append("noticed")
        self.notices.append(notice)

    def missed(self, why: str) -> None:
        self.told.append("missed")

    def lost(self, why: str) -> None:
        self.told.append(f"lost: {why}")


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.ear = Ear()
        nonces = (f"nonce-{n}" for n in itertools.count())
        limits = Limits({"upbit": {"connect": 5}})
        self.channel = UpbitAnnouncement(
            "wss://upbit/private",
            KEY,
            self.exchange.connect,
            self.clock,
            limits,
            60.0,
            lambda: next(nonces),
            lambda: 0.0,
        )

    def listening(self) -> AbstractAsyncContextManager[None]:
        return running(self.channel.listen(self.ear))


@pytest.fixture
def scene() -> Iterator[Scene]:
    yield Scene()


async def test_it_is_connected_once_something_answers_what_was_sent_after_the_subscription(scene: Scene) -> None:
    scene.exchange.script(wait(3), send(NEWS))
    async with scene.listening():
        await scene.clock.advance(1)
        assert scene.ear.told == ["connected"]
        await scene.clock.advance(3)
    asked = json.loads(scene.exchange.connections[0].sent[0])
    assert asked[1]["categories"] == ["trade", "wallet", "digital_asset", "notice"]
    assert scene.exchange.connections[0].headers["Authorization"].startswith("Bearer ")
    assert "Origin" not in scene.exchange.connections[0].headers
    assert [notice.notice_id for notice in scene.ear.notices] == ["77"]


async def test_fault_05_a_quiet_socket_is_kept_open_and_taken_for_healthy(scene: Scene) -> None:
    async with scene.listening():
        await scene.clock.advance(600)
    connection = scene.exchange.connections[0]
    assert scene.ear.told == ["connected"]
    assert len(scene.exchange.connections) == 1
    assert connection.sent.count("PING") >= 20
    assert scene.ear.signs_of_life >= 20


async def test_a_socket_that_does_not_answer_ping_is_replaced(scene: Scene) -> None:
    scene.exchange.script(wait(5), stall())
    async with scene.listening():
        await scene.clock.advance(45)
    assert scene.ear.told == ["connected", "lost: no answer to PING within 10 s", "connected"]


async def test_each_connection_carries_a_token_of_its_own(scene: Scene) -> None:
    scene.exchange.script(drop())
    async with scene.listening():
        await scene.clock.advance(5)
    first, second = (each.headers["Authorization"] for each in scene.exchange.connections)
    assert first != second


async def test_it_reconnects_for_ever_ever_more_patiently_up_to_half_a_minute(scene: Scene) -> None:
    for _ in range(40):
        scene.exchange.script(refuse(503))
    async with scene.listening():
        await scene.clock.advance(1_800)
    at = scene.exchange.attempts_at
    pauses = [later - earlier for earlier, later in itertools.pairwise(at[:40])]
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(pauses) == 30.0
    assert scene.ear.told[-1] == "connected"


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("no_authorization_ip", "address is not on the key's list"),
        ("expired_access_key", "expired"),
        ("invalid_access_key", "UPBIT_ACCESS_KEY"),
        ("jwt_verification", "UPBIT_SECRET_KEY"),
    ],
)
async def test_a_refused_key_is_named_with_its_remedy_and_tried_once_a_minute(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
) -> None:
    attempts = []

    async def refusing(*_: object) -> None:
        attempts.append(scene.clock.monotonic())
        raise ConnectRefused(401, None, error_frame(name, "…"))

    scene.channel._connect = refusing  # type: ignore[assignment]  # the host's answer, without a host
    async with scene.listening():
        await scene.clock.advance(130)
    assert attempts == [0.0, 60.0, 120.0]
    assert scene.ear.told[0].startswith(f"lost: {name}: ")
    assert remedy in scene.ear.told[0]


async def test_an_unknown_category_costs_the_other_news_and_not_the_listings(scene: Scene) -> None:
    scene.exchange.script(send(error_frame("INVALID_PARAM", "unknown category")), wait(5), send(NEWS))
    async with scene.listening():
        await scene.clock.advance(10)
    asked = [json.loads(text)[1]["categories"] for text in scene.exchange.connections[0].sent if text != "PING"]
    assert asked == [["trade", "wallet", "digital_asset", "notice"], ["trade"]]
    assert scene.ear.told[-1] == "noticed"


async def test_a_key_refused_in_a_frame_ends_the_connection_with_the_remedy(scene: Scene) -> None:
    scene.exchange.script(send(error_frame("INVALID_AUTH", "인증 정보가 올바르지 않습니다.")))
    async with scene.listening():
        await scene.clock.advance(1)
    assert scene.ear.told[-1].startswith("lost: INVALID_AUTH: Upbit refuses the key")


async def test_a_frame_that_cannot_be_read_may_have_been_a_notice(scene: Scene) -> None:
    scene.exchange.script(garbage(), wait(1), send(NEWS))
    async with scene.listening():
        await scene.clock.advance(5)
    assert "missed" in scene.ear.told
    assert scene.ear.told[-1] == "noticed"
    assert len(scene.exchange.connections) == 1


async def test_neither_half_of_the_key_is_in_any_text_that_it_makes(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    scene.exchange.script(refuse(401))
    scene.exchange.script(garbage(), drop(1008, "policy"))
    async with scene.listening():
        await scene.clock.advance(120)
    texts = " ".join([*scene.ear.told, caplog.text, repr(scene.channel), str(vars(scene.channel)["_key"])])
    assert "MY-ACCESS-KEY" not in texts
    assert "MY-SECRET-KEY" not in texts
