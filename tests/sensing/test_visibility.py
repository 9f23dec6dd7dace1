"""Lines of sight against plain loops, and what is counted of them."""

import numpy as np
import pytest

from noroshi.earth import frames, geometry
from noroshi.earth.model import WGS84, sphere
from noroshi.sensing import caps
from noroshi.sensing.visibility import Limits, longest_run, merged, watch

ROUND = sphere(caps.RADIUS_M)


@pytest.fixture(scope="module")
def scene():
    """Places at many heights, some on the ground, and satellites from low to geostationary, three moments."""
    chance = np.random.default_rng(3)
    lat = np.arcsin(chance.uniform(-1, 1, 150))
    lon = chance.uniform(-np.pi, np.pi, 150)
    height_m = np.where(np.arange(150) % 3, chance.uniform(1e3, 5e5, 150), 1.0)
    eyes = chance.normal(size=(3, 20, 3))
    eyes *= chance.choice([6.9e6, 7.4e6, 8.4e6, 2.66e7, 4.2e7], (3, 20, 1)) / np.linalg.norm(
        eyes, axis=-1, keepdims=True
    )
    return frames.ecef(lat, lon, height_m), frames.enu_axes(lat, lon), eyes


def in_view(scene, limits):
    """Every test on its own, by the geometry that the sensors use: [T, P, N]."""
    there, axes, eyes = scene
    seen = np.zeros((3, len(there), eyes.shape[1]), bool)
    for t, p, n in np.ndindex(*seen.shape):
        eye, place = eyes[t, n], there[p]
        range_m, _, elevation = geometry.range_azimuth_elevation(place, axes[p], eye)
        way = place - eye
        nadir = np.arccos(way @ -eye / np.linalg.norm(way) / np.linalg.norm(eye))
        good = geometry.clears_earth(eye, place, np.float64(0.0))
        if limits.elevation_rad is not None:
            good &= elevation >= limits.elevation_rad
        if limits.range_m is not None:
            good &= range_m <= np.broadcast_to(limits.range_m, 20)[n]
        if limits.nadir_rad is not None:
            good &= nadir <= limits.nadir_rad
        seen[t, p, n] = good
    return seen


def watched(scene, limits, **more):
    there, axes, eyes = scene
    return watch(lambda time_s: eyes[time_s.astype(int)], np.arange(3.0), there, axes[:, 2], limits, **more)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(elevation_rad=0.1),
        Limits(elevation_rad=-0.2),
        Limits(range_m=5e6),
        Limits(range_m=np.linspace(1e6, 4e7, 20)),
        Limits(nadir_rad=0.9),
        Limits(elevation_rad=0.05, nadir_rad=1.0, range_m=4e6),
    ],
    ids=["limb", "elevation", "below the horizon", "range", "a range each", "nadir", "all"],
)
def test_counts_are_those_of_the_sensors_geometry(scene, limits):
    seen = in_view(scene, limits).sum(axis=-1)
    ours = watched(scene, limits)
    assert ours.satellites.tolist() == seen.sum(axis=0).tolist()
    assert ours.once.tolist() == (seen >= 1).sum(axis=0).tolist()
    assert ours.twice.tolist() == (seen >= 2).sum(axis=0).tolist()
    assert seen.max() >= 2, "nothing to see here"


@pytest.mark.parametrize("crossing_deg", [5, 30, 60, 85])
def test_two_count_when_some_pair_of_lines_crosses_well(scene, crossing_deg):
    there, _, eyes = scene
    seen = in_view(scene, Limits())
    good = np.zeros(seen.shape[:2], bool)
    for t, p in np.ndindex(*good.shape):
        ways = eyes[t, seen[t, p]] - there[p]
        ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
        cos = np.abs(ways @ ways.T)
        good[t, p] = (cos <= np.cos(np.radians(crossing_deg))).any()
    ours = watched(scene, Limits(crossing_rad=np.radians(crossing_deg)))
    assert ours.twice.tolist() == good.sum(axis=0).tolist()
    # The rest is as it was.
    plain = watched(scene, Limits())
    assert ours.satellites.tolist() == plain.satellites.tolist()
    assert (ours.twice <= plain.twice).all()


