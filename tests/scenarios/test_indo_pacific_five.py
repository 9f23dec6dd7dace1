"""An exercise of five nations: a launch to space, a glider and a lofted flight within four minutes.

One run of the arm without relays is enough to see who may tell whom: the two launches that come first, and as
long as the first of them is burning its second stage.
"""

import csv
import json
from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest

from noroshi.catalogue.door import DATA
from noroshi.catalogue.policies import load_policies
from noroshi.catalogue.scenario import load_scenario
from noroshi.earth import frames
from noroshi.exercise.checks import checks
from noroshi.exercise.run import run
from noroshi.exercise.summary import summary
from noroshi.exercise.world import build
from noroshi.records.messages import FORMS
from noroshi.sharing.policy import Question

FIVE = ("USA", "JPN", "KOR", "AUS", "GBR")
UNTIL_S = 240.0


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("indo-pacific-five")


@pytest.fixture(scope="module")
def world(scenario):
    return build(scenario, 0)


@pytest.fixture(scope="module")
def direct(scenario):
    """The first two launches under lines without a relay, until a time."""
    two = scenario.model_copy(update={"launches": scenario.launches[:2]})
    return run(
        two, 0, "direct", until=lambda so_far: bool(so_far.entries) and so_far.entries[-1]["t_s"] > UNTIL_S
    )


def said(found, event, node=None):
    return [one for one in found.entries if one["event"] == event and node in (None, one["node"])]


def recorded(date):
    with (DATA / "record" / "launches.csv").open(encoding="utf-8", newline="") as file:
        [row] = [row for row in csv.DictReader(file) if row["date_utc"] == date]
    return row


def test_its_five_nations_have_arms_from_nothing_shared_to_everything(scenario):
    assert set(scenario.nations) == set(FIVE)
    assert list(scenario.arms) == ["national", "bilateral", "hub", "direct", "mesh"]
    assert {arm.name for arm in scenario.arms.values() if arm.retroactive} == {"hub", "direct", "mesh"}
    lines = {name: {frozenset(link.between) for link in arm.links} for name, arm in scenario.arms.items()}
    assert lines["national"] == set()
    assert lines["bilateral"] == lines["hub"] == {frozenset(("USA", nation)) for nation in FIVE[1:]}
    assert (
        lines["hub"] < lines["direct"] < lines["mesh"] == {frozenset(pair) for pair in combinations(FIVE, 2)}
    )
    assert {sensor.nation for sensor in scenario.sensors} == set(FIVE)


def test_every_number_has_a_source_and_what_is_assumed_a_range(scenario):
    figures = dict(scenario.figures())
    assert len(figures) > 300
    for path, figure in figures.items():
        assert figure.source.strip(), path
        if figure.confidence == "assumed":
            assert figure.source.startswith("assumption:"), path
            assert figure.low < figure.high, path


def test_the_flights_that_are_on_record_have_its_figures(scenario):
    space, _, lofted = scenario.launches
    row = recorded("2023-11-21")
    assert (space.launch_lat_deg.value, space.launch_lon_deg.value) == (
        float(row["launch_lat"]),
        float(row["launch_lon"]),
    )
    assert space.range_km.value == float(row["range_km"])
    assert row["azimuth_or_direction"].startswith(f"{space.bearing_deg.value:.0f} deg")
    assert row["apogee_qualifier"].startswith(
        f"orbit apogee ({space.apogee_km.low:.0f} x {space.apogee_km.high:.0f}"
    )
    row = recorded("2023-12-17")
    assert (lofted.launch_lat_deg.value, lofted.launch_lon_deg.value) == (
        float(row["launch_lat"]),
        float(row["launch_lon"]),
    )
    assert lofted.range_km.value == float(row["range_km"])
    assert lofted.apogee_km.low == float(row["apogee_km"])
    assert lofted.flight_time_min.value == float(row["flight_time_min"])


def test_where_the_glider_begins_and_ends_is_chosen_for_the_exercise(scenario):
    glider = scenario.launches[1]
    for name in ("launch_lat_deg", "launch_lon_deg", "range_km", "bearing_deg"):
        assert getattr(glider, name).source.startswith("assumption: for an exercise"), name


def test_the_launch_to_space_reaches_the_orbit_that_was_told(world):
    reached = world.flights[0].ascent
    assert np.abs(reached.residual_km).max() < 0.5
    assert 490 < reached.orbit.perigee_km <= reached.orbit.apogee_km < 520
    assert all(row["ok"] for row in checks(world)), checks(world)


