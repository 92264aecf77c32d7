import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.chat.asked import MENU, Ask, Misspelled, read


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/status", (Ask.STATUS, "")),
        ("/status now please", (Ask.STATUS, "")),
        ("/start", (Ask.HELP, "")),
        ("/analyze sol", (Ask.ANALYZE, "SOL")),
        ("/analyze@Radar_Bot  1INCH ", (Ask.ANALYZE, "1INCH")),
        ("/premium", (Ask.PREMIUM, "")),
        ("/mute", (Ask.MUTE, "")),
        ("/analyze", Misspelled(Ask.ANALYZE)),
        ("/unmute", Misspelled(Ask.UNMUTE)),
        ("/mute SOL BTC", Misspelled(Ask.MUTE)),
        ("/premium <b>", Misspelled(Ask.PREMIUM)),
        ("/premium 노바", Misspelled(Ask.PREMIUM)),
        ("/nonsense", Misspelled()),
        ("/Status", Misspelled()),
        ("/", Misspelled()),
        ("/status@other_bot", None),
        ("hello /status", None),
        ("", None),
    ],
)
def test_what_is_typed_means(text: str, meant: object) -> None:
    assert read(text, "radar_bot") == meant


@given(st.text(max_size=2_000))
def test_any_text_is_read_quickly_and_yields_a_plain_symbol(text: str) -> None:
    match read("/analyze " + text, "radar_bot"):
        case (Ask.ANALYZE, symbol):
            assert symbol.isascii()
            assert symbol.isalnum()
            assert len(symbol) <= 20
        case other:
            assert other == Misspelled(Ask.ANALYZE) or other == Misspelled()


def test_the_menu_offers_every_command_in_both_languages() -> None:
    assert set(MENU) == set(Ask)
    assert all(3 <= len(words) <= 256 for each in MENU.values() for words in each)
