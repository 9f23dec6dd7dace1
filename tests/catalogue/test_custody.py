"""Which report of a launch is flown for its custody, and what the flight shows of itself."""

from dataclasses import replace

import numpy as np
import pytest

from noroshi.catalogue.coverage import Typed
from noroshi.catalogue.custody import follow, ranked, track_of, watch
from noroshi.catalogue.grounded import middling
from noroshi.catalogue.nets import load_net
from noroshi.catalogue.placement import Moves
from noroshi.catalogue.questions import Answer, questions
from noroshi.catalogue.record import find_launch, load_launches
from noroshi.errors import InputError
from noroshi.flight.fit import fit
from noroshi.flight.sample import trajectory


def asked(name):
    return questions(find_launch(name, load_launches()))


def test_a_range_goes_before_a_bound_and_takes_the_apogee_that_another_gave():
    first, second = ranked(asked("2024-01-14"))
    assert (first.by, second.by) == ("ROK JCS (apogee: Japan MoD)", "Japan MoD")
    assert first.announced.range_km.value == 1000
    assert first.announced.apogee_km.value == 50
    assert second.announced.range_km.sense == "at least"


def test_observers_go_before_the_launching_side_however_exact_it_is():
    order = [one.by for one in ranked(asked("2022-03-24"))]
    assert order == ["Japan MoD", "ROK JCS", "DPRK"]


def test_a_report_that_stands_alone_is_flown_as_it_is():
    (only,) = asked("2019-07-24")
    assert ranked([only]) == [only]


@pytest.fixture(scope="module")
def flown():
    (question,) = ranked(asked("2019-07-24"))
    found = fit(question.site, question.announced, *middling(question), question.earth)
    return Answer(question, found, None, None, trajectory(found))


def test_a_track_tells_the_flight_and_what_it_shows(flown):
    track = track_of(flown)
    assert track.ground_km[0] == 0
    assert track.ground_km[-1] == pytest.approx(flown.fit.range_km, rel=0.005)
    assert track.height_km.max() == pytest.approx(flown.fit.apogee_km, abs=0.1)
    assert track.to_end_km(0) == pytest.approx(track.ground_km[-1])
    assert track.to_end_km(-1) == 0
    burning = np.asarray(flown.trajectory.burning, bool)
    # A whole missile is larger than what it carries, and only a plume shines on a body without lift.
    assert track.truth.rcs_m2[burning].min() >= track.truth.rcs_m2[~burning].max()
    assert (track.truth.infrared_w_per_sr[burning] > 0).all()
    assert track.truth.infrared_w_per_sr[burning].max() > track.truth.infrared_w_per_sr[~burning].max()
    assert set(track_of(flown, 0.3).truth.rcs_m2.tolist()) == {0.3}


def sailing(until_s):
    """A ship's radar of the shipped scenario, on its way north from the launch on."""
    net = load_net("japan-2022-10-04")
    ship = next(one for one in net.sensors if one.id == "JPN-Aegis")
    lat, lon, height_m = ship.lat_deg.value, ship.lon_deg.value, ship.height_m.value
    moves = Moves(
        points=((0.0, lat, lon, height_m), (until_s, lat + 0.2, lon, height_m)),
        source="assumption: made for the test",
        confidence="assumed",
        spread_km=1.0,
    )
    sails = ship.model_copy(update={"lat_deg": None, "lon_deg": None, "height_m": None, "moves": moves})
    return replace(net, sensors=(ship, sails))


def test_a_ship_under_way_sees_nearly_what_it_sees_at_anchor(flown):
    anchored, sails = watch(sailing(3600.0), track_of(flown))
    both = anchored.sight.held.sum(), sails.sight.held.sum()
    assert both[1] == pytest.approx(both[0], abs=5)
    # Two kilometres north in ten minutes are seen in its lines of sight.
    assert np.abs(anchored.sight.line - sails.sight.line).max() > 1e-4


def test_a_ship_that_is_not_known_so_long_is_refused_by_its_field(flown):
    with pytest.raises(InputError, match=r"sensors\.JPN-Aegis\.moves\n  is known from 0 to 100 s only"):
        watch(sailing(100.0), track_of(flown))


def test_nobody_to_look_is_refused():
    with pytest.raises(InputError, match="--walker\n  is missing"):
        follow(Typed(), "2024-01-14")
