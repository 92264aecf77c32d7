"""A notice's body, HTML or Markdown, as rows of cells; a line of running text is a row with one cell.

Struck-out text is what no longer holds and is dropped. Reading is linear in the body's length whatever it contains,
and a body is cut at `BODY_LIMIT` letters.
"""

from collections.abc import Mapping

from collectors.notices import patterns as re
from collectors.notices.markets import ONLY_QUOTES, quotes_in
from collectors.notices.spelling import Spelling
from collectors.notices.text import plain

BODY_LIMIT = 200_000
_BLOCKS = re.compile(
    "p|div|br|li|ul|ol|thead|tbody|tfoot|h[1-6]|section|article|header|footer|hr|blockquote|pre|dl|dt|dd|figure|caption|center"
)
_STRUCK = frozenset(("s", "del", "strike"))
_HIDDEN = frozenset(("script", "style", "head", "title", "template", "noscript"))
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]{0,15})")
_SPAN = re.compile(r"rowspan\s*=\s*[\"']?(\d{1,2})", re.IGNORECASE)
_CELLS_MAX, _ROWS_MAX = 40, 5_000
_BULLET = re.compile(r"^(?:[#>*+\-·•▪■□●○◆◇▶▷※☞✔✅○∙ ]++|\d{1,2}[.)]\s)+")
_STRIKE_MARKDOWN = re.compile(r"~~[^~\n]{1,300}~~")
_MARKUP = re.compile(r"\*\*|__|`")

Row = tuple[str, ...]

_CONTRACT = re.compile(r"(?<![0-9A-Za-z])0x(?:[0-9a-fA-F]{64}(?:::\w{1,40}::\w{1,40})?|[0-9a-fA-F]{40})(?![0-9A-Za-z])")
_BASE58 = re.compile(r"(?<![0-9A-Za-z])[1-9A-HJ-NP-Za-km-z]{32,44}(?![0-9A-Za-z])")
_CONTRACT_LABEL = re.compile(r"컨트랙트|계약 ?주소|contract|mint|token address|토큰 ?주소", re.IGNORECASE)
_MARKET_HEAD = re.compile(r"(?:거래 ?지원 ?)?마켓|(?:trading )?markets?", re.IGNORECASE)
_NETWORK_LABEL = re.compile(
    r"^(?:(?:입출금|입금|디지털 ?자산|가상자산|지원|deposit|supported)[ /]*){0,3}(?:네트워크|메인넷|networks?)"
    r"(?: ?(?:정보|종류|이름|명))?(?:\s*\([^()]{0,20}\))?\s*(?:[:|]\s*(?P<value>.*))?$",
    re.IGNORECASE,
)
_NETWORK_SENTENCE = re.compile(
    r"(?:^|[\s,(])([A-Za-z가-힣0-9.\-]{2,24}(?: ?\([^()]{1,20}\))?) ?(?:네트워크(?:를|로|만|을)|network only)",
    re.IGNORECASE,
)


def rows_of(body: str) -> list[Row]:
    """The readable rows of a body in their order; empty ones are left out."""
    return [row for row in _markdown_tables(_rows(body[:BODY_LIMIT])) if any(row)][:_ROWS_MAX]


def markets_of(rows: list[Row], coins: Mapping[str, Spelling]) -> dict[str, tuple[str, ...]]:
    """The markets that a table tells for each coin, where it has a column of that name."""
    found: dict[str, tuple[str, ...]] = {}
    column: int | None = None
    for row in rows:
        heads = [index for index, cell in enumerate(row) if _MARKET_HEAD.fullmatch(cell)]
        if len(row) > 2 and heads:
            column = heads[0]
        elif column is not None and column < len(row):
            quotes = ONLY_QUOTES.fullmatch(re.sub(r"(?:마켓|markets?)", "", row[column], flags=re.IGNORECASE))
            named = [symbol for symbol, spelling in coins.items() if spelling.is_in(row[0])]
            if quotes and len(named) == 1:
                found[named[0]] = quotes_in(quotes.group())
        else:
            column = None
    return found


def networks_of(rows: list[Row]) -> tuple[str, ...]:
    """The networks a coin moves over, as the notice spells them: after the word 네트워크 or in its column."""
    found: list[str] = []
    column: int | None = None
    for row in rows:
        labels = [_NETWORK_LABEL.match(cell) for cell in row]
        if len(row) > 1 and any(labels):
            where = next(index for index, label in enumerate(labels) if label)
            if len(row) == 2 and where == 0:
                found += _split(row[1])
            else:
                column = where
            continue
        column = column if len(row) > 1 else None
        if column is not None and column < len(row):
            found += _split(row[column])
        elif len(row) == 1 and labels[0] and labels[0]["value"]:
            found += _split(labels[0]["value"])
        elif sentence := _NETWORK_SENTENCE.search(" ".join(row)[:2_000]):
            found.append(sentence.group(1).strip())
    return tuple(
        dict.fromkeys(each for each in found if each not in ("해당", "지원", "다른", "동일", "상기", "위", "본"))
    )[:10]


