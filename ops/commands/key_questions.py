"""Asks each exchange what the owner's key may do and when it ends; `KeyWatch` does so every hour, for the alerts.

No key is used for anything here but to ask about itself; what the answers mean stands in `ops/commands/key_checks.py`.
"""

import uuid
from collections.abc import Mapping

import msgspec

from analysis.fetching.sources import Answer, Door
from analysis.venues import signing
from collectors.exchanges.upbit_key import UpbitKey, bearer
from collectors.net.http import DoorError
from config.clock import Clock
from config.secrets import GROUPS, Secrets
from ops.commands import key_checks
from ops.commands.key_checks import KeyAnswer, KeyState

DEADLINE_S = 5.0
EVERY_S = 3_600.0
AGAIN_S = 300.0  # while an exchange does not answer
KEYS = {names[0].partition("_")[0]: names for names in GROUPS if not names[0].startswith("telegram")}


class KeyQuestions:
    """`ask` about the key of one exchange of `KEYS`; it must be set."""

    def __init__(self, door: Door, clock: Clock, secrets: Secrets) -> None:
        self._door = door
        self._clock = clock
        self._secrets = secrets
        self._redact = secrets.redactor()

    @property
    def given(self) -> tuple[str, ...]:
        """Exchanges of which a whole key is set."""
        return tuple(exchange for exchange, names in KEYS.items() if self._secrets.complete(*names))

    async def ask(self, exchange: str) -> KeyAnswer | DoorError:
        """What the exchange says of the key, without the key, should it repeat it."""
        answer = await self._answer(exchange)
        if isinstance(answer, DoorError):
            return answer
        return msgspec.structs.replace(answer, found=self._redact(answer.found))

    async def _answer(self, exchange: str) -> KeyAnswer | DoorError:
        secrets, now_ms = self._secrets, self._clock.now_ms()
        try:
            match exchange:
                case "upbit":
                    key = UpbitKey(secrets.upbit_access_key or "", secrets.upbit_secret_key or "")
                    signed = {"Authorization": bearer(key, str(uuid.uuid4()))}
                    answer = await self._get("upbit", "/v1/api_keys", {}, signed, "exchange")
                    return key_checks.upbit(answer.status, answer.body, key.access, now_ms)
                case "binance":
                    api = signing.ApiKey(secrets.binance_api_key or "", secrets.binance_api_secret or "")
                    params, headers = signing.binance(api, {}, now_ms)
                    answer = await self._get("binance", "/sapi/v1/account/apiRestrictions", params, headers)
                    return key_checks.binance(answer.status, answer.body)
                case "okx":
                    path, phrase = "/api/v5/account/config", secrets.okx_api_passphrase or ""
                    api = signing.ApiKey(secrets.okx_api_key or "", secrets.okx_api_secret or "", phrase)
                    answer = await self._get("okx", path, {}, signing.okx(api, path, {}, now_ms))
                    return key_checks.okx(answer.status, answer.body)
                case _:
                    api = signing.ApiKey(secrets.bybit_api_key or "", secrets.bybit_api_secret or "")
                    answer = await self._get("bybit", "/v5/user/query-api", {}, signing.bybit(api, {}, now_ms))
                    return key_checks.bybit(answer.status, answer.body, now_ms)
        except DoorError as error:
            return error

    async def _get(
        self, service: str, path: str, params: Mapping[str, str], headers: Mapping[str, str], group: str = "transfer"
    ) -> Answer:
        return await self._door.get(service, path, params=params, headers=headers, group=group, deadline_s=DEADLINE_S)


class KeyWatch:
    """`run` it; `answers` holds what each exchange last said of its key, and keeps it while none is to be had."""

    def __init__(self, questions: KeyQuestions, clock: Clock) -> None:
        self._questions = questions
        self._clock = clock
        self.answers: dict[str, KeyAnswer] = {}

    async def run(self) -> None:
        """Ask about every key that is set, for ever."""
        while True:
            unanswered = False
            for exchange in self._questions.given:
                answer = await self._questions.ask(exchange)
                if isinstance(answer, DoorError) or answer.state is KeyState.UNKNOWN:
                    unanswered = True
                else:
                    self.answers[exchange] = answer
            await self._clock.sleep(AGAIN_S if unanswered else EVERY_S)
