"""Requests of every kind through aiohttp; the door loads this file with the first of them, and not for its start.

AnswerTooLarge, Broken, DialError   as in `lines.py` and `dial.py`
"""

import socket
from collections.abc import Callable, Mapping
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from collectors.net.dial import CONNECT_S, Broken, DialError, resolve, tls_context, told
from collectors.net.lines import Answer, AnswerTooLarge

KEEP_ALIVE_S = 75.0  # polled hosts stay connected; the next question needs no handshake


class Session:
    """One pool of connections. Make it on the loop, and close it there.

    The library made two TLS contexts of its own at its import, each with the machine's certificates (0.8 MB), one of
    them for those who would not be checked; ours serves, and the memory of both is given back.
    """

    def __init__(self, user_agent: str) -> None:
        for theirs in ("_SSL_CONTEXT_VERIFIED", "_SSL_CONTEXT_UNVERIFIED"):
            if hasattr(aiohttp.connector, theirs):
                setattr(aiohttp.connector, theirs, tls_context())
        tracing = aiohttp.TraceConfig()
        tracing.on_request_headers_sent.append(_note_sent)
        self._session = aiohttp.ClientSession(
            connector=_Pool(
                limit=0,  # hosts are limited each for itself
                limit_per_host=64,
                keepalive_timeout=KEEP_ALIVE_S,
                resolver=_Resolver(),
                ssl=tls_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent, "Accept": "application/json"},
            # the whole runs on the daemon's clock, a connection on the network's
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            trust_env=False,
            trace_configs=[tracing],
        )

    async def ask(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        most_bytes: int,
        on_sent: Callable[[], None],
    ) -> Answer:
        """One request and its answer, redirects included as answers; `on_sent` is called once its head has left."""
        journey = SimpleNamespace(on_sent=on_sent)
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False, trace_request_ctx=journey
            ) as answer:
                content = await _read(answer, most_bytes)
                return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, content)
        except aiohttp.ConnectionTimeoutError:
            raise DialError(f"TCP or TLS: no connection within {CONNECT_S:g} s") from None
        except aiohttp.ClientConnectorError as e:
            raise DialError(told(e.os_error)) from None
        except aiohttp.ClientError as e:
            raise Broken(type(e).__name__) from None  # its text may hold the URL

    async def close(self) -> None:
        await self._session.close()


class _Pool(aiohttp.TCPConnector):
    """Hands out the connection that was used last, so that those which only a rush needed end by themselves after it.

    The library hands out the one that rested longest (aiohttp 3.14): then a question a minute keeps them all.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        if resting := self._conns.get(key):
            resting.rotate()
        return await super()._get(key, traces)


async def _read(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > most_bytes:
            answer.close()
            raise AnswerTooLarge
        chunks.append(chunk)
    return b"".join(chunks)


class _Resolver(AbstractResolver):
    """Looks up names as sockets do."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=str(place[0]), port=place[1], family=of, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for of, _, protocol, _, place in await resolve(host, port)
            if family in (socket.AF_UNSPEC, of)
        ]

    async def close(self) -> None:
        """Nothing is kept."""


async def _note_sent(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    context.trace_request_ctx.on_sent()
