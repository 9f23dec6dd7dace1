import pytest

from noroshi.catalogue.scenario import with_overrides
from noroshi.errors import InputError


def test_a_number_fixes_a_spread(replayed):
    changed = with_overrides(replayed, {"threats.irbm-single-stage.burn_s": 130})
    burn = changed.launches[0].threat.burn_s
    assert {burn.draw(share) for share in (0.0, 0.5, 1.0)} == {130.0}
    assert burn.source == replayed.launches[0].threat.burn_s.source


def test_a_star_reaches_every_sensor_that_has_the_field(replayed):
    changed = with_overrides(replayed, {"sensors.*.mask_deg": 3.0, "profiles.*.antenna_height_m": 0})
    masks = [sensor.mask_deg.value for sensor in changed.sensors if sensor.mask_deg]
    assert masks == [3.0] * 8  # all but two ships and two satellites
    assert all(sensor.profile.antenna_height_m.value == 0 for sensor in changed.sensors if sensor.lat_deg)


@pytest.mark.parametrize(
    "path, value, read",
    [
        (
            "sensors.JPN-Aegis.present",
            False,
            lambda s: next(x.present for x in s.sensors if x.id == "JPN-Aegis"),
        ),
        ("launches.L1.bearing_deg", 81.0, lambda s: s.launches[0].bearing_deg.value),
        ("launches.0.apogee_km", 990.0, lambda s: s.launches[0].apogee_km.value),
        ("national.JPN.threshold", 0.5, lambda s: s.national["JPN"].threshold.value),
        ("arms.hub.links.0.loss_probability", 0.5, lambda s: s.arms["hub"].links[0].loss_probability.value),
        ("arms.hub.relay.USA.delay_s", 4.0, lambda s: s.arms["hub"].relay[0].delay_s.middle),
        ("environment.refraction_factor", 1.0, lambda s: s.environment.refraction_factor.value),
        ("duration_s", 1600.0, lambda s: s.duration_s),
    ],
)
def test_one_field_changes_and_nothing_else(replayed, path, value, read):
    changed = with_overrides(replayed, {path: value})
    assert read(changed) == value
    assert read(replayed) != value
    ours, theirs = dict(replayed.figures()), dict(changed.figures())
    assert ours.keys() == theirs.keys()
    assert sum(ours[key] != theirs[key] for key in ours) <= 1


def test_no_overrides_give_the_same_scenario(replayed):
    assert with_overrides(replayed, {}) == replayed


def test_a_value_outside_its_range_widens_the_range(replayed):
    height = (
        with_overrides(replayed, {"profiles.j-fps-5.antenna_height_m": 0.0})
        .profiles["j-fps-5"]
        .antenna_height_m
    )
    assert (height.low, height.value, height.high) == (0.0, 0.0, 30.0)


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("sensors.JPN-Sadu.present", False, 'names no field. Did you mean "JPN-Sado"?'),
        ("sensors.*.masks", 1.0, 'names no field. Did you mean "mask_deg"?'),
        ("threats.irbm-single-stage.burn_s", -1.0, "must be above 0 and at most 600 s."),
        ("launches.L1.apogee_km", 10.0, "is too low for range_km = 4600"),
        ("sensors.JPN-Aegis.present", 0.5, "must be true or false."),
        ("launches", 1.0, "names a table, not a field of one."),
        ("", 1.0, "names no field."),
    ],
)
def test_an_override_that_makes_no_scenario_is_refused(replayed, path, value, said):
    with pytest.raises(InputError) as caught:
        with_overrides(replayed, {path: value})
    assert said in str(caught.value)
    assert caught.value.where == replayed.file


def test_every_end_of_every_sensitivity_is_a_scenario(replayed):
    assert [row.name for row in replayed.sensitivity] == [
        "burn", "bearing", "antenna-height", "mask", "ship-japan", "ship-usa", "threshold-japan",
    ]  # fmt: skip
    for row in replayed.sensitivity:
        ends = [with_overrides(replayed, end) for end in (row.low, row.high)]
        assert ends[0] != ends[1]
