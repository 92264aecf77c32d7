"""python-telegram-bot's transport over the one door, and what it says where the library's own errors would say less.

    TelegramError (the library's)
        NetworkError
            NotArrived        the request did not reach Telegram
            MayHaveArrived    the request left, and no answer came that says what became of it
            FloodControl      HTTP 429: not taken; `after_s` is the pause that was named

Errors: Bot API 10.0 and python-telegram-bot 22.8, checked 2026-11-20. No text that leaves here holds the token.
"""

import hashlib

import msgspec
from msgspec import Struct
from telegram.error import NetworkError
from telegram.request import BaseRequest, RequestData

from alerts.notifiers.door import Door
from collectors.net.http import DoorError, Response
from collectors.net.limits import BAN_CAP_S, retry_after_s

SERVICE = "telegram"  # the name of the host in exchanges.yaml
FORM = "application/x-www-form-urlencoded"
UPDATES = "telegram_updates"  # the same host: a question that hangs on purpose has a circuit of its own


class NotArrived(NetworkError):
    """The request did not reach Telegram."""


class MayHaveArrived(NetworkError):
    """The request left, and no answer came that says what became of it."""


class FloodControl(NetworkError):
    """HTTP 429: not taken. `after_s` is the pause that body or header name, at most an hour; None: neither does."""

    def __init__(self, after_s: float | None) -> None:
        self.after_s = after_s
        super().__init__("HTTP 429, too many requests" + ("" if after_s is None else f": retry after {after_s:g} s"))


class _Parameters(Struct, frozen=True):
    retry_after: float | None = None


class _Refusal(Struct, frozen=True):
    parameters: _Parameters = _Parameters()


class _Answer(Struct, frozen=True):
    """What every answer of the Bot API holds; the library reads the rest."""

    ok: bool


class DoorRequest(BaseRequest):
    """python-telegram-bot's transport over the one door. The `url` it is given is a path below the door's base URL.

    Each chat is a group of its own at the door, so that one chat's flood control holds no other chat back.
    """

    def __init__(self, door: Door, token: str, service: str = SERVICE, deadline_s: float | None = None) -> None:
        self._door = door
        self._token = token
        self._service = service
        self._deadline_s = deadline_s

    @property
    def read_timeout(self) -> float | None:
        return None  # deadlines are the door's

    async def initialize(self) -> None:
        """The door is opened and closed by whoever made it."""

    async def shutdown(self) -> None:
        """The door is opened and closed by whoever made it."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002 - the library passes it by name; every call of ours is a POST
        request_data: RequestData | None = None,
        *_: object,
        **_timeouts: object,
    ) -> tuple[int, bytes]:
        """One POST; raise NotArrived, MayHaveArrived or FloodControl where the library's own errors would say less."""
        body, content_type = _encoded(request_data or RequestData())
        chat = request_data.parameters.get("chat_id", "") if request_data is not None else ""
        try:
            response = await self._door.post(
                self._service,
                url,
                body=body,
                content_type=content_type,
                group=f"chat:{chat}",
                deadline_s=self._deadline_s,
            )
        except DoorError as error:
            # `from None`: whatever lies behind it may hold the URL, and the URL holds the token
            raise (MayHaveArrived if error.sent else NotArrived)(self._safe(str(error))) from None
        if response.status == 429:
            raise FloodControl(_pause_s(response))
        if response.status == 421:
            raise NotArrived("HTTP 421, misdirected request")
        if response.status >= 500:
            raise MayHaveArrived(f"HTTP {response.status}")
        if not _is_telegrams(response.body):  # a proxy's page: neither a refusal nor a receipt
            raise MayHaveArrived(f"HTTP {response.status} with an answer that is not Telegram's")
        return response.status, response.body

    def _safe(self, text: str) -> str:
        return text.replace(self._token, "<token>")


def _is_telegrams(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=_Answer)
    except msgspec.DecodeError:
        return False
    return True


def _pause_s(response: Response) -> float | None:
    try:
        named_s = msgspec.json.decode(response.body, type=_Refusal).parameters.retry_after
    except msgspec.DecodeError:
        named_s = None
    if named_s is not None and named_s >= 0:
        return min(named_s, BAN_CAP_S)
    return retry_after_s(response.headers.get("retry-after"))


def _encoded(given: RequestData) -> tuple[bytes, str]:
    """Body and content type: a form, or one with files where there are any."""
    if not given.contains_files:
        return given.url_encoded_parameters().encode(), FORM
    parts = [(f'name="{name}"', "", text.encode()) for name, text in given.json_parameters.items()]
    for name, (file_name, content, kind) in given.multipart_data.items():
        assert isinstance(content, bytes)
        parts.append((f'name="{name}"; filename="{file_name}"', f"Content-Type: {kind}\r\n", content))
    boundary = hashlib.blake2s(b"".join(content for _, _, content in parts)).hexdigest()  # cannot stand in a part
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {names}\r\n{kind}\r\n".encode() + content + b"\r\n"
        for names, kind, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
