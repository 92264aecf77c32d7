"""A Bot API that a real client cannot tell from Telegram's: `/telegram/bot<TOKEN>/<method>`.

Parameters come as query, form, multipart or JSON; method names in any case. What was accepted can be read from
`GET /sim/telegram`; `POST /sim/telegram/update` lets a user write or press a button.
Contract: Bot API 10.0, error texts of its server (tdlib/telegram-bot-api, 2026-05).
"""

import re
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from simulator.counters import Counters
from simulator.faults import Fault
from simulator.messengers.telegram_chats import Chats, Edit, Message
from simulator.messengers.telegram_markup import BadMarkup, Parsed, parse, utf16_length
from simulator.messengers.telegram_wire import (
    ApiError,
    Parameters,
    Upload,
    bot_wire,
    chat_number,
    chat_wire,
    integer,
    json_list,
    json_object,
    message_wire,
    parameters,
    photo_size,
    reply_markup,
    told,
    truth,
)
from simulator.orders import UserAct
from simulator.world.world import World

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
PHOTO_LIMIT_BYTES = 10_000_000
POLL_STEP_S = 0.05  # real seconds between two looks at the update queue
DELETABLE_MS = 48 * 3_600_000
REVOKED = "REVOKED"  # a token whose secret starts like this is known to nobody
TOKEN = re.compile(r"^(\d{3,}):([A-Za-z0-9_-]+)$")
COMMAND = re.compile(r"^[a-z0-9_]{1,32}$")
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
TOO_MANY_POLLS = "terminated by other getUpdates request; make sure that only one bot instance is running"


