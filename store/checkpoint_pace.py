"""How many rows may wait for a checkpoint, so that it stays short on the disk that we have. Pure."""

from collections import deque

TARGET_S = 0.005  # of writer time to move them, with the sync of the database
FEWEST_ROWS = 500  # fewer make it no shorter: what is left then is the sync
MOST_ROWS = 2_000  # about 0.2 MB of WAL; when nothing waits there is no hurry to be spared …
MOST_ROWS_BUSY = 20_000  # … and when something does, fewer checkpoints do the same
REMEMBERED = 8


class CheckpointPace:
    """`note` each checkpoint; `due` says how many rows the next one may have.

    A disk that others use is slow now and then whatever it is given, so the quickest of the last few counts. Where the
    syncs are all that is slow, short checkpoints only make more of them: so there are fewer the more rows wait.
    """

    def __init__(self) -> None:
        self._rows_a_second: deque[float] = deque(maxlen=REMEMBERED)

    def note(self, rows: int, took_s: float) -> None:
        """Rows that were moved, and how long that took. Of a few rows only the sync is seen, so they tell nothing."""
        if rows >= FEWEST_ROWS:
            self._rows_a_second.append(rows / max(took_s, 1e-6))

    def due(self, waiting: int) -> int:
        """How many rows the next one may have while so many wait for a commit."""
        most = MOST_ROWS_BUSY if waiting else MOST_ROWS
        quickest = max(self._rows_a_second, default=MOST_ROWS / TARGET_S)
        return max(FEWEST_ROWS, min(most, max(waiting, int(quickest * TARGET_S))))
