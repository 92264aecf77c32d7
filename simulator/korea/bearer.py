"""JSON Web Tokens as Upbit and Bithumb check them: who is asking, and is the token sound?

`SIM-ACCESS` with its secret `SIM-SECRET` is a real key here and its signature is checked. Any other key is taken as
known when its token is well formed; a key that starts with BAD is unknown, with EXPIRED out of date, with NOIP used
from a foreign address. Tokens: docs.upbit.com/kr reference "auth" (HS256; HS512 is accepted as well).
"""

import base64
import binascii
import hashlib
import hmac
import json
from urllib.parse import unquote

KNOWN_KEYS = {"SIM-ACCESS": "SIM-SECRET"}
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
REMEMBERED_NONCES = 10_000
MESSAGES = {
    "invalid_access_key": "잘못된 엑세스 키입니다.",
    "expired_access_key": "만료된 엑세스 키입니다.",
    "no_authorization_ip": "인증되지 않은 IP입니다.",
    "jwt_verification": "Jwt 토큰 검증에 실패했습니다.",
    "invalid_query_payload": "Jwt의 query를 검증하는데 실패하였습니다.",
    "nonce_used": "이미 사용된 nonce 입니다.",
}


class Unauthorized(Exception):
    """The token is refused; `name` is the code of the error, `message` its Korean text."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.message = MESSAGES[name]


class Gatekeeper:
    """Checks tokens, and remembers the nonces that it has seen (the last 10,000)."""

    def __init__(self) -> None:
        self._nonces: dict[tuple[str, str], None] = {}

    def access_key(self, authorization: str | None, query: str = "") -> str:
        """The access key of a sound `Authorization` header; raises Unauthorized.

        `query` is the raw query string of the call; when there is one, the token must hold its SHA-512.
        """
        header, payload, signature, signed = _parts(authorization)
        algorithm = HASHES.get(str(header.get("alg")))
        key, nonce = payload.get("access_key"), payload.get("nonce")
        if algorithm is None or not isinstance(key, str) or not key or not isinstance(nonce, str) or not nonce:
            raise Unauthorized("jwt_verification")
        for start, name in (
            ("BAD", "invalid_access_key"),
            ("EXPIRED", "expired_access_key"),
            ("NOIP", "no_authorization_ip"),
        ):
            if key.startswith(start):
                raise Unauthorized(name)
        secret = KNOWN_KEYS.get(key)
        sound = hmac.compare_digest(signature, hmac.digest(_key(secret), signed, algorithm))
        if sound is (secret is None):  # a known key must match; nobody's signature may come from an empty secret
            raise Unauthorized("jwt_verification")
        if query and payload.get("query_hash") not in _query_hashes(query):
            raise Unauthorized("invalid_query_payload")
        if (key, nonce) in self._nonces:
            raise Unauthorized("nonce_used")
        self._nonces[key, nonce] = None
        if len(self._nonces) > REMEMBERED_NONCES:
            del self._nonces[next(iter(self._nonces))]
        return key


def _key(secret: str | None) -> bytes:
    return (secret or "").encode()


def _parts(authorization: str | None) -> tuple[dict[str, object], dict[str, object], bytes, bytes]:
    """Header, payload, signature, and the bytes that were signed."""
    scheme, _, token = (authorization or "").partition(" ")
    texts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(texts) != 3:
        raise Unauthorized("jwt_verification")
    try:
        raw = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in texts]
        header, payload = json.loads(raw[0]), json.loads(raw[1])
    except (binascii.Error, ValueError, RecursionError) as e:
        raise Unauthorized("jwt_verification") from e
    if not isinstance(header, dict) or not isinstance(payload, dict) or not raw[2]:
        raise Unauthorized("jwt_verification")
    return header, payload, raw[2], f"{texts[0]}.{texts[1]}".encode()


def _query_hashes(query: str) -> set[str]:
    """Clients hash the query as sent or decoded; both are accepted, as by Upbit."""
    return {hashlib.sha512(text.encode()).hexdigest() for text in (query, unquote(query))}
