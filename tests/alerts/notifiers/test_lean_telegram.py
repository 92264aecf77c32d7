"""What the daemon loads of python-telegram-bot, in a process of its own: the library is loaded once in each."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DAEMONS_OWN = """
import asyncio, sys
from alerts.alert import AlertLevel
from alerts.delivery import Message
from alerts.notifiers.later import Later
from collectors.net.http import Response
from ops.assembly.telling import telegram_over

class Door:
    async def post(self, service, path, **_):
        print(path)
        sent = b'{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":42,"type":"private"}}}'
        return Response(200, {}, sent, 0, 0)

async def tell():
    chat = Later(lambda: telegram_over(Door(), "100000001:TOKEN", {}))
    print(await chat.send(Message("telegram:42", "hello", AlertLevel.HIGH)))

asyncio.run(tell())
print("httpx" in sys.modules, "telegram.ext" in sys.modules)
"""


def test_the_daemon_sends_without_the_library_s_own_transport() -> None:
    said = subprocess.run([sys.executable, "-c", DAEMONS_OWN], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["/bot100000001:TOKEN/sendMessage", "Sent(message_id='7')", "False False"]


def test_the_daemon_s_library_has_no_docstrings_and_keeps_its_assertions() -> None:
    look = (
        "from alerts.notifiers.lean_telegram import spare_docstrings; spare_docstrings(); import telegram;"
        "print(telegram.Bot.send_message.__doc__, telegram.Message.__doc__, telegram.User.full_name.__doc__, __debug__)"
    )
    said = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["None", "None", "None", "True"]
