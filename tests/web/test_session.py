"""The cookie that stands for the token."""

import pytest

from web.session import LASTS_S, issue, same, valid

TOKEN, NOW = "correct horse battery staple", 1_800_000_000_000


def test_a_session_is_good_until_it_expires_and_never_holds_the_token() -> None:
    cookie = issue(TOKEN, NOW)
    assert TOKEN not in cookie
    assert valid(TOKEN, cookie, NOW)
    assert valid(TOKEN, cookie, NOW + LASTS_S * 1000 - 1)
    assert not valid(TOKEN, cookie, NOW + LASTS_S * 1000)


def test_another_token_ends_every_session() -> None:
    assert not valid("another", issue(TOKEN, NOW), NOW)


def test_a_later_expiry_needs_a_new_signature() -> None:
    expires, _, signature = issue(TOKEN, NOW).partition(".")
    assert not valid(TOKEN, f"{int(expires) + 1}.{signature}", NOW)


@pytest.mark.parametrize(
    "cookie", ["", ".", "1", "1.", "x.y", "-1.a", "９.a", "1e9.a", "9" * 400 + ".a", "\udcff.\udcff"]
)
def test_nonsense_is_no_session(cookie: str) -> None:
    assert not valid(TOKEN, cookie, NOW)


def test_secrets_are_equal_only_when_they_are() -> None:
    assert same("ä", "ä")
    assert not same("a", "ä")
    assert not same("\udcff", "?x")
