"""A secret is blanked in every form in which somebody else's text may carry it."""

import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from config.redaction import Redactor

TOKEN = "100000001:AAExampleTokenOfThirtyFiveLetters__"
KEY = 'k+y/with="odd" \\letters'
HOOK = "https://user:longpassword@hooks.example/services/T0000001/abcdefghijkl?key=0123456789"
redact = Redactor([TOKEN, KEY, HOOK, "", "ok"])


@pytest.mark.parametrize("secret", [TOKEN, KEY, HOOK])
def test_it_is_blanked_plain_in_urls_in_forms_and_in_json(secret: str) -> None:
    for form in (
        f"GET /bot{secret}/getMe failed",
        f"/x?{urlencode({'key': secret})}",
        f"/x/{quote(secret, safe='')}/{quote(secret)}/{quote_plus(secret)}",
        json.dumps({"error": f"no such {secret}"}),
        json.dumps({"error": f"{secret}한글"}, ensure_ascii=False),
    ):
        said = redact(form)
        assert "***" in said
        for part in (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]):
            assert part not in said


@pytest.mark.parametrize(
    "part",
    [
        "AAExampleTokenOfThirtyFiveLetters__",
        "/services/T0000001/abcdefghijkl",
        "abcdefghijkl",
        "0123456789",
        "longpassword",
    ],
)
def test_a_part_that_gives_it_away_alone_is_blanked(part: str) -> None:
    assert part not in redact(f"at {part}.")


def test_a_bearer_is_blanked_whoever_gave_it() -> None:
    assert redact("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJh.c2ln") == "Authorization: Bearer ***"


def test_what_is_no_secret_stays_and_its_repr_shows_none() -> None:
    text = "services of hooks.example answer; 100000001 is the bot"
    assert redact(text) == text
    assert TOKEN not in repr(redact) + str(vars(type(redact)))
