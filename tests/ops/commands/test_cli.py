"""The words of the command line."""

from decimal import Decimal

import pytest

from ops.commands.cli import parse, print_rows


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ([], "run"),
        (["--data", "here"], "run"),
        (["run", "--duration", "5"], "run"),
        (["--data", "run", "status"], "status"),
        (["--simulator", "http://x", "listings", "--json"], "listings"),
        (["analyze", "xrp", "--exchange", "upbit"], "analyze"),
    ],
)
def test_options_may_stand_before_the_command_and_run_is_the_default(words: list[str], command: str) -> None:
    assert parse(words).command == command


def test_a_symbol_is_upper_case_and_an_amount_may_carry_commas() -> None:
    asked = parse(["analyze", "xrp", "--exchange", "bithumb", "--notional-krw", "10,000,000"])
    assert (asked.symbol, asked.notional_krw) == ("XRP", Decimal(10_000_000))


@pytest.mark.parametrize("words", [["analyze", "XRP"], ["run", "--duration", "-1"], ["dance"], ["status", "--loud"]])
def test_words_nobody_knows_end_with_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_table_lines_up_under_korean_letters(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"coin": "별(STAR)", "n": 1}, {"coin": "X", "n": None}], as_json=False, columns=("coin", "n"))
    assert capsys.readouterr().out.splitlines() == ["coin      n", "별(STAR)  1", "X"]
