"""One Chromium for all tests that look at the page as a person does; without it they say so and are skipped."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from scripts.browser import Browser, browser, executable


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """RADAR_REQUIRE_BROWSER turns the skip into a failure."""
    if executable() is None:
        if os.environ.get("RADAR_REQUIRE_BROWSER"):
            pytest.fail("RADAR_REQUIRE_BROWSER is set, but there is no Chromium: apt-get install chromium")
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    async with browser() as found:
        yield found
