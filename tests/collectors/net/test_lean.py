"""What a process of our own loads of the network's libraries; each is loaded once in a process."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OURS = """
import sys
from collectors.net.lean import spare_cpp_and_docstrings, spare_mime_types, spare_proxies
spare_mime_types()
spare_proxies()
import collectors.net.picows_socket, collectors.net.websockets_socket
spare_cpp_and_docstrings()
import collectors.net.session
print("picows" in sys.modules, "python_socks._errors" in sys.modules, "frozenlist._frozenlist" in sys.modules)
import aiohttp, aiohttp.web, mimetypes; print(mimetypes.guess_type("a.png"), len(mimetypes.types_map) < 300)
print(aiohttp.ClientSession.__doc__, aiohttp.ClientSession.close.__doc__)
"""


def test_sockets_and_requests_load_no_proxies_no_cpp_no_docstrings_and_no_table_of_types() -> None:
    said = subprocess.run([sys.executable, "-c", OURS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["True False False", "('image/png', None) True", "None None"]
