"""Updates as Telegram words them, through the real python-telegram-bot and our transport."""

import json
from collections.abc import Mapping
from urllib.parse import parse_qs

import pytest

from alerts.notifiers.telegram import Telegram
from alerts.notifiers.telegram_ears import Deaf, Ears, Said, Touched
from collectors.net.http import DeadlineExceeded, DoorError, Response

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
FROM = {"id": 111, "is_bot": False, "first_name": "Reader"}
CHAT = {"id": 111, "first_name": "Reader", "type": "private"}


class Door:
    """Answers each question in turn with what a script holds; `asked` keeps (service, method, form, deadline)."""

    def __init__(self, *answers: tuple[int, object] | DoorError) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], float | None]] = []

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
        method, _, query = path.rpartition("/")[2].partition("?")
        form = {name: values[0] for name, values in parse_qs(query or body.decode()).items()}
        self.asked.append((service, method, form, deadline_s))
        answer = self._answers.pop(0)
        if isinstance(answer, DoorError):
            raise answer
        status, told = answer
        return Response(status, {}, json.dumps(told).encode(), 0, 1)


def ears(door: Door) -> Ears:
    return Ears(Telegram(TOKEN, door))


def updates(*wire: object) -> tuple[int, object]:
    return 200, {"ok": True, "result": list(wire)}


def message(update_id: int, text: str) -> object:
    said = {"message_id": 5, "from": FROM, "chat": CHAT, "date": 1_800_000_000, "text": text}
    return {"update_id": update_id, "message": said}


async def test_messages_and_buttons_are_heard_in_order_and_confirmed_by_the_next_question() -> None:
    pressed = {"id": "77", "from": FROM, "chat_instance": "1", "data": "mute:3"}
    button = {"update_id": 12, "callback_query": {**pressed, "message": {"message_id": 4, "chat": CHAT, "date": 0}}}
    door = Door(updates(message(11, "/status"), button))
    heard = await ears(door).listen(11)
    assert heard.news == (Said(111, "", 5, 1_800_000_000, "/status"), Touched(111, "", 4, "77", "mute:3"))
    assert heard.following == 13
    service, method, form, deadline_s = door.asked[0]
    assert (service, method, form["offset"]) == ("telegram_updates", "getUpdates", "11")
    assert json.loads(form["allowed_updates"]) == ["message", "callback_query"]
    assert deadline_s is not None
    assert deadline_s > float(form["timeout"])


async def test_an_update_that_nobody_understands_costs_only_itself() -> None:
    odd = ({"update_id": 21, "message": {"chat": "?"}}, {"no": "id"}, "text", {"update_id": 23, "poll": {}})
    heard = await ears(Door(updates(message(20, "/gaps"), *odd, message(22, "/help")))).listen(0)
    assert [each.text for each in heard.news if isinstance(each, Said)] == ["/gaps", "/help"]
    assert heard.following == 24


@pytest.mark.parametrize(
    ("answer", "after_s", "rival"),
    [
        ((429, {"ok": False, "error_code": 429, "description": "…", "parameters": {"retry_after": 9}}), 9, False),
        ((401, {"ok": False, "error_code": 401, "description": "Unauthorized"}), 60, False),
        ((409, {"ok": False, "error_code": 409, "description": "Conflict: terminated by other"}), 10, True),
        ((502, {"ok": False}), None, False),
        (DeadlineExceeded("telegram_updates", "no answer within 40 s", sent=True), None, False),
    ],
)
async def test_silence_says_how_long_to_leave_telegram_alone(
    answer: tuple[int, object] | DoorError, after_s: float | None, rival: bool
) -> None:
    with pytest.raises(Deaf) as failed:
        await ears(Door(answer)).listen(0)
    assert (failed.value.after_s, failed.value.rival) == (after_s, rival)
    assert TOKEN not in str(failed.value)


async def test_the_menu_is_set_for_everyone_and_for_both_languages() -> None:
    yes = (200, {"ok": True, "result": True})
    door = Door(yes, yes, yes)
    await ears(door).offer_menu("en")
    assert [form.get("language_code") for _, _, form, _ in door.asked] == [None, "ko", "en"]
    menus = [json.loads(form["commands"]) for _, _, form, _ in door.asked]
    assert menus[0] == menus[2] != menus[1]
    assert {"command": "status", "description": "how the radar is"} in menus[0]
