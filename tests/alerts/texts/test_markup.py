import html as reader
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.texts.markup import ELLIPSIS, TELEGRAM_LIMIT, clean, escape, fit, html, tag_of, utf16_units

any_text = st.text(st.characters(), max_size=300)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def parsed(markup: str) -> str:
    """What Telegram's HTML parser shows: our one tag taken out, entities resolved."""
    return reader.unescape(re.sub(r"</?b>", "", markup))


@given(any_text)
def test_units_are_counted_as_utf16_counts_them(text: str) -> None:
    assert utf16_units(clean(text)) == utf16(clean(text))


@given(any_text)
def test_any_text_survives_escaping_and_parsing(text: str) -> None:
    whole = clean(text)
    assert parsed(html(whole)) == whole
    assert re.sub(r"&(lt|gt|amp);", "", escape(whole)).count("&") == 0


@given(any_text)
def test_only_our_own_tag_is_left_in_the_markup(text: str) -> None:
    assert set(re.findall(r"<[^>]*>", html(clean(text)))) <= {"<b>", "</b>"}


@given(any_text)
def test_cleaned_text_can_be_encoded_and_holds_no_control_characters(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not [each for each in cleaned if ord(each) < 0x20 and each not in "\n\t"]
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(), max_size=400), st.integers(min_value=40, max_value=200))
def test_a_fitted_text_is_within_the_limit_never_empty_and_keeps_its_footer(text: str, limit: int) -> None:
    fitted = fit(text, "#a1b2c3 · possible repeat", limit)
    assert 0 < utf16(fitted) <= limit
    assert fitted.endswith("\n#a1b2c3 · possible repeat")
    assert fitted.split("\n")[0].strip()


@given(st.text("🚨가a", min_size=21, max_size=60))
def test_a_long_first_line_is_cut_between_characters(text: str) -> None:
    fitted = fit(text, limit=20)
    assert utf16(fitted) in (20, 19)
    assert text.startswith(fitted.removesuffix(ELLIPSIS))


def test_whole_lines_go_from_the_end() -> None:
    assert fit("verdict\nroute\nsources", limit=17) == "verdict\nroute\n…"
    assert fit("verdict\nroute\nsources", limit=21) == "verdict\nroute\nsources"
    assert fit("verdict\nroute\nsources", "#a1", limit=13) == "verdict\n…\n#a1"


def test_text_at_the_limit_stays_and_one_emoji_more_does_not() -> None:
    at_limit = "a" * (TELEGRAM_LIMIT - 2) + "🚨"
    assert fit(at_limit) == at_limit
    assert fit(at_limit + "b") == "a" * (TELEGRAM_LIMIT - 2) + ELLIPSIS  # half an emoji does not fit


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n", "\t"])
def test_nothing_to_say_is_still_a_message(nothing: str) -> None:
    assert fit(nothing, "#a1b2c3") == "…\n#a1b2c3"


def test_a_footer_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves no room"):
        fit("text", "#a1b2c3", limit=8)


def test_an_alert_keeps_its_tag_and_another_has_its_own() -> None:
    assert tag_of(7, "upbit:NOVA:1", 1_800_000_000_000) == tag_of(7, "upbit:NOVA:1", 1_800_000_000_000)
    assert tag_of(8, "upbit:NOVA:1", 1_800_000_000_000) != tag_of(7, "upbit:NOVA:1", 1_800_000_000_000)
    assert re.fullmatch(r"#[0-9a-f]{6}", tag_of(7, "upbit:\ud800:1", 0))
