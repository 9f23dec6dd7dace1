"""A second process beside this one, for two cores: Python itself keeps no more than one of them busy.

Both fly the same world, which a scenario and a seed settle, and take jobs from one list, so that neither
waits for the other. A job is a picklable function of the world; what it returns hangs on nothing else, so
that one process or two give the same results.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from noroshi.catalogue.scenario import Scenario
from noroshi.exercise.world import World, build

Job = Callable[[World], Any]
# Hears how many of its parts a job has done.
Hears = Callable[[int], None]
# What is being done, how much of it is done, and of how much.
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Long:
    """A job in so many parts that tells, in order, how many of them are done; each counts as one."""

    work: Callable[[World, Hears], Any]
    parts: int

    def __call__(self, world: World, hears: Hears = lambda done: None) -> Any:
        """Do it."""
        return self.work(world, hears)


def _done(job: Job, world: World, hears: Hears) -> Any:
    return job(world, hears) if isinstance(job, Long) else job(world)


# Threads of the numerical library do not survive a fork.
_SPAWN = multiprocessing.get_context("spawn")


class Helper:
    """The second process. It ends with this one, however that ends: its line breaks."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Start it; it builds its world while this process does something else."""
        self._line, there = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(there, scenario, seed), daemon=True)
        self._process.start()
        there.close()

    def do(self, job: Job, hears: Hears) -> Any:
        """The job's result, or its exception raised here; EOFError or OSError when the process is no more."""
        self._line.send(job)
        while True:
            what, said = self._line.recv()
            if what == "wrong":
                raise said
            if what == "result":
                return said
            hears(said)

    def close(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self._line.close()


@contextlib.contextmanager
def helper(scenario: Scenario, seed: int, wanted: bool) -> Iterator[Helper | None]:
    """A second process for as long as the block lasts, or None where none is wanted."""
    if not wanted:
        yield None
        return
    second = None
    try:
        with _deaf_to_ctrl_c():
            second = Helper(scenario, seed)
        yield second
    finally:
        if second is not None:
            second.close()


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Hold Ctrl-C back until the block is over, and for good from a process that is started in it.

    It reaches both processes, and the first one decides: the second would die of it with a traceback while
    it still imports, and a start that is broken off half-way leaves it without its first word.
    """
    if os.name != "posix":
        yield
        return
    came: list[int] = []
    # Python hears signals in its main thread alone.
    hears = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda number, frame: came.append(number)) if hears else None
    # Its own start would let Ctrl-C in again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if hears:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
    if came:
        signal.raise_signal(signal.SIGINT)


def _serve(line: Connection, scenario: Scenario, seed: int) -> None:
    """Do jobs until the line ends."""
    # Ctrl-C reaches both processes; the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    world: World | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            if world is None and not line.poll():
                with contextlib.suppress(Exception):
                    world = build(scenario, seed)
            job = line.recv()
            try:
                # What is wrong with the world is told in answer to the first job.
                world = world or build(scenario, seed)
                answer = "result", _done(job, world, lambda done: line.send(("done", done)))
            except Exception as error:
                answer = "wrong", error
            line.send(answer)


def results(jobs: Sequence[tuple[str, Job]], world: World, second: Helper | None, told: Told) -> list[Any]:
    """Results of jobs, each named by its kind, in their order; raises what a job raises.

    When the second process is gone (killed, out of memory) this one does what it left. `told` counts the
    parts of a long job, and is called on more than one thread, though by one at a time.
    """
    waiting = deque(range(len(jobs)))
    parts = [job.parts if isinstance(job, Long) else 1 for _, job in jobs]
    over = [0] * len(jobs)
    telling = threading.Lock()
    found: dict[int, Any] = {}
    wrong: list[Exception] = []

    def beside(second: Helper) -> None:
        while not wrong and (row := _next(waiting)) is not None:
            try:
                found[row] = second.do(jobs[row][1], partial(hear, row))
            except (EOFError, OSError):
                waiting.appendleft(row)
                return
            except Exception as error:
                wrong.append(error)

    def tell() -> None:
        for what in dict.fromkeys(kind for kind, _ in jobs):
            rows = [row for row, (kind, _) in enumerate(jobs) if kind == what]
            with telling:
                done = sum(parts[row] if row in found else over[row] for row in rows)
                told(what, done, sum(parts[row] for row in rows))

    def hear(row: int, done: int) -> None:
        # Its last part is over when its result is there.
        over[row] = max(over[row], min(done, parts[row] - 1))
        tell()

    tell()
    others = [threading.Thread(target=beside, args=(second,), daemon=True)] if second else []
    for other in others:
        other.start()
    try:
        while len(found) < len(jobs) and not wrong:
            if (row := _next(waiting)) is not None:
                found[row] = _done(jobs[row][1], world, partial(hear, row))
            else:
                for other in others:
                    other.join()
            tell()
    finally:
        waiting.clear()
    if wrong:
        raise wrong[0]
    # The other process may have had the last word.
    tell()
    return [found[row] for row in range(len(jobs))]


def _next(waiting: deque[int]) -> int | None:
    try:
        return waiting.popleft()
    except IndexError:
        return None
