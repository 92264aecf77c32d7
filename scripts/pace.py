"""How fast a run may live: at many times the speed of life on an idle machine, slower where others want the cores.

A daemon at ten times the speed of life takes a tenth of a second for a second of silence; on a machine with more work
than cores, that is what everybody waits for. So time is stretched by what waits for each core, up to a bound.
"""

import os

LONGEST = 6.0


def busy() -> float:
    """How many times longer everything may take than on an idle machine, as of now; at least 1."""
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return min(LONGEST, max(1.0, load / cores))


def paced(speed: float) -> float:
    """This speed, as far as the machine allows; never slower than life."""
    return max(1.0, round(speed / busy(), 2))
