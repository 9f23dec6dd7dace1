"""The quiet day: rates are met, objects obey physics, draws are their own.

Statistical tests fail by chance once in a million seeds; the seeds are fixed.
"""

import math
import tomllib

import numpy as np
import pytest
from scipy import stats

from noroshi.catalogue import door
from noroshi.catalogue.background import Background
from noroshi.catalogue.eyes import place_at
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.earth import epoch, frames, geometry
from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M, ROTATION_RADPS
from noroshi.earth.model import WGS84
from noroshi.exercise import passes
from noroshi.exercise.background import objects
from noroshi.exercise.objects import Object
from noroshi.flight.orbits import kepler, positions
from noroshi.records.truth import Kind

DAY_S = 86_400.0
CHANCE = 1e-6
SOURCE = {"source": "a test", "confidence": "derived"}
KINDS = ("satellites", "debris", "airliners", "fires")


def figure(value: float) -> dict[str, object]:
    return {"value": value, **SOURCE}


def fixed(value: float) -> dict[str, object]:
    return {"kind": "fixed", "value": value, **SOURCE}


def quiet(only: str = "", **changes: object) -> Background:
    """The shipped background with changes, debris__per_year=figure(9); all kinds but `only` at rest."""
    raw = tomllib.loads((door.DATA / "background" / "quiet.toml").read_text())
    for path, value in changes.items():
        kind, field = path.split("__")
        raw[kind][field] = value
    rests = {"satellites": "share_known", "debris": "share_known", "airliners": "share_identified"}
    for kind in KINDS:
        if only and kind != only:
            raw[kind][rests.get(kind, "share_known")] = figure(1.0)
    return door.validate(Background, raw, "quiet.toml")


def sensor(profile: str, name: str = "JPN-A", reach_km: float = 0.0, **place: float) -> SensorPlacement:
    """A sensor with a shipped profile, in the north of Honshu unless told otherwise."""
    raw = door.read_toml(door.DATA / "sensors" / f"{profile}.toml", profile)
    if reach_km:
        raw["instrumented_range_km"] = figure(reach_km)
    model = InfraredProfile if raw["kind"] == "infrared" else RadarProfile
    if model is InfraredProfile:
        where: dict[str, float] = {"longitude_deg": 130.0}
    else:
        where = {"lat_deg": 40.9, "lon_deg": 140.3, "height_m": 20.0, "boresight_deg": 285.0}
    return placed(door.validate(model, {**raw, "name": profile}, profile), name, {**where, **place})


def skywave() -> SensorPlacement:
    numbers = {"range_min_km": 1000.0, "range_max_km": 3000.0, "sector_deg": 60.0, "availability": 0.6}
    numbers |= {"spell_s": 3600.0, "revisit_s": 60.0, "detection_probability": 0.5, "sigma_range_km": 10.0}
    numbers |= {"sigma_azimuth_mrad": 5.0, "bias_range_km": 10.0, "bias_azimuth_mrad": 5.0}
    raw = {"title": "Skywave", "kind": "skywave", **{name: figure(one) for name, one in numbers.items()}}
    where = {"lat_deg": -23.0, "lon_deg": 144.0, "height_m": 200.0, "boresight_deg": 330.0}
    return placed(door.validate(SkywaveProfile, raw, "skywave"), "AUS-S", where)


def placed(profile: object, name: str, where: dict[str, float]) -> SensorPlacement:
    row = {key: figure(value) for key, value in where.items()}
    return door.validate(
        SensorPlacement, {"id": name, "nation": name[:3], "profile": profile, **row}, "test.toml"
    )


def same(one: Object, other: Object) -> bool:
    arrays = ("position_ecef_m", "velocity_ecef_mps", "rcs_m2", "infrared_w_per_sr")
    return (one.id, one.kind, one.start_s) == (other.id, other.kind, other.start_s) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


def is_poisson(count: int, mean: float) -> bool:
    """Whether a count is one that a Poisson law gives but once in a million."""
    low, high = stats.poisson.interval(1 - CHANCE, mean)
    return bool(low <= count <= high)


@pytest.fixture(scope="module")
def ring() -> SensorPlacement:
    """A ship's radar, which sees all round."""
    return sensor("spy-1d-bmd", "USA-A")


