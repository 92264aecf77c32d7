import json
from collections.abc import Mapping

import pytest

from alerts.alert import AlertLevel
from alerts.delivery import Hopeless, Message, Retry, Sent, Uncertain
from alerts.notifiers.webhook import Form, Webhook, encode, form_of
from collectors.net.http import DoorError, Response, Unreachable

MESSAGE = Message(
    "webhook",
    "🚨 GO · NOVA\n<!channel> @everyone",
    AlertLevel.CRITICAL,
    "#a1b2c3",
    links=(("Notice", "https://n.example"),),
)


class OneAnswer:
    def __init__(self, answer: Response | DoorError) -> None:
        self._answer = answer
        self.bodies: list[bytes] = []

    async def post(
        self,
        service: str,
        path: str,
        *,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> Response:
        assert service == "webhook"
        self.bodies.append(body)
        if isinstance(self._answer, DoorError):
            raise self._answer
        return self._answer


def status(code: int, **headers: str) -> Response:
    return Response(code, {name.replace("_", "-"): value for name, value in headers.items()}, b"", 0, 1)


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", Form.SLACK),
        ("https://discord.com/api/webhooks/1/x", Form.DISCORD),
        ("https://ntfy.sh/my-topic", Form.NTFY),
        ("https://ntfy.home.example/topic", Form.NTFY),
        ("http://127.0.0.1:9000/webhook", Form.JSON),
        ("https://evil.example/hooks.slack.com", Form.JSON),
        ("not a url", Form.JSON),
    ],
)
def test_the_host_decides_the_form(url: str, form: Form) -> None:
    assert form_of(url) is form


def test_each_host_gets_what_it_understands_and_nobody_is_pinged() -> None:
    text = "🚨 GO · NOVA\n<!channel> @everyone\n#a1b2c3"
    body, content_type, headers = encode(MESSAGE, Form.NTFY)
    assert (body.decode(), content_type, headers) == (text, "text/plain; charset=utf-8", {"Priority": "5"})
    assert json.loads(encode(MESSAGE, Form.SLACK)[0]) == {"text": text.replace("<", "&lt;").replace(">", "&gt;")}
    assert json.loads(encode(MESSAGE, Form.DISCORD)[0]) == {"content": text, "allowed_mentions": {"parse": []}}
    assert json.loads(encode(MESSAGE, Form.JSON)[0]) == {
        "text": text,
        "level": "CRITICAL",
        "links": [["Notice", "https://n.example"]],
    }


def test_a_long_text_is_cut_to_what_discord_takes() -> None:
    long = Message("webhook", "\n".join(["🚨 line"] * 1_000), AlertLevel.HIGH, "#a1b2c3")
    content = json.loads(encode(long, Form.DISCORD)[0])["content"]
    assert len(content.encode("utf-16-le")) // 2 <= 2_000
    assert content.endswith("#a1b2c3")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(200), Sent()),
        (status(204), Sent()),
        (status(429, retry_after="3"), Retry("HTTP 429", 3.0)),
        (status(429, retry_after="9" * 400), Retry("HTTP 429", 3_600.0)),
        (status(429), Retry("HTTP 429")),
        (status(404), Hopeless("HTTP 404")),
        (status(503), Uncertain("HTTP 503")),
        (Unreachable("webhook", "reset", sent=True), Uncertain("webhook: reset")),
        (Unreachable("webhook", "refused", sent=False), Retry("webhook: refused")),
    ],
)
async def test_each_answer_says_what_is_known(answer: Response | DoorError, expected: object) -> None:
    door = OneAnswer(answer)
    assert await Webhook(door, Form.JSON).send(MESSAGE) == expected
    assert len(door.bodies) == 1
