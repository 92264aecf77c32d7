"""A line an event, and no secret in it."""

import json
import logging

import pytest

from config.redaction import NOTHING, Redactor
from ops.process.logs import set_up

SECRET = "123:abcDEF"


@pytest.fixture(autouse=True)
def logging_as_before() -> object:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_is_blanked_in_messages_and_tracebacks(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json" if style == "json" else "text", "info", Redactor([SECRET]))
    try:
        raise ValueError(f"https://host/bot{SECRET}/send")
    except ValueError:
        logging.getLogger("radar").exception("posting to bot%s failed", SECRET)
    out = capsys.readouterr().out
    assert SECRET not in out
    assert "bot***" in out


def test_json_keeps_a_traceback_on_the_line_of_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json", "info", NOTHING)
    logging.getLogger("radar").error("첫 줄\nsecond line", exc_info=ValueError("x"))
    (line,) = capsys.readouterr().out.splitlines()
    event = json.loads(line)
    assert (event["level"], event["logger"]) == ("error", "radar")
    assert "ValueError: x" in event["traceback"]


def test_control_letters_of_strangers_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("text", "info", NOTHING)
    logging.getLogger("radar").info("title \x1b[2J wiped")
    assert "\x1b" not in capsys.readouterr().out
