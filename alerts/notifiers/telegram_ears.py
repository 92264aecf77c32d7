"""What people tell the bot: commands and buttons, asked for by long polling, and the menu that offers the commands.

Every update is read by itself, so that one that nobody understands costs only itself; its number counts all the same.

    Deaf (Exception)    Telegram told nothing; `after_s`: leave it alone so long; `rival`: another program asks, too

Contract: Bot API 10.0, getUpdates and answerCallbackQuery, checked 2026-11-20.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from telegram import BotCommand
from telegram.error import Conflict, InvalidToken, TelegramError

from alerts.chat.asked import MENU, Ask
from alerts.notifiers.telegram import POLL_S, TOKEN_REFUSED_S, Telegram
from alerts.notifiers.telegram_request import FloodControl
from alerts.texts.words import Language, say

WANTED = '["message","callback_query"]'
AT_ONCE = 50  # updates an answer
TOAST = 200  # characters that Telegram shows above the chat
RIVAL_S = 10.0


class Deaf(Exception):
    """Nothing was heard."""

    def __init__(self, text: str, after_s: float | None = None, rival: bool = False) -> None:
        self.after_s = after_s
        self.rival = rival
        super().__init__(text)


class Said(Struct, frozen=True):
    """A message of a person. `chat` is its id, `chat_name` the `@name` of a public one, `at_s` Telegram's clock."""

    chat: int
    chat_name: str
    message_id: int
    at_s: int
    text: str


class Touched(Struct, frozen=True):
    """A button of one of our messages, pressed."""

    chat: int
    chat_name: str
    message_id: int
    query_id: str
    data: str


class Heard(Struct, frozen=True):
    """What came, in order, and the number to ask from next time."""

    news: tuple[Said | Touched, ...]
    following: int


class _Chat(Struct, frozen=True):
    id: int
    username: str = ""


class _Message(Struct, frozen=True):
    message_id: int
    chat: _Chat
    date: int = 0
    text: str = ""


class _Query(Struct, frozen=True):
    id: str
    message: _Message | None = None
    data: str = ""


class _Update(Struct, frozen=True):
    message: _Message | None = None
    callback_query: _Query | None = None


class _Numbered(Struct, frozen=True):
    update_id: int


class Ears:
    """Hears for the bot of `telegram`. Its questions for updates travel by themselves and hold no message up."""

    def __init__(self, telegram: Telegram) -> None:
        self._bot = telegram.bot
        self._polls = telegram.polls

    async def listen(self, following: int) -> Heard:
        """Wait until something comes, at most `POLL_S`; raise Deaf. What is before `following` is confirmed by it."""
        asked = urlencode({"offset": following, "limit": AT_ONCE, "timeout": POLL_S, "allowed_updates": WANTED})
        try:  # not through the library's own method: that gives up a whole answer for one update it can't read
            wire = await self._polls.post(f"{self._bot.base_url}/getUpdates?{asked}")
        except TelegramError as error:
            raise self._deaf(error) from None  # what lies behind may hold the token
        news = []
        for each in wire if isinstance(wire, list) else []:
            try:
                following = max(following, msgspec.convert(each, _Numbered).update_id + 1)
                update = msgspec.convert(each, _Update)
            except msgspec.ValidationError:
                continue
            if (one := _read(update)) is not None:
                news.append(one)
        return Heard(tuple(news), following)

    async def own_name(self) -> str:
        """The bot's user name, which commands in groups may carry; raise Deaf."""
        try:
            return (await self._bot.get_me()).username or ""
        except TelegramError as error:
            raise self._deaf(error) from None

    async def offer_menu(self, language: Language) -> None:
        """The commands, in the daemon's language for everyone and in ko and en for those who use these; raise Deaf."""
        try:
            for code, words in ((None, language), ("ko", "ko"), ("en", "en")):
                await self._bot.set_my_commands(_menu("ko" if words == "ko" else "en"), language_code=code)
        except TelegramError as error:
            raise self._deaf(error) from None

    async def unhook(self) -> None:
        """Take away a webhook that somebody set, which would leave us without updates; raise Deaf."""
        try:
            await self._bot.delete_webhook()
        except TelegramError as error:
            raise self._deaf(error) from None

    async def answer(self, query_id: str, text: str) -> None:
        """What is shown above the chat after a button was pressed; raise Deaf."""
        try:
            await self._bot.answer_callback_query(query_id, text[:TOAST])
        except TelegramError as error:
            raise self._deaf(error) from None

    def _deaf(self, error: TelegramError) -> Deaf:
        said = f"{type(error).__name__}: {error}".replace(self._bot.token, "<token>")
        match error:
            case FloodControl():
                return Deaf(said, error.after_s)
            case InvalidToken():
                return Deaf(said, TOKEN_REFUSED_S)
            case Conflict():
                return Deaf(said, RIVAL_S, rival=True)
        return Deaf(said)


def _read(update: _Update) -> Said | Touched | None:
    query = update.callback_query
    if query is not None:
        at = query.message
        return None if at is None else Touched(at.chat.id, at.chat.username, at.message_id, query.id, query.data)
    said = update.message
    return None if said is None else Said(said.chat.id, said.chat.username, said.message_id, said.date, said.text)


def _menu(language: Language) -> Sequence[BotCommand]:
    return [BotCommand(ask.value, say(MENU[ask], language)) for ask in Ask]
