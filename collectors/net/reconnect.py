"""One more connection to a host: inside its limits, and after a pause that grows with the failures before it."""

from collections.abc import Callable, Mapping

from collectors.net.deadline import within
from collectors.net.limits import CONNECT, HANDSHAKE, Limits, Paused
from collectors.net.socket import Connect, ConnectFailed, ConnectRefused, Socket
from config.clock import Clock

MOST_DOUBLINGS = 29  # of the pause; more would only overflow


async def opened(
    service: str, url: str, headers: Mapping[str, str], connect: Connect, clock: Clock, limits: Limits, within_s: float
) -> Socket:
    """A new socket, as soon as the limits of `service` allow one; they learn what the host answers.

    Counted as it sets out and again before its handshake: where a name server or the network stalls, many set out
    second by second and would arrive together. Raises SocketError, or TimeoutError after `within_s`.
    """

    async def admitted() -> None:
        while (wait := limits.ask(service, HANDSHAKE, clock.monotonic())) != 0.0:
            if isinstance(wait, Paused):
                raise ConnectFailed(f"the host is left alone: {wait.why}")
            await clock.sleep(wait)

    while (wait := limits.ask(service, CONNECT, clock.monotonic())) != 0.0:
        await clock.sleep(wait.until - clock.monotonic() if isinstance(wait, Paused) else wait)
    try:
        socket = await within(clock, within_s, connect(url, headers, admitted))
    except ConnectRefused as e:
        told = {} if e.retry_after_s is None else {"retry-after": str(e.retry_after_s)}
        limits.learn(service, CONNECT, e.status, told, clock.monotonic())
        raise
    limits.learn(service, CONNECT, 101, {}, clock.monotonic())
    return socket


def backoff_s(failures: int, first_s: float, cap_s: float, jitter: Callable[[], float]) -> float:
    """The pause after so many failures in a row: doubles from `first_s` to `cap_s`, less up to half by `jitter`.

    `jitter` gives numbers in [0, 1), so that those who failed together do not come back together.
    """
    longest = min(cap_s, first_s * 2.0 ** min(MOST_DOUBLINGS, max(0, failures - 1)))
    return longest * (1.0 - 0.5 * jitter())
