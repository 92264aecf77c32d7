import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.messengers.telegram_markup import BadMarkup, parse, utf16_length


def test_tags_become_entities_with_utf16_offsets() -> None:
    parsed = parse('🚨 <b>GO</b> <a href="https://x.y/?a=1&amp;b=2">공지</a> 1 &lt; 2', "HTML")
    assert parsed.text == "🚨 GO 공지 1 < 2"
    assert parsed.entities == (
        {"offset": 3, "length": 2, "type": "bold"},
        {"offset": 6, "length": 2, "type": "text_link", "url": "https://x.y/?a=1&b=2"},
    )


def test_nested_tags_are_outermost_first() -> None:
    kinds = [e["type"] for e in parse('<b><i>x</i></b><pre><code class="language-py">y</code></pre>', "html").entities]
    assert sorted(map(str, kinds)) == ["bold", "code", "italic", "pre"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a <x>b</x>", 'Unsupported start tag "x" at byte offset 2'),
        ("가 <x>", 'Unsupported start tag "x" at byte offset 4'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b", "Unclosed start tag at byte offset 0"),
    ],
)
def test_bad_html_is_refused_in_the_servers_words(text: str, error: str) -> None:
    with pytest.raises(BadMarkup) as refused:
        parse(text, "HTML")
    assert str(refused.value) == f"can't parse entities: {error}"


@given(st.text())
def test_escaped_text_is_always_accepted_and_comes_back(text: str) -> None:
    assert parse(html.escape(text), "HTML").text == text


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for mode in ("HTML", "MarkdownV2", None):
        try:
            parsed = parse(text, mode)
        except BadMarkup:
            continue
        assert utf16_length(parsed.text) <= utf16_length(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("-3\\.5%", "Character '-' is reserved and must be escaped with the preceding '\\'"),
        ("*open", "Can't find end of the entity starting at byte offset 0"),
    ],
)
def test_bad_markdown_is_refused(text: str, error: str) -> None:
    with pytest.raises(BadMarkup) as refused:
        parse(text, "MarkdownV2")
    assert str(refused.value).endswith(error)


def test_good_markdown_loses_its_marks() -> None:
    assert parse("*GO* \\-3\\.5%", "MarkdownV2").text == "GO -3.5%"
