"""What is read from a run's folder."""

import json

import pytest

from noroshi.errors import InputError
from noroshi.report.folder import read_run
from tests.report import made


def test_times_count_from_the_first_launch_wherever_the_epoch_lies(tmp_path):
    early = read_run(made.write_run(tmp_path / "early", arms=["hub"]))
    late = read_run(made.write_run(tmp_path / "late", arms=["hub"], epoch_offset_s=3600.0))
    for arm, other in zip(early.arms, late.arms, strict=True):
        assert [one.time_s for one in arm.notices] == [one.time_s for one in other.notices]
        assert [one.end_s for one in arm.stages] == [one.end_s for one in other.stages]
        assert [one.time_s for one in arm.forecasts] == [one.time_s for one in other.forecasts]
    assert late.flights[0].time_s[0] == 0.0


def test_an_area_counts_as_alerted_from_the_first_word_that_names_it(run):
    hub = run.by_name["hub"]
    assert hub.area_alert_s("JPN") == {"Aomori": 190.0, "Hokkaido": 250.0}
    assert hub.area_alert_s("KOR") == {}


def test_heads_alone_are_enough_for_who_and_what(folder, run):
    heads = read_run(folder, only_heads=True)
    assert (heads.title, heads.nations, heads.launches) == (run.title, run.nations, run.launches)
    assert heads.flights == ()
    assert all(arm.forecasts == () for arm in heads.arms)


def test_a_forecast_that_never_was_may_be_null_as_a_whole(tmp_path):
    folder = made.write_run(tmp_path / "run", arms=["hub"])
    summary = json.loads((folder / "summary.json").read_text())
    summary["arms"]["hub"]["launches"][0]["nations"]["KOR"]["at_alert"] = None
    (folder / "summary.json").write_text(json.dumps(summary))
    assert read_run(folder).arms[0].outcomes["L1"]["KOR"].at_alert.region_km is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "summary.json").unlink(), "summary.json"),
        (lambda folder: (folder / "summary.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "summary.json").write_text("[]"), "cannot be read as a run"),
        (lambda folder: (folder / "hub" / "journal").unlink(), "journal"),
        (lambda folder: (folder / "hub" / "journal").write_text("{\n"), "line 1"),
        (lambda folder: (folder / "hub" / "journal").write_text(""), "has no event 'run'"),
        (lambda folder: (folder / "hub" / "truth.parquet").write_text("not a table"), "truth.parquet"),
        (lambda folder: (folder / "extras.json").write_text("nothing"), "extras.json"),
    ],
)
def test_a_folder_that_is_no_run_is_refused_with_its_place(tmp_path, spoil, said):
    folder = made.write_run(tmp_path / "run", arms=["hub"])
    spoil(folder)
    with pytest.raises(InputError) as refused:
        read_run(folder)
    assert str(tmp_path) in str(refused.value)
    assert said in str(refused.value)
