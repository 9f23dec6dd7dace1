"""A run's folder: all of it or nothing, and never in place of what is not a run."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from noroshi import __version__
from noroshi.catalogue.policies import load_policies
from noroshi.earth import geometry
from noroshi.errors import InputError
from noroshi.exercise.compare import compare
from noroshi.exercise.folder import check_target, header, write
from noroshi.exercise.run import Run
from noroshi.formats import journal
from noroshi.records.detections import Why

ARMS = ("national", "hub")


@pytest.fixture(scope="module")
def plain(replayed):
    """The shipped scenario without its tornado, which takes most of the time of a comparison."""
    return replayed.model_copy(update={"sensitivity": ()})


@pytest.fixture(scope="module")
def comparison(plain):
    return compare(plain, 0, ARMS)


@pytest.fixture(scope="module")
def folder(comparison, tmp_path_factory):
    out = tmp_path_factory.mktemp("shipped") / "deep" / "run"
    write(comparison, out)
    return out


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_holds_the_summary_and_four_files_for_each_arm(folder):
    files = ("journal", "tracks.parquet", "truth.parquet", "sights.parquet")
    expected = {"summary.json", "extras.json"} | {f"{arm}/{name}" for arm in ARMS for name in files}
    assert set(bytes_of(folder)) == expected
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_the_same_seed_writes_the_same_bytes(plain, folder, tmp_path):
    """The whole folder, whatever thread did what first."""
    write(compare(plain, 0, ARMS), tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(folder)


def test_another_seed_writes_another_journal(plain, folder, tmp_path):
    write(compare(plain, 1, ["national"]), tmp_path / "other")
    assert (tmp_path / "other/national/journal").read_bytes() != (folder / "national/journal").read_bytes()


@pytest.mark.parametrize("arm", ARMS)
def test_the_shipped_journal_follows_from_its_first_line_in_order_of_time(folder, arms, arm):
    lines = list(journal.decode((folder / arm / "journal").read_bytes()))
    assert lines[0]["event"] == "run"
    times = [line["t_s"] for line in lines]
    assert times == sorted(times)
    entries = sorted(arms[arm].run.entries, key=lambda entry: entry["t_s"])
    assert [line.pop("seq") for line in lines] == list(range(len(entries) + 1))
    assert lines[1:] == json.loads(json.dumps(entries))


@pytest.mark.parametrize("arm", ARMS)
def test_the_first_line_tells_what_is_needed_to_repeat_the_run(folder, replayed, arm):
    head = next(journal.decode((folder / arm / "journal").read_bytes()))
    assert (head["scenario"], head["seed"], head["arm"]) == ("japan-2022-10-04", 0, arm)
    assert head["retroactive"] == (arm == "hub")
    assert head["versions"]["noroshi"] == __version__
    assert {"python", "jax", "numpy"} <= set(head["versions"])
    policies = load_policies(replayed.arms[arm].policies, replayed.nations)
    for nation, policy in policies.items():
        text = Path(policy.source).read_bytes()
        assert head["policies"][nation] == hashlib.sha256(text).hexdigest()
    assert {sensor["id"] for sensor in head["sensors"]} == {one.id for one in replayed.sensors if one.present}


def test_the_first_line_lists_every_assumption_with_its_range_and_every_other_number_with_its_source(
    folder, replayed
):
    head = next(journal.decode((folder / "hub" / "journal").read_bytes()))
    for row in head["assumptions"]:
        assert row["source"].startswith("assumption:")
        assert row["low"] < row["high"]
    assert not any(source.startswith("assumption:") for source in head["sources"])
    stated = {path for path, figure in replayed.figures() if figure.confidence == "assumed"}
    assert {row["field"] for row in head["assumptions"]} == stated


def test_the_truth_is_in_a_file_of_its_own_and_the_same_for_every_arm(folder, comparison):
    """One row a second from the launch point to the impact."""
    assert len({(folder / arm / "truth.parquet").read_bytes() for arm in ARMS}) == 1
    truth = pq.read_table(folder / "hub/truth.parquet").to_pydict()
    fit = comparison.world.flights[0].fit
    assert set(truth) == {"launch", "time_s", "lat_deg", "lon_deg", "height_m", "burning"}
    assert np.allclose(np.diff(truth["time_s"])[:-1], 1.0)
    assert truth["time_s"][-1] == pytest.approx(fit.flight_time_s, abs=0.05)
    assert max(truth["height_m"]) / 1e3 == pytest.approx(fit.apogee_km, abs=0.2)
    assert (truth["lat_deg"][0], truth["lon_deg"][0]) == pytest.approx((fit.site.lat_deg, fit.site.lon_deg))
    ends = np.radians([truth["lat_deg"][-1], truth["lon_deg"][-1], fit.impact_lat_deg, fit.impact_lon_deg])
    assert geometry.great_circle(*ends)[0] < 100
    assert sum(truth["burning"]) == pytest.approx(fit.missile.stages[0].burn_s, abs=1)


@pytest.mark.parametrize("arm", ARMS)
def test_sights_tell_of_every_sensor_over_the_whole_flight_why_it_saw_it_or_not(folder, replayed, arm):
    rows = pq.read_table(folder / arm / "sights.parquet").to_pylist()
    truth = pq.read_table(folder / arm / "truth.parquet").to_pydict()
    assert {row["why"] for row in rows} <= {why.name.lower() for why in Why}
    for sensor in replayed.sensors:
        mine = [row for row in rows if row["sensor"] == sensor.id]
        assert {row["launch"] for row in mine} == {"L1"}
        assert (mine[0]["from_s"], mine[-1]["until_s"]) == pytest.approx(
            (truth["time_s"][0], truth["time_s"][-1]), abs=1.0
        )


def test_what_moves_is_listed_where_it_begins_and_what_is_in_orbit_below_it(replayed):
    ship, satellite = (
        next(one for one in replayed.sensors if one.id == name) for name in ("JPN-Aegis", "USA-IR-1")
    )
    points = [[0.0, 30.0, 140.0, 0.0], [2000.0, 31.0, 140.0, 0.0]]
    moves = {"points": points, "spread_km": 1.0, "source": "assumption: made up", "confidence": "assumed"}
    elsewhere = {"lat_deg": None, "lon_deg": None, "height_m": None, "moves": moves}
    sailing = type(ship).model_validate({**dict(ship), **elsewhere})
    scenario = replayed.model_copy(update={"sensors": (sailing, satellite)})
    first, second = header(scenario, 0, Run(None, "hub"))["sensors"]
    assert (first["lat_deg"], first["lon_deg"]) == pytest.approx((30.0, 140.0))
    assert (second["lat_deg"], second["lon_deg"]) == pytest.approx((0.0, satellite.longitude_deg.value))


@pytest.mark.parametrize("arm", ARMS)
def test_tracks_hold_every_forecast_of_the_journal(folder, arm):
    rows = pq.read_table(folder / arm / "tracks.parquet").to_pylist()
    lines = list(journal.decode((folder / arm / "journal").read_bytes()))
    forecasts = [line for line in lines if line["event"] == "forecast"]
    told = {(line["t_s"], line["node"], line["impact_lat_deg"]) for line in forecasts}
    assert {(row["t_s"], row["nation"], round(row["impact_lat_deg"], 4)) for row in rows} == told
    for row in rows:
        # ECEF: between the ground and the apogee of a flight of some 1,000 km.
        radius_km = np.linalg.norm([row["x_m"], row["y_m"], row["z_m"]]) / 1e3
        assert 6300 < radius_km < 7600
        assert row["sigma_m"] > 0 and row["semi_major_km"] >= row["semi_minor_km"] > 0
        assert row["nation"] in row["basis"].split() or arm == "hub"


def test_a_former_run_is_replaced_as_a_whole(comparison, folder, tmp_path):
    write(comparison, tmp_path / "run")
    (tmp_path / "run" / "left-over").touch()
    write(comparison, tmp_path / "run")
    assert bytes_of(tmp_path / "run") == bytes_of(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_empty_folder_is_filled(comparison, folder, tmp_path):
    (tmp_path / "run").mkdir()
    write(comparison, tmp_path / "run")
    assert bytes_of(tmp_path / "run") == bytes_of(folder)


def test_a_link_to_a_folder_stays_a_link(comparison, folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    write(comparison, tmp_path / "run")
    assert (tmp_path / "run").is_symlink()
    assert bytes_of(tmp_path / "elsewhere") == bytes_of(folder)
    assert {path.name for path in tmp_path.iterdir()} == {"run", "elsewhere"}


def test_who_finishes_the_folder_sees_it_before_it_is_there(comparison, tmp_path):
    def finish(part):
        assert (part / "summary.json").is_file()
        assert not (tmp_path / "run").exists()
        (part / "report.html").write_text("<p>so it went</p>")

    write(comparison, tmp_path / "run", finish)
    assert (tmp_path / "run" / "report.html").read_text() == "<p>so it went</p>"


class Stopped(BaseException):
    """As Ctrl-C: no Exception."""


@pytest.mark.parametrize("former", [False, True])
@pytest.mark.parametrize("error", [Stopped, RuntimeError])
def test_an_interruption_leaves_what_was_there(comparison, folder, tmp_path, former, error):
    if former:
        write(comparison, tmp_path / "run")

    def finish(part):
        raise error

    with pytest.raises(error):
        write(comparison, tmp_path / "run", finish)
    assert [path.name for path in tmp_path.iterdir()] == (["run"] if former else [])
    if former:
        assert bytes_of(tmp_path / "run") == bytes_of(folder)


def test_an_interruption_between_the_two_moves_brings_the_former_run_back(
    comparison, folder, tmp_path, monkeypatch
):
    write(comparison, tmp_path / "run")
    move = os.rename

    def once(source, to):
        if Path(to).name == "run":
            monkeypatch.undo()
            raise Stopped
        move(source, to)

    monkeypatch.setattr(os, "rename", once)
    with pytest.raises(Stopped):
        write(comparison, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert bytes_of(tmp_path / "run") == bytes_of(folder)


def test_a_full_disk_is_said_in_words(comparison, tmp_path):
    def finish(part):
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write(comparison, tmp_path / "run", finish)
    assert list(tmp_path.iterdir()) == []


def refused(out) -> str:
    with pytest.raises(InputError) as caught:
        check_target(out)
    assert caught.value.where == str(out)
    assert "Name another with --out." in str(caught.value)
    return caught.value.need


def test_what_is_no_runs_folder_is_left_alone(tmp_path):
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter-1.tex").write_text("...")
    assert "is not a run's folder and is left alone" in refused(foreign)
    # Other programs write a summary.json too.
    (foreign / "summary.json").write_text(json.dumps({"total": {"lines": 100}}))
    assert "is not a run's folder and is left alone" in refused(foreign)
    (foreign / "summary.json").write_text("not JSON")
    assert "is not a run's folder and is left alone" in refused(foreign)


def test_a_file_is_no_folder_for_a_run(tmp_path):
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file").startswith("is a file")
    assert refused(tmp_path / "file" / "run").startswith("lies below a file")


def test_the_folder_that_one_stands_in_is_not_replaced(tmp_path, monkeypatch):
    inside = tmp_path / "here" / "below"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    for out in (Path("."), Path(".."), tmp_path / "here", Path("/")):
        assert refused(out).startswith("is the folder that you stand in, or above it")
    check_target(Path("run"))
    check_target(Path("..") / "beside")


def test_a_name_that_is_too_long_is_refused(tmp_path):
    assert "File name too long" in refused(tmp_path / ("a" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_place_where_nothing_may_be_written_is_refused(comparison, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written: Permission denied"):
        write(comparison, locked / "run")
