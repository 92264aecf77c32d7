"""One Chromium for all tests that look at the page as a person does; without it they say so and are skipped."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from scripts.browser import Browser, Tab, browser, executable


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """RADAR_REQUIRE_BROWSER turns the skip into a failure."""
    if executable() is None:
        if os.environ.get("RADAR_REQUIRE_BROWSER"):
            pytest.fail("RADAR_REQUIRE_BROWSER is set, but there is no Chromium: apt-get install chromium")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    async with browser() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _used(chromium: Browser) -> Tab:
    return await chromium.tab()


@pytest_asyncio.fixture(loop_scope="module")
async def tab(_used: Tab) -> AsyncIterator[Tab]:
    """An empty page on a desktop, as good as new: a process for each would cost more than what is tested in it.

    What a page keeps belongs to its port, and every test has another.
    """
    await _used.window(1280, 900)
    _used.complaints.clear()
    yield _used
    await _used.go("about:blank#done")
