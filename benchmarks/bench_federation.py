"""Three nations from nothing to a passed conformance test, by the commands that people type."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Result, at_most

NOROSHI = str(Path(sys.executable).with_name("noroshi"))
SCENARIO = ("--scenario", "japan-2022-10-04", "--arm", "hub")
GIVE_UP_S = 180.0


def run() -> list[Result]:
    """Found, invite, join, accept, start three nodes, check both borders; then homes for five nations."""
    with tempfile.TemporaryDirectory(prefix="noroshi-bench-") as folder:
        place = Path(folder)
        start_s = time.monotonic()
        fingerprints = _join(place)
        joined_s = time.monotonic() - start_s
        with _nodes(place, "usa", "jpn", "kor"):
            minutes = [_checked(place, "usa", "JPN", start_s), _checked(place, "kor", "USA", start_s)]
        all_s = time.monotonic() - start_s
        before_s = time.monotonic()
        nations = "JPN,KOR,USA,AUS,GBR"
        _command(place, "federation", "init-exercise", "--nations", nations, "--mesh", "--out", "ex")
        exercise_s = time.monotonic() - before_s
    assert len(set(fingerprints)) == 3
    told = ", ".join(f"{one:.2f}" for one in minutes)
    return [
        at_most("federate_three", all_s, "s", 90, f"both checks passed; minutes to federate: {told}"),
        Result(
            "federate_letters", joined_s, "s", note="seven commands: new, then invite, join, accept twice"
        ),
        at_most("init_exercise_five", exercise_s, "s", 2, "whole process, five nations, ten lines"),
    ]


def _join(place: Path) -> list[str]:
    """USA founds, JPN and KOR join; their fingerprints, compared on the way."""
    _command(place, "federation", "new", "USA", "--home", "usa", "--name", "bench", "--exercise", *SCENARIO)
    prints = []
    for nation, home in (("JPN", "jpn"), ("KOR", "kor")):
        to, back = f"{home}.invitation", f"{home}.request"
        told = _json(place, "invite", nation, "--home", "usa", "--out", to, "--json")
        said = ("--fingerprint", told["fingerprint"])
        answer = _json(place, "join", to, "--home", home, "--out", back, *said, *SCENARIO, "--json")
        _json(place, "accept", back, "--home", "usa", "--fingerprint", answer["fingerprint"], "--json")
        prints += [told["fingerprint"], answer["fingerprint"]]
    return prints


def _checked(place: Path, home: str, partner: str, start_s: float) -> float:
    """Ask until both nodes run; minutes to federate. Raises where something did not pass."""
    while True:
        done = _start(place, "federation", "check", partner, "--home", home, "--json")
        if done.returncode == 0:
            return float(json.loads(done.stdout)["minutes"])
        if done.returncode == 1 or time.monotonic() - start_s > GIVE_UP_S:
            raise RuntimeError(f"{home} and {partner} do not conform: {done.stdout}{done.stderr}")
        time.sleep(0.2)


@contextmanager
def _nodes(place: Path, *homes: str) -> Iterator[None]:
    """Nodes of these homes, with their servers."""
    started = []
    try:
        for home in homes:
            with (place / f"{home}.log").open("wb") as log:
                command = [NOROSHI, "node", "--config", home]
                started.append(subprocess.Popen(command, cwd=place, stdout=log, stderr=log))
        yield
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(60)


def _json(place: Path, *words: str) -> dict[str, str]:
    told: dict[str, str] = json.loads(_command(place, "federation", *words))
    return told


def _command(place: Path, *words: str) -> str:
    done = _start(place, *words)
    if done.returncode != 0:
        raise RuntimeError(f"noroshi {' '.join(words)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def _start(place: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [NOROSHI, *words], cwd=place, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600
    )
