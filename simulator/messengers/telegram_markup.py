"""Telegram's text formatting as its server reads it: markup in, plain text and its errors out.

Texts of the errors: tdlib/telegram-bot-api and tdlib's MessageEntity.cpp, as documented for Bot API 10.0 (2026-05).
Offsets in the errors are bytes of the UTF-8 text; lengths and entity offsets are UTF-16 code units.
"""

import html
import re

from msgspec import Struct

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "a": "text_link", "blockquote": "blockquote", "tg-spoiler": "spoiler", "span": "spoiler",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
RESERVED = "_*[]()~`>#+-=|{}.!"  # MarkdownV2
_ENTITY = re.compile(r"&(lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")
_ATTRIBUTES = re.compile(r"""\s+([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")
_MARKUP_MARKS = "_*~`|"


class BadMarkup(ValueError):
    """The text after `Bad Request: `."""


class Parsed(Struct, frozen=True):
    """What a reader sees, and the entities as the API tells them."""

    text: str
    entities: tuple[dict[str, object], ...] = ()


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def parse(text: str, mode: str | None) -> Parsed:
    """Read `text` in a parse mode (None: as it is); raise BadMarkup as the server would."""
    match (mode or "").lower():
        case "":
            return Parsed(text)
        case "html":
            return _html(text)
        case "markdownv2":
            return _markdown_v2(text)
        case "markdown":
            return Parsed(text)  # legacy; nothing of ours uses it
    raise BadMarkup("unsupported parse_mode")


def _html(text: str) -> Parsed:
    plain: list[str] = []
    entities: list[dict[str, object]] = []
    opened: list[tuple[str, int, dict[str, object]]] = []
    length = 0
    at = 0

    def offset(index: int) -> int:
        return len(text[:index].encode())

    while at < len(text):
        char = text[at]
        if char == "&" and (found := _ENTITY.match(text, at)):
            char = html.unescape(found[0])
            at = found.end()
        elif char != "<":
            at += 1
        elif text.startswith("</", at):
            end = text.find(">", at)
            if end < 0:
                raise BadMarkup(f"can't parse entities: Unclosed end tag at byte offset {offset(at)}")
            name = text[at + 2 : end].strip().lower()
            if not opened:
                raise BadMarkup(f"can't parse entities: Unexpected end tag at byte offset {offset(at)}")
            expected, since, entity = opened.pop()
            if name and name != expected:
                raise BadMarkup(
                    f"can't parse entities: Unmatched end tag at byte offset {offset(at)}, "
                    f'expected "</{expected}>", found "</{name}>"'
                )
            if length > since:
                entities.append({"offset": since, "length": length - since, **entity})
            at = end + 1
            continue
        else:
            end = text.find(">", at)
            name = re.split(r"[\s>]", text[at + 1 :], maxsplit=1)[0].lower()
            if name not in TAGS:
                raise BadMarkup(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {offset(at)}')
            if end < 0:
                raise BadMarkup(f"can't parse entities: Unclosed start tag at byte offset {offset(at)}")
            opened.append((name, length, _entity(name, text[at + 1 + len(name) : end])))
            at = end + 1
            continue
        plain.append(char)
        length += utf16_length(char)
    if opened:
        raise BadMarkup(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    entities.sort(key=lambda entity: (entity["offset"], -int(str(entity["length"]))))
    return Parsed("".join(plain), tuple(entities))


def _entity(tag: str, attributes: str) -> dict[str, object]:
    values = {found[1]: found[2] or found[3] or found[4] or "" for found in _ATTRIBUTES.finditer(attributes)}
    if tag == "a":
        return {"type": "text_link", "url": html.unescape(values.get("href", ""))}
    if tag == "blockquote" and "expandable" in values:
        return {"type": "expandable_blockquote"}
    return {"type": TAGS[tag]}


def _markdown_v2(text: str) -> Parsed:
    """Enough of MarkdownV2 to refuse what the server refuses; entities are not told."""
    plain: list[str] = []
    open_marks: list[tuple[str, int]] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            plain.append(text[at + 1])
            at += 2
            continue
        if char in _MARKUP_MARKS:
            mark = char * 2 if text.startswith(char * 2, at) and char in "_|" else char
            if open_marks and open_marks[-1][0] == mark:
                open_marks.pop()
            else:
                open_marks.append((mark, len(text[:at].encode())))
            at += len(mark)
            continue
        if char in RESERVED and char not in "[]()":
            raise BadMarkup(
                f"can't parse entities: Character '{char}' is reserved and must be escaped with the preceding '\\'"
            )
        plain.append(char)
        at += 1
    if open_marks:
        raise BadMarkup(
            f"can't parse entities: Can't find end of the entity starting at byte offset {open_marks[-1][1]}"
        )
    return Parsed("".join(plain))
