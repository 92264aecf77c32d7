"""A simulator clock that stands where a test puts it, for tests that advance the world by hand."""

START = 1_800_000_000_000


class StillClock:
    speed = 1.0

    def __init__(self, now: int = START) -> None:
        self.now = now

    def now_ms(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the model never sleeps")