def test_lines_from_opposite_sides_do_not_cross():
    # A target between two satellites on one line: however far apart they are, it may be anywhere along it.
    there, up = np.array([[6.6e6, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    pair = np.array([[[6.6e6, 3e6, 0.0], [6.6e6, -3e6, 0.0]]])
    limits = Limits(crossing_rad=np.radians(15))
    assert watch(lambda _: pair, np.zeros(1), there, up, limits, ROUND).twice.tolist() == [0]
    bent = pair + np.array([[[1e6, 0, 0], [1e6, 0, 0]]])
    assert watch(lambda _: bent, np.zeros(1), there, up, limits, ROUND).twice.tolist() == [1]


@pytest.mark.parametrize("height_km, target_km", [(550, 0), (1000, 30), (35_786, 100)])
def test_a_view_ends_where_the_closed_form_says(height_km, target_km):
    eye = np.array([[[ROUND.semi_major_m + height_km * 1e3, 0.0, 0.0]]])

    def seen(angle, limits):
        up = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
        there = (ROUND.semi_major_m + target_km * 1e3) * up
        return watch(lambda _: eye, np.zeros(1), there, up, limits, ROUND).once.tolist()

    near = np.array([-1e-6, 1e-6])
    assert seen(caps.limb_rad(height_km * 1e3, target_km * 1e3) + near, Limits()) == [1, 0]
    for elevation in (0.0, 0.1, 0.5):
        edge = caps.cap_rad(height_km * 1e3, elevation, target_km * 1e3)
        assert seen(edge + near, Limits(elevation_rad=elevation)) == [1, 0]


# Whether the one satellite is there, moment by moment.
SHOWS = [
    ([1, 1, 1, 1], 0, 0),
    ([0, 0, 0, 0], 4, 4),
    ([0, 1, 0, 0], 2, 3),
    ([1, 0, 0, 1], 2, 2),
    ([0, 0, 0, 1], 3, 3),
    ([0, 1, 0, 1] * 40, 1, 1),
    ([1] + [0] * 100 + [1] + [0] * 50, 100, 100),
    ([0] * 70 + [1] + [0] * 80, 80, 150),
]


@pytest.mark.parametrize("shows, longest, again", SHOWS)
def test_the_longest_gap_is_the_longest_run_without_a_view(shows, longest, again):
    there, up = np.array([[6.5e6, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    above = np.array([7.5e6, 0.0, 0.0])
    sky = np.where(np.array(shows, bool)[:, None, None], above, np.nan)
    seen = watch(
        lambda time_s: sky[time_s.astype(int)], np.arange(float(len(shows))), there, up, Limits(), ROUND
    )
    assert seen.once.tolist() == [sum(shows)]
    assert seen.moments.tolist() == [len(shows)]
    assert longest_run(seen, repeats=False).tolist() == [longest]
    # Where what comes after is the beginning again, a gap may run on.
    assert longest_run(seen, repeats=True).tolist() == [again]


def test_neither_order_nor_company_nor_threads_change_a_count(scene):
    there, axes, eyes = scene
    whole = watched(scene, Limits(crossing_rad=0.3))
    part = slice(7, 20)
    alone = watched((there[part], axes[part], eyes), Limits(crossing_rad=0.3), threads=1)
    assert alone.twice.tolist() == whole.twice[part].tolist()
    turned = watched((there[::-1], axes[::-1], eyes[:, ::-1]), Limits(crossing_rad=0.3), threads=2)
    assert turned.twice.tolist() == whole.twice[::-1].tolist()


def test_many_places_and_moments_are_watched_in_parts():
    chance = np.random.default_rng(0)
    up = chance.normal(size=(3000, 3))
    up /= np.linalg.norm(up, axis=-1, keepdims=True)
    eye = chance.normal(size=(130, 5, 3))
    eye *= 7.4e6 / np.linalg.norm(eye, axis=-1, keepdims=True)
    seen = watch(lambda time_s: eye[time_s.astype(int)], np.arange(130.0), up * 6.4e6, up, Limits(), ROUND)
    # The closed form for both at once: the angle between them.
    angle = caps.limb_rad(7.4e6 - ROUND.semi_major_m, 6.4e6 - ROUND.semi_major_m)
    counts = np.einsum("tni,pi->tnp", eye / 7.4e6, up) >= np.cos(angle)
    assert seen.satellites.tolist() == counts.sum(axis=(0, 1)).tolist()


def test_of_two_ranges_the_shorter_holds():
    assert merged(Limits(), 5.0).range_m == 5.0
    assert merged(Limits(range_m=3.0), 5.0).range_m == 3.0
    assert merged(Limits(range_m=np.array([3.0, 9.0])), 5.0).range_m.tolist() == [3.0, 5.0]


def test_the_ellipsoid_hides_as_the_sensors_geometry_says():
    # Over a pole the ellipsoid is 21 km lower: a line that a sphere would stop goes through.
    pole = WGS84.semi_minor_m + 5e3
    there, up = np.array([[0.0, 0.0, pole]]), np.array([[0.0, 0.0, 1.0]])
    far = np.array([[[2e6, 0.0, pole]]])
    assert watch(lambda _: far, np.zeros(1), there, up, Limits()).once.tolist() == [1]
    assert geometry.clears_earth(far[0, 0], there[0], np.float64(0.0))
