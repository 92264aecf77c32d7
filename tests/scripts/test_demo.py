"""What the demo shows of a message, and the configuration it makes for itself."""

from pathlib import Path

import pytest

from config.load import load_settings
from scripts import demo_show
from scripts.demo_tellers import FULL_LINES, Story, Watched, tell_messages

TEXT = "NEW LISTING · NOVA\nTrading opens soon\n\nBlockers\n· none"


class Phone(Watched):
    """A phone with one message; every look edits it."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._looks = 0

    def messages(self) -> list[dict[str, object]]:
        self._looks += 1
        if self._looks > len(self._texts):
            raise EOFError
        edits = [{"text": text} for text in self._texts[1 : self._looks]]
        return [{"message_id": 1, "text": self._texts[0], "edits": edits, "reply_to": None}]


async def shown(texts: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(EOFError):
        await tell_messages(Story(), Phone(texts))
    return capsys.readouterr().out.splitlines()


async def test_a_message_and_its_first_edit_are_shown_whole_and_later_ones_by_their_head(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = await shown([TEXT, TEXT.replace("NEW LISTING", "READY"), TEXT.replace("NEW LISTING", "GO")], capsys)
    assert [line for line in lines if "Telegram message" in line] == [
        "00:00  Telegram message 1 received",
        "00:00  Telegram message 1 edited as facts arrived",
        "00:00  Telegram message 1 edited again, its head now:",
    ]
    assert sum("· none" in line for line in lines) == 2


async def test_an_edit_that_changes_only_details_is_not_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    lines = await shown([TEXT, TEXT + "!", TEXT + "!!", TEXT.replace("soon", "now")], capsys)
    assert sum("Telegram message" in line for line in lines) == 2


async def test_a_long_message_ends_with_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    lines = await shown(["\n".join(["head", *map(str, range(FULL_LINES + 4))])], capsys)
    assert any("… and 5 lines of details" in line for line in lines)


def test_its_configuration_is_the_shipped_one_on_a_port_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_show, "DATA", tmp_path)
    settings = load_settings(demo_show.own_config(4_711, "en"))
    assert (settings.radar.listen.port, settings.radar.language) == (4_711, "en")
    assert settings.radar.gate == load_settings(demo_show.ROOT / "config").radar.gate
