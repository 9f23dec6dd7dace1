"""From a missile to its legs: burns that add up, fuel that obeys the rocket equation, steering."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from noroshi.earth import frames
from noroshi.earth.model import Earth
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.legs import BURNS, FALLS
from noroshi.flight.missile import (
    MOST_BANKS,
    MOST_STAGES,
    Body,
    Missile,
    Stage,
    adrift,
    ascent,
    burns,
    course,
    falls,
    fuel_fractions,
    repeated,
)
from tests.flight.made import BODY, EAST, SITE, aim, one_stage, two_stages

# Nothing pulls, nothing brakes, nothing turns: what is left is the rocket.
EMPTY = Earth(gm_m3ps2=1e-3, flattening=0.0, j2=0.0, rotation_radps=0.0, air=0.0)


@st.composite
def missiles(draw: st.DrawFn) -> Missile:
    stages = tuple(
        Stage(
            draw(st.floats(5.0, 300.0)),
            draw(st.floats(2000.0, 4500.0)),
            draw(st.floats(0.2, 3.0)),
            draw(st.floats(0.0, 30.0)),
        )
        for _ in range(draw(st.integers(1, MOST_STAGES)))
    )
    vertical = draw(st.floats(0.0, 20.0))
    turned = vertical + draw(st.floats(0.0, 60.0))
    return Missile(stages, vertical, turned, 1e-4, float(draw(st.booleans())))


@given(missiles(), st.floats(-20, 89), st.floats(1, 12))
def test_the_burn_legs_of_a_launch_sum_to_its_burns_and_gaps(missile, loft_deg, ideal_kmps):
    legs = burns(missile, aim(loft_deg, ideal_kmps=ideal_kmps))
    assert (legs.lasts_s >= 0).all()
    burning = legs.flow_ps > 0
    assert legs.lasts_s[burning].sum() == pytest.approx(sum(stage.burn_s for stage in missile.stages))
    gaps = sum(stage.gap_s for stage in missile.stages[1:])
    assert legs.lasts_s[~burning].sum() == pytest.approx(gaps)


@given(missiles(), st.floats(-20, 89), st.floats(1, 12))
def test_the_mass_of_a_stage_falls_continuously_from_ignition_to_the_end_of_its_burn(
    missile, loft_deg, ideal_kmps
):
    legs = burns(missile, aim(loft_deg, ideal_kmps=ideal_kmps))
    left = legs.mass - legs.flow_ps * legs.lasts_s
    fractions = fuel_fractions(missile, np.array([ideal_kmps]))
    # The first stage burns in three legs, each going on from the last.
    assert legs.mass[0] == 1
    assert left[:2] == pytest.approx(legs.mass[1:3])
    assert left[2] == pytest.approx(1 - fractions[0])
    for number, fraction in enumerate(fractions[1:]):
        leg = 4 + 2 * number
        assert legs.mass[leg] == 1
        assert left[leg] == pytest.approx(1 - fraction)


@given(missiles(), st.floats(1, 12))
def test_the_rocket_equation_gives_the_ideal_velocity_shared_among_the_stages(missile, ideal_kmps):
    fractions = fuel_fractions(missile, np.array([ideal_kmps]))
    gains = [
        -stage.exhaust_mps * np.log(1 - fraction[0]) / KILO
        for stage, fraction in zip(missile.stages, fractions, strict=True)
    ]
    assert sum(gains) == pytest.approx(ideal_kmps)
    shares = np.array([stage.share for stage in missile.stages])
    assert gains == pytest.approx(ideal_kmps * shares / shares.sum())


# It turns at once: nothing moves yet that the thrust could follow.
@example(Missile((Stage(5.0, 2000.0),), 0.0, 0.0, 1e-4), 1.0)
@settings(max_examples=20)
@given(missiles(), st.floats(1, 9))
def test_without_gravity_and_air_a_launch_straight_up_gains_its_ideal_velocity(missile, ideal_kmps):
    state = flown(ascent(SITE, missile, aim(90.0, ideal_kmps=ideal_kmps), EMPTY)).state[BURNS - 1, :, 0]
    assert np.linalg.norm(state[3:]) == pytest.approx(ideal_kmps, abs=1e-4)
    up = np.asarray(frames.enu_axes(np.radians(SITE.lat_deg), np.radians(SITE.lon_deg)))[2]
    assert state[3:] @ up == pytest.approx(ideal_kmps, abs=1e-4)


def directions(missile, launch, earth=EMPTY):
    """Where a launch moves at the ends of its burn legs: east, north, up; each of length 1."""
    state = flown(ascent(SITE, missile, launch, earth)).state[:BURNS, 3:, 0]
    axes = np.asarray(frames.enu_axes(np.radians(SITE.lat_deg), np.radians(SITE.lon_deg)))
    moving = state @ axes.T
    return moving / np.linalg.norm(moving, axis=1, keepdims=True)


def test_a_gravity_turn_keeps_its_course_where_there_is_no_gravity_and_a_held_pitch_bends_it():
    following = directions(one_stage(gravity_turn=1.0), aim(50.0))
    assert following[1] == pytest.approx(following[2], abs=1e-6)
    holding = directions(one_stage(gravity_turn=0.0), aim(50.0))
    assert holding[1] == pytest.approx(following[1], abs=1e-6)
    # Held at 50 deg, which the turn had not yet bent the velocity to.
    climb = np.degrees(np.arcsin(holding[1:3, 2]))
    assert climb[0] > climb[1] > 50


def test_a_launch_rises_straight_up_first_and_then_turns_toward_its_azimuth():
    moving = directions(one_stage(), aim(50.0))
    assert moving[0] == pytest.approx([0, 0, 1], abs=1e-9)
    assert np.arctan2(moving[1, 0], moving[1, 1]) == pytest.approx(EAST, abs=1e-9)


@pytest.mark.parametrize("burn_s, lasts", [(5.0, [5, 0, 0]), (30.0, [8, 22, 0]), (150.0, [8, 40, 102])])
def test_a_burn_may_end_before_its_turn_does(burn_s, lasts):
    assert burns(one_stage(burn_s), aim(60.0)).lasts_s[:3, 0].tolist() == lasts


def test_upper_stages_that_are_steered_apart_turn_evenly_over_gaps_and_burns():
    legs = burns(two_stages(), aim(60.0, upper=(0.5, -0.002)))
    assert legs.pitch_rad[3:5, 0] == pytest.approx([0.5, 0.5 - 0.002 * 4.0])
    assert (legs.pitch_radps[3:5] == -0.002).all()
    assert (legs.follow[3:5] == 0).all()


def test_thrust_that_is_lost_ends_the_leg_it_is_lost_in_and_those_after_it():
    whole = course(SITE, two_stages(), BODY, aim(60.0)).burns.lasts_s[:, 0]
    for lost_s in (3.0, 30.0, 72.0, 100.0, 1e4):
        cut = course(SITE, two_stages(), BODY, aim(60.0), thrust_until_s=lost_s).burns.lasts_s[:, 0]
        assert cut.sum() == pytest.approx(min(lost_s, whole.sum()))
        assert (cut <= whole + 1e-9).all()


def test_a_glider_falls_with_half_its_drag_where_it_has_no_lift():
    # Parabolic polar: at the best glide ratio, half of the drag comes from lift.
    gliding = falls(Body(8000.0, 2.5, 60e3), (1,))
    lifted = gliding.glide_ratio[:, 0] > 0
    assert set(gliding.drag_m2pkg[lifted, 0] * 8000.0) == {1.0}
    assert set(gliding.drag_m2pkg[~lifted, 0] * 8000.0) == {0.5}
    assert set(falls(Body(8000.0), (1,)).drag_m2pkg[:, 0] * 8000.0) == {1.0}


@pytest.mark.parametrize("banks", [0, 1, MOST_BANKS])
def test_every_family_has_as_many_legs(banks):
    body = Body(8000.0, 2.5, 60e3, bank_rad=(0.3,) * banks, bank_s=(60.0,) * banks)
    legs = falls(body, (1,))
    assert legs.lasts_s.shape == (FALLS, 1)
    assert (legs.bank_rad != 0).sum() == banks


def test_flights_of_one_course_repeated_are_that_flight():
    plan = course(SITE, one_stage(), BODY, aim(60.0))
    one, many = flown(plan), flown(repeated(plan, 5))
    assert many.state.shape[-1] == 5
    assert np.array_equal(many.state, np.repeat(one.state, 5, axis=-1))


def test_a_body_adrift_starts_where_and_as_it_was_told():
    place = np.asarray(frames.ecef(0.7, 2.2, 90e3))[None]
    velocity = np.array([[100.0, -2000.0, 1500.0]])
    plan = adrift(33.0, place, velocity, BODY)
    assert plan.time_s.tolist() == [33.0]
    state = flown(plan).state[BURNS - 1, :, 0]
    assert state[:3] * MEGA == pytest.approx(place[0], rel=1e-12)
    assert state[3:] * KILO == pytest.approx(velocity[0], rel=1e-12)
