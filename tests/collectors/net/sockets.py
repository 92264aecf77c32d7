"""What the tests of sockets share: a client that hears all there is, and the server's side of TLS."""

import ssl
from pathlib import Path

from collectors.net.socket import Socket, SocketClosed

CERTIFICATE = Path(__file__).resolve().parents[2] / "fixtures" / "tls" / "loopback.pem"


async def everything(socket: Socket) -> tuple[list[bytes], SocketClosed]:
    """All that comes until the socket ends, and how it ended."""
    frames: list[bytes] = []
    while True:
        try:
            frames += await socket.receive()
        except SocketClosed as end:
            return frames, end


def server_side() -> ssl.SSLContext:
    """TLS of a server with the tests' certificate, which nobody trusts who is not told to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context
