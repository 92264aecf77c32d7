"""What a process of our own loads of the network's libraries; each is loaded once in a process."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OURS = """
import sys
from collectors.net.lean import spare_cpp, spare_proxies
spare_proxies()
import collectors.net.picows_socket, collectors.net.websockets_socket
spare_cpp()
import collectors.net.session
print("picows" in sys.modules, "python_socks._errors" in sys.modules, "frozenlist._frozenlist" in sys.modules)
"""


def test_sockets_and_requests_load_no_proxies_and_no_cpp() -> None:
    said = subprocess.run([sys.executable, "-c", OURS], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["True False False"]
