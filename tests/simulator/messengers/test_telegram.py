"""The fake Bot API: its rules over plain HTTP, and the real python-telegram-bot client in front of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import telegram
from telegram.request import HTTPXRequest

from tests.fakes.simulator import FakeSimClock, SimulatorHandle, running_simulator

TOKEN = "123456:TEST-abcdefghijklmnopqrstuvwxyz01234"
READER = 987654
GROUP = -44
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture
def clock() -> FakeSimClock:
    return FakeSimClock()


@pytest.fixture
async def sim(clock: FakeSimClock) -> AsyncIterator[SimulatorHandle]:
    async with running_simulator(markets=4, rate=5, clock=clock) as handle:
        yield handle


async def call(sim: SimulatorHandle, method: str, token: str = TOKEN, **given: Any) -> tuple[int, Any]:
    """One call with a form, as the real client makes it."""
    form = {name: value if isinstance(value, str | bytes) else json.dumps(value) for name, value in given.items()}
    async with sim.session.post(f"{sim.url}/telegram/bot{token}/{method}", data=form) as answer:
        return answer.status, await answer.json()


async def send(sim: SimulatorHandle, text: str = "hello", chat_id: int = READER, **given: Any) -> tuple[int, Any]:
    return await call(sim, "sendMessage", chat_id=chat_id, text=text, **given)


# ---------------------------------------------------------------- the real client


@pytest.fixture
async def bot(sim: SimulatorHandle) -> AsyncIterator[telegram.Bot]:
    requests = [HTTPXRequest(read_timeout=5, httpx_kwargs={"trust_env": False}) for _ in range(2)]
    async with telegram.Bot(
        TOKEN, base_url=f"{sim.url}/telegram/bot", request=requests[0], get_updates_request=requests[1]
    ) as real:
        yield real


async def test_the_real_client_sends_edits_replies_and_deletes(sim: SimulatorHandle, bot: telegram.Bot) -> None:
    assert bot.username == "listing_radar_bot"
    first = await bot.send_message(
        READER, "🚨 <b>NOVA</b> &amp; co", parse_mode="HTML", reply_markup=telegram.InlineKeyboardMarkup.from_button(
            telegram.InlineKeyboardButton("Mute", callback_data="mute:NOVA")
        )
    )  # fmt: skip
    assert first.text == "🚨 NOVA & co"
    assert first.entities[0].type == "bold" and first.parse_entity(first.entities[0]) == "NOVA"
    await bot.edit_message_text("now <i>judged</i>", READER, first.message_id, parse_mode="HTML")
    reply = await bot.send_message(
        READER, "GO", reply_parameters=telegram.ReplyParameters(first.message_id, allow_sending_without_reply=True)
    )
    await bot.pin_chat_message(READER, reply.message_id)
    await bot.delete_message(READER, reply.message_id)
    told = await sim.get("/sim/telegram")
    assert [(m["message_id"], m["text"], m["reply_to"]) for m in told] == [
        (first.message_id, "🚨 NOVA & co", None),
        (reply.message_id, "GO", first.message_id),
    ]
    assert [edit["text"] for edit in told[0]["edits"]] == ["now judged"]
    assert (told[1]["pinned"], told[1]["deleted"]) == (True, True)


async def test_the_real_client_sends_a_photo_with_its_caption(sim: SimulatorHandle, bot: telegram.Bot) -> None:
    message = await bot.send_photo(READER, PNG, caption="<b>chart</b>", parse_mode="HTML")
    assert message.caption == "chart" and message.photo[0].file_size == len(PNG)
    (told,) = await sim.get("/sim/telegram")
    assert told["text"] == "chart" and told["photo"] == {"size": len(PNG)}


async def test_the_real_client_reads_commands_and_buttons(sim: SimulatorHandle, bot: telegram.Bot) -> None:
    sent = await bot.send_message(READER, "press")
    await sim.post("/sim/telegram/update", chat_id=READER, text="/status now")
    await sim.post("/sim/telegram/update", chat_id=READER, data="mute:NOVA", message_id=sent.message_id)
    await sim.post("/sim/telegram/update", chat_id=READER, blocked=True)
    command, press, blocked = await bot.get_updates(timeout=0)
    assert command.message and command.message.text == "/status now"
    assert command.message.entities[0].type == "bot_command"
    assert press.callback_query and press.callback_query.data == "mute:NOVA"
    assert blocked.my_chat_member and blocked.my_chat_member.new_chat_member.status == "kicked"
    assert await bot.answer_callback_query(press.callback_query.id)
    assert await bot.get_updates(offset=blocked.update_id + 1, timeout=0) == ()
    assert await bot.set_my_commands([("status", "How it goes")])
    assert await bot.delete_webhook()


async def test_the_real_client_raises_its_own_errors(
    sim: SimulatorHandle, bot: telegram.Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # or the client warns of its own future
    with pytest.raises(telegram.error.BadRequest, match="unsupported start tag"):
        await bot.send_message(READER, "<x>", parse_mode="HTML")
    with pytest.raises(telegram.error.BadRequest, match="Chat not found"):
        await bot.send_message("nobody", "x")
    await sim.post("/sim/fault", target="telegram", kind="http_429", for_s=5, retry_after_s=9)
    with pytest.raises(telegram.error.RetryAfter) as limited:
        await bot.send_message(READER, "x")
    assert int(limited.value._retry_after.total_seconds()) == 9
    await sim.delete("/sim/fault")
    await sim.post("/sim/fault", target="telegram", kind="blocked", for_s=5)
    with pytest.raises(telegram.error.Forbidden, match="blocked by the user"):
        await bot.send_message(READER, "x")
    await sim.delete("/sim/fault")
    await sim.post("/sim/fault", target="telegram", kind="migrated", for_s=5, new_chat_id=-1001234567890)
    with pytest.raises(telegram.error.ChatMigrated) as moved:
        await bot.send_message(GROUP, "x")
    assert moved.value.new_chat_id == -1001234567890
    assert (await bot.send_message(-1001234567890, "x")).chat.type == "supergroup"
    await sim.delete("/sim/fault")
    await sim.post("/sim/fault", target="telegram", kind="drop", for_s=5)
    with pytest.raises(telegram.error.NetworkError):
        await bot.send_message(READER, "x")


# ---------------------------------------------------------------- rules


async def test_every_way_to_say_a_thing_is_understood(sim: SimulatorHandle) -> None:
    address = f"{sim.url}/telegram/bot{TOKEN}/SENDMESSAGE"
    multipart = aiohttp.FormData({"chat_id": "7", "text": "multipart"}, default_to_multipart=True)
    for given in ({"json": {"chat_id": 7, "text": "json"}}, {"data": {"chat_id": "8", "text": "form"}},
                  {"data": multipart}, {"params": {"chat_id": "9", "text": "query"}}):  # fmt: skip
        async with sim.session.post(address, **given) as answer:
            assert (await answer.json())["ok"], given
    async with sim.session.get(address, params={"chat_id": "10", "text": "get"}) as answer:
        assert (await answer.json())["ok"]
    texts = [m["text"] for m in await sim.get("/sim/telegram")]
    assert texts == ["json", "form", "multipart", "query", "get"]


@pytest.mark.parametrize(
    ("token", "method", "status", "description"),
    [
        ("nonsense", "getMe", 404, "Not Found"),
        ("123456:REVOKED", "getMe", 401, "Unauthorized"),
        (TOKEN, "sendCarrierPigeon", 404, "Not Found: method not found"),
    ],
)
async def test_a_wrong_token_or_method_is_refused(
    sim: SimulatorHandle, token: str, method: str, status: int, description: str
) -> None:
    assert await call(sim, method, token) == (
        status,
        {"ok": False, "error_code": status, "description": description},
    )


@pytest.mark.parametrize(
    ("given", "description"),
    [
        ({"chat_id": 7}, "Bad Request: message text is empty"),
        ({"chat_id": 7, "text": " "}, "Bad Request: message text is empty"),
        ({"text": "x"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 0, "text": "x"}, "Bad Request: chat not found"),
        ({"chat_id": 7, "text": "x" * 4097}, "Bad Request: message is too long"),
        ({"chat_id": 7, "text": "🚨" * 2049}, "Bad Request: message is too long"),
        ({"chat_id": 7, "text": "x", "reply_parameters": {"message_id": 99}},
         "Bad Request: message to be replied not found"),
        ({"chat_id": 7, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}},
         "Bad Request: BUTTON_DATA_INVALID"),
    ],
)  # fmt: skip
async def test_a_bad_message_is_refused_and_not_kept(
    sim: SimulatorHandle, given: dict[str, Any], description: str
) -> None:
    status, answer = await call(sim, "sendMessage", **given)
    assert (status, answer["description"]) == (400, description)
    assert await sim.get("/sim/telegram") == []


async def test_the_limit_counts_what_is_left_after_parsing(sim: SimulatorHandle) -> None:
    status, _ = await send(sim, f"<b>{'x' * 4096}</b>", parse_mode="HTML")
    assert status == 200


async def test_a_caption_may_have_1024_units(sim: SimulatorHandle) -> None:
    for length, status in ((1024, 200), (1025, 400)):
        form = aiohttp.FormData({"chat_id": "7", "caption": "x" * length})
        form.add_field("photo", PNG, filename="chart.png")
        async with sim.session.post(f"{sim.url}/telegram/bot{TOKEN}/sendPhoto", data=form) as answer:
            assert answer.status == status


async def test_an_edit_that_changes_nothing_says_so(sim: SimulatorHandle) -> None:
    _, sent = await send(sim, "<b>same</b>", parse_mode="HTML")
    edit = {"chat_id": READER, "message_id": sent["result"]["message_id"]}
    status, answer = await call(sim, "editMessageText", text="same", **edit)
    assert (status, "message is not modified" in answer["description"]) == (400, True)
    assert (await call(sim, "editMessageText", text="other", **edit))[0] == 200
    assert (await call(sim, "editMessageText", text="same", **edit))[0] == 200
    status, answer = await call(sim, "editMessageText", chat_id=READER, message_id=99, text="x")
    assert answer["description"] == "Bad Request: message to edit not found"


async def test_a_private_chat_takes_a_burst_of_three_then_one_a_second(
    sim: SimulatorHandle, clock: FakeSimClock
) -> None:
    assert [(await send(sim))[0] for _ in range(4)] == [200, 200, 200, 429]
    async with sim.session.post(
        f"{sim.url}/telegram/bot{TOKEN}/sendMessage", data={"chat_id": READER, "text": "x"}
    ) as answer:
        assert answer.headers["Retry-After"] == "1"
        assert await answer.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }
    await clock.advance(1)
    assert [(await send(sim))[0] for _ in range(2)] == [200, 429]
    assert (await sim.get("/sim/state"))["services"]["telegram"]["limit_hits"] == 3


async def test_a_group_takes_twenty_a_minute(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    assert [(await send(sim, chat_id=GROUP))[0] for _ in range(20)] == [200] * 20
    status, answer = await send(sim, chat_id=GROUP)
    assert (status, answer["parameters"]["retry_after"]) == (429, 60)
    await clock.advance(60)
    assert (await send(sim, chat_id=GROUP))[0] == 200


async def test_all_chats_together_take_thirty_a_second(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    assert [(await send(sim, chat_id=chat))[0] for chat in range(1, 32)] == [200] * 30 + [429]
    await clock.advance(1)
    assert (await send(sim, chat_id=31))[0] == 200


async def test_waiting_for_updates_ends_with_the_first_one(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    waiting = asyncio.create_task(call(sim, "getUpdates", timeout=50))
    await clock.advance(10)
    assert not waiting.done()
    await sim.post("/sim/telegram/update", chat_id=READER, text="/status")
    await clock.advance(1)
    _, answer = await waiting
    assert [u["message"]["text"] for u in answer["result"]] == ["/status"]


async def test_a_second_poll_ends_the_first(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    first = asyncio.create_task(call(sim, "getUpdates", timeout=50))
    while sim.counters.of("telegram").requests < 1:
        await asyncio.sleep(0.001)
    await clock.advance(0.1)
    _, second = await call(sim, "getUpdates", timeout=0)
    assert second["result"] == []
    await clock.advance(1)
    status, answer = await first
    assert (status, "terminated by other getUpdates" in answer["description"]) == (409, True)


async def test_bad_markup_strikes_formatted_text_only(sim: SimulatorHandle) -> None:
    await sim.post("/sim/fault", target="telegram", kind="bad_markup", for_s=5)
    assert (await send(sim, "<b>x</b>", parse_mode="HTML"))[0] == 400
    assert (await send(sim, "x"))[0] == 200


async def test_a_fault_may_be_one_chats_alone(sim: SimulatorHandle) -> None:
    await sim.post("/sim/fault", target="telegram", kind="blocked", for_s=5, chat_id=7)
    assert (await send(sim, chat_id=7))[0] == 403
    assert (await send(sim, chat_id=8))[0] == 200
