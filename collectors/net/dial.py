"""The way to a host, stage by stage: its name, a TCP connection, TLS. Each stage has a time and a name of its own.

    DialError (OSError)   no way; the text begins with the stage that failed: "DNS: …", "TCP: …"
    Broken (OSError)      there was a way, and it ended; the text says how in a word, and holds no URL

An address that does not answer (IPv6 without a route, say) holds up the next one for a quarter of a second only
(RFC 8305). Names are looked up in threads that nobody waits for at the end: a name server that hangs must neither stop
other work of the loop's threads nor hold up the stop of the daemon.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache

import aiohappyeyeballs

RESOLVE_S = 3.0
CONNECT_S = 4.0
TLS_S = 4.0
STAGGER_S = 0.25

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]
LookUp = Callable[[str, int], Sequence[Address]]


class DialError(OSError):
    """No way to the host."""


class Broken(OSError):
    """A connection ended, or what came over it was no answer."""


def system_look_up(host: str, port: int) -> Sequence[Address]:
    """What the machine's resolver says, as long as it takes; raise OSError, UnicodeError.

    For a host that is text, Python loads what spells foreign ones: 0.1 MB, at the first connection of all.
    """
    name = host.encode() if host.isascii() else host
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]  # no other families


def written_out(host: str, port: int) -> Sequence[Address]:
    """The address that a host's name is already; raise OSError, UnicodeError if it is a name. Asks nobody."""
    name = host.encode() if host.isascii() else host
    return socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)  # type: ignore[return-value]


async def resolve(host: str, port: int, look_up: LookUp = system_look_up) -> Sequence[Address]:
    """The addresses of a host; raise DialError. One that is an address waits for no thread."""
    with suppress(OSError, UnicodeError):
        return written_out(host, port)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[Address]] = loop.create_future()

    def tell(found: Sequence[Address], error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(found)
        else:
            answer.set_exception(error)

    def ask() -> None:
        found: Sequence[Address] = ()
        error = None
        try:
            found = look_up(host, port)
        except (OSError, UnicodeError) as e:
            error = e if isinstance(e, OSError) else OSError(str(e))
        with suppress(RuntimeError):  # the loop is gone, and whoever waited with it
            loop.call_soon_threadsafe(tell, found, error)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        async with asyncio.timeout(RESOLVE_S):
            return await answer
    except TimeoutError:
        raise DialError(f"DNS: no answer for {host} within {RESOLVE_S:g} s") from None
    except OSError as e:
        raise DialError(f"DNS: {host}: {e.strerror or e}") from e


async def dial(host: str, port: int, look_up: LookUp = system_look_up) -> socket.socket:
    """A connected TCP socket that does not block; raise DialError."""
    addresses = await resolve(host, port, look_up)
    task = asyncio.current_task()
    assert task is not None
    cancelling = task.cancelling()
    try:
        async with asyncio.timeout(CONNECT_S):
            wire = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=STAGGER_S)
    except TimeoutError:
        raise DialError(f"TCP: no connection to {host}:{port} within {CONNECT_S:g} s") from None
    except OSError as e:
        raise DialError(f"TCP: {host}:{port}: {e.strerror or e}") from e
    if task.cancelling() > cancelling:  # the library (2.7) takes it for its own while it ends who came second
        wire.close()
        raise asyncio.CancelledError
    return wire


@cache
def tls_context() -> ssl.SSLContext:
    """One for every connection: reading the machine's certificates takes 20 ms and a megabyte each time."""
    return ssl.create_default_context()


def told(error: BaseException) -> str:
    """What a failed connection comes to, in words, the stage first."""
    match error:
        case DialError() | Broken():
            return str(error)
        case ssl.SSLCertVerificationError():
            return f"TLS: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS: {error.reason or error}"
        case ConnectionAbortedError() if "SSL handshake" in str(error):
            return f"TLS: no handshake within {TLS_S:g} s"
    return f"{type(error).__name__}: {error}"
