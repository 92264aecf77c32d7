"""One send to one Telegram chat, and what its answer means.

python-telegram-bot builds the request and reads the answer; its requests travel through our one HTTP door, so the same
limits, deadlines and connections serve them. Nothing is retried here but what is certain not to have arrived and needs
no wait: markup that Telegram would not parse goes again as plain text, a migrated group goes again under its new id.
Errors: Bot API 10.0 and python-telegram-bot 22.8, checked 2026-11-20. No text that leaves here holds the token.
"""

import logging
from collections.abc import Mapping
from typing import Protocol

import msgspec
from msgspec import Struct
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)
from telegram.request import BaseRequest, RequestData

from alerts.delivery import TELEGRAM, Answer, Hopeless, Lost, Message, Retry, Sent, Uncertain, address_of
from alerts.markup import fit, html
from collectors.net.http import DoorError, Response

log = logging.getLogger(__name__)

SERVICE = "telegram"  # the name of the host in exchanges.yaml
TOKEN_REFUSED_S = 60.0  # a token that is refused may be mended; the messages wait
FORM = "application/x-www-form-urlencoded"
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Door(Protocol):
    """What is needed of `HttpDoor`."""

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
    ) -> Response: ...


class NotArrived(NetworkError):
    """The request did not reach Telegram."""


class MayHaveArrived(NetworkError):
    """The request left, and no answer came that says what became of it."""


class FloodControl(NetworkError):
    """HTTP 429: not taken. `after_s` is the pause that body or header name, None where neither does."""

    def __init__(self, after_s: float | None) -> None:
        self.after_s = after_s
        super().__init__("HTTP 429, too many requests" + ("" if after_s is None else f": retry after {after_s:g} s"))


class _Parameters(Struct, frozen=True):
    retry_after: float | None = None


class _Refusal(Struct, frozen=True):
    parameters: _Parameters = _Parameters()


class _Answer(Struct, frozen=True):
    """What every answer of the Bot API holds; the library reads the rest."""

    ok: bool


class DoorRequest(BaseRequest):
    """python-telegram-bot's transport over the one door. The `url` it is given is a path below the door's base URL.

    Each chat is a group of its own at the door, so that one chat's flood control holds no other chat back.
    """

    def __init__(self, door: Door, token: str) -> None:
        self._door = door
        self._token = token

    @property
    def read_timeout(self) -> float | None:
        return None  # deadlines are the door's

    async def initialize(self) -> None:
        """The door is opened and closed by whoever made it."""

    async def shutdown(self) -> None:
        """The door is opened and closed by whoever made it."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002 - the library passes it by name; every call of ours is a POST
        request_data: RequestData | None = None,
        *_: object,
        **_timeouts: object,
    ) -> tuple[int, bytes]:
        """One POST; raise NotArrived, MayHaveArrived or FloodControl where the library's own errors would say less."""
        body = request_data.url_encoded_parameters().encode() if request_data is not None else b""
        chat = request_data.parameters.get("chat_id", "") if request_data is not None else ""
        try:
            response = await self._door.post(SERVICE, url, body=body, content_type=FORM, group=f"chat:{chat}")
        except DoorError as error:
            # `from None`: whatever lies behind it may hold the URL, and the URL holds the token
            raise (MayHaveArrived if error.sent else NotArrived)(self._safe(str(error))) from None
        if response.status == 429:
            raise FloodControl(_pause_s(response))
        if response.status == 421:
            raise NotArrived("HTTP 421, misdirected request")
        if response.status >= 500:
            raise MayHaveArrived(f"HTTP {response.status}")
        if not _is_telegrams(response.body):  # a proxy's page: neither a refusal nor a receipt
            raise MayHaveArrived(f"HTTP {response.status} with an answer that is not Telegram's")
        return response.status, response.body

    def _safe(self, text: str) -> str:
        return text.replace(self._token, "<token>")


