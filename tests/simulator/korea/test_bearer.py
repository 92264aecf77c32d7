"""Tokens: signature, known and refused keys, query hash, nonce."""

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.korea.bearer import Gatekeeper, Unauthorized


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def bearer(
    key: str = "SIM-ACCESS", secret: str = "SIM-SECRET", nonce: str = "n1", alg: str = "HS256", **more: str
) -> str:
    signed = f"{part({'alg': alg, 'typ': 'JWT'})}.{part({'access_key': key, 'nonce': nonce, **more})}"
    digest = {"HS256": "sha256", "HS512": "sha512"}.get(alg, "sha256")
    signature = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), digest)).decode().rstrip("=")
    return f"Bearer {signed}.{signature}"


def refusal(authorization: str | None, query: str = "") -> str:
    with pytest.raises(Unauthorized) as refused:
        Gatekeeper().access_key(authorization, query)
    return refused.value.name


@pytest.mark.parametrize("alg", ["HS256", "HS512"])
def test_the_known_key_is_let_in_with_its_own_secret(alg: str) -> None:
    assert Gatekeeper().access_key(bearer(alg=alg)) == "SIM-ACCESS"


def test_a_wrong_secret_of_the_known_key_is_refused() -> None:
    assert refusal(bearer(secret="guess")) == "jwt_verification"


def test_any_other_key_is_let_in_with_any_secret_but_an_empty_one() -> None:
    assert Gatekeeper().access_key(bearer(key="mine", secret="whatever")) == "mine"
    assert refusal(bearer(key="mine", secret="")) == "jwt_verification"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("BAD-1", "invalid_access_key"),
        ("EXPIRED-1", "expired_access_key"),
        ("NOIP-1", "no_authorization_ip"),
        ("", "jwt_verification"),
    ],
)
def test_the_key_itself_can_ask_for_a_refusal(key: str, name: str) -> None:
    assert refusal(bearer(key=key)) == name


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer a.b", "Basic a.b.c", "Bearer é.é.é", "Bearer W10.W10.W10"]
)
def test_what_is_no_token_fails_verification(header: str | None) -> None:
    assert refusal(header) == "jwt_verification"


def test_unsigned_tokens_are_refused() -> None:
    assert refusal(bearer(key="mine", alg="none")) == "jwt_verification"


def test_a_query_needs_its_hash_in_the_token() -> None:
    query = "currency=ZZA&states[]=done"
    sound = hashlib.sha512(query.encode()).hexdigest()
    assert Gatekeeper().access_key(bearer(query_hash=sound, query_hash_alg="SHA512"), query) == "SIM-ACCESS"
    assert Gatekeeper().access_key(bearer(query_hash=sound), "currency=ZZA&states%5B%5D=done") == "SIM-ACCESS"
    assert refusal(bearer(), query) == "invalid_query_payload"


def test_a_nonce_works_once() -> None:
    keys = Gatekeeper()
    keys.access_key(bearer(nonce="once"))
    with pytest.raises(Unauthorized, match="nonce_used"):
        keys.access_key(bearer(nonce="once"))
    assert keys.access_key(bearer(nonce="twice")) == "SIM-ACCESS"


@given(st.text(max_size=40))
def test_any_header_is_a_key_or_refused(header: str) -> None:
    with pytest.raises(Unauthorized):
        Gatekeeper().access_key(f"Bearer {header}")
