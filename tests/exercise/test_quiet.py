"""Six hours without a launch, run, written and reported: all that is claimed is false."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest

from noroshi.catalogue import schema
from noroshi.catalogue.scenario import load_scenario
from noroshi.errors import InputError
from noroshi.exercise.causes import KINDS, causes
from noroshi.exercise.claims import claims, first_claims
from noroshi.exercise.compare import compare
from noroshi.exercise.folder import write
from noroshi.exercise.run import DAY_S, Run, Sample, run

HOURS = 6
ARMS = ("national", "bilateral")
FIELDS = ("launch_reports", "confirmed_tracks", "alerts")


@pytest.fixture(scope="module")
def quiet():
    """The shipped month, cut short."""
    return load_scenario("quiet-month").model_copy(update={"duration_s": HOURS * 3600.0})


@pytest.fixture(scope="module")
def compared(quiet):
    return compare(quiet, 0, ARMS)


@pytest.fixture(scope="module")
def folder(compared, tmp_path_factory):
    out = tmp_path_factory.mktemp("quiet") / "run"
    write(compared, out)
    return out


def test_the_summary_counts_every_nations_claims_and_scales_them_to_a_month(compared, quiet):
    jsonschema.validate(compared.summary, schema.summary_schema())
    some = 0
    for one in compared.runs:
        told = compared.summary["arms"][one.arm]
        assert told["launches"] == []
        counted = claims(one.entries, quiet.nations)
        assert told["claims"] == {nation: vars(found) for nation, found in counted.items()}
        for nation, found in told["claims"].items():
            for field in FIELDS:
                scaled = found[field] * 30 * 24 / HOURS
                assert told["claims_a_month"][nation][field] == pytest.approx(scaled, abs=1e-3)
                some += found[field]
    assert some > 0, "nothing was claimed: this test looks at nothing"


def test_every_claim_has_one_cause_and_alerts_are_told_one_by_one(compared):
    background = compared.extras["background"]
    assert set(background["objects"]) == set(KINDS)
    assert sum(background["objects"].values()) == len(compared.world.objects)
    for one in compared.runs:
        told = background["arms"][one.arm]
        for nation, counted in compared.summary["arms"][one.arm]["claims"].items():
            for field in FIELDS:
                assert sum(told["claims"][nation].get(field, {}).values()) == counted[field]
        alerts = [claim.id for claim in first_claims(one.entries) if claim.kind == "alerts"]
        assert [alert["alert"] for alert in told["alerts"]] == alerts


@pytest.mark.parametrize(
    "away_m, cause", [(0.0, "airliner"), (9e3, "airliner"), (100e3, "nothing"), (None, "unknown")]
)
def test_a_claim_is_of_the_object_that_was_where_the_nation_believed_it(compared, away_m, cause):
    world = compared.world
    one = next(one for one in world.objects if one.id.startswith("airliner"))
    t_s = one.start_s + 30
    alert = {"t_s": t_s + 40, "node": "KOR", "event": "alert", "alert": "KOR-T1-A1"}
    made = Run(world, "national", [alert])
    if away_m is not None:
        place = one.position_ecef_m[30] + np.array([0.0, 0.0, away_m])
        view = next(sample for run in compared.runs for sample in run.samples).view
        view = replace(view, time_s=t_s, state=(*place, *view.state[3:]), sigma_m=100.0)
        made.samples.append(Sample(t_s, "KOR", "KOR-T1", view))
    told = causes(world, [made])["arms"]["national"]
    assert told["claims"]["KOR"] == {"alerts": {cause: 1}}
    assert told["alerts"] == [{"t_s": t_s + 40, "nation": "KOR", "alert": "KOR-T1-A1", "cause": cause}]


def test_nothing_that_a_nation_recognises_is_of_another_kind_by_the_directors_word(compared):
    """Aircraft are airliners, satellites are satellites; there are no more of them than were confirmed."""
    for one in compared.runs:
        told = compared.extras["background"]["arms"][one.arm]
        for nation, sorts in told["recognised"].items():
            confirmed = told["claims"][nation].get("confirmed_tracks", {})
            open_ = confirmed.get("unknown", 0) + confirmed.get("nothing", 0)
            assert sorts.get("aircraft", 0) <= confirmed.get("airliner", 0) + open_
            assert sorts.get("satellite", 0) <= sum(confirmed.values())


def test_the_folder_has_the_same_files_and_the_truth_no_rows(folder):
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert set(summary["arms"]) == set(ARMS)
    for arm in ARMS:
        for name in ("truth", "sights"):
            table = pq.read_table(folder / arm / f"{name}.parquet")
            assert table.num_rows == 0 and "launch" in table.column_names
        assert pq.read_table(folder / arm / "tracks.parquet").num_rows > 0


def test_a_spread_of_times_after_a_launch_is_refused_where_there_is_none(quiet):
    with pytest.raises(InputError, match="is of times after a launch; this scenario has none"):
        compare(quiet, 0, ["national"], spread=3)


def test_who_asks_hears_of_each_day_that_is_over(quiet):
    """One radar that no satellite crosses: whole days go by in a moment."""
    alone = tuple(one for one in quiet.sensors if one.id == "KOR-GreenPine-N")
    days = quiet.model_copy(update={"sensors": alone, "duration_s": 3.5 * DAY_S})
    heard = []
    run(days, 0, "national", told=heard.append)
    assert heard == [1, 2, 3]
