"""Blanks secrets out of text that was made elsewhere: errors, answers of strangers, tracebacks. Pure.

A secret is blanked as it is, in the parts that give it away alone (the path of a secret URL, the second half of a bot
token), and in the forms in which a URL, a form or JSON would carry it. What follows `Bearer` goes in any case.
"""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

BLANK = "***"
LEAST_CHARACTERS = 4  # blanking less would spoil every text and hide nothing
PART_CHARACTERS = 8  # shorter parts of a URL stand elsewhere too
SEGMENT_CHARACTERS = 12  # and so do words such as "services" in its path
_BEARER = r"(?<=[Bb]earer )[\w.~+/=-]{8,}"


class Redactor:
    """Call it with a text; give it to whoever prints what it did not write. Its repr shows no secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {
            form
            for secret in secrets
            if len(secret) >= LEAST_CHARACTERS
            for part in _parts(secret)
            for form in _forms(part)
        }
        known = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        self._pattern = re.compile("|".join([*known, _BEARER]))

    def __call__(self, text: str) -> str:
        return self._pattern.sub(BLANK, text)

    def __repr__(self) -> str:
        return "Redactor()"


NOTHING = Redactor(())


def _parts(secret: str) -> Iterator[str]:
    yield secret
    if secret.startswith(("http://", "https://")):
        url = urlsplit(secret)
        below = url.path + (f"?{url.query}" if url.query else "")
        inside = (below, url.path, url.query, url.password or "", *(value for _, value in parse_qsl(url.query)))
        yield from (part for part in inside if len(part) >= PART_CHARACTERS)
        yield from (part for part in url.path.split("/") if len(part) >= SEGMENT_CHARACTERS)
        return
    number, colon, token = secret.partition(":")
    if colon and number.isdecimal() and len(token) >= PART_CHARACTERS:
        yield token


def _forms(part: str) -> Iterator[str]:
    yield part
    yield quote(part, safe="")
    yield quote(part)
    yield quote_plus(part)
    yield json.dumps(part)[1:-1]
    yield json.dumps(part, ensure_ascii=False)[1:-1]
