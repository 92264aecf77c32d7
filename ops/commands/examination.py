"""Asks what `doctor` wants to know: each service one cheap question, through the one door and inside its limits."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from collectors.net.http import DoorError, HttpDoor, Refused, Response
from config.clock import Clock
from config.secrets import ENVIRONMENT, Secrets
from ops.commands import doctor
from ops.commands.answer import Answer, Mark
from ops.commands.key_questions import KEYS, KeyQuestions
from ops.watching.clock_offset import EXCHANGES, ClockOffset
from store.database import SQLITE_VERSION

DEADLINE_S = 5.0
LOOKS_AT_THE_CLOCK = 4
LOOK_PAUSE_S = 0.27  # so that the looks fall at different parts of a second


class Question(Struct, frozen=True):
    """A request that every healthy service answers with 200; `needed`: recording stops without it."""

    service: str
    path: str
    params: Mapping[str, str] = {}
    group: str = "default"
    needed: bool = False


QUESTIONS = (
    Question("upbit", "/v1/ticker", {"markets": "KRW-BTC"}, "ticker", needed=True),
    Question("bithumb", "/v1/ticker", {"markets": "KRW-BTC"}, "ticker", needed=True),
    Question("upbit_site", "/api/v1/announcements", {"os": "web", "page": "1", "per_page": "1", "category": "all"}),
    Question("binance", "/api/v3/ping"),
    Question("binance_futures", "/fapi/v1/ping"),
    Question("okx", "/api/v5/public/time"),
    Question("bybit", "/v5/market/time"),
    Question("coinbase", "/products/USDT-USD/ticker", group="ticker"),
    Question("coingecko", "/api/v3/ping"),
    Question("dunamu", "/v1/forex/recent", {"codes": "FRX.KRWUSD"}),
)
OF_VENUES: Mapping[str, tuple[Question, ...]] = {  # asked where `gate.venues` names them
    "gate": (Question("gate", "/api/v4/spot/tickers", {"currency_pair": "BTC_USDT"}, "ticker"),),
    "bitget": (Question("bitget", "/api/v2/spot/market/tickers", {"symbol": "BTCUSDT"}, "ticker"),),
    "htx": (
        Question("htx", "/market/detail/merged", {"symbol": "btcusdt"}, "ticker"),
        Question("htx_futures", "/linear-swap-ex/market/depth", {"contract_code": "BTC-USDT", "type": "step0"}, "book"),
    ),
    "kucoin": (Question("kucoin", "/api/v1/market/stats", {"symbol": "BTC-USDT"}, "ticker"),),
    "mexc": (Question("mexc", "/api/v3/ticker/24hr", {"symbol": "BTCUSDT"}, "ticker"),),
    "kraken": (Question("kraken", "/0/public/Ticker", {"pair": "XBTUSDT"}, "ticker"),),
}
WITHOUT_KEY = {
    "upbit": "no announcement socket, and its transfer state is unknown",
    "binance": "its withdrawal state is unknown, and so is a GO over it",
    "okx": "its withdrawal state is unknown, and so is a GO over it",
    "bybit": "its withdrawal state is unknown, and so is a GO over it",
}


class _Me(Struct, frozen=True):
    username: str = ""


class _Telegram(Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"{}")
    description: str = ""


class Examination:
    """One examination. `venues` are those that verdicts ask; `offset` and `days_left` are the running daemon's, None
    where we work alone.
    """

    def __init__(
        self,
        door: HttpDoor,
        clock: Clock,
        secrets: Secrets,
        data: Path,
        venues: Sequence[str] = (),
        offset: ClockOffset | None = None,
        days_left: float | None = None,
    ) -> None:
        self._door = door
        self._clock = clock
        self._secrets = secrets
        self._data = data
        self._questions = (*QUESTIONS, *(each for venue in venues for each in OF_VENUES.get(venue, ())))
        self._offset = offset
        self._days_left = days_left
        self._redact = secrets.redactor()
        self._key_questions = KeyQuestions(door, clock, secrets)

    async def answers(self) -> list[Answer]:
        """Everything, asked at once, in an order that a person can read."""
        asked = [self._service(question) for question in self._questions]
        clock, services, keys, told = await asyncio.gather(
            self._clock_offset(), asyncio.gather(*asked), self._keys(), self._telegram()
        )
        answers = [clock, self._disk(), doctor.sqlite(SQLITE_VERSION), *services, *keys, *told]
        return [msgspec.structs.replace(each, found=self._redact(each.found)) for each in answers]

    async def _clock_offset(self) -> Answer:
        if self._offset is not None:
            return doctor.clock(self._offset.interval())
        offset = ClockOffset()
        for _ in range(LOOKS_AT_THE_CLOCK):
            for question in QUESTIONS:
                if question.service in EXCHANGES and isinstance(answer := await self._ask(question), Response):
                    at_s = self._clock.monotonic()
                    offset.answered(question.service, answer.headers, answer.requested_ms, answer.received_ms, at_s)
            await self._clock.sleep(LOOK_PAUSE_S)
        return doctor.clock(offset.interval())

    def _disk(self) -> Answer:
        folder = next(path for path in (self._data, *self._data.absolute().parents) if path.exists())
        usage = shutil.disk_usage(folder)
        return doctor.disk(usage.free / max(1, usage.used + usage.free), usage.free, self._days_left)

    async def _service(self, question: Question) -> Answer:
        answer = await self._ask(question)
        match answer:
            case Response():
                took_ms = answer.received_ms - answer.requested_ms
                return doctor.service(question.service, question.needed, answer.status, took_ms, "")
            case Refused():
                return doctor.not_asked(question.service, str(answer))
        return doctor.service(question.service, question.needed, None, 0, str(answer))

    async def _ask(self, question: Question) -> Response | DoorError:
        return await self._get(question.service, question.path, question.params, group=question.group)

    async def _get(
        self,
        service: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
    ) -> Response | DoorError:
        try:
            return await self._door.get(
                service, path, params=params, headers=headers, group=group, deadline_s=DEADLINE_S
            )
        except DoorError as error:
            return error

    async def _keys(self) -> list[Answer]:
        found: list[Answer] = []
        for exchange, names in KEYS.items():
            question = f"key of {exchange}"
            if not self._secrets.complete(*names):
                found.append(doctor.no_secret(question, WITHOUT_KEY[exchange], [ENVIRONMENT[name] for name in names]))
                continue
            answer = await self._key_questions.ask(exchange)
            found.append(
                answer if isinstance(answer, Answer) else Answer(question, Mark.WARN, str(answer), "ask again")
            )
        return found

    # --- Telegram -----------------------------------------------------------------------------------------------------

    async def _telegram(self) -> list[Answer]:
        token, chats = self._secrets.telegram_bot_token, self._secrets.telegram_chat_ids
        if not token or not chats:
            return [
                doctor.no_secret("telegram", "alerts go to the log only", ["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"])
            ]
        me = await self._get("telegram", f"/bot{token}/getMe")
        if isinstance(me, DoorError):
            return [doctor.telegram(None, "", str(me))]
        found = [doctor.telegram(me.status, _name(me.body), "")]
        if me.status != 200:
            return found
        for chat in chats:
            answer = await self._get("telegram", f"/bot{token}/getChat", {"chat_id": chat})
            if isinstance(answer, Response):
                said = doctor.chat(chat, answer.status, _read(answer.body).description)
                found += [said] if said is not None else []
        return found


def _name(body: bytes) -> str:
    try:
        return msgspec.json.decode(_read(body).result, type=_Me).username
    except msgspec.DecodeError:
        return ""


def _read(body: bytes) -> _Telegram:
    try:
        return msgspec.json.decode(body, type=_Telegram)
    except msgspec.DecodeError:
        return _Telegram()
