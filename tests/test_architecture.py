"""The border: pure modules touch no socket, disk or clock, and imports point one way."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IO = {
    *("aiohttp", "aiosqlite", "asyncio", "httpx", "logging", "os", "picows", "random"),
    *("socket", "sqlite3", "telegram", "threading", "time", "websockets"),
}
PURE_AS_WELL = {  # besides those that say "Pure" of themselves
    "alerts": "alert debounce delivery",
    "alerts/texts": "details figures listing_lines markup message operator_text words",
    "collectors": "events",
    "collectors/exchanges": "bithumb_rest bithumb_ws frames upbit_announcement upbit_candles upbit_rest upbit_ws",
    "collectors/listings": "listing_diff listing_life sources",
    "collectors/notices": "notice_parser",
    "collectors/recording": "second_bucket",
    "ops/commands": "classify",
}
DOORS = {
    "aiohttp": {"collectors/net/session.py", "ops/radar_socket.py", "ops/listener.py", "ops/vital_routes.py", "web"},
    "picows": {"collectors/net/picows_socket.py"},
    "websockets": {"collectors/net/websockets_socket.py"},
    "aiohappyeyeballs": {"collectors/net/dial.py"},
    "httpx": set[str](),
    "sqlite3": {"store", "ops/commands/readout.py"},
}
OURS = {"collectors", "analysis", "alerts", "store", "config", "ops", "web"}


@functools.cache
def imported(path: Path) -> set[str]:
    """Dotted names of every module that the file imports, wherever in the file."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def says_so(path: Path) -> bool:
    return re.search(r"\bPure\b", ast.get_docstring(ast.parse(path.read_text())) or "") is not None


PURE = sorted(
    {path.relative_to(ROOT).as_posix() for path in sources(*OURS) if says_so(path)}
    | {f"{folder}/{name}.py" for folder, names in PURE_AS_WELL.items() for name in names.split()}
)


@pytest.mark.parametrize("path", PURE)
def test_pure_module_imports_no_io(path: str) -> None:
    assert roots(ROOT / path) & IO == set()


def test_only_the_named_modules_open_a_network_or_a_database() -> None:
    for path in sources(*OURS):
        here = path.relative_to(ROOT).as_posix()
        for library in roots(path) & DOORS.keys():
            allowed = DOORS[library]
            assert here in allowed or here.partition("/")[0] in allowed, f"{here} imports {library}"


def test_tasks_are_grouped_so_that_no_cancellation_is_lost() -> None:
    """The library's group forgets one that meets a crash (before Python 3.13), and a stop then waits for ever."""
    for path in [*sources(*OURS), ROOT / "collector_daemon.py"]:
        if path != ROOT / "ops/process/lifetimes.py":
            assert "asyncio.TaskGroup" not in path.read_text(), path


def test_the_daemon_and_the_simulator_share_no_code() -> None:
    for path in sources("simulator"):
        assert roots(path) & OURS == set(), path
    for path in [*sources(*OURS), ROOT / "collector_daemon.py"]:
        assert "simulator" not in roots(path), path


def test_no_test_leaves_the_machine_or_reads_real_time_by_sleeping() -> None:
    for path in sources("tests"):
        if path.name == "test_architecture.py":
            continue
        assert "time.sleep(" not in path.read_text(), path


def test_the_repository_holds_plain_files_only() -> None:
    """A link of one checkout is a trap in the next: it points to where its maker worked."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout but an archive, say: only git tells what is kept from what was made here")
    listed = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kept = [line.split(maxsplit=3) for line in listed.splitlines()]
    assert kept
    assert [path for mode, _, _, path in kept if mode not in {"100644", "100755"}] == []


def test_a_start_loads_nothing_that_the_first_second_can_do_without() -> None:
    """What is listed here takes 0.3 s of CPU; `ops/assembly/loading.py` loads it once recording stands."""
    later = {"aiohttp", "aiosqlite", "telegram", "prometheus_client", "websockets", "httpx", "matplotlib", "numpy"}
    look = "import sys, collector_daemon, collectors.net.picows_socket; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name.partition(".")[0] for name in loaded.split()} & later == set()
