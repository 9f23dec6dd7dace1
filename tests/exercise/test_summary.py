"""What the director makes of a run in which a launch leaves stages behind: whose track is of what."""

import numpy as np
import pytest

from noroshi.catalogue.scenario import load_scenario
from noroshi.exercise.run import Run, Sample
from noroshi.exercise.summary import launches
from noroshi.exercise.world import build
from noroshi.node.state import View

BODY, STAGE = "JPN-T1", "JPN-T2"


@pytest.fixture(scope="module")
def parting():
    return build(load_scenario("japan-2023-04-13"), 0)


def believed(world, name, track, t_s, off_m=3e3):
    """A picture of an object, as believed some kilometres beside it; it falls where the object does."""
    one = next(one for one in world.objects if one.id == name)
    row = round(t_s - one.start_s)
    state = np.concatenate([one.position_ecef_m[row] + off_m, one.velocity_ecef_mps[row], np.zeros(3)])
    fit = world.flights[0].fit
    shifted = 0.0 if name == "L1" else 3.0
    view = View(
        t_s, tuple(state), off_m, 10.0, ("JPN",), 0.0, fit.impact_lat_deg + shifted, fit.impact_lon_deg, 0.0,
        10.0, 5.0, 0.0, {}, {},
    )  # fmt: skip
    return Sample(t_s, "JPN", track, view)


def outcome(world, *samples):
    run = Run(world, "national")
    run.samples.extend(samples)
    for sample in samples:
        run.note(sample.t_s, "JPN", "track", {"track": sample.track, "state": "confirmed", "sensors": []})
    (launch,) = launches(world.scenario, run)
    return launch["nations"]["JPN"]


def test_a_forecast_of_a_spent_stage_is_not_taken_for_one_of_the_missile(parting):
    """Whatever comes last: the stage that falls long before the missile, or the missile."""
    body, stage = believed(parting, "L1", BODY, 300.0), believed(parting, "L1/stage-1", STAGE, 320.0)
    for samples in ((body, stage), (stage, body)):
        assert outcome(parting, *samples)["at_end"]["impact_error_km"] == pytest.approx(0, abs=0.01)
    # A nation that holds the stage alone knows of the launch, and nothing of where the missile falls.
    alone = outcome(parting, stage)
    assert alone["first_track_s"] == 320.0 and alone["at_end"]["impact_error_km"] is None


def test_a_track_is_of_the_launch_before_anything_has_parted(parting):
    found = outcome(parting, believed(parting, "L1", BODY, 40.0))
    assert found["first_track_s"] == 40.0 and found["at_end"]["impact_error_km"] == pytest.approx(0, abs=0.01)
