"""Jobs from one list for two processes, and who hears of them."""

import threading
from functools import partial

import pytest

from noroshi.exercise.beside import Long, results


def short(world, answer):
    return answer


def long(world, hears, parts, answer):
    for done in range(1, parts + 1):
        hears(done)
    return answer


def jobs():
    return [
        ("days", Long(partial(long, parts=3, answer="a"), 3)),
        ("days", Long(partial(long, parts=2, answer="b"), 2)),
        ("rest", partial(short, answer="c")),
    ]


class Second:
    """A second process without a process."""

    def do(self, job, hears):
        return job(None, hears) if isinstance(job, Long) else job(None)


class Gone:
    """One that dies over its first job, half-way."""

    def __init__(self):
        self.asked = threading.Event()

    def do(self, job, hears):
        hears(1)
        self.asked.set()
        raise EOFError


@pytest.mark.parametrize("second", [None, Second()])
def test_a_long_job_counts_by_its_parts_and_is_over_when_its_result_is_there(second):
    heard = []
    assert results(jobs(), None, second, lambda *what: heard.append(what)) == ["a", "b", "c"]
    for what, of in (("days", 5), ("rest", 1)):
        counts = [(done, whole) for kind, done, whole in heard if kind == what]
        assert counts == sorted(counts)
        assert counts[0] == (0, of) and counts[-1] == (of, of)
    if second is None:
        assert sorted({done for kind, done, _ in heard if kind == "days"}) == [0, 1, 2, 3, 4, 5]


def test_what_a_lost_process_had_begun_is_done_again_and_counts_once():
    heard, gone = [], Gone()

    def patient(world, answer):
        gone.asked.wait(10)
        return answer

    several = [("rest", partial(patient, answer="c")), *jobs()]
    assert results(several, None, gone, lambda *what: heard.append(what)) == ["c", "a", "b", "c"]
    counts = [done for kind, done, _ in heard if kind == "days"]
    assert counts == sorted(counts) and counts[-1] == 5


def test_what_a_long_job_raises_is_raised():
    def breaks(world, hears):
        hears(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        results([("days", Long(breaks, 2))], None, None, lambda *what: None)
