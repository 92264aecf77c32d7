"""One send to one Telegram chat, and what its answer means.

python-telegram-bot builds the request and reads the answer; its requests travel through our one HTTP door, so the same
limits, deadlines and connections serve them. Nothing is retried here but what is certain not to have arrived and needs
no wait: markup that Telegram would not parse goes again as plain text, a migrated group goes again under its new id.
Errors: Bot API 10.0 and python-telegram-bot 22.8, checked 2026-11-20. No text that leaves here holds the token.
"""

import logging

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
    TelegramError,
)

from alerts.delivery import TELEGRAM, Answer, Hopeless, Lost, Message, Retry, Sent, Uncertain, address_of
from alerts.notifiers.door import Door
from alerts.notifiers.telegram_request import UPDATES, DoorRequest, FloodControl, MayHaveArrived, NotArrived
from alerts.texts.markup import CAPTION_LIMIT, TELEGRAM_LIMIT, fit, html

log = logging.getLogger(__name__)

TOKEN_REFUSED_S = 60.0  # a token that is refused may be mended; the messages wait
POLL_S = 25  # how long Telegram may hold a question for updates …
POLL_DEADLINE_S = POLL_S + 15.0  # … and how long we wait for its answer
ROW = 3  # buttons side by side that a phone can show
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Telegram:
    """The notifier for `telegram:<chat id>`."""

    def __init__(self, token: str, door: Door, migrated: dict[str, int] | None = None) -> None:
        """`migrated` is kept up: the id that a configured chat has now, for people to put into the settings."""
        self._token = token
        self.polls = DoorRequest(door, token, UPDATES, POLL_DEADLINE_S)
        self.bot = Bot(token, base_url="/bot", request=DoorRequest(door, token), get_updates_request=self.polls)
        self.migrated: dict[str, int] = {} if migrated is None else migrated

    async def send(self, message: Message) -> Answer:
        """One message, picture or edit, as HTML; as plain text without buttons if Telegram would not parse that."""
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
        text = fit(message.text, message.footer, TELEGRAM_LIMIT if message.picture is None else CAPTION_LIMIT)
        text, parse_mode = (html(text), ParseMode.HTML) if marked_up else (text, None)
        buttons = _buttons(message) if marked_up else None
        if message.edit_of is not None:
            await self.bot.edit_message_text(
                text,
                chat_id=chat_id,
                message_id=int(message.edit_of),
                parse_mode=parse_mode,
                reply_markup=buttons,
                link_preview_options=NO_PREVIEW,
            )
            return Sent(message.edit_of)
        reply = ReplyParameters(int(message.reply_to), allow_sending_without_reply=True) if message.reply_to else None
        if message.picture is not None:
            shown = await self.bot.send_photo(
                chat_id,
                message.picture,
                caption=text,
                parse_mode=parse_mode,
                reply_markup=buttons,
                reply_parameters=reply,
                disable_notification=message.silent,
            )
            return Sent(str(shown.message_id))
        sent = await self.bot.send_message(
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
            return Retry(
                f"Telegram refuses the token ({error}); set TELEGRAM_BOT_TOKEN", TOKEN_REFUSED_S, for_a_person=True
            )
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


def _with_error(answer: Retry | Uncertain | Lost | Hopeless, error: str) -> Answer:
    return Retry(error, answer.after_s, answer.for_a_person) if isinstance(answer, Retry) else type(answer)(error)


def _buttons(message: Message) -> InlineKeyboardMarkup | None:
    """Pages first, then what tells us something."""
    usable = [(label, url) for label, url in message.links if url.startswith(("https://", "http://"))]
    pages = [InlineKeyboardButton(label, url=url) for label, url in usable]
    rows = [pages[first : first + ROW] for first in range(0, len(pages), ROW)]
    if message.presses:
        rows.append([InlineKeyboardButton(label, callback_data=data) for label, data in message.presses])
    return InlineKeyboardMarkup(rows) if rows else None


def _is_about_the_chat(error: BadRequest) -> bool:
    said = str(error).lower()
    return any(part in said for part in ("chat not found", "user not found", "peer_id_invalid", "chat_id is empty"))


def _is_about_the_message(error: BadRequest) -> bool:
    said = str(error).lower()
    return any(part in said for part in ("message to edit not found", "message can't be edited", "message_id_invalid"))