class BotApi:
    """One bot farm: all tokens share the chats, as if there were one bot."""

    def __init__(self, world: World, counters: Counters) -> None:
        self.chats = Chats()
        self._world = world
        self._count = counters.of("telegram")
        self._polls: dict[str, object] = {}
        self._methods: dict[str, Callable[[str, Parameters], Awaitable[object]]] = {
            "getme": self._get_me,
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "editmessagetext": self._edit_text,
            "deletemessage": self._delete,
            "pinchatmessage": self._pin,
            "getupdates": self._get_updates,
            "setmycommands": self._set_commands,
            "deletewebhook": self._delete_webhook,
            "answercallbackquery": self._answer_callback,
        }

    async def call(self, request: web.Request) -> web.Response:
        try:
            found = TOKEN.match(request.match_info["token"])
            if not found:
                raise ApiError(404)
            if found[2].startswith(REVOKED):
                raise ApiError(401)
            method = self._methods.get(request.match_info["method"].lower())
            if method is None:
                raise ApiError(404, "method not found")
            result = await method(found[1], await parameters(request))
        except ApiError as error:
            return self._refused(error)
        return web.json_response({"ok": True, "result": result})

    def _refused(self, error: ApiError) -> web.Response:
        body: dict[str, object] = {"ok": False, "error_code": error.status, "description": str(error)}
        headers = {}
        if error.parameters:
            body["parameters"] = error.parameters
        if error.status == 429:
            self._count.limit_hits += 1
            headers["Retry-After"] = str(error.parameters["retry_after"])
        return web.json_response(body, status=error.status, headers=headers)

    # ---------------------------------------------------------------- methods

    async def _get_me(self, bot_id: str, _: Parameters) -> object:
        return {**bot_wire(bot_id), "can_join_groups": True, "can_read_all_group_messages": False,
                "supports_inline_queries": False}  # fmt: skip

    async def _send_message(self, bot_id: str, given: Parameters) -> object:
        chat_id = self._chat(given)
        parsed = self._text(given, "text", TEXT_LIMIT, "message is too long")
        if not parsed.text.strip():
            raise ApiError(400, "message text is empty")
        return self._accept(bot_id, chat_id, given, parsed, photo=None)

    async def _send_photo(self, bot_id: str, given: Parameters) -> object:
        chat_id = self._chat(given)
        photo = given.get("photo")
        if isinstance(photo, str) and photo.startswith("attach://"):
            photo = given.get(photo.removeprefix("attach://"))
        if not photo:
            raise ApiError(400, "there is no photo in the request")
        size = photo.size if isinstance(photo, Upload) else 0
        if size > PHOTO_LIMIT_BYTES:
            raise ApiError(400, "file is too big")
        if isinstance(photo, Upload) and not photo.head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
            raise ApiError(400, "IMAGE_PROCESS_FAILED")
        parsed = self._text(given, "caption", CAPTION_LIMIT, "message caption is too long")
        return self._accept(bot_id, chat_id, given, parsed, photo=photo_size(photo))

    def _accept(
        self, bot_id: str, chat_id: int, given: Parameters, parsed: Parsed, photo: dict[str, int] | None
    ) -> object:
        reply_to = self._reply_to(chat_id, given)
        markup = reply_markup(given)
        self._pace(chat_id)
        message = Message(
            message_id=self.chats.next_message_id(chat_id),
            chat_id=chat_id,
            received_ms=self._world.clock.now_ms(),
            text=parsed.text,
            reply_to=reply_to,
            photo=photo,
            markup=markup,
            silent=truth(given.get("disable_notification")),
        )
        self.chats.add(message)
        return message_wire(bot_id, message, parsed)

    async def _edit_text(self, bot_id: str, given: Parameters) -> object:
        chat_id = self._chat(given)
        message = self._message(chat_id, given, "message to edit not found")
        parsed = self._text(given, "text", TEXT_LIMIT, "message is too long")
        if not parsed.text.strip():
            raise ApiError(400, "message text is empty")
        if message.photo is not None:
            raise ApiError(400, "there is no text in the message to edit")
        markup = reply_markup(given)
        if parsed.text == message.shown and markup == message.markup:
            raise ApiError(400, NOT_MODIFIED)
        if chat_id < 0:
            self._pace(chat_id)
        message.edits.append(Edit(self._world.clock.now_ms(), parsed.text))
        message.markup = markup
        return message_wire(bot_id, message, parsed)

    async def _delete(self, _: str, given: Parameters) -> object:
        message = self._message(self._chat(given), given, "message to delete not found")
        if self._world.clock.now_ms() - message.received_ms > DELETABLE_MS:
            raise ApiError(400, "message can't be deleted")
        message.deleted = True
        return True

    async def _pin(self, _: str, given: Parameters) -> object:
        self._message(self._chat(given), given, "message to pin not found").pinned = True
        return True

    async def _get_updates(self, bot_id: str, given: Parameters) -> object:
        """A second poll of the same bot ends the first with 409, as Telegram does."""
        offset, limit = integer(given, "offset", 0), integer(given, "limit", 100)
        timeout_s = integer(given, "timeout", 0)
        allowed = [str(kind) for kind in json_list(given, "allowed_updates")]
        mine = self._polls[bot_id] = object()
        clock = self._world.clock
        until_ms = clock.now_ms() + timeout_s * 1000
        while True:
            if self._polls[bot_id] is not mine:
                raise ApiError(409, TOO_MANY_POLLS)
            updates = self.chats.updates(offset, max(1, min(100, limit)), allowed, clock.now_ms())
            if updates or clock.now_ms() >= until_ms:
                return updates
            await clock.sleep(POLL_STEP_S * clock.speed)

    async def _set_commands(self, _: str, given: Parameters) -> object:
        for command in json_list(given, "commands"):
            name = command.get("command", "") if isinstance(command, dict) else ""
            if not COMMAND.match(name.removeprefix("/")):
                raise ApiError(400, "BOT_COMMAND_INVALID")
        return True

    async def _delete_webhook(self, _: str, given: Parameters) -> object:
        if truth(given.get("drop_pending_updates")):
            self.chats.drop_updates()
        return True

    async def _answer_callback(self, _: str, given: Parameters) -> object:
        if not given.get("callback_query_id"):
            raise ApiError(400, "query is too old and response timeout expired or query ID is invalid")
        return True

    # ---------------------------------------------------------------- what methods share

    def _chat(self, given: Parameters) -> int:
        """The chat's number, unless it is none, or a fault has blocked or moved it."""
        named = str(given.get("chat_id", "")).strip()
        if not named:
            raise ApiError(400, "chat_id is empty")
        if re.fullmatch(r"@\w{4,}", named):
            chat_id = -1_000_000_000_000 - int.from_bytes(named[-4:].encode(), "big")
        elif re.fullmatch(r"-?[1-9]\d{0,14}", named):
            chat_id = int(named)
        else:
            raise ApiError(400, "chat not found")
        if self._fault("blocked", chat_id):
            raise ApiError(403, "bot was blocked by the user" if chat_id > 0 else "bot was kicked from the group chat")
        if migrated := self._fault("migrated", chat_id):
            new_id = migrated.new_chat_id or -1_000_000_000_000 - abs(chat_id)
            if chat_id != new_id:
                raise ApiError(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=new_id)
        return chat_id

    def _text(self, given: Parameters, name: str, limit: int, too_long: str) -> Parsed:
        text, mode = str(given.get(name) or ""), given.get("parse_mode")
        if mode and self._fault("bad_markup", chat_number(given)):
            raise ApiError(400, "can't parse entities: Can't find end of the entity starting at byte offset 0")
        try:
            parsed = parse(text, None if given.get("entities") else str(mode or ""))
        except BadMarkup as error:
            raise ApiError(400, str(error)) from error
        if utf16_length(parsed.text) > limit:
            raise ApiError(400, too_long)
        return parsed

    def _fault(self, kind: str, chat_id: int) -> Fault | None:
        fault = self._world.faults.active("telegram", kind)
        return fault if fault and fault.chat_id in (None, str(chat_id)) else None

    def _pace(self, chat_id: int) -> None:
        if wait_s := self.chats.pace.wait_s(chat_id, self._world.clock.now_ms()):
            raise ApiError(429, f"retry after {wait_s}", retry_after=wait_s)

    def _message(self, chat_id: int, given: Parameters, missing: str) -> Message:
        message = self.chats.find(chat_id, integer(given, "message_id", 0))
        if message is None:
            raise ApiError(400, missing)
        return message

    def _reply_to(self, chat_id: int, given: Parameters) -> int | None:
        wanted = json_object(given, "reply_parameters")
        named = wanted.get("message_id") or given.get("reply_to_message_id")
        if not named:
            return None
        message_id = int(str(named))
        if self.chats.find(chat_id, message_id) is None:
            if truth(wanted.get("allow_sending_without_reply") or given.get("allow_sending_without_reply")):
                return None
            raise ApiError(400, "message to be replied not found")
        return message_id

    # ---------------------------------------------------------------- the user's side

    def act(self, act: UserAct) -> int:
        """Queue what a user did; answers the update's id."""
        now_ms = self._world.clock.now_ms()
        user = {"id": act.from_id or abs(act.chat_id), "is_bot": False, "first_name": "Reader", "language_code": "ko"}
        chat = chat_wire(act.chat_id)
        if act.blocked is not None:
            states = ("member", "kicked") if act.blocked else ("kicked", "member")
            old, new = ({"user": bot_wire("1"), "status": status, "until_date": 0} for status in states)
            change = {
                "chat": chat,
                "from": user,
                "date": now_ms // 1000,
                "old_chat_member": old,
                "new_chat_member": new,
            }
            return self.chats.put_update(now_ms, {"my_chat_member": change})
        if act.data is not None:
            message = self.chats.find(act.chat_id, act.message_id or 0)
            if message is None:
                raise ValueError(f"chat {act.chat_id} has no message {act.message_id}")
            query = {"id": str(now_ms), "from": user, "chat_instance": str(act.chat_id), "data": act.data,
                     "message": message_wire("1", message, Parsed(message.shown))}  # fmt: skip
            return self.chats.put_update(now_ms, {"callback_query": query})
        text = act.text or ""
        wire: dict[str, object] = {
            "message_id": self.chats.next_message_id(act.chat_id),
            "from": user,
            "chat": chat,
            "date": now_ms // 1000,
            "text": text,
        }
        if text.startswith("/"):
            wire["entities"] = [{"offset": 0, "length": utf16_length(text.split()[0]), "type": "bot_command"}]
        return self.chats.put_update(now_ms, {"message": wire})


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    """The Bot API and the two calls that look behind it."""
    api = BotApi(world, counters)

    async def messages(_: web.Request) -> web.Response:
        return web.json_response([told(message) for message in api.chats.messages])

    async def update(request: web.Request) -> web.Response:
        try:
            act = msgspec.json.decode(await request.read(), type=UserAct)
            return web.json_response({"update_id": api.act(act)})
        except ValueError as error:  # msgspec's refusals are ValueErrors too
            return web.json_response({"error": str(error)}, status=400)

    async def unknown(_: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)

    return [
        web.route("*", r"/telegram/bot{token:[^/]+}/{method}", api.call),
        web.route("*", "/telegram/{rest:.*}", unknown),
        web.get("/sim/telegram", messages),
        web.post("/sim/telegram/update", update),
    ]
