"""`noroshi track` as a user meets it, in process: what is printed, what is written, what is refused."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from PIL import Image

from noroshi.cli.main import main
from noroshi.formats.detections import encode
from noroshi.records.detections import Recorded
from tests.tracking import scenes


@pytest.fixture
def track(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own; its exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["noroshi", "track", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def recording():
    """Two bodies that three radars saw, as a table."""
    chance = np.random.default_rng(1)
    return encode([
        Recorded(plot, *scenes.PLACES[plot.sensor], 100.0, tuple(scenes.BIAS))
        for _, _, plots in scenes.history(scenes.bodies(2, chance), chance, 12)
        for plot in plots
    ])  # fmt: skip


def test_tracks_are_printed_and_written(track, recording, tmp_path):
    (tmp_path / "plots.parquet").write_bytes(recording)
    code, stdout, stderr = track("plots.parquet", "--plot", "tracks.png")
    assert (code, stderr) == (0, "")
    assert "2 tracks; 0 unconfirmed at the end." in stdout
    assert "JPN-Middle" in stdout and "Tracks: out/plots" in stdout
    folder = tmp_path / "out" / "plots"
    states = pq.read_table(folder / "tracks.parquet").to_pydict()
    assert set(states["track"]) == {"T1", "T2"}
    models = np.stack([states[name] for name in ("burning", "ballistic", "gliding", "level")])
    np.testing.assert_allclose(models.sum(axis=0), 1.0, atol=1e-9)
    regions = json.loads((folder / "regions.geojson").read_text())
    shapes = [(one["properties"], shapely.geometry.shape(one["geometry"])) for one in regions["features"]]
    assert [told["share"] for told, _ in shapes] == [0.5, 0.9, 0.95] * 2
    for (_, small), (_, large) in zip(shapes[0::3], shapes[2::3], strict=True):
        assert small.is_valid and large.is_valid
        assert large.buffer(1e-3).covers(small)
    with Image.open(tmp_path / "tracks.png") as picture:
        assert picture.width > 1000


def test_json_is_an_object_and_nothing_else(track, recording, tmp_path):
    (tmp_path / "plots.parquet").write_bytes(recording)
    code, stdout, stderr = track("plots.parquet", "--json", "--out", "here")
    assert (code, stderr) == (0, "")
    told = json.loads(stdout)
    assert told == json.loads((tmp_path / "here" / "summary.json").read_text())
    assert (told["late"], told["refused"], told["unconfirmed"]) == (0, [], 0)
    for one in told["tracks"]:
        assert sum(one["kinds"].values()) == pytest.approx(1, abs=1e-3)
        assert sum(one["models"].values()) == pytest.approx(1, abs=1e-3)
        assert one["held_for"] in one["kinds"] and one["reason"]
        assert one["launch"] is None
        assert one["impact"]["time_s"] > one["to_s"]


def test_what_was_refused_is_told(track, recording, tmp_path):
    table = pq.read_table(io.BytesIO(recording))
    sigma = table.column("range_sigma_m").to_pylist()
    worse = table.set_column(
        table.column_names.index("range_sigma_m"), "range_sigma_m", pa.array([-1.0, *sigma[1:]])
    )
    pq.write_table(worse, tmp_path / "plots.parquet")
    code, stdout, _ = track("plots.parquet")
    assert code == 0
    assert "refused: 1 of JPN-" in stdout and "sigma not positive" in stdout


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["none.parquet"], ["none.parquet", "cannot be read", "track.md"]),
        (["."], ["cannot be read"]),
        (["no.parquet"], ["no.parquet", "is not a Parquet table", "to_parquet"]),
        (["few.parquet"], ["few.parquet: azimuth_deg", "is missing among the columns"]),
        (["good.parquet", "--threat", "nothing"], ["nothing"]),
        (["good.parquet", "--plot", "map.gif"], ["--plot = 'map.gif'", ".png, .svg or .pdf"]),
        (["good.parquet", "--plot", "no/map.png"], ["--plot", "no folder"]),
        (["good.parquet", "--out", "no.parquet"], ["no.parquet", "cannot be written", "--out"]),
        (["good.parquet", "--association", "magic"], ["magic", "nearest", "jpda"]),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(track, recording, tmp_path, arguments, said):
    (tmp_path / "good.parquet").write_bytes(recording)
    (tmp_path / "no.parquet").write_text("time,sensor\n")
    pq.write_table(
        pq.read_table(io.BytesIO(recording)).drop_columns(["azimuth_deg"]), tmp_path / "few.parquet"
    )
    before = sorted(tmp_path.rglob("*"))
    code, stdout, stderr = track(*arguments)
    assert (code, stdout) == (2, "")
    assert "Traceback" not in stderr
    for text in said:
        assert text in stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_help_tells_what_goes_in_and_what_comes_out(track):
    code, stdout, _ = track("--help")
    assert code == 0
    for text in ("DETECTIONS.parquet", "--association", "--threat", "--sort", "--plot", "--json"):
        assert text in stdout
