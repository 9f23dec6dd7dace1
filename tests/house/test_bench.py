"""The benchmark harness reports what was promised, and a benchmark that cannot run."""

import json
import sys
from types import SimpleNamespace

import pytest

from benchmarks import harness
from benchmarks.measure import measure


def bench(monkeypatch, name, run):
    monkeypatch.setitem(sys.modules, f"benchmarks.bench_{name}", SimpleNamespace(run=run))
    return harness.run(name)


def test_a_number_beyond_its_limit_is_not_met():
    assert harness.at_most("start", 8.1, "s", 8).met is False
    assert harness.at_most("start", 8.0, "s", 8).met is True
    assert harness.at_least("rate", 1.0, "1/s", 2).met is False
    assert harness.at_least("rate", 2.0, "1/s", 2).met is True


def test_a_benchmark_that_cannot_run_is_a_missed_target_with_its_reason(monkeypatch, capsys):
    def falls_over():
        raise ValueError("no such radar")

    (row,) = bench(monkeypatch, "fallen", falls_over)
    assert row.met is False
    assert row.value is None
    assert "no such radar" in row.note
    assert "falls_over" in capsys.readouterr().err


def test_the_written_rows_hold_what_was_measured(monkeypatch, tmp_path):
    rows = bench(monkeypatch, "walk", lambda: [harness.at_most("walk", 3.0, "km", 5, "uphill")])
    harness.write(rows, tmp_path / "out" / "bench.json")
    (row,) = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert {"name": "walk", "value": 3.0, "unit": "km", "target": "<= 5", "met": True}.items() <= row.items()


def test_every_benchmark_file_is_found_and_answers_to_run():
    assert "run" in harness.names()
    for name in harness.names():
        assert "def run() -> list[Result]" in (harness.HERE / f"bench_{name}.py").read_text()


def test_the_peak_memory_of_a_command_is_its_own():
    held = b"x" * 200_000_000  # of this process, and none of the command's business
    small = measure([sys.executable, "-c", "pass"], {})
    large = measure([sys.executable, "-c", "a = b'x' * 100_000_000"], {})
    assert len(held) == 200_000_000
    assert small.peak_bytes < 50e6
    assert 100e6 < large.peak_bytes < 150e6


def test_a_command_that_fails_gives_its_last_words():
    with pytest.raises(RuntimeError, match="ended with 1:\nno such scenario"):
        measure([sys.executable, "-c", "import sys; sys.exit('no such scenario')"], {})
