"""The page in a real browser: every view, both languages, both schemes, a phone, the keyboard, and hostile text."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from analysis.verdict import Outcome
from scripts.browser import Browser, Tab
from tests.ops.watching.test_health import DOWN
from tests.web.world import EVIL_COIN, EVIL_TITLE, Served, add_verdict, served
from web.live import EVERY_S

pytestmark = pytest.mark.asyncio(loop_scope="module")
PHONE, DESK = (390, 844), (1280, 900)
VIEWS = {  # an address, and what must be seen there
    "now": "document.querySelectorAll('.hero .card').length === 3",
    "listings": "document.querySelector('table tbody a[href=\"#/listing/1\"]')",
    "listing/1": "document.querySelectorAll('.chart canvas').length >= 3",
    "premium": "document.querySelectorAll('.chart canvas').length === 2",
    "premium/BTC": "document.querySelectorAll('.chart canvas').length === 2",
    "dominance": "document.querySelector('.big')?.textContent.includes('%')",
    "latency": "document.querySelectorAll('table').length >= 2",
}


async def shown(tab: Tab, page: Served, view: str) -> None:
    """Go there and wait until the view is whole."""
    await tab.go(f"{page.url}/#/{view}")
    await tab.until(VIEWS[view])


async def fits(tab: Tab, view: str, dark: bool) -> None:
    assert await tab.run("document.documentElement.scrollWidth <= innerWidth"), view
    assert await tab.run("document.querySelectorAll('h1').length") == 1, view
    assert await tab.run("document.title.includes('상장 레이더')"), view
    assert await tab.run("getComputedStyle(document.body).backgroundColor") == (
        "rgb(14, 17, 19)" if dark else "rgb(246, 246, 243)"
    )
    if view.startswith(("listing/", "premium")):
        assert await tab.run("Math.max(...[...document.querySelectorAll('canvas')].map(c => c.clientWidth))") > 280


async def has_run_nothing_foreign(tab: Tab, view: str) -> None:
    assert await tab.run("window.hacked ?? null") is None, view
    assert await tab.run("document.querySelectorAll('main img, main script, main iframe').length") == 0, view


async def has_landmarks_and_names(tab: Tab, view: str) -> None:
    for landmark in ("header", "nav[aria-label]", "main", "footer"):
        assert await tab.run(f"document.querySelectorAll({landmark!r}).length") >= 1, view
    nameless = "[...document.querySelectorAll('table')].filter(t => !t.caption?.textContent.trim()).length"
    assert await tab.run(nameless) == 0, view
    nameless = (
        "[...document.querySelectorAll('button, a, input')].filter(e => !(e.textContent.trim() ||"
        " e.getAttribute('aria-label') || e.labels?.length)).length"
    )
    assert await tab.run(nameless) == 0, view
    assert await tab.run("document.querySelector('nav [aria-current=page]') !== null"), view


@pytest.mark.parametrize(("size", "dark"), [(DESK, False), (PHONE, True)], ids=["desktop, light", "phone, dark"])
async def test_every_view_fits_names_its_parts_and_runs_nothing_foreign(
    tab: Tab, tmp_path: Path, size: tuple[int, int], dark: bool
) -> None:
    await tab.window(*size, dark=dark, phone=size is PHONE)
    async with served(tmp_path) as page:
        for view in VIEWS:
            await shown(tab, page, view)
            await fits(tab, view, dark)
            await has_run_nothing_foreign(tab, view)
            await has_landmarks_and_names(tab, view)
    assert tab.complaints == []


async def test_what_an_exchange_wrote_is_text(tab: Tab, tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        await shown(tab, page, "listing/1")
        assert EVIL_TITLE in await tab.run("document.querySelector('.notice').textContent")
        await shown(tab, page, "premium")
        await tab.until("document.querySelector('.panel table')")
        assert EVIL_COIN in await tab.run("document.querySelector('.panel table').textContent")
        await tab.go(f"{page.url}/#/premium/%3Cimg%20src=x%20onerror=window.hacked=1%3E")
        await tab.until("document.querySelector('[role=alert]')")
        await has_run_nothing_foreign(tab, "premium of a coin that is markup")
    assert [each for each in tab.complaints if "Failed to load resource" not in each] == []


async def test_an_address_that_makes_no_sense_breaks_nothing(tab: Tab, tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        for address in ("premium/%", "listing/..%2Fnow", "listing/x", "constructor", "__proto__/1", "%%%"):
            await tab.go("about:blank#next")
            await tab.go(f"{page.url}/#/{address}")
            await tab.until("document.querySelector('[role=alert], .hero .card')")
            await tab.run("document.querySelector('[data-key=\"tab listings\"]').click()")
            await tab.until(VIEWS["listings"])
            assert [each for each in tab.complaints if "Failed to load resource" not in each] == [], address


async def test_an_event_changes_the_page_in_place(tab: Tab, tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        await shown(tab, page, "now")
        assert "정상" in await tab.run("document.getElementById('status').textContent")
        await tab.until("document.querySelector('.hero').textContent.includes('GO')")
        await tab.run("document.querySelector('[data-key=all]').focus()")
        page.seen["channels"] = {"upbit:notices": DOWN, "bithumb:notices": DOWN}
        with closing(sqlite3.connect(page.path)) as connection:
            add_verdict(connection, page.clock.now_ms() + 500, Outcome.NO_GO, 10)
            connection.commit()
        await page.clock.advance(EVERY_S)
        await tab.until("document.getElementById('status').textContent.includes('주의')")
        await tab.until("document.querySelector('.hero').textContent.includes('NO-GO')")
        assert await tab.run("document.activeElement.dataset.key") == "all"  # the redraw did not steal the focus
    await tab.until("document.getElementById('status').textContent.includes('끊김')")  # the daemon has gone
    await tab.until("document.getElementById('lost')")


async def test_language_and_colours_are_switched_and_remembered(tab: Tab, tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        await shown(tab, page, "now")
        assert await tab.run("document.documentElement.lang") == "ko"
        await tab.run("document.getElementById('language').click()")
        await tab.until("document.querySelector('.hero').textContent.includes('Is there a trade?')")
        assert await tab.run("document.documentElement.lang") == "en"
        await tab.run("document.getElementById('theme').click()")
        assert await tab.run("getComputedStyle(document.body).backgroundColor") == "rgb(14, 17, 19)"
        await tab.window(*PHONE, phone=True)  # English words are longer
        for view in VIEWS:
            await shown(tab, page, view)
            assert await tab.run("document.documentElement.scrollWidth <= innerWidth"), view
            hangul = await tab.run("document.querySelector('nav').textContent.match(/[가-힣]/)?.length ?? 0")
            assert hangul == 0, view
        await tab.reload()
        await tab.until(VIEWS["latency"])
        assert await tab.run("document.documentElement.lang + document.documentElement.dataset.theme") == "endark"
    assert tab.complaints == []


async def test_the_keyboard_reaches_everything(tab: Tab, tmp_path: Path) -> None:
    await tab.window(*DESK)
    async with served(tmp_path) as page:
        await shown(tab, page, "now")
        await tab.key("Tab")
        assert await tab.run("document.activeElement.id") == "skip"
        seen = []
        for _ in range(9):
            await tab.key("Tab")
            seen.append(await tab.run("document.activeElement.dataset.key ?? document.activeElement.id"))
        assert seen[:8] == [
            *("brand", "language", "theme"),
            *("tab now", "tab listings", "tab premium", "tab dominance", "tab latency"),
        ]
        await tab.run("document.querySelector('[data-key=\"tab listings\"]').focus()")
        await tab.key("Enter")
        await tab.until(VIEWS["listings"])
        await tab.until("document.activeElement.id === 'main'")
        await shown(tab, page, "listing/1")
        await tab.run("document.querySelector('.plot').focus()")
        for _ in range(3):
            await tab.key("ArrowRight")
        await tab.until("document.querySelector('.reading').textContent.includes('%')")
    assert tab.complaints == []


async def test_a_screen_reader_hears_the_values_of_charts(tab: Tab, tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        await shown(tab, page, "listing/1")
        assert "최저" in await tab.run("document.querySelector('.plot').getAttribute('aria-label')")
        await tab.run("document.querySelector('.as-table summary').click()")
        rows = await tab.until("document.querySelectorAll('.as-table tbody tr').length")
        assert rows > 50
        assert await tab.run("document.getElementById('status').getAttribute('aria-live')") == "polite"


async def test_what_is_unknown_says_so(tab: Tab, tmp_path: Path) -> None:
    async with served(tmp_path) as page:
        with closing(sqlite3.connect(page.path)) as connection:
            for table in ("fx_snapshots", "global_1m", "decisions"):
                connection.execute(f"DELETE FROM {table}")
            connection.commit()
        await tab.go(f"{page.url}/#/now")
        await tab.until("document.querySelectorAll('.hero .card').length === 3")
        assert "판정 전" in await tab.run("document.querySelector('.hero').textContent")
        rates = "[...document.querySelectorAll('.panel')].find(p => p.textContent.startsWith('환율')).textContent"
        assert (await tab.run(rates)).count("모름") == 3
        await tab.go(f"{page.url}/#/dominance")
        await tab.until("document.querySelector('main').textContent.includes('아직 모릅니다')")
        await tab.go(f"{page.url}/#/premium")
        await tab.until("document.querySelector('main').textContent.includes('이 구간에는 값이 없습니다')")
    assert tab.complaints == []


async def test_the_token_is_asked_for_and_never_stays_in_the_address(chromium: Browser, tmp_path: Path) -> None:
    token = "open sesame & quickly"
    async with served(tmp_path, token) as page:
        tab = await chromium.tab()
        await tab.go(f"{page.url}/")
        await tab.until("document.getElementById('token')")
        await tab.run("document.getElementById('token').value = 'wrong'")
        await tab.run("document.querySelector('form.login').requestSubmit()")
        await tab.until("document.querySelector('[role=alert]')")
        await tab.run(f"document.getElementById('token').value = {token!r}")
        await tab.run("document.querySelector('form.login').requestSubmit()")
        await tab.until(VIEWS["now"])
        assert "open" not in await tab.run("document.cookie + location.href + JSON.stringify(localStorage)")
        await tab.run("document.getElementById('leave').click()")
        await tab.until("document.getElementById('token')")
        other = await chromium.tab()
        await other.go(f"{page.url}/#token=open%20sesame%20%26%20quickly")
        await other.until(VIEWS["now"])
        assert "token" not in await other.run("location.href")
        await other.go("about:blank#done")
        await tab.go("about:blank#done")
