"""noroshi exercise: who takes part, what their homes may hold, and what is left when it is over."""

import os
import shutil
import signal
import subprocess
import time
import tomllib

import pytest

from noroshi.catalogue import desk
from noroshi.catalogue.scenario import load_scenario
from noroshi.cli.exercise import make_homes, narrowed
from noroshi.cli.node import prepared
from noroshi.exercise.nations import nodes
from noroshi.live import recover
from noroshi.live.home import load_home
from tests.cli.command import NOROSHI, environment, noroshi


@pytest.fixture(scope="module")
def homes(tmp_path_factory, replayed):
    return make_homes(replayed, "hub", 0, 0.0, tmp_path_factory.mktemp("homes"))


def test_a_nations_home_holds_nothing_of_what_happens(homes, replayed, world):
    """Neither the launch nor its figures, nor what was seen and told, nor the sensors of others."""
    launch, fit = replayed.launches[0], world.flights[0].fit
    secrets = [launch.id, launch.note, *replayed.description.split(". "), replayed.title]
    secrets += [note.text for note in replayed.as_it_was.notes] + [report.id for report in replayed.reports]
    figures = [
        launch.launch_lat_deg.value, launch.launch_lon_deg.value, launch.range_km.value,
        fit.impact_lat_deg, fit.impact_lon_deg, fit.apogee_km, fit.range_km,
    ]  # fmt: skip
    secrets += [str(figure) for figure in figures]
    for nation, home in homes.items():
        others = [sensor.id for sensor in replayed.sensors if sensor.nation != nation]
        for path in home.folder.rglob("*"):
            if path.is_file() and "keys" not in path.parts:
                text = path.read_text(encoding="utf-8")
                for one in (*secrets, *others):
                    assert f'"{one}"' not in text and (len(one) < 6 or one not in text), (path.name, one)
        told = tomllib.loads((home.folder / "desk.toml").read_text(encoding="utf-8"))
        assert not {"launches", "reports", "faults", "background", "as_it_was"} & told.keys()
        assert {row["nation"] for row in told["sensors"]} == {nation}


@pytest.mark.parametrize("nation", ["JPN", "KOR", "USA"])
def test_a_node_from_its_home_is_the_simulated_one(homes, replayed, nation):
    made, simulated = prepared(homes[nation]).node.desk, nodes(replayed, "hub", 0)[nation].desk
    assert (
        made.table.addressed == simulated.table.addressed and made.table.released == simulated.table.released
    )
    for name in ("nation", "seed", "partners", "cut_off", "threshold", "confirm_s", "relay_s", "pass_on_s"):
        assert getattr(made, name) == getattr(simulated, name), name
    assert (
        made.radars.keys() == simulated.radars.keys()
        and made.satellites.keys() == simulated.satellites.keys()
    )
    assert recover.freeze(prepared(homes[nation]).node)


def test_every_key_of_an_exercise_is_marked_so(homes):
    for home in homes.values():
        assert home.exercise and home.signer.public.exercise
        assert all(key.exercise for partner in home.partners.values() for key in partner.keys)


def test_a_part_of_the_nations_plays_without_the_others(tmp_path):
    whole = load_scenario("indo-pacific-five")
    part = narrowed(whole, "JPN,USA", tmp_path)
    assert set(part.nations) == {"JPN", "USA"} and {one.nation for one in part.sensors} == {"JPN", "USA"}
    assert [launch.id for launch in part.launches] == [launch.id for launch in whole.launches]
    assert all(set(link.between) <= {"JPN", "USA"} for arm in part.arms.values() for link in arm.links)
    raw = desk.tables(part)
    assert desk.of_nation(raw, part, "JPN", "hub")["nations"] == list(part.nations)


@pytest.mark.parametrize(
    "options, said",
    [
        (["--nations", "JPN,XYZ"], "XYZ"),
        (["--nations", "JPN,USAA"], "did you mean|takes no part"),
        (["--arm", "hubb"], "hubb"),
        (["--speed", "-1"], "--speed"),
        (["--out", "file"], "is a file"),
    ],
)
def test_what_cannot_be_played_is_refused_with_words(tmp_path, options, said):
    (tmp_path / "file").write_text("x")
    done = noroshi("exercise", "japan-2022-10-04", *options, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert any(one in done.stderr for one in said.split("|")), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def servers(folder):
    """Servers that run for homes under a folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if os.fsencode(folder) in file.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


@pytest.mark.soak
@pytest.mark.parametrize("how", ["to its end", "Ctrl-C", "kill -9 a node", "kill -9 the exercise"])
def test_an_exercise_leaves_its_folder_and_no_process(tmp_path, how):
    command = ["exercise", "japan-2022-10-04", "--speed", "0", "--until", "90", "--out", "live"]
    started = subprocess.Popen(
        [str(NOROSHI), *command], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    if how != "to its end":
        while (
            not (logs := list(tmp_path.glob(".live-*/world.log"))) or '"t_s": 75' not in logs[0].read_text()
        ):
            assert started.poll() is None
            time.sleep(0.1)
        folder = logs[0].parent
        if how == "kill -9 a node":
            os.kill(int((folder / "nations/USA/node.pid").read_text()), signal.SIGKILL)
        else:
            os.kill(started.pid, signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL)
    _, said = started.communicate(timeout=600)
    if how == "kill -9 the exercise":
        for _ in range(600):
            if not servers(tmp_path):
                break
            time.sleep(0.1)
        shutil.rmtree(folder)
    else:
        assert started.returncode == (1 if how == "Ctrl-C" else 0), said
        for one in (
            "report.html",
            "exercise.json",
            "hub/journal",
            "hub/truth.parquet",
            "nations/JPN/journal",
        ):
            assert (tmp_path / "live" / one).exists()
    assert not servers(tmp_path)
    assert not list(tmp_path.glob(".live-*"))
    for nation in ("JPN", "KOR", "USA") if (tmp_path / "live").exists() else ():
        load_home(tmp_path / "live" / "nations" / nation)