class Telegram:
    """The notifier for `telegram:<chat id>`."""

    def __init__(self, token: str, door: Door) -> None:
        request = DoorRequest(door, token)
        self._token = token
        self._bot = Bot(token, base_url="/bot", request=request, get_updates_request=request)
        self.migrated: dict[
            str, int
        ] = {}  # configured chat id -> the id it has now; for people to put into the settings

    async def send(self, message: Message) -> Answer:
        """One message or one edit, as HTML; as plain text without buttons if Telegram would not parse that."""
        chat = address_of(message.target)
        try:
            return await self._send(message, chat, marked_up=True)
        except ChatMigrated as moved:
            self.migrated[chat] = moved.new_chat_id
            log.warning("chat %s is now %d: put the new id into TELEGRAM_CHAT_ID", chat, moved.new_chat_id)
            again = self._send(message, chat, marked_up=True)
        except BadRequest as refused:
            answer = answer_to(refused, editing=message.edit_of is not None)
            if not isinstance(answer, Hopeless) or _is_about_the_chat(refused):
                return answer
            log.warning("Telegram would not take an alert as HTML (%s); sent as plain text", self._safe(str(refused)))
            again = self._send(message, chat, marked_up=False)
        except TelegramError as error:
            return self._told(error, message)
        try:
            return await again
        except TelegramError as error:
            return self._told(error, message)

    async def _send(self, message: Message, chat: str, marked_up: bool) -> Answer:
        chat_id = self.migrated.get(chat, chat)
        text = fit(message.text, message.footer)
        text, parse_mode = (html(text), ParseMode.HTML) if marked_up else (text, None)
        buttons = _buttons(message) if marked_up else None
        if message.edit_of is not None:
            await self._bot.edit_message_text(
                text,
                chat_id=chat_id,
                message_id=int(message.edit_of),
                parse_mode=parse_mode,
                reply_markup=buttons,
                link_preview_options=NO_PREVIEW,
            )
            return Sent(message.edit_of)
        reply = ReplyParameters(int(message.reply_to), allow_sending_without_reply=True) if message.reply_to else None
        sent = await self._bot.send_message(
            chat_id,
            text,
            parse_mode=parse_mode,
            reply_markup=buttons,
            reply_parameters=reply,
            disable_notification=message.silent,
            link_preview_options=NO_PREVIEW,
        )
        return Sent(str(sent.message_id))

    def _told(self, error: TelegramError, message: Message) -> Answer:
        answer = answer_to(error, editing=message.edit_of is not None)
        return answer if isinstance(answer, Sent) else _with_error(answer, self._safe(answer.error))

    def _safe(self, text: str) -> str:
        return text.replace(self._token, "<token>")


def answer_to(error: TelegramError, editing: bool) -> Answer:
    """What an error of python-telegram-bot says about the message.

    BadRequest is one of its NetworkErrors, so the order of the cases matters. An answer that can't be understood may,
    like a 5xx, hide a message that was stored.
    """
    said = f"{type(error).__name__}: {error}"
    match error:
        case FloodControl():
            return Retry(str(error), error.after_s)
        case InvalidToken():
            return Retry(f"Telegram refuses the token ({error}); set TELEGRAM_BOT_TOKEN", TOKEN_REFUSED_S)
        case Forbidden() | ChatMigrated():
            return Hopeless(said)
        case BadRequest() if editing and "not modified" in str(error).lower():
            return Sent()
        case BadRequest() if editing and _is_about_the_message(error):
            return Lost(said)
        case BadRequest():
            return Hopeless(said)
        case NotArrived() | Conflict():
            return Retry(said)
        case MayHaveArrived():
            return Uncertain(said)
        case _:
            return Uncertain(said)


def is_configured(token: str | None, chat_ids: str | None) -> bool:
    """Whether Telegram can be used at all: a token and at least one chat."""
    return bool((token or "").strip()) and bool(targets_of(chat_ids))


def targets_of(chat_ids: str | None) -> tuple[str, ...]:
    """The targets that `TELEGRAM_CHAT_ID`, a comma list, names."""
    chats = [chat.strip() for chat in (chat_ids or "").split(",")]
    return tuple(dict.fromkeys(f"{TELEGRAM}:{chat}" for chat in chats if chat))


def _is_telegrams(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError:
        return False
    return True


def _pause_s(response: Response) -> float | None:
    try:
        named_s = msgspec.json.decode(response.body, type=_Refusal).parameters.retry_after
    except msgspec.DecodeError:
        named_s = None
    if named_s is not None and named_s >= 0:
        return named_s
    header = response.headers.get("retry-after", "")
    return float(header) if header.isdecimal() else None


def _with_error(answer: Retry | Uncertain | Lost | Hopeless, error: str) -> Answer:
    return Retry(error, answer.after_s) if isinstance(answer, Retry) else type(answer)(error)


def _buttons(message: Message) -> InlineKeyboardMarkup | None:
    usable = [(label, url) for label, url in message.links if url.startswith(("https://", "http://"))]
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, url=url) for label, url in usable]]) if usable else None


def _is_about_the_chat(error: BadRequest) -> bool:
    said = str(error).lower()
    return any(part in said for part in ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty"))


def _is_about_the_message(error: BadRequest) -> bool:
    said = str(error).lower()
    return any(part in said for part in ("message to edit not found", "message can't be edited", "message_id_invalid"))
