"""Upbit's bearer token: right by an independent reading, and never shown."""

import base64
import hashlib
import hmac
import json

import pytest

from collectors.exchanges.upbit_key import UpbitKey, bearer
from simulator.korea.bearer import Gatekeeper, Unauthorized

KEY = UpbitKey("SIM-ACCESS", "SIM-SECRET")


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_the_token_names_the_key_and_its_nonce_and_is_signed_with_the_secret() -> None:
    scheme, _, token = bearer(KEY, "n-1").partition(" ")
    header, payload, signature = token.split(".")
    assert scheme == "Bearer"
    assert json.loads(unpacked(header)) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(unpacked(payload)) == {"access_key": "SIM-ACCESS", "nonce": "n-1"}
    signed = f"{header}.{payload}".encode()
    assert unpacked(signature) == hmac.new(b"SIM-SECRET", signed, hashlib.sha256).digest()
    assert "=" not in token


def test_an_exchange_accepts_it_once() -> None:
    door = Gatekeeper()
    assert door.access_key(bearer(KEY, "n-1")) == "SIM-ACCESS"
    with pytest.raises(Unauthorized, match="nonce_used"):
        door.access_key(bearer(KEY, "n-1"))
    with pytest.raises(Unauthorized, match="jwt_verification"):
        door.access_key(bearer(UpbitKey("SIM-ACCESS", "wrong"), "n-2"))


def test_neither_half_is_ever_shown() -> None:
    shown = f"{KEY!r} {KEY} {[KEY]} {KEY!s:>30}"
    assert "SIM-ACCESS" not in shown
    assert "SIM-SECRET" not in shown