def contracts_of(rows: list[Row]) -> tuple[str, ...]:
    """Contract addresses: EVM, Sui and Aptos forms anywhere, base58 ones where the row speaks of a contract."""
    found: list[str] = []
    for row in rows:
        text = " ".join(row)
        found += _CONTRACT.findall(text)
        if _CONTRACT_LABEL.search(text):
            found += [each for each in _BASE58.findall(text) if not each.isalpha() and not each.isdigit()]
    return tuple(dict.fromkeys(found))[:20]


def _split(value: str) -> list[str]:
    return [each.strip() for each in re.split(r"[,/·|]|\s및\s", value[:200]) if 1 < len(each.strip()) <= 40]


class _Table:
    """Collects cells into rows; a cell with a rowspan is repeated in the rows it spans."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._cells: list[str] = []
        self._text: list[str] = []
        self._spans: dict[int, tuple[int, str]] = {}
        self._span = 1
        self._in_cell = False

    def text(self, text: str) -> None:
        self._text.append(text)

    def begin_cell(self, span: int) -> None:
        self.end_cell()
        self._text.clear()
        self._in_cell = True
        self._span = span
        self._fill()

    def end_cell(self) -> None:
        if not self._in_cell:
            return
        cell = _clean("".join(self._text))
        if len(self._cells) < _CELLS_MAX:
            if self._span > 1:
                self._spans[len(self._cells)] = (self._span, cell)
            self._cells.append(cell)
        self._text.clear()
        self._in_cell = False

    def end_line(self) -> None:
        if self._in_cell:
            self._text.append(" ")
            return
        text = "".join(self._text)
        self._text.clear()
        for line in text.split("\n"):
            if cleaned := _clean(line):
                self.rows.append((cleaned,))

    def end_row(self) -> None:
        self.end_cell()
        if self._cells:
            self._fill()
            self.rows.append(tuple(self._cells))
            self._cells = []
            self._spans = {at: (left - 1, text) for at, (left, text) in self._spans.items() if left > 1}
        else:
            self.end_line()

    def end_table(self) -> None:
        self.end_row()
        self._spans.clear()

    def _fill(self) -> None:
        while (span := self._spans.get(len(self._cells))) and span[0] > 0 and len(self._cells) < _CELLS_MAX:
            self._spans[len(self._cells)] = (span[0], span[1])
            self._cells.append(span[1])


def _rows(body: str) -> list[Row]:
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    table = _Table()
    at = 0
    skipping: str | None = None  # the struck or hidden element we are in
    while at < len(body):
        opening = body.find("<", at)
        tag = _TAG.match(body, opening) if opening >= 0 else None
        is_comment = opening >= 0 and body.startswith("<!--", opening)
        if opening < 0 or (tag is None and not is_comment):
            end = len(body) if opening < 0 else opening + 1
            if skipping is None:
                table.text(body[at:end])
            at = end
            continue
        if skipping is None:
            table.text(body[at:opening])
        end = body.find("-->" if is_comment else ">", opening)
        if end < 0:  # a tag never closed: what follows is text, and no later tag can close either
            if skipping is None:
                table.text(body[opening:])
            break
        at = end + (3 if is_comment else 1)
        if tag is not None:
            skipping = _take(table, tag.group(1).lower(), body[opening : min(end, opening + 500)], skipping)
    table.end_row()
    table.end_line()
    return table.rows


def _take(table: _Table, name: str, source: str, skipping: str | None) -> str | None:
    closes = source.startswith("</")
    if skipping is not None:
        return None if closes and name == skipping else skipping
    if name in _STRUCK | _HIDDEN:
        return None if closes or source.endswith("/") else name
    if name in ("td", "th"):
        span = _SPAN.search(source)
        if closes:
            table.end_cell()
        else:
            table.begin_cell(int(span.group(1)) if span else 1)
    elif name == "tr":
        table.end_row()
    elif name == "table":
        table.end_table()
    elif _BLOCKS.fullmatch(name):
        table.end_line()
    return None


def _clean(text: str) -> str:
    text = plain(text, BODY_LIMIT)
    text = _MARKUP.sub("", _STRIKE_MARKDOWN.sub(" ", text))
    return " ".join(_BULLET.sub("", " ".join(text.split())).split())


def _markdown_tables(rows: list[Row]) -> list[Row]:
    """Lines of the form `| a | b |` become rows of cells; the dashes between head and body are no row."""
    found: list[Row] = []
    for row in rows:
        line = row[0]
        if len(row) == 1 and line.startswith("|") and line.count("|") > 1:
            cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
            if not all(re.fullmatch(r":?-*:?", cell) for cell in cells):
                found.append(cells[:_CELLS_MAX])
        else:
            found.append(row)
    return found
