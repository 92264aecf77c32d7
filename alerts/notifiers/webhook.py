"""The second channel: one POST to ALERT_WEBHOOK_URL, in the form that its host understands.

ntfy takes plain text, Slack `{"text"}`, Discord `{"content"}` up to 2,000 characters; other hosts get JSON with every
field. The URL is a secret (whoever knows it can post): it is the base URL of a service of its own at the door and never
printed. Forms: docs.ntfy.sh/publish, api.slack.com/messaging/webhooks, Discord's developer documentation on webhooks;
checked 2026-11-20.
"""

from enum import Enum
from urllib.parse import urlsplit

import msgspec

from alerts.alert import AlertLevel
from alerts.delivery import Answer, Hopeless, Message, Retry, Sent, Uncertain
from alerts.notifiers.door import Door
from alerts.texts.markup import escape, fit
from collectors.net.http import DoorError
from collectors.net.limits import retry_after_s

SERVICE = "webhook"  # its base URL at the door is ALERT_WEBHOOK_URL
PRIORITIES = {AlertLevel.CRITICAL: "5", AlertLevel.HIGH: "4", AlertLevel.MEDIUM: "3"}  # ntfy: 1 to 5


class Form(Enum):
    """How a host wants to be told, and how many UTF-16 units it takes."""

    NTFY = 4096
    SLACK = 3000
    DISCORD = 2000
    JSON = 20_000


def form_of(url: str) -> Form:
    """The form that the host of a URL understands; hosts are known by name, so a relay of your own gets JSON."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "hooks.slack.com":
        return Form.SLACK
    if host in ("discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"):
        return Form.DISCORD
    if host.split(".")[0] == "ntfy":
        return Form.NTFY
    return Form.JSON


class Webhook:
    """The notifier for `webhook`."""

    def __init__(self, door: Door, form: Form, path: str = "") -> None:
        self._door = door
        self._form = form
        self._path = path

    async def send(self, message: Message) -> Answer:
        """One POST. Any 2xx means that it arrived; edits have no meaning here."""
        if message.edit_of is not None:
            return Hopeless("a webhook cannot edit")
        body, content_type, headers = encode(message, self._form)
        try:
            response = await self._door.post(SERVICE, self._path, body=body, content_type=content_type, headers=headers)
        except DoorError as error:
            return Uncertain(str(error)) if error.sent else Retry(str(error))
        said = f"HTTP {response.status}"
        if 200 <= response.status < 300:
            return Sent()
        if response.status == 429:
            return Retry(said, retry_after_s(response.headers.get("retry-after")))
        if response.status >= 500:
            return Uncertain(said)
        return Hopeless(said)


def encode(message: Message, form: Form) -> tuple[bytes, str, dict[str, str]]:
    """Body, content type and headers. Other people's text can ping nobody and names no link of its own."""
    text = fit(message.text, message.footer, form.value)
    match form:
        case Form.NTFY:
            return text.encode(), "text/plain; charset=utf-8", {"Priority": PRIORITIES.get(message.level, "2")}
        case Form.SLACK:
            body: dict[str, object] = {"text": escape(text)}
        case Form.DISCORD:
            body = {"content": text, "allowed_mentions": {"parse": []}}
        case Form.JSON:
            body = {"text": text, "level": message.level.name, "links": [list(link) for link in message.links]}
    return msgspec.json.encode(body), "application/json", {}
