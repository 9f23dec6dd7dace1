"""Nets of sensors: whose they are, constellations as one, and what they reach."""

from dataclasses import replace

import numpy as np
import pytest

from noroshi.catalogue.eyes import place_at
from noroshi.catalogue.nets import load_net, members, paths, reached, satellites_of
from noroshi.errors import InputError
from noroshi.sensing import coverage

PUBLIC = load_net("public")
SHIPPED = load_net("japan-2022-10-04")


def test_a_net_is_cut_to_the_nations_that_were_asked_for():
    some = load_net("public", ("JPN", "KOR"))
    assert {one.nation for one in some.sensors} == {"JPN", "KOR"}
    assert [one for one in PUBLIC.sensors if one.nation in ("JPN", "KOR")] == list(some.sensors)
    with pytest.raises(InputError, match="--nations = 'KOT'\n  has no sensor in the net public"):
        load_net("public", ("KOT",))


def test_a_constellation_is_one_sensor_whose_satellites_move_each_on_its_own():
    whole = [one for one in PUBLIC.of("infrared") if one.walker is not None]
    assert whole
    for sensor in whole:
        assert len(members(sensor)) == sensor.walker.numbers[0]
        way = paths(sensor, np.array([0.0, 600.0]))
        assert way.shape == (len(members(sensor)), 2, 3)
        for number, satellite in enumerate(members(sensor)[:3]):
            for row, t_s in enumerate((0.0, 600.0)):
                assert way[number, row] == pytest.approx(place_at(satellite, t_s)[0], abs=1e-3)


def test_a_satellite_over_one_longitude_stays():
    (first, *_) = SHIPPED.of("infrared")
    way = paths(first, np.array([0.0, 3600.0]))
    assert way.shape == (1, 2, 3)
    assert way[0, 0].tolist() == way[0, 1].tolist()


def test_a_nets_satellites_see_as_far_as_their_own_threshold_allows():
    some, more = (satellites_of(PUBLIC, intensity, 0.3) for intensity in (1e3, 4e3))
    assert more.gated.range_m == pytest.approx(2 * some.gated.range_m)
    assert (some.geometry.crossing_rad, float(some.gated.crossing_rad)) == (None, 0.3)
    assert len(some.owner) == some.layer.count == len(some.gated.range_m)
    assert some.layer.at(np.array([0.0, 60.0])).shape == (2, some.layer.count, 3)
    radars = replace(PUBLIC, sensors=PUBLIC.of("radar"))
    assert satellites_of(radars, 1e3, 0.3) is None


def test_a_sensor_that_reaches_nothing_is_named_with_why():
    net = load_net("public", ("AUS", "GBR"))
    grid = coverage.grid(20_000)
    found, never = reached(net, grid, 0.0, 1e-6, None)
    told = dict(never)
    assert not found.gated.any()
    for one in net.of("skywave"):
        assert told[one.id] == "never sees a missile: aircraft and ships only"
    for row, one in enumerate(net.of("radar")):
        why = "too faint" if found.geometry[row].any() else "never sees a place"
        assert why in told[one.id]
