"""The one way out to people, as their notifiers need it."""

from collections.abc import Mapping
from typing import Protocol

from collectors.net.http import Response


class Door(Protocol):
    """What is needed of `HttpDoor`."""

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
    ) -> Response: ...
