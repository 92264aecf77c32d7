"""Upbit's private socket: who may come in, and what is announced."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.fakes.korea import Korea, korea, token

PRIVATE = "/upbit/websocket/v1/private"


@pytest.fixture
async def sim() -> AsyncIterator[Korea]:
    async with korea(markets=4, rate=5.0) as running:
        yield running


def publish(sim: Korea, title: str, category: str = "거래") -> int:
    board = sim.world.bulletin("upbit")
    return board.publish(board.reserve(), title, "본문", (category,), sim.clock.now_ms()).notice_id


@pytest.mark.parametrize(
    ("authorization", "name"),
    [
        (None, "jwt_verification"),
        ("Bearer nonsense", "jwt_verification"),
        (token(secret="guess"), "jwt_verification"),
        (token("BAD-KEY"), "invalid_access_key"),
        (token("EXPIRED-KEY"), "expired_access_key"),
        (token("NOIP-KEY"), "no_authorization_ip"),
    ],
)
async def test_without_a_sound_token_the_handshake_is_401(sim: Korea, authorization: str | None, name: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await sim.get(PRIVATE, headers)
    assert answer.status == 401
    assert answer.rows["error"]["name"] == name


async def test_an_announcement_has_no_snapshot_and_comes_when_it_is_published_and_when_edited(sim: Korea) -> None:
    async with sim.socket(PRIVATE, Authorization=token()) as client:
        await client.ask({"type": "announcement"})
        assert await client.waiting() == []
        notice_id = publish(sim, "제트(ZZA) 신규 거래지원 안내 (KRW 마켓)")
        created = await client.frame()
        await sim.run(60)
        sim.world.bulletin("upbit").edit(notice_id, sim.clock.now_ms(), title="제트(ZZA) (완료)")
        updated = await client.frame()
    assert (created["event_type"], created["category"], created["stream_type"]) == ("CREATED", "trade", "REALTIME")
    assert (updated["event_type"], updated["uuid"], updated["title"]) == (
        "UPDATED", created["uuid"], "제트(ZZA) (완료)",
    )  # fmt: skip
    assert updated["first_listed_at"] == created["first_listed_at"] < updated["listed_at"]
    assert "body" not in created


async def test_categories_choose_and_the_body_comes_on_request(sim: Korea) -> None:
    async with sim.socket(PRIVATE, Authorization=token()) as client:
        await client.ask({"type": "announcement", "categories": ["wallet"], "include_body": True}, format="SIMPLE")
        await client.waiting()
        publish(sim, "이것은 거래", "거래")
        publish(sim, "이것은 입출금", "입출금")
        (frame,) = await client.waiting()
    assert (frame["tt"], frame["cat"], frame["bd"]) == ("이것은 입출금", "wallet", "본문")


async def test_the_other_private_types_are_accepted_and_silent(sim: Korea) -> None:
    async with sim.socket(PRIVATE, Authorization=token("ANYONE", "with any secret")) as client:
        await client.ask({"type": "myOrder"}, {"type": "myAsset"})
        publish(sim, "아무도 듣지 않는다")
        await sim.run(5)
        assert await client.waiting() == []


async def test_handshakes_are_counted_for_each_key(sim: Korea) -> None:
    for _ in range(5):
        async with sim.socket(PRIVATE, Authorization=token()):
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with sim.socket(PRIVATE, Authorization=token()):
            pass
    assert refused.value.status == 429
    async with sim.socket(PRIVATE, Authorization=token("ANYONE", "with any secret")):
        pass


async def test_ping_keeps_the_quiet_socket_alive(sim: Korea) -> None:
    async with sim.socket(PRIVATE, Authorization=token()) as client:
        await client.ask({"type": "announcement"})
        for _ in range(3):
            await sim.run(100)
            await client.raw.ping()
            assert await client.waiting() == []
        publish(sim, "아직 듣고 있다")
        assert [frame["title"] for frame in await client.waiting()] == ["아직 듣고 있다"]


async def test_a_stall_of_this_channel_leaves_the_public_socket_alone(sim: Korea) -> None:
    sim.fault("upbit:announcement", "stall")
    async with sim.socket(PRIVATE, Authorization=token()) as private, sim.socket() as public:
        await private.ask({"type": "announcement"})
        publish(sim, "아무도 못 듣는다")
        await public.ask({"type": "trade", "codes": ["KRW-BTC"]})
        assert (await public.frame())["type"] == "trade"
        sim.world.faults.clear()
        assert await private.waiting() == []
