"""The command line: what may be asked, in which words, and how answers look. Decides nothing; `collector_daemon` acts.

`--json` prints one object a line with the columns of its table; without it, a person reads a table.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

LARGEST_KRW = Decimal(1_000_000_000_000)
ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    *("run", "check-config", "doctor", "status", "analyze", "classify", "listings", "alerts", "gaps"),
    *("backup", "salvage"),
)


class Arguments(argparse.Namespace):
    """What the user asked for; fields that a command does not use keep their defaults."""

    command: str
    config: Path
    data: Path
    simulator: str | None
    duration: float | None
    json: bool
    last: int
    report: bool = False
    second: list[str] | None = None  # a market, and a time
    symbol: str
    exchange: str
    notional_krw: Decimal | None
    file: Path | None


def parse(argv: Sequence[str]) -> Arguments:
    """Arguments from the words after the program's name; `run` where no command is named. Exits 2 on bad words."""
    return _parser().parse_args(_with_command(argv), namespace=Arguments())


def _with_command(argv: Sequence[str]) -> list[str]:
    """The same words, command first; options may stand before it."""
    takes_value = {"--config", "--data", "--simulator", "--duration"}
    position = 0
    while position < len(argv):
        word = argv[position]
        if word in COMMANDS:
            return [word, *argv[:position], *argv[position + 1 :]]
        if word in ("-h", "--help"):
            return list(argv)
        position += 2 if word in takes_value else 1
    return ["run", *argv]


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", type=Path, default=ROOT / "config", metavar="DIR", help="folder of the YAML files")
    common.add_argument("--data", type=Path, default=ROOT / "data", metavar="DIR", help="folder of radar.db")
    common.add_argument("--simulator", metavar="URL", help="point every service, and the clock, at a simulator")

    parser = argparse.ArgumentParser(
        prog="collector_daemon.py",
        description="Records Upbit and Bithumb second by second and tells of a new listing within moments.",
        epilog="Exit codes: 0 stopped as asked, 1 configuration, 2 storage unusable, 3 a bug in recording, "
        "4 another daemon holds this data folder.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, description=about, parents=[common])

    run = add("run", "the daemon (the default)")
    run.add_argument("--duration", type=_seconds, metavar="S", help="stop after S seconds")
    add("check-config", "read everything; print what is on, what is off and why")
    _json(add("doctor", "ask each thing that the daemon needs one question; exit 1 if any fails"))
    _json(add("status", "read health.json; exit 0 green, 1 yellow, 2 red or stale"))
    analyze = add("analyze", "one verdict now, with every input, its source and its age")
    analyze.add_argument("symbol", metavar="SYMBOL", type=str.upper, help="the coin, such as XRP")
    analyze.add_argument("--exchange", choices=("upbit", "bithumb"), required=True)
    analyze.add_argument("--notional-krw", type=_krw, metavar="N", help="how much to trade, in KRW")
    _json(analyze)
    classify = add("classify", "notices in (JSON lines), what they are out")
    classify.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: standard input")
    _json(classify)
    for name, about in (
        ("backup", "a hot copy of the database into FILE, checked before it counts as one"),
        ("salvage", "what can be read from the damaged database FILE, into FILE.salvaged"),
    ):
        add(name, about).add_argument("file", type=Path, metavar="FILE")
    for name, about in (
        ("listings", "what was detected"),
        ("alerts", "what was sent, and how it went"),
        ("gaps", "what was missed, and why"),
    ):
        table = add(name, about)
        table.add_argument("--last", type=int, default=50, metavar="N", help="newest N rows (default 50)")
        _json(table)
        if name == "listings":
            about_report = "which channel led, by how much, and how long each step took, instead of the rows"
            table.add_argument("--report", action="store_true", help=about_report)
        if name == "gaps":
            about_second = "what is known of one second, such as upbit:KRW-BTC 2026-11-30T09:00:05+09:00, and why"
            table.add_argument("--second", nargs=2, metavar=("MARKET", "TIME"), help=about_second)
    return parser


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError("a positive number of seconds is expected")
    return seconds


def _krw(text: str) -> Decimal:
    try:
        amount = Decimal(text.replace(",", "").replace("_", ""))
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount in KRW") from None
    if not (amount.is_finite() and 0 < amount <= LARGEST_KRW):
        raise argparse.ArgumentTypeError(f"an amount in KRW above 0, at most {LARGEST_KRW:,}, is expected")
    return amount


Row = Mapping[str, object]
CELL, LAST_CELL = 80, 300  # letters of a table's cell


def print_rows(rows: Iterable[Row], as_json: bool, columns: Sequence[str]) -> None:
    """Rows on stdout: JSON lines with everything, or a table of `columns` for a person."""
    if as_json:
        for row in rows:
            print(msgspec.json.encode(row).decode())
        return
    lines = [list(columns), *([_cell(row.get(each), each == columns[-1]) for each in columns] for row in rows)]
    if len(lines) == 1:
        print("none")
        return
    widths = [max(_width(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        print("  ".join(padded).rstrip())


def _cell(value: object, last: bool) -> str:
    """One line of text; the last column of a table may be longer, for nothing stands behind it."""
    text = "" if value is None else str(value)
    return " ".join(text.split())[: LAST_CELL if last else CELL]


def _width(text: str) -> int:
    """Columns on a terminal; Korean letters take two."""
    return sum(2 if 0x1100 <= ord(letter) <= 0xFFDC and ord(letter) > 0x2000 else 1 for letter in text)


def complain(text: str) -> None:
    """One plain line on stderr."""
    print(text, file=sys.stderr)
