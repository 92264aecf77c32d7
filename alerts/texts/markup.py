"""Plain text made fit for a wire: cut to a limit, escaped so that nothing in it can be taken for markup.

Telegram counts text in UTF-16 units after parsing, at most 4,096 (Bot API 10.0, checked 2026-11-20). Coin names and
notice titles are other people's text, so every character is escaped and only our own first line is set in bold.
"""

import hashlib

TELEGRAM_LIMIT = 4096
CAPTION_LIMIT = 1024  # below a picture
ELLIPSIS = "…"


def utf16_units(text: str) -> int:
    """Length as Telegram counts it: an emoji beyond the basic plane is 2."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def clean(text: str) -> str:
    """The text without what no wire carries: lone surrogates and controls become U+FFFD, each line end one `\\n`."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character if _carried(character) else "\ufffd" for character in unified)


def _carried(character: str) -> bool:
    code = ord(character)
    return character in "\n\t" or (code >= 0x20 and not 0x7F <= code < 0xA0 and not 0xD800 <= code <= 0xDFFF)


def fit(text: str, footer: str = "", limit: int = TELEGRAM_LIMIT) -> str:
    """`text`, then `footer` on a line of its own, within `limit` UTF-16 units, never empty.

    Lines are in order of use, so whole lines go from the end; only a first line that is itself too long is cut inside.
    The footer stays: it is how a person recognises a repeat.
    """
    text, footer = clean(text).strip(), clean(footer).strip()
    tail = f"\n{footer}" if footer else ""
    room = limit - utf16_units(tail)
    if room < 1:
        raise ValueError(f"a footer of {utf16_units(tail)} units leaves no room in {limit}")
    body = text if utf16_units(text) <= room else _shortened(text, room)
    return (body or ELLIPSIS) + tail


def _shortened(text: str, room: int) -> str:
    lines = text.split("\n")
    kept, used = 0, utf16_units(ELLIPSIS)
    for line in lines:
        used += utf16_units(line) + 1  # the line end, before the ellipsis or the next line
        if used > room:
            break
        kept += 1
    if kept:
        return "\n".join([*lines[:kept], ELLIPSIS])
    return _head(lines[0], room - utf16_units(ELLIPSIS)) + ELLIPSIS


def _head(line: str, room: int) -> str:
    """As many whole characters as fit in `room` units."""
    used = 0
    for place, character in enumerate(line):
        used += utf16_units(character)
        if used > room:
            return line[:place]
    return line


def escape(text: str) -> str:
    """For Telegram's HTML, outside tags: it knows &lt; &gt; &amp; and needs no more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def html(text: str) -> str:
    """Plain text as Telegram HTML with the first line in bold. Parsed, it is the same text again."""
    first, end, rest = text.partition("\n")
    return f"<b>{escape(first)}</b>{end}{escape(rest)}" if first.strip() else escape(text)


def tag_of(alert_id: int, key: str, created_ms: int) -> str:
    """`#a1b2c3`: the same on every copy of one alert and on its edits, so that a person sees a repeat."""
    digest = hashlib.blake2s(f"{alert_id}|{key}|{created_ms}".encode(errors="replace"), digest_size=3)
    return f"#{digest.hexdigest()}"
