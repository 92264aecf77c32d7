"""The page's own files: what is served, what the browser may keep, and what must never stand in them."""

import hashlib
import re
from pathlib import Path

import aiohttp
import pytest

from tests.web.world import served
from web.static_files import STATIC

OURS = [
    path for path in sorted(STATIC.rglob("*")) if path.suffix in (".js", ".html", ".css") and "vendor" not in path.parts
]
UPLOT = {  # of the npm package uplot 1.6.32, dist/
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


async def test_a_file_that_the_browser_has_is_not_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as page, aiohttp.ClientSession() as session:
        async with session.get(f"{page.url}/static/page.css") as answer:
            tag, length = answer.headers["ETag"], len(await answer.read())
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.content_type == "text/css"
        assert length > 1_000
        async with session.get(f"{page.url}/static/page.css", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with session.get(f"{page.url}/static/page.css", headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_the_page_begins_in_the_owners_language(tmp_path: Path, language: str) -> None:
    async with (
        served(tmp_path, language=language) as page,
        aiohttp.ClientSession() as session,
        session.get(f"{page.url}/") as answer,
    ):
        assert f'<html lang="{language}">' in await answer.text()


@pytest.mark.parametrize(
    "path", ["/static/", "/static/nothing.js", "/static/../page.py", "/static/%2e%2e/page.py", "/static//etc/passwd"]
)
async def test_nothing_but_the_pages_files_is_served(tmp_path: Path, path: str) -> None:
    async with (
        served(tmp_path) as page,
        aiohttp.ClientSession() as session,
        session.get(f"{page.url}{path}") as answer,
    ):
        assert answer.status == 404


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_text_can_become_markup_or_code(path: Path) -> None:
    """Data becomes text nodes: none of the ways to turn a string into markup or code is used anywhere."""
    text = path.read_text(encoding="utf-8")
    for way in (
        r"innerHTML\s*[+=](?!=)",
        "outerHTML",
        "insertAdjacentHTML",
        r"document\.write",
        r"\beval\(",
        "new Function",
    ):
        assert not re.search(way, text), way
    if path.suffix == ".html":
        assert not re.search(
            r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:|https?://", text.replace("http-equiv", "")
        )


@pytest.mark.parametrize("name", UPLOT)
def test_the_chart_library_is_the_published_one(name: str) -> None:
    folder = STATIC / "vendor" / "uplot"
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == UPLOT[name]
    assert "MIT License" in (folder / "LICENSE.txt").read_text(encoding="utf-8")


def test_every_word_that_the_page_uses_exists_in_both_languages() -> None:
    words = (STATIC / "js" / "words.js").read_text(encoding="utf-8")
    told = dict(re.findall(r"(?:^|[\s,{])(\w+): (\[.*?\])(?:,|\n)", words))
    used = set[str]()
    for path in OURS:
        if path.suffix == ".js" and path.name != "words.js":
            used |= set(re.findall(r'\bt\("(\w+)"', path.read_text(encoding="utf-8")))
    assert used - told.keys() == set()
    assert len(told) > 150
    for name, pair in told.items():
        assert len(re.findall(r'"[^"]*"|`[^`]*`', pair)) >= 2, name
