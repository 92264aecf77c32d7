"""A daemon that spares what it never uses still has all of it that anybody asks for."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOADED = """
import sys
from ops.process import lean_start
lean_start.begin()
import collector_daemon, collectors.net.session
from alerts.notifiers.lean_telegram import spare_httpx
spare_httpx()
import alerts.notifiers.telegram
import ops.assembly.chat, ops.assembly.commands, ops.assembly.serving, web.views
real = lambda name: name in sys.modules and not isinstance(sys.modules[name], lean_start._StandIn)
"""


def carried_out(program: str) -> str:
    """What a process says that was started like a daemon and has loaded all that a daemon loads."""
    return subprocess.run(
        [sys.executable, "-c", LOADED + program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_nothing_that_is_stood_in_for_is_loaded() -> None:
    names = "[lean_start.TYPES, lean_start.REGISTRY, 'email._header_value_parser', *lean_start.WAYS]"
    assert carried_out(f"print([name for name in {names} if real(name)])") == "[]"


def test_whoever_starts_the_daemon_starts_it_so() -> None:
    started = [sys.executable, "-X", "importtime", "collector_daemon.py", "--help"]
    told = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, check=True).stderr.splitlines()
    imported = [line.rpartition("|")[2].strip() for line in told]
    assert "msgspec" in imported and "typing_extensions" not in imported
    assert imported.index("ops.process.lean_start") < imported.index("asyncio")


def test_our_own_functions_and_classes_say_nothing_of_themselves() -> None:
    said = carried_out("print(collector_daemon.Stop.__doc__, collector_daemon.cli.parse.__doc__)")
    assert said == "None None"


def test_mime_types_are_read_by_the_parser_of_mail_once_somebody_asks() -> None:
    said = carried_out(
        "from aiohttp.helpers import parse_content_type\n"
        "print(parse_content_type('text/HTML; charset=\"utf-8\"'), real(lean_start.REGISTRY))"
    )
    assert said == "('text/html', mappingproxy({'charset': 'utf-8'})) True"


def test_a_mail_can_be_written() -> None:
    said = carried_out(
        "from email.message import EmailMessage\nmail = EmailMessage()\n"
        "mail['Subject'] = 'Ω'\nmail.set_content('a')\nprint(mail['Subject'], mail.get_content_type())"
    )
    assert said == "Ω text/plain"


def test_a_name_that_nobody_foresaw_is_that_of_the_real_module() -> None:
    said = carried_out(
        "from urllib.request import urlopen, Request\nprint(urlopen.__module__, Request('data:,a').type)"
    )
    assert said == "urllib.request data"
    assert carried_out("import typing_extensions\nprint(typing_extensions.deprecated.__name__)") == "deprecated"


def test_a_module_that_is_imported_whole_is_found_in_its_package() -> None:
    said = carried_out(
        "import urllib.request, http.server\nprint(urllib.request.quote.__name__, http.server.HTTPServer.__name__)"
    )
    assert said == "quote HTTPServer"


ASKED_AT_ONCE = """
from threading import Barrier, Thread
sys.setswitchinterval(1e-6)
def ask():
    barrier.wait()
    told.append(standing.TCPServer)
for _ in range(800):
    sys.modules.pop("socketserver")
    lean_start._stand_in("socketserver")
    standing, told, barrier = sys.modules["socketserver"], [], Barrier(4)
    threads = [Thread(target=ask) for _ in range(4)]
    for each in threads: each.start()
    for each in threads: each.join()
    assert len(told) == 4 and len(set(told)) == 1, told
print("one class")
"""


def test_threads_that_ask_at_the_same_time_are_told_the_same() -> None:
    assert carried_out(ASKED_AT_ONCE) == "one class"


def test_a_part_that_a_daemon_goes_without_says_so_when_it_is_used() -> None:
    said = carried_out(
        "from urllib.request import getproxies\ntry:\n    getproxies()\nexcept lean_start.NotLoaded as e:\n    print(e)"
    )
    assert said.startswith("urllib.request.getproxies: ops.process.lean_start stands in for it")


def test_whoever_looks_for_a_module_finds_it() -> None:
    assert (
        carried_out("from importlib.util import find_spec\nprint(find_spec('urllib.request').name)") == "urllib.request"
    )
