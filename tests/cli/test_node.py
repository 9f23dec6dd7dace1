"""noroshi node: runs from its home, takes what its sensors report, and ends when asked."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request

from noroshi.exercise.taken import rows
from noroshi.formats import detections
from noroshi.live import federation
from noroshi.records.detections import Plot
from tests.cli.command import NOROSHI, environment, noroshi

DESK = {"desk": {"scenario": "japan-2022-10-04", "arm": "hub", "seed": 0}}


def home(tmp_path, exercise=False, **settings):
    return federation.make_home(
        tmp_path / "JPN", "JPN", exercise=exercise, federation="test", epoch_utc="2026-01-01T00:00:00Z",
        policy="", settings=settings,
    )  # fmt: skip


def test_a_folder_that_is_no_home_is_refused(tmp_path):
    done = noroshi("node", "--config", "nowhere", cwd=tmp_path)
    assert done.returncode == 2 and "nowhere" in done.stderr and "Traceback" not in done.stderr


def test_a_home_without_a_desk_is_refused(tmp_path):
    home(tmp_path)
    done = noroshi("node", "--config", "JPN", cwd=tmp_path)
    assert done.returncode == 2 and "desk" in done.stderr and "Traceback" not in done.stderr


def test_a_shape_of_logs_that_is_none_is_refused(tmp_path):
    done = noroshi("node", "--config", "JPN", "--log", "xml", cwd=tmp_path)
    assert done.returncode == 2 and "--log" in done.stderr


def test_a_live_node_has_no_exercise_clock(tmp_path):
    home(tmp_path, clock={"kind": "exercise"}, **DESK)
    done = noroshi("node", "--config", "JPN", cwd=tmp_path)
    assert done.returncode == 2 and "clock.kind" in done.stderr and "Traceback" not in done.stderr


def test_a_live_node_takes_no_keys_of_an_exercise(tmp_path):
    made = home(tmp_path, exercise=True, **DESK)
    settings = made.folder / "node.toml"
    settings.write_text(settings.read_text().replace("exercise = true", "exercise = false"))
    done = noroshi("node", "--config", "JPN", cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "EXERCISE" in done.stderr.upper()


def status(made):
    url = f"http://127.0.0.1:{made.settings.server.metrics_port}/health"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
    except OSError:
        return None


def until(true, started):
    for _ in range(3000):
        assert started.poll() is None, started.stderr.read()
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError("it never came to that")


def test_a_node_runs_takes_detections_and_ends_in_order(tmp_path, replayed):
    made = home(tmp_path, **DESK)
    sensor = next(one for one in replayed.sensors if one.id == "JPN-Ominato")
    plots = [Plot(sensor.id, float(t_s), (1.1e6, 0.0, 0.4), (50.0, 1e-3, 1e-3), False) for t_s in (0, 1)]
    (tmp_path / "plots.parquet").write_bytes(detections.encode(rows({sensor.id: sensor}, plots)))
    assert "start the node" in noroshi("feed", "plots.parquet", "--home", "JPN", cwd=tmp_path).stderr
    started = subprocess.Popen(
        [str(NOROSHI), "node", "--config", "JPN", "--log", "json"],
        cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        told = until(lambda: status(made), started)
        assert told["ok"] and told["marking"] == "LIVE" and told["nation"] == "JPN"
        fed = noroshi("feed", "plots.parquet", "--home", "JPN", "--now", cwd=tmp_path)
        assert fed.returncode == 0, fed.stderr
        until(lambda: status(made)["door"].get(sensor.id, {}).get("jsonl") == 2, started)
        until(lambda: status(made)["service"]["steps"] >= 1, started)
    finally:
        started.send_signal(signal.SIGTERM)
        _, said = started.communicate(timeout=60)
    assert started.returncode == 0, said
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert events[0] == "node runs" and events[-1] == "node stops"
    assert status(made) is None and not (made.folder / "node.pid").exists()


def test_people_reach_only_a_node_that_runs(tmp_path):
    home(tmp_path, **DESK)
    words = ("--home", "JPN", "--author", "shift lead")
    for command in (("act", "hold", "USA", *words, "--reason", "a drill"), ("say", "noon", *words)):
        done = noroshi(*command, cwd=tmp_path)
        assert done.returncode == 2 and "no node that runs" in done.stderr and "Traceback" not in done.stderr
    done = noroshi("act", "fire", "USA", *words, "--reason", "none", cwd=tmp_path)
    assert done.returncode == 2 and "is no act" in done.stderr
