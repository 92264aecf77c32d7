"""Who may see the page where it is open to other machines: a token once, a signed cookie from then on. Pure.

The cookie holds an expiry and its signature under the token, never the token: who changes WEB_TOKEN ends every session.
"""

import hashlib
import hmac

COOKIE = "radar_session"
LASTS_S = 30 * 86_400
_PURPOSE = b"korean-listing-radar page session\n"


def issue(token: str, now_ms: int) -> str:
    """A session that begins now."""
    expires_s = now_ms // 1000 + LASTS_S
    return f"{expires_s}.{_signature(token, expires_s)}"


def valid(token: str, cookie: str, now_ms: int) -> bool:
    """Whether we issued this cookie, under this token, and it has not expired."""
    expires, _, signature = cookie.partition(".")
    if not (expires.isascii() and expires.isdecimal() and len(expires) <= 12):
        return False
    return same(signature, _signature(token, int(expires))) and int(expires) * 1000 > now_ms


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _signature(token: str, expires_s: int) -> str:
    return hmac.new(token.encode(), _PURPOSE + str(expires_s).encode(), hashlib.sha256).hexdigest()
