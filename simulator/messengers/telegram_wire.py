"""The Bot API's parameters as they come in, its objects as they go out, and its way to refuse."""

import asyncio
import json
import re
from collections.abc import Mapping

from aiohttp import web
from msgspec import Struct

from simulator.messengers.telegram_chats import Message
from simulator.messengers.telegram_markup import Parsed

CALLBACK_DATA_LIMIT = 64

Parameters = Mapping[str, object]


class ApiError(Exception):
    """One refusal: HTTP status, description without its class's prefix, further parameters."""

    PREFIXES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}

    def __init__(self, status: int, text: str = "", **parameters: int) -> None:
        prefix = self.PREFIXES.get(status, "Too Many Requests")
        super().__init__(f"{prefix}: {text}" if text else prefix)
        self.status = status
        self.parameters = parameters


class Upload(Struct, frozen=True):
    """A file that came with a multipart form."""

    size: int
    head: bytes


async def parameters(request: web.Request) -> dict[str, object]:
    """Query and body as one; the body wins."""
    given: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        body = await request.read()
        if body:
            try:
                wire = json.loads(body)
            except ValueError as error:
                raise ApiError(400, "can't parse JSON object") from error
            if isinstance(wire, dict):
                given.update(wire)
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                content = await asyncio.to_thread(value.file.read)
                given[name] = Upload(len(content), content[:16])
            else:
                given[name] = value
    return given


def message_wire(bot_id: str, message: Message, parsed: Parsed) -> dict[str, object]:
    wire: dict[str, object] = {
        "message_id": message.message_id,
        "from": bot_wire(bot_id),
        "chat": chat_wire(message.chat_id),
        "date": message.received_ms // 1000,
    }
    if message.edits:
        wire["edit_date"] = message.edits[-1].received_ms // 1000
    caption = message.photo is not None
    if parsed.text:
        wire["caption" if caption else "text"] = parsed.text
    if parsed.entities:
        wire["caption_entities" if caption else "entities"] = list(parsed.entities)
    if message.photo is not None:
        name = f"photo{message.chat_id}-{message.message_id}"
        wire["photo"] = [{"file_id": name, "file_unique_id": name, "width": 800, "height": 400,
                          "file_size": message.photo["size"]}]  # fmt: skip
    if message.reply_to is not None:
        wire["reply_to_message"] = {"message_id": message.reply_to, "chat": chat_wire(message.chat_id), "date": 0}
    if message.markup:
        wire["reply_markup"] = message.markup
    return wire


def told(message: Message) -> dict[str, object]:
    return {
        "message_id": message.message_id,
        "chat_id": message.chat_id,
        "received_ms": message.received_ms,
        "text": message.text,
        "reply_to": message.reply_to,
        "photo": message.photo,
        "edits": [{"received_ms": edit.received_ms, "text": edit.text} for edit in message.edits],
        "reply_markup": message.markup,
        "silent": message.silent,
        "pinned": message.pinned,
        "deleted": message.deleted,
    }


def bot_wire(bot_id: str) -> dict[str, object]:
    return {"id": int(bot_id), "is_bot": True, "first_name": "Radar", "username": "listing_radar_bot"}


def chat_wire(chat_id: int) -> dict[str, object]:
    if chat_id > 0:
        return {"id": chat_id, "first_name": "Reader", "type": "private"}
    kind = "supergroup" if str(chat_id).startswith("-100") and len(str(chat_id)) > 10 else "group"
    return {"id": chat_id, "title": "Readers", "type": kind}


def chat_number(given: Parameters) -> int:
    named = str(given.get("chat_id", ""))
    return int(named) if re.fullmatch(r"-?\d+", named) else 0


def photo_size(photo: object) -> dict[str, int]:
    return {"size": photo.size if isinstance(photo, Upload) else 0}


def reply_markup(given: Parameters) -> object:
    markup = json_object(given, "reply_markup")
    rows = markup.get("inline_keyboard", [])
    for button in (button for row in rows for button in row) if isinstance(rows, list) else ():
        data = str(button.get("callback_data", ""))
        if len(data.encode()) > CALLBACK_DATA_LIMIT:
            raise ApiError(400, "BUTTON_DATA_INVALID")
    return markup or None


def json_object(given: Parameters, name: str) -> dict[str, object]:
    """A nested object: itself in a JSON body, a JSON string in a form."""
    value = given.get(name)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ApiError(400, f"can't parse {name.replace('_', ' ')} JSON object") from error
    return value if isinstance(value, dict) else {}


def json_list(given: Parameters, name: str) -> list[dict[str, str] | str]:
    value = given.get(name)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ApiError(400, f"can't parse {name}") from error
    return value if isinstance(value, list) else []


def integer(given: Parameters, name: str, default: int) -> int:
    value = given.get(name)
    if value is None or value == "":
        return default
    try:
        return int(float(str(value)))
    except ValueError as error:
        raise ApiError(400, f"{name} is not a number") from error


def truth(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")