def test_it_passes_between_okinawa_and_miyako(world):
    """As Japan told. Naha lies at 26.2 N, 127.7 E, Miyako at 24.8 N, 125.3 E."""
    track = world.tracks[0]
    lat, lon, height_m = frames.geodetic(np.asarray(track.position_ecef_m))
    at = int(np.argmax(np.degrees(lat) < 25.5))
    assert 125.4 < np.degrees(lon[at]) < 127.6
    assert height_m[at] > 300e3


def test_the_glider_ends_in_the_sea_off_guam_and_passes_over_it(world):
    fit, track = world.flights[1].fit, world.tracks[1]
    assert (fit.impact_lat_deg, fit.impact_lon_deg) == pytest.approx((13.2, 145.05), abs=0.1)
    lat, lon, _ = (np.degrees(one) for one in frames.geodetic(np.asarray(track.position_ecef_m)))
    # Guam: 13.45 N, 144.78 E; some 50 km long.
    assert np.hypot(lat - 13.45, (lon - 144.78) * np.cos(np.radians(13.4))).min() < 0.15


def test_the_lofted_flight_falls_into_the_sea_of_japan_when_it_did(world):
    fit = world.flights[2].fit
    assert fit.flight_time_s / 60 == pytest.approx(73, abs=1.5)
    # Some 250 km west of Okushiri, 42.2 N, 139.5 E: 60 km beside a place that is told to 50 km.
    assert (fit.impact_lat_deg, fit.impact_lon_deg) == pytest.approx((43.0, 136.8), abs=0.3)


def test_what_nations_write_has_no_mark_of_the_truth(direct):
    text = json.dumps(direct.entries)
    for one in direct.world.objects:
        assert f'"{one.id}"' not in text
    for word in ("stage-1", "stage-2", "ascent", "icbm-solid", '"space"'):
        assert word not in text


def test_three_nations_see_the_launch_to_space_and_none_takes_it_for_what_it_is_not(direct):
    """Held for a space launch, or for not known: no other kind is told with more than a half."""
    assert {nation for nation, launch in direct.seen if launch == "L1"} == {"USA", "JPN", "KOR"}
    told = summary(direct.world.scenario, 0, [direct])["arms"]["direct"]["launches"][0]
    assert told["truth"]["impact"] is None and told["truth"]["apogee_km"] == pytest.approx(505, abs=11)
    for nation in ("USA", "JPN", "KOR"):
        assert told["nations"][nation]["first_track_s"] < 120
    first = {one["track"] for one in said(direct, "track") if one["t_s"] < 100}
    for line in said(direct, "forecast"):
        if line["track"] in first:
            kinds = line["held"]
            other = {
                name: chance
                for name, chance in kinds.items()
                if name not in ("space launch", "not yet known")
            }
            assert max(other.values(), default=0.0) <= 0.5, line


def test_only_what_was_allowed_is_sent_and_only_in_the_form_that_was(direct):
    allowed = {(one["node"], one["message"], one["to"]) for one in said(direct, "decision") if one["allowed"]}
    forms = {(one["message"], one["to"]): one["form"] for one in said(direct, "decision") if one["allowed"]}
    sent = {(one["node"], one["message"].partition("/")[0], one["to"]) for one in said(direct, "sent")}
    assert sent and sent <= allowed
    received = said(direct, "received")
    assert {one["node"] for one in received} == set(FIVE)
    for one in received:
        assert one["form"] == forms[one["message"].partition("/")[0], one["node"]]


def test_every_release_is_one_that_the_nation_s_own_policy_gives_when_asked(direct):
    """Cedar itself is asked once more, without the table that the run decided by."""
    policies = load_policies("mesh", FIVE)
    asked = defaultdict(set)
    for one in said(direct, "decision"):
        asked[one["node"], one["origin"], one["to"], one["kind"]].add((one["allowed"], one["form"]))
    assert asked
    for (node, origin, to, kind), answers in asked.items():
        assert node == origin, "nobody passes on in this arm"
        forms = [Question("release", to, origin, kind, form) for form in FORMS]
        may = [form for form, one in zip(FORMS, policies[node].decide_all(forms), strict=True) if one.allowed]
        for allowed, form in answers:
            assert form in may if allowed else form is None


def test_between_korea_and_the_others_without_a_line_no_path_is_shown(direct):
    shown = {(one["node"], one["to"]) for one in said(direct, "no_path")}
    cut = {("KOR", other) for other in ("JPN", "AUS", "GBR")}
    assert cut & shown == {pair for pair in cut if said(direct, "message", pair[0])}
    assert shown <= cut | {pair[::-1] for pair in cut}
    for one in said(direct, "no_path"):
        assert (
            one["reason"] == f"no line from {one['node']} to {one['to']}, and nobody between them passes on"
        )
    # And nothing is routed around it.
    for one in said(direct, "received"):
        assert (one["origin"], one["node"]) not in shown
