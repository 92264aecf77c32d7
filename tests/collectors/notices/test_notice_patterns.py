"""Patterns that are compiled late must still be patterns: a mistake in one would else wait for the notice it breaks."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from collectors.notices import patterns

FOLDER = Path(patterns.__file__).parent
MODULES = [each.stem for each in sorted(FOLDER.glob("*.py")) if each.stem != "patterns"]


def strings(value: object) -> Iterator[str]:
    """The text of every pattern in a module-level value."""
    if isinstance(value, patterns._Later):
        yield str(value.pattern)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from strings(each)
    elif isinstance(value, dict):
        yield from strings(tuple(value.values()))


@pytest.mark.parametrize("name", MODULES)
def test_every_pattern_of_the_notice_reader_compiles(name: str) -> None:
    for value in vars(import_module(f"collectors.notices.{name}")).values():
        for text in strings(value):
            assert text


def test_a_late_pattern_finds_what_a_pattern_finds() -> None:
    late, at_once = patterns.compile(r"(\d+)\s*원", re.IGNORECASE), re.compile(r"(\d+)\s*원", re.IGNORECASE)
    for text in ("100 원과 20원", "nothing"):
        assert late.findall(text) == at_once.findall(text)
        assert [each.span() for each in late.finditer(text)] == [each.span() for each in at_once.finditer(text)]
    assert late.flags == at_once.flags


def test_warmed_up_no_pattern_is_compiled_at_its_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_LATER", [])
    late = patterns.compile(r"(\d+)\s*원 in a pattern of its own")
    patterns.warm()
    monkeypatch.setattr(re, "compile", lambda *_: pytest.fail("compiled again"))
    assert late.search("nothing") is None


def test_a_broken_pattern_says_so_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_LATER", [])
    with pytest.raises(re.error):
        patterns.compile("(").search("")
