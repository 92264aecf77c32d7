"""`python -m simulator`: the whole simulator on one port; the first line on stdout is JSON with `url` and `port`."""

import argparse
import asyncio
import json
import signal
import sys
import time

from simulator.server import served
from simulator.world.clock import RunningClock
from simulator.world.scenarios import SCENARIOS, start_ms
from simulator.world.staging import Stage
from simulator.world.world import DEFAULT_KRW_MARKETS, DEFAULT_RATE, World


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Upbit, Bithumb and their surroundings.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same events")
    parser.add_argument("--markets", type=int, default=DEFAULT_KRW_MARKETS, help="KRW markets over both exchanges")
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE, help="trades a second over all markets")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="quiet")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a real one")
    chosen = parser.parse_args(words)
    if not chosen.speed > 0 or not chosen.rate > 0 or chosen.markets < 2:
        parser.error("--speed and --rate must be positive, --markets at least 2")
    return chosen


async def run(chosen: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    orders = SCENARIOS[chosen.scenario]
    clock = RunningClock(start_ms(orders, time.time_ns() // 1_000_000), chosen.speed)
    world = World(clock, chosen.seed, chosen.markets, chosen.rate)
    for order in orders:
        Stage(world).list_coin(order)
    async with served(world, chosen.port) as server:
        sys.stdout.write(json.dumps({"url": server.url, "port": server.port}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> int:
    chosen = arguments(sys.argv[1:])
    try:
        asyncio.run(run(chosen))
    except OSError as error:
        sys.stderr.write(f"the simulator cannot listen on port {chosen.port}: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
