"""An event loop whose time passes only when nothing is left to do: hours in milliseconds, always the same."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Instant(selectors.SelectSelector):
    """Waits for nobody: where the loop would sleep, the hands of its clock are moved."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again: every task waits for another")
        self.now_s += max(0.0, timeout)
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """For code without threads and sockets."""

    def __init__(self) -> None:
        self._instant = _Instant()
        super().__init__(self._instant)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._instant.now_s


class Clock:
    """The loop's time, as a node's clock."""

    def __init__(self, epoch_unix_s: float = 0.0) -> None:
        self._epoch_unix_s = epoch_unix_s

    def now_s(self) -> float:
        """Seconds after the epoch."""
        return asyncio.get_running_loop().time()

    def unix_s(self) -> float:
        """Unix seconds."""
        return self._epoch_unix_s + self.now_s()

    async def sleep_until(self, t_s: float) -> None:
        """Wait until it is `t_s` after the epoch."""
        await asyncio.sleep(max(0.0, t_s - self.now_s()))


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """As asyncio.run, in virtual time."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)
