"""No regular expression can run away: every one of the source meets long text made to lead it astray."""

import functools
import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from collectors.notices import patterns as late

ROOT = Path(__file__).resolve().parents[2]
OURS = ("collectors", "analysis", "alerts", "store", "config", "ops", "web")
LETTERS = 2_000  # twice the longest title that is read; tests/collectors feeds the notice parser 100,000
# What patterns of this house are made of: words, digits, brackets, tags, dates, separators, blanks.
UNITS: tuple[str, ...] = (
    *("a", "A", "1", " ", "가", "(", "(A", "A(", "<", "<a ", "&", "-", ".", ":", ",", "/", "\n", "\t ", "1:", "1."),
    *("2026-1", "A, ", "가 (", "월 ", "1월 1일 ", "[", "=", "***", "Bearer a", "http://", "\x00", "Ａ", "é"),
)
# Used with fullmatch only; looked for anywhere it would start anew at every blank.
WHOLE_ONLY = {"ONLY_QUOTES", "_MULTIPLIED"}


@functools.cache
def patterns() -> dict[str, re.Pattern[str]]:
    """Every text pattern that a module of ours holds, compiled at once or late, by where it stands."""
    found: dict[re.Pattern[str], str] = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found |= {pattern: name for name, pattern in _held(name, importlib.import_module(name)).items()}
    return {name: pattern for pattern, name in found.items()}


def _held(name: str, module: ModuleType) -> dict[str, re.Pattern[str]]:
    found = {}
    for attribute, value in vars(module).items():
        values = value if isinstance(value, tuple | list) else [value]
        for number, each in enumerate(values):
            if isinstance(each, re.Pattern | late._Later) and isinstance(each.pattern, str):
                found[f"{name}.{number}.{attribute}"] = cast(re.Pattern[str], each)
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_long_text_leads_no_pattern_astray(unit: str) -> None:
    """One that backtracks without bound would not come back before the test's time is over."""
    text = (unit * (LETTERS // len(unit) + 1))[:LETTERS]
    for name, pattern in patterns().items():
        for tried in (text, text + "!"):
            pattern.fullmatch(tried)
            if name.rpartition(".")[2] not in WHOLE_ONLY:
                pattern.search(tried)


def test_the_house_has_patterns_to_try() -> None:
    assert len(patterns()) > 100
