"""A door with scripted answers: which service says what to which question, how late, or how it fails."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from collectors.net.http import DeadlineExceeded, Response, Unreachable
from config.clock import Clock


class Asked(Struct, frozen=True):
    """One question that came."""

    service: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    group: str
    deadline_s: float | None


class _Script(Struct):
    service: str
    path: str
    params: Mapping[str, str]
    status: int
    body: bytes
    after_s: float
    reachable: bool


class FakeDoor:
    """Answers by service, path and those parameters that were scripted; the latest script that fits wins.

    A question without a script is a mistake of the test. `asked` keeps every question, in order.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scripts: list[_Script] = []
        self.asked: list[Asked] = []

    def says(
        self,
        service: str,
        path: str,
        body: object,
        *,
        status: int = 200,
        after_s: float = 0.0,
        when: Mapping[str, str] | None = None,
        **params: str,
    ) -> None:
        """`body`: bytes as they are, anything else as JSON. `when`: parameters whose names are taken here."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self._scripts.append(_Script(service, path, {**params, **(when or {})}, status, raw, after_s, reachable=True))

    def fails(self, service: str, path: str, **params: str) -> None:
        """No connection."""
        self._scripts.append(_Script(service, path, params, 0, b"", 0.0, reachable=False))

    async def get(
        self,
        service: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> Response:
        given = dict(params or {})
        self.asked.append(Asked(service, path, given, dict(headers or {}), group, deadline_s))
        script = next((one for one in reversed(self._scripts) if _fits(one, service, path, given)), None)
        assert script is not None, f"no script for {service} {path} {given}"
        requested_ms = self._clock.now_ms()
        if not script.reachable:
            raise Unreachable(service, "connection refused", sent=False)
        if deadline_s is not None and script.after_s > deadline_s:
            await self._clock.sleep(deadline_s)
            raise DeadlineExceeded(service, f"no answer within {deadline_s:g} s", sent=True)
        if script.after_s:
            await self._clock.sleep(script.after_s)
        return Response(script.status, {}, script.body, requested_ms, self._clock.now_ms())


def _fits(script: _Script, service: str, path: str, params: Mapping[str, str]) -> bool:
    return (script.service, script.path) == (service, path) and script.params.items() <= params.items()
