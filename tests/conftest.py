"""Shared by all tests: real captures are replayed where they exist, and may be made compulsory."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from scripts.pace import busy
from tests.end_to_end.nursery import Nursery, nursing
from tests.end_to_end.pair import Pair, running_pair
from tests.fakes.blank import close_all
from tests.fakes.leaping_loop import LeapingLoop

WITHIN_S = 90.0  # of real time, on an idle machine; what hangs is a failure with its stack
YEAR = Path(__file__).parent / "year"
SHARING = ("test_recording.py", "test_bad_input.py")  # one run of a daemon for the whole file
CAPTURES = Path(__file__).resolve().parents[2] / "shared" / "captures"

# How many examples a property is held against, new ones in each run: a few, or with HYPOTHESIS_PROFILE=thorough many.
# How fast they are drawn says how busy the machine is and nothing about the code.
for profile, examples in (("quick", 50), ("thorough", 1_000)):
    settings.register_profile(
        profile, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `captures` where recordings are absent, unless RADAR_REQUIRE_CAPTURES says they must run.

    The longest begins first, so that no worker is left alone with it.
    """
    items.sort(key=lambda item: not item.path.is_relative_to(YEAR))
    within_s = WITHIN_S * busy()
    for item in items:
        item.add_marker(pytest.mark.timeout(within_s))
    replaying = [item for item in items if item.get_closest_marker("captures")]
    if not replaying or CAPTURES.is_dir():
        return
    if os.environ.get("RADAR_REQUIRE_CAPTURES"):
        raise pytest.UsageError(f"RADAR_REQUIRE_CAPTURES is set, but there are no recordings at {CAPTURES}")
    absent = pytest.mark.skip(reason="real recordings (../shared/captures) are not part of the repository")
    for item in replaying:
        item.add_marker(absent)


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Sends each test to the next worker that has nothing to do, but those that share a run to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if Path(file).name in SHARING else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    """How xdist hands out the tests; its own `loadgroup` does not know the node ids of pytest 9.2."""
    return Together(config, log)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop of each asynchronous test: what is marked `leaping` does not wait where nothing happens."""
    return {"loop": LeapingLoop if item.get_closest_marker("leaping") else asyncio.new_event_loop}


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where the processes of all tests are born."""
    with nursing() as made:
        yield made


@pytest.fixture
def new_pair(tmp_path: Path, nursery: Nursery) -> Iterator[Callable[..., Pair]]:
    """Makes the pair of one test; its arguments are the simulator's. Whatever still runs at the end is ended."""
    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(running_pair(tmp_path, *words, begin=nursery.begin))


@pytest.fixture(autouse=True)
def no_database_stays_open() -> Iterator[None]:
    """Python 3.13 warns of a connection that nobody closed."""
    yield
    close_all()


@pytest.fixture
def captures() -> Path:
    """The folder of real recordings; use together with `@pytest.mark.captures`."""
    return CAPTURES
