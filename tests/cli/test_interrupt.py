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


def wait_for_second(leader: int, most_s: float = 120.0) -> None:
    """Until the second process has begun to start: the worst moment of all."""
    until_s = time.monotonic() + most_s
    while len(group(leader)) < 2 and time.monotonic() < until_s:
        time.sleep(0.01)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for processes in /proc")
@pytest.mark.parametrize("former", [False, True], ids=["new", "over a former run"])
@pytest.mark.parametrize("after", [1.0, 3.0, "the second process has begun to start"])
def test_ctrl_c_leaves_no_folder_and_no_process(tmp_path, former, after):
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
        if isinstance(after, float):
            time.sleep(after)
        else:
            wait_for_second(started.pid)
        assert started.poll() is None, "it was done before anybody could interrupt it"
        # A terminal tells every process of the foreground.
        os.killpg(started.pid, signal.SIGINT)
        stdout, stderr = started.communicate(timeout=60)
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
