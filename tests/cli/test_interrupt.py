"""Ctrl-C: nothing half-written, nobody left running."""

import os
import signal
import subprocess
import time

import pytest

from tests.cli.command import NOROSHI, environment


def group(leader: int) -> list[int]:
    """Processes of a session that are still there, zombies aside."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                    state, _, _, session = stat.read().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(session) == leader and state != "Z":
                found.append(int(entry))
    return found


def has_read(leader: int) -> bool:
    """It reads the scenario: what checks it is loaded."""
    return "pydantic_core" in mapped(leader)


def has_compiler(leader: int) -> bool:
    """It compiles, or loads what a former process compiled."""
    return "jaxlib" in mapped(leader)


def has_help(leader: int) -> bool:
    """The second process has just begun to start: the worst moment of all. There is none on one core."""
    return len(group(leader)) > 1 or os.cpu_count() == 1


def mapped(leader: int) -> str:
    with open(f"/proc/{leader}/maps", encoding="utf-8") as maps:
        return maps.read()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
@pytest.mark.parametrize("former", [False, True], ids=["new", "over a former run"])
@pytest.mark.parametrize("when", [has_read, has_compiler, has_help])
def test_ctrl_c_leaves_no_folder_and_no_process(tmp_path, former, when):
    out = tmp_path / "out"
    if former:
        out.mkdir()
        (out / "summary.json").write_text('{"scenario": "x", "seed": 0, "arms": {}}')
    started = subprocess.Popen(
        # Many seeds: it is never done by itself.
        [str(NOROSHI), "run", "japan-2022-10-04", "--out", "out", "--spread", "200"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not when(started.pid):
            assert started.poll() is None, "it was done before anybody could interrupt it"
            time.sleep(0.02)
        time.sleep(0.5 if when is has_compiler else 0.0)
        # A terminal tells every process of the foreground.
        os.killpg(started.pid, signal.SIGINT)
        stdout, stderr = started.communicate(timeout=120)
        for _ in range(50):
            if not group(started.pid):
                break
            time.sleep(0.1)
        assert group(started.pid) == []
    finally:
        if group(started.pid):
            os.killpg(started.pid, signal.SIGKILL)
    assert started.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if former else [])
    if former:
        assert [path.name for path in out.iterdir()] == ["summary.json"]
