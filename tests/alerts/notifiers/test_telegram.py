"""The real python-telegram-bot, through our transport, against a door that answers as Telegram does."""

import json
import logging
from collections.abc import Mapping
from urllib.parse import parse_qs

import pytest
from msgspec import Struct

from alerts.alert import AlertLevel
from alerts.delivery import Answer, Hopeless, Lost, Message, Retry, Sent, Uncertain
from alerts.notifiers.telegram import Telegram, is_configured, targets_of
from collectors.net.http import DeadlineExceeded, DoorError, Refused, Response, Unreachable

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
CHAT = "telegram:987"


class Post(Struct, frozen=True):
    path: str
    group: str
    form: dict[str, str]


class TelegramDoor:
    """Answers the next of `answers`; without one, accepts."""

    def __init__(self, *answers: Response | DoorError) -> None:
        self._answers = list(answers)
        self.posts: list[Post] = []

    async def post(
        self,
        service: str,
        path: str,
        *,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> Response:
        assert (service, content_type) == ("telegram", "application/x-www-form-urlencoded")
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        self.posts.append(Post(path, group, form))
        answer = self._answers.pop(0) if self._answers else accepted()
        if isinstance(answer, DoorError):
            raise answer
        return answer


def answered(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers or {}, raw, 0, 1)


def accepted(message_id: int = 4711) -> Response:
    chat = {"id": 987, "first_name": "A", "type": "private"}
    result = {"message_id": message_id, "date": 1_800_000_000, "chat": chat, "text": "…"}
    return answered(200, {"ok": True, "result": result})


def refused(status: int, description: str, **parameters: int) -> Response:
    body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
    return answered(status, body | ({"parameters": parameters} if parameters else {}))


def a_message(
    text: str = "🚨 GO · NOVA\nroute <b>", edit_of: str | None = None, level: AlertLevel = AlertLevel.HIGH
) -> Message:
    return Message(CHAT, text, level, "#a1b2c3", edit_of=edit_of, links=(("Notice", "https://notice.example/1"),))


async def send(door: TelegramDoor, message: Message | None = None) -> Answer:
    return await Telegram(TOKEN, door).send(message or a_message())


async def test_a_message_goes_as_html_with_buttons_and_without_preview() -> None:
    door = TelegramDoor()
    assert await send(door) == Sent("4711")
    post = door.posts[0]
    assert (post.path, post.group) == (f"/bot{TOKEN}/sendMessage", "chat:987")
    assert post.form["chat_id"] == "987"
    assert post.form["parse_mode"] == "HTML"
    assert post.form["text"] == "<b>🚨 GO · NOVA</b>\nroute &lt;b&gt;\n#a1b2c3"
    assert json.loads(post.form["reply_markup"])["inline_keyboard"][0][0]["url"] == "https://notice.example/1"
    assert json.loads(post.form["link_preview_options"]) == {"is_disabled": True}


async def test_low_news_makes_no_sound() -> None:
    door = TelegramDoor()
    await send(door, a_message(level=AlertLevel.LOW))
    await send(door, a_message(level=AlertLevel.MEDIUM))
    assert [post.form.get("disable_notification") for post in door.posts] == ["true", "false"]


async def test_an_edit_rewrites_its_message_and_an_unchanged_one_counts_as_done() -> None:
    same = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
    door = TelegramDoor(accepted(), refused(400, same))
    assert await send(door, a_message(edit_of="55")) == Sent("55")
    assert isinstance(await send(door, a_message(edit_of="55")), Sent)
    assert door.posts[0].path.endswith("/editMessageText")
    assert door.posts[0].form["message_id"] == "55"
    assert len(door.posts) == 2


async def test_a_reply_hangs_on_its_message_even_if_that_is_gone() -> None:
    door = TelegramDoor()
    await send(door, Message(CHAT, "reply", AlertLevel.HIGH, reply_to="55"))
    assert json.loads(door.posts[0].form["reply_parameters"]) == {"message_id": 55, "allow_sending_without_reply": True}


@pytest.mark.parametrize(
    "said",
    [
        "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 12",
        "Bad Request: BUTTON_URL_INVALID",
    ],
)
async def test_what_telegram_will_not_parse_goes_again_at_once_as_plain_text(said: str) -> None:
    door = TelegramDoor(refused(400, said))
    assert await send(door) == Sent("4711")
    again = door.posts[1].form
    assert again["text"] == "🚨 GO · NOVA\nroute <b>\n#a1b2c3"
    assert "parse_mode" not in again
    assert "reply_markup" not in again


async def test_plain_text_that_is_refused_too_is_hopeless() -> None:
    door = TelegramDoor(refused(400, "Bad Request: can't parse entities: x"), refused(400, "Bad Request: no"))
    assert isinstance(await send(door), Hopeless)
    assert len(door.posts) == 2


async def test_a_migrated_group_is_followed_at_once_and_remembered(caplog: pytest.LogCaptureFixture) -> None:
    said = "Bad Request: group chat was upgraded to a supergroup chat"
    door = TelegramDoor(refused(400, said, migrate_to_chat_id=-1_001_234))
    telegram = Telegram(TOKEN, door)
    assert await telegram.send(a_message()) == Sent("4711")
    assert await telegram.send(a_message()) == Sent("4711")
    assert [post.form["chat_id"] for post in door.posts] == ["987", "-1001234", "-1001234"]
    assert telegram.migrated == {"987": -1_001_234}
    assert "TELEGRAM_CHAT_ID" in caplog.text


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(403, "Forbidden: bot was blocked by the user"), Hopeless),
        (refused(403, "Forbidden: bot was kicked from the group chat"), Hopeless),
        (refused(400, "Bad Request: chat not found"), Hopeless),
        (refused(409, "Conflict: terminated by other getUpdates request"), Retry),
        (refused(421, "Misdirected Request"), Retry),
        (refused(500, "Internal Server Error: restart"), Uncertain),
        (answered(502, b"<html>502 Bad Gateway</html>"), Uncertain),
        (answered(200, b'{"ok":true,"resu'), Uncertain),
        (answered(200, b"<html>Just a moment...</html>"), Uncertain),
        (answered(403, b"<html>Forbidden, says a proxy</html>"), Uncertain),
        (answered(429, b"slow down"), Retry),
        (DeadlineExceeded("telegram", "no answer within 15 s", sent=True), Uncertain),
        (DeadlineExceeded("telegram", "no answer within 15 s", sent=False), Retry),
        (Unreachable("telegram", "ConnectionResetError", sent=True), Uncertain),
        (Unreachable("telegram", "ClientConnectorError", sent=False), Retry),
        (Refused("telegram", "not asked, 5 failures in a row", 1_800_000_000_000), Retry),
    ],
)
async def test_each_failure_says_what_is_known_of_the_message(answer: Response | DoorError, kind: type) -> None:
    door = TelegramDoor(answer)
    assert type(await send(door)) is kind
    assert len(door.posts) == 1


