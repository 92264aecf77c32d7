"""What is installed is what was tested: every package pinned, with the hash of each of its files."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HASHED = (
    "requirements.txt",
    "requirements-dev.txt",
    "scripts/bench_requirements.txt",
    "tests/clients/requirements.txt",
)
PINNED = re.compile(r"^([A-Za-z0-9][\w.\-]*)(?:\[[\w,\-]+\])?==([\w.!+\-]+)")


def pinned(file: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes by package; every line that is no comment belongs to one."""
    found: dict[str, tuple[str, int]] = {}
    name = ""
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if (begun := PINNED.match(text)) is not None:
            name = begun[1].lower().replace("_", "-")
            found[name] = begun[2], 0
            continue
        assert re.match(r"--hash=sha256:[0-9a-f]{64}( \\)?$", text), f"{file}: {line}"
        found[name] = found[name][0], found[name][1] + 1
    return found


@pytest.mark.parametrize("file", HASHED)
def test_every_package_is_pinned_with_hashes(file: str) -> None:
    found = pinned(file)
    assert len(found) > 10
    assert [name for name, (_, hashes) in found.items() if hashes == 0] == []


def test_the_pins_are_those_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for file, named in (
        ("requirements.txt", project["dependencies"]),
        ("requirements-dev.txt", project["optional-dependencies"]["dev"]),
    ):
        found = pinned(file)
        for text in named:
            begun = PINNED.match(text)
            assert begun is not None, text
            assert found[begun[1].lower().replace("_", "-")][0] == begun[2], text


def test_what_is_installed_goes_together() -> None:
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout
