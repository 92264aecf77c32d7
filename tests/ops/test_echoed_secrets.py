"""Whoever sends a secret gets it repeated in every kind of answer: neither a log, before any redaction, nor an error
or its traceback holds it."""

import logging
import traceback
from pathlib import Path

import pytest

from alerts.alert import AlertLevel
from alerts.delivery import Message, Sent
from alerts.notifiers.discreet import Discreet
from alerts.notifiers.telegram import Telegram
from alerts.notifiers.webhook import Form, Webhook
from collectors.net.http import DoorError, HttpDoor, open_door
from collectors.net.limits import Limits
from config.clock import SystemClock
from config.redaction import Redactor
from config.secrets import Secrets
from ops.commands.examination import QUESTIONS, Examination
from ops.commands.key_questions import KEYS, KeyQuestions
from ops.watching.deadman import Deadman
from tests.fakes.echo import echoing

MARK = "5ecret7Mark"
TOKEN = f"100000001:{MARK}TelegramTokenOfThirtyFive"
ROUNDS = 9  # so that each status, a cut and an HTML page were met


def secrets(url: str) -> Secrets:
    keys = {name: f"{name}+/{MARK}=" for names in KEYS.values() for name in names}
    hook, ping = f"{url}/hook/{MARK}Hook?key={MARK}", f"{url}/ping/{MARK}Ping"
    return Secrets(
        telegram_bot_token=TOKEN, telegram_chat_ids=("4242",), alert_webhook_url=hook, deadman_url=ping, **keys
    )


def door_to(url: str, given: Secrets, rate: float = 1_000.0) -> HttpDoor:
    bases = {name: f"{url}/{name}" for name in ("telegram", *KEYS, *(question.service for question in QUESTIONS))}
    bases |= {"webhook": given.alert_webhook_url or "", "deadman": given.deadman_url or ""}
    return HttpDoor(bases, Limits({name: {"default": rate} for name in bases}), SystemClock(), "test")


async def test_no_answer_of_a_service_brings_a_secret_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    async with echoing() as echo:
        given = secrets(echo.url)
        for _ in range(ROUNDS):  # each with limits of its own, which would rest after the first 429
            async with open_door(door_to(echo.url, given)) as door:
                message = Message("telegram:4242", "text", AlertLevel.HIGH)
                for notifier in (Telegram(TOKEN, door), Webhook(door, Form.JSON)):
                    answer = await Discreet(notifier, given.redactor()).send(message)
                    said += [] if isinstance(answer, Sent) else [answer.error]
                await Deadman(door, SystemClock(), lambda: True)._ping()
                for exchange in KEYS:
                    said.append(repr(await KeyQuestions(door, SystemClock(), given).ask(exchange)))
    assert {"telegram", "hook", "ping", *KEYS} <= set(echo.requests)
    assert len(said) >= ROUNDS * (len(KEYS) + 1)
    # The library tells its URL to whoever listens at DEBUG; `ops/process/logs.py` does not, and blanks it besides.
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("telegram")]
    assert [text for text in (*said, *logged) if MARK in text] == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://nowhere.invalid", "https://127.0.0.1:9"])
async def test_no_failure_of_the_network_shows_the_url(url: str) -> None:
    given = secrets(url)
    async with open_door(door_to(url, given)) as door:
        for service in ("webhook", "deadman", "telegram"):
            with pytest.raises(DoorError) as failed:
                await door.post(
                    service, f"/bot{TOKEN}/x", body=MARK.encode(), content_type="text/plain", deadline_s=2.0
                )
            assert MARK not in "".join(traceback.format_exception(failed.value))


async def test_doctor_repeats_no_secret(tmp_path: Path) -> None:
    async with echoing() as echo:
        given = secrets(echo.url)
        async with open_door(door_to(echo.url, given)) as door:
            answers = await Examination(door, SystemClock(), given, tmp_path).answers()
    assert answers
    assert MARK not in repr(answers)


def test_what_keeps_secrets_shows_none_of_them() -> None:
    given = secrets("http://127.0.0.1:9")
    for holder in (given, given.redactor(), Redactor([TOKEN])):
        assert MARK not in f"{holder} {holder!r}"