async def test_a_page_that_is_not_telegrams_is_not_poured_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    told = await send(TelegramDoor(answered(200, b"<html>Just a moment...</html>")))
    assert told == Uncertain("MayHaveArrived: HTTP 200 with an answer that is not Telegram's")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("answer", "pause_s"),
    [
        (refused(429, "Too Many Requests: retry after 7", retry_after=7), 7.0),
        (refused(429, "Too Many Requests: retry after …", retry_after=10**18), 3_600.0),
        (answered(429, b'{"ok": false, "parameters": {"retry_after": 1e308}}'), 3_600.0),
        (answered(429, b"<html>", {"retry-after": "11"}), 11.0),
        (answered(429, b"<html>", {"retry-after": "9" * 400}), 3_600.0),
        (answered(429, b"<html>", {"retry-after": "Fri, 15 Jan 2027 09:00:00 GMT"}), None),
    ],
)
async def test_flood_control_names_its_pause_in_the_body_or_in_the_header_and_an_hour_is_believed(
    answer: Response, pause_s: float | None
) -> None:
    told = await send(TelegramDoor(answer))
    assert isinstance(told, Retry)
    assert told.after_s == pause_s


@pytest.mark.parametrize("said", ["message to edit not found", "message can't be edited"])
async def test_an_edit_of_a_message_that_is_gone_is_lost(said: str) -> None:
    door = TelegramDoor(refused(400, f"Bad Request: {said}"))
    assert isinstance(await send(door, a_message(edit_of="55")), Lost)


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refused_token_holds_the_messages_and_is_said(status: int) -> None:
    told = await send(TelegramDoor(refused(status, "Unauthorized")))
    assert isinstance(told, Retry)
    assert told.after_s == 60
    assert "TELEGRAM_BOT_TOKEN" in told.error


@pytest.mark.parametrize(
    "answer",
    [
        Unreachable("telegram", f"https://api.telegram.example/bot{TOKEN}/sendMessage", sent=False),
        refused(400, f"Bad Request: {TOKEN}"),
        refused(403, f"Forbidden: {TOKEN}"),
        refused(500, TOKEN),
        answered(200, TOKEN.encode()),
    ],
)
async def test_the_token_is_in_no_answer_and_no_log(
    answer: Response | DoorError, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    told = await send(TelegramDoor(answer, answer))
    assert not isinstance(told, Sent)
    assert TOKEN not in told.error
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("alerts")]
    assert all(TOKEN not in text for text in ours)


async def test_a_text_of_any_length_is_cut_to_what_telegram_takes() -> None:
    door = TelegramDoor()
    await send(door, a_message(text="🚨" * 5_000))
    shown = door.posts[0].form["text"].replace("<b>", "").replace("</b>", "")
    assert len(shown.encode("utf-16-le")) // 2 <= 4_096
    assert shown.endswith("\n#a1b2c3")


def test_chats_are_a_comma_list_and_without_a_token_nothing_is_configured() -> None:
    assert targets_of(" 1, -2,,1 ") == ("telegram:1", "telegram:-2")
    assert targets_of(None) == ()
    assert is_configured(TOKEN, "1")
    assert not is_configured(None, "1")
    assert not is_configured("  ", "1")
    assert not is_configured(TOKEN, " , ")
