import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from alerts.alert import AlertLevel
from alerts.texts.words import (
    CHANGES,
    COST_PARTS,
    EXCHANGES,
    FACTS,
    FINDINGS,
    NUMBERS,
    OUTCOMES,
    PREFIX,
    SUBJECTS,
    TRANSFERS,
    Words,
    word,
)
from analysis.verdict import Outcome, TransferState
from collectors.listings.listing_life import Change

ANALYSIS = Path(__file__).resolve().parents[3] / "analysis"
TABLES: tuple[Iterable[Words], ...] = (
    *(CHANGES.values(), COST_PARTS.values(), EXCHANGES.values(), FACTS.values(), FINDINGS.values()),
    *(NUMBERS.values(), OUTCOMES.values(), SUBJECTS.values(), TRANSFERS.values()),
)


def codes_of_analysis() -> set[str]:
    """Every code that analysis spells: the first argument of `Finding(...)` and of the rules' helpers."""
    codes = set[str]()
    for path in ANALYSIS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id == "Finding" and node.args:
                first: ast.AST = node.args[0]
            elif node.func.id == "_cause" and len(node.args) > 1:
                first = node.args[1]
            else:
                continue
            branches = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            codes |= {each.value for each in branches if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return codes


def test_every_code_that_analysis_emits_has_words_in_both_languages() -> None:
    codes = codes_of_analysis()
    assert {"no_open_route", "unprofitable", "watch_only"} <= codes
    assert codes - FINDINGS.keys() == set()


def test_every_word_is_there_in_both_languages() -> None:
    assert all(korean.strip() and english.strip() for table in TABLES for korean, english in table)


def test_every_level_outcome_state_and_change_has_its_word() -> None:
    assert PREFIX.keys() == set(AlertLevel)
    assert len(set(PREFIX.values())) == len(AlertLevel)
    assert OUTCOMES.keys() == set(Outcome)
    assert TRANSFERS.keys() == set(TransferState)
    assert CHANGES.keys() | {"none", "first_sight"} == {change.value for change in Change}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_an_unknown_code_is_shown_as_it_is(language: str) -> None:
    assert word(FINDINGS, "never_heard_of", "ko" if language == "ko" else "en") == "never_heard_of"