@pytest.fixture(scope="module")
def month(ring: SensorPlacement) -> tuple[Object, ...]:
    """Ten days of everything, with rather more that nobody explains."""
    loud = quiet(
        satellites__share_known=figure(0.995), debris__share_known=figure(0.0), fires__share_known=figure(0.0)
    )
    seen_by = [ring, sensor("an-tpy-2-forward"), sensor("geo-infrared", "USA-I"), skywave()]
    return objects(loud, seen_by, 10 * DAY_S, 3)


@pytest.mark.parametrize(
    "profile, lat", [("spy-1d-bmd", 38.0), ("an-tpy-2-forward", 40.9), ("j-fps-5", 26.0)]
)
def test_satellites_cross_a_fence_as_often_as_orbits_drawn_at_random_do(profile, lat):
    radar = sensor(profile, reach_km=3000.0, lat_deg=lat)
    shell = {"from_km": 400.0, "to_km": 700.0, "share": figure(1.0)}
    lanes = [{"inclination_deg": i, "share": figure(0.5)} for i in (53.0, 98.0)]
    number = 1_600
    satellites = quiet(
        satellites__objects=figure(number), satellites__shells=[shell], satellites__lanes=lanes
    ).satellites
    fence = passes.fence(satellites, radar)
    # The independent count: circular orbits by Kepler's elements, no drift, over nine hours.
    chance = np.random.default_rng(1)
    inclination = np.repeat([53.0, 98.0], number // 2)
    height_km = 400 + 300 * (np.arange(number) % 97 + 0.5) / 97
    turns = 360 * chance.random((2, number))
    elements = kepler(MEAN_RADIUS_M / 1e3 + height_km, 0.0, inclination, turns[0], 0.0, turns[1])
    place, axes = place_at(radar)
    count, step_s, hours = 0, 12.0, 9
    for hour in range(hours):
        t_s = 3600.0 * hour + np.arange(0, 3600 + step_s, step_s)
        orbits, _ = positions(elements, t_s, WGS84._replace(j2=0.0))
        view = geometry.range_azimuth_elevation(place, axes, np.asarray(orbits))
        above = view[..., 2] > fence.elevation_rad
        off = (view[..., 1] - fence.middle_rad + math.pi) % (2 * math.pi) - math.pi
        inside = (view[..., 0] <= fence.reach_m) & (np.abs(off) <= fence.half_sector_rad)
        count += int(((above[1:] != above[:-1]) & inside[1:]).sum())
    expected = fence.per_day * hours / 24
    assert expected > 200
    # Crossings of one object come in pairs and trains, so they scatter more than Poisson's law: twice.
    assert abs(count - expected) < 2 * 4.9 * math.sqrt(expected)


def test_passes_come_at_the_rate_of_the_fence(ring):
    background = quiet(
        "satellites", satellites__cross_section_m2=fixed(1e4), satellites__share_known=figure(0.9)
    )
    found = objects(background, [ring], 4 * DAY_S, 5)
    # All round, every pass crosses twice and is one object.
    assert is_poisson(len(found), passes.fence(background.satellites, ring).per_day * 4 * 0.1 / 2)


def test_a_fence_that_meets_no_orbit_is_crossed_by_nothing(ring):
    short = sensor("green-pine-block-b")
    assert passes.fence(quiet().satellites, short).per_day == 0
    assert passes.fence(quiet(satellites__objects=figure(0.0)).satellites, ring).per_day == 0
    assert objects(quiet("satellites"), [short], 3 * DAY_S, 1) == ()


def test_what_gives_no_echo_is_not_drawn(ring):
    small = quiet("satellites", satellites__cross_section_m2=fixed(1e-6), satellites__share_known=figure(0.9))
    assert objects(small, [ring], 4 * DAY_S, 5) == ()


def of(found: tuple[Object, ...], kind: str) -> list[Object]:
    chosen = [one for one in found if one.id.startswith(kind)]
    assert len(chosen) >= 5
    return chosen


def test_satellites_keep_energy_and_momentum_on_circles(month):
    for one in of(month, "satellite"):
        rows = np.arange(len(one.position_ecef_m))
        place, speed = epoch.to_inertial(one.position_ecef_m, one.velocity_ecef_mps, ROTATION_RADPS * rows)
        radius, mps = np.linalg.norm(place, axis=1), np.linalg.norm(speed, axis=1)
        np.testing.assert_allclose(mps, np.sqrt(GM_M3PS2 / radius), rtol=1e-12)
        momentum = np.cross(place, speed)
        np.testing.assert_allclose(momentum, np.broadcast_to(momentum[0], momentum.shape), rtol=0, atol=1.0)
        np.testing.assert_allclose(mps**2 / 2 - GM_M3PS2 / radius, -GM_M3PS2 / (2 * radius[0]), rtol=1e-11)


def test_the_stated_velocity_is_how_the_place_changes(month):
    for one in [*of(month, "satellite"), *of(month, "airliner"), *of(month, "debris")]:
        between = np.diff(one.position_ecef_m, axis=0)
        mean = (one.velocity_ecef_mps[1:] + one.velocity_ecef_mps[:-1]) / 2
        # The trapezium misses a twelfth of the jerk: below 100 m/s3 / 12 at the hardest braking.
        np.testing.assert_allclose(between, mean, atol=10.0 if one.id.startswith("debris") else 0.05)


def test_every_pass_crosses_the_fence_of_the_radar_it_was_drawn_for(month, ring):
    radars = {"USA-A": ring, "JPN-A": sensor("an-tpy-2-forward")}
    fences = {name: passes.fence(quiet().satellites, radar) for name, radar in radars.items()}
    seen = set()
    for one in of(month, "satellite"):
        name = one.id.removeprefix("satellite-")[:5]
        seen.add(name)
        fence = fences[name]
        view = geometry.range_azimuth_elevation(*place_at(radars[name]), one.position_ecef_m)
        off = (view[:, 1] - fence.middle_rad + math.pi) % (2 * math.pi) - math.pi
        at = np.abs(view[:, 2] - fence.elevation_rad).argmin()
        cut = one.start_s == 0 or one.start_s + len(view) > 10 * DAY_S
        on_it = np.abs(view[:, 2] - fence.elevation_rad) < 1e-6
        assert cut or np.any(on_it & (np.abs(off) <= fence.half_sector_rad + 1e-9)), (one.id, view[at])
        assert view[:, 0].max() <= fence.reach_m * (1 + 1e-9)
        assert len(view) <= passes.LONGEST_S
    assert seen == set(radars)


def test_debris_comes_into_view_and_glows_on_its_way_down(month):
    glows = 0
    for one in of(month, "debris"):
        height_km = frames.height(one.position_ecef_m) / 1e3
        assert height_km[-1] < height_km[0]
        peak = one.infrared_w_per_sr.argmax()
        if 0 < peak < len(height_km) - 1:
            glows += 1
            assert 30 < height_km[peak] < 90
            assert 1e3 <= one.infrared_w_per_sr[peak] <= 3e6
        assert one.kind is Kind.SPACE
    assert glows


def test_airliners_fly_level_at_their_speed(month):
    for one in of(month, "airliner"):
        _, _, height_m = frames.geodetic(one.position_ecef_m)
        mps = np.linalg.norm(one.velocity_ecef_mps, axis=1)
        assert np.ptp(height_m) < 0.01
        assert 9_000 <= height_m[0] <= 12_000
        # Over the ground of a sphere; the ellipsoid and the height change it by less than 1 %.
        assert mps.min() > 200 * 0.99 and mps.max() < 260 * 1.01
        assert np.ptp(mps) < 0.5
        assert one.kind is Kind.AIRCRAFT


@pytest.mark.parametrize("far, rate", [(False, 1000.0), (True, 3000.0)])
def test_airliners_come_at_their_rate_and_in_view(far, rate):
    radar = skywave() if far else sensor("an-tpy-2-forward")
    background = quiet("airliners", airliners__share_identified=figure(0.95))
    found = objects(background, [radar], 3 * DAY_S, 2)
    assert is_poisson(len(found), rate * 0.05 * 3)
    lat, lon, _ = frames.geodetic(place_at(radar)[0])
    low, high = (1000.0, 3000.0) if far else (0.0, 480.0)
    for one in found:
        # The middle of a flight that the run does not cut lies in view.
        middle = one.position_ecef_m[len(one.position_ecef_m) // 2]
        if one.start_s > 0 and one.start_s + len(one.rcs_m2) < 3 * DAY_S:
            there = frames.geodetic(middle)
            away_m, bearing = geometry.great_circle(lat, lon, there[0], there[1])
            assert low - 1 <= away_m / 1e3 <= high + 1
            if away_m > 50e3:
                off = (math.degrees(bearing) - radar.middle_deg + 180) % 360 - 180
                assert abs(off) <= radar.sector_deg / 2 + 1


def test_fires_stand_still_in_their_regions_and_take_no_memory(month):
    regions = {region.id: region for region in quiet().fires.regions}
    for one in of(month, "fire"):
        region = regions[one.id.removeprefix("fire-").rsplit("-", 2)[0]]
        lat, lon, height_m = frames.geodetic(one.position_ecef_m[0])
        assert region.lat_deg[0] <= math.degrees(lat) <= region.lat_deg[1]
        assert region.lon_deg[0] <= math.degrees(lon) <= region.lon_deg[1]
        assert abs(height_m - 100) < 1e-3
        assert not one.velocity_ecef_mps.any()
        assert one.position_ecef_m.strides[0] == one.infrared_w_per_sr.strides[0] == 0
        assert len(one.infrared_w_per_sr) <= 15 * 60
        assert one.kind is Kind.FIRE


def test_the_earth_hides_no_fire_from_a_satellite_above_it(month):
    for one in of(month, "fire"):
        overhead = one.position_ecef_m[0] / np.linalg.norm(one.position_ecef_m[0]) * 4.2e7
        assert geometry.clears_earth(overhead, one.position_ecef_m[0], np.float64(0.0))


def test_fires_come_at_their_rate():
    background = quiet("fires", fires__share_known=figure(0.5))
    a_day = sum(region.per_day.value for region in background.fires.regions) * 0.5 * 0.4
    found = objects(background, [sensor("geo-infrared", "USA-I")], 30 * DAY_S, 8)
    assert is_poisson(len(found), a_day * 30)


def test_debris_comes_down_at_its_rate():
    # From a satellite that sees a third of the Earth, no more than all of it and no less than a fifth.
    background = quiet("debris", debris__share_known=figure(0.0))
    found = objects(background, [sensor("geo-infrared", "USA-I")], 20 * DAY_S, 8)
    low, _ = stats.poisson.interval(1 - CHANCE, 500 / 365.25 * 20 * 0.2)
    _, high = stats.poisson.interval(1 - CHANCE, 500 / 365.25 * 20)
    assert low <= len(found) <= high


def test_an_object_lies_within_its_run_and_starts_on_a_second(month):
    assert [one.start_s for one in month] == sorted(one.start_s for one in month)
    assert len({one.id for one in month}) == len(month)
    for one in month:
        rows = len(one.position_ecef_m)
        assert one.start_s % 1 == 0 and one.start_s >= 0
        assert rows >= 1 and one.start_s + rows - 1 <= 10 * DAY_S
        assert one.velocity_ecef_mps.shape == (rows, 3)
        assert one.rcs_m2.shape == one.infrared_w_per_sr.shape == (rows,)
        assert np.isfinite(one.position_ecef_m).all() and np.isfinite(one.velocity_ecef_mps).all()
        assert (one.rcs_m2 >= 0).all() and (one.infrared_w_per_sr >= 0).all()


def test_another_sensor_changes_no_object_of_the_others(ring):
    background = quiet(satellites__share_known=figure(0.99), debris__share_known=figure(1.0))
    alone = objects(background, [ring], 2 * DAY_S, 4)
    more = {one.id: one for one in objects(background, [sensor("j-fps-5"), ring], 2 * DAY_S, 4)}
    assert alone and len(more) > len(alone)
    assert all(same(one, more[one.id]) for one in alone)


def test_a_longer_run_begins_like_a_shorter_one(ring):
    background = quiet(satellites__share_known=figure(0.99), debris__share_known=figure(1.0))
    short = objects(background, [ring], 1.5 * DAY_S, 4)
    long = {one.id: one for one in objects(background, [ring], 3 * DAY_S, 4)}
    whole = [one for one in short if one.start_s + len(one.rcs_m2) <= 1.5 * DAY_S]
    assert whole
    assert all(same(one, long[one.id]) for one in whole)


def test_the_seed_decides(ring):
    background = quiet(debris__share_known=figure(1.0))
    one, again, other = (objects(background, [ring], 5 * DAY_S, seed) for seed in (1, 1, 2))
    assert one and len(one) == len(again) and all(map(same, one, again))
    assert [x.start_s for x in one] != [x.start_s for x in other]


def test_a_day_on_which_all_is_known_is_empty(ring):
    silent = quiet("none")
    assert objects(silent, [ring, skywave(), sensor("geo-infrared", "USA-I")], 3 * DAY_S, 1) == ()


def test_a_sensor_that_is_away_draws_nothing(ring):
    away = ring.model_copy(update={"present": False})
    background = quiet("airliners")
    assert objects(background, [ring], 3 * DAY_S, 1)
    assert objects(background, [away], 3 * DAY_S, 1) == ()
