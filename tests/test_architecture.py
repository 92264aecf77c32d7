"""The border: pure modules touch no socket, disk or clock, and imports point one way."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IO = {
    *("aiohttp", "aiosqlite", "asyncio", "httpx", "logging", "os", "picows", "random"),
    *("socket", "sqlite3", "telegram", "threading", "time", "websockets"),
}
PURE = [
    *("alerts/alert.py", "alerts/debounce.py", "alerts/texts/markup.py", "alerts/texts/message.py", "alerts/pacing.py"),
    *("alerts/texts/words.py", "alerts/texts/figures.py", "alerts/texts/details.py", "alerts/texts/listing_lines.py"),
    *(
        "alerts/texts/operator_text.py",
        "alerts/delivery.py",
        "alerts/chat/asked.py",
        "alerts/chat/buttons.py",
        "alerts/pictures/series.py",
        "ops/chat_text.py",
    ),
    *("analysis/verdict.py", "analysis/premium.py", "analysis/cost_model.py", "analysis/routes.py"),
    *("analysis/gate_rules.py", "analysis/gate.py", "analysis/identity.py", "analysis/outcome.py"),
    *("analysis/evidence.py", "analysis/quotes.py", "analysis/weigh.py", "analysis/facts.py", "analysis/pace.py"),
    *("analysis/ringing.py", "analysis/fetching/reading.py", "analysis/tokenomics.py", "analysis/price_row.py"),
    *("config/settings.py", "config/secrets.py", "config/check.py", "config/redaction.py", "config/reload.py"),
    *("collectors/events.py", "collectors/frames.py", "collectors/second_bucket.py", "collectors/second_part.py"),
    *("collectors/upbit_ws.py", "collectors/upbit_rest.py", "collectors/bithumb_ws.py", "collectors/bithumb_rest.py"),
    *("collectors/notice_parser.py", "collectors/listing_diff.py", "collectors/listing_life.py"),
    *("collectors/listing_memory.py", "collectors/listing_batch.py", "collectors/notice_look.py"),
    *("collectors/list_look.py", "collectors/deposit_look.py"),
    *("collectors/market_lists.py", "collectors/notice_versions.py", "collectors/other_news.py"),
    *("collectors/notice_reading.py", "collectors/sources.py", "ops/commands/latency.py"),
    *("collectors/byte_budget.py", "collectors/sightings.py", "collectors/upbit_announcement.py"),
    *("collectors/upbit_key.py", "alerts/listing_alerts.py", "alerts/texts/news_text.py"),
    *("collectors/rhythm.py", "collectors/vigil.py", "collectors/latest_books.py", "collectors/subscription.py"),
    *("collectors/doubts.py", "collectors/proofs.py"),
    *("collectors/minutes.py", "collectors/net/limits.py", "collectors/repair/gaps.py", "ops/commands/classify.py"),
    *("collectors/repair/healing.py", "collectors/repair/audit.py", "collectors/repair/told_seconds.py"),
    *("collectors/upbit_candles.py", "ops/commands/gap_words.py"),
    *(
        "ops/watching/health.py",
        "ops/watching/readings.py",
        "ops/watching/troubles.py",
        "ops/watching/watchman.py",
        "ops/watching/restarts.py",
        "ops/watching/clock_offset.py",
    ),
    *(
        "ops/commands/doctor.py",
        "ops/commands/answer.py",
        "ops/commands/key_checks.py",
        "ops/watching/liveness.py",
        "ops/process/endpoints.py",
    ),
    *("web/asked.py", "web/dominance.py", "web/now.py", "web/readable.py", "web/series.py", "web/session.py"),
    *("web/timeline.py", "store/checkpoint_pace.py", "collectors/gap_changes.py"),
]
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


@pytest.mark.parametrize("path", PURE)
def test_pure_module_imports_no_io(path: str) -> None:
    assert roots(ROOT / path) & IO == set()


def test_only_the_named_modules_open_a_network_or_a_database() -> None:
    for path in sources(*OURS):
        here = path.relative_to(ROOT).as_posix()
        for library in roots(path) & DOORS.keys():
            allowed = DOORS[library]
            assert here in allowed or here.partition("/")[0] in allowed, f"{here} imports {library}"


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


def test_a_start_loads_nothing_that_the_first_second_can_do_without() -> None:
    """What is listed here takes 0.3 s of CPU; `ops/assembly/loading.py` loads it once recording stands."""
    later = {"aiohttp", "aiosqlite", "telegram", "prometheus_client", "websockets", "httpx", "matplotlib", "numpy"}
    look = "import sys, collector_daemon, collectors.net.picows_socket; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name.partition(".")[0] for name in loaded.split()} & later == set()
