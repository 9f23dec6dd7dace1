"""Where a sensor may stand: what cannot be is refused by field, with what would do."""

import pytest

from noroshi.catalogue import placement
from noroshi.errors import InputError
from noroshi.flight import orbits
from tests.catalogue.placed import figure, moving, on_ground, orbit, placed, profile, walker

SEOUL = on_ground(37.5, 127.0)
AT_SEA = moving((0, 38, 132, 0), (600, 39, 132, 0))


def refused(of, **fields) -> str:
    with pytest.raises(InputError) as caught:
        placed(of, **fields)
    return str(caught.value)


@pytest.mark.parametrize(
    "edges, middle", [([90, 210], 150), ([300, 60], 0), ([0, 120], 60), ([350, 110], 50)]
)
def test_a_sector_runs_clockwise_between_its_edges(edges, middle):
    sensor = placed("j-fps-5", **SEOUL, sector_edges_deg=edges)
    assert (sensor.sector_deg, sensor.middle_deg) == (120, middle)


def test_a_sector_all_round_may_have_edges_and_needs_none():
    assert placed("apy-2", **AT_SEA).sector_deg == 360
    assert placed("apy-2", **AT_SEA, sector_edges_deg=[0, 360]).middle_deg == 180


def test_a_sector_of_more_faces_is_as_wide_as_all_of_them():
    two = placed("uewr-two-faces", **SEOUL, boresight_deg=figure(0))
    assert two.sector_deg == two.profile.faces * two.profile.sector_deg.value > 180


@pytest.mark.parametrize(
    "of, fields, field, need",
    [
        (
            "j-fps-5",
            SEOUL | {"sector_edges_deg": [210, 90]},
            "sector_edges_deg = [210.0, 90.0]",
            'must span the 120 deg of the radar profile "j-fps-5", clockwise. '
            "The ends are swapped: write [90, 210].",
        ),
        (
            "uewr-two-faces",
            SEOUL | {"sector_edges_deg": [120, 240]},
            "sector_edges_deg = [120.0, 240.0]",
            'must span the 240 deg of the radar profile "uewr-two-faces", clockwise. '
            "The ends are swapped: write [240, 120].",
        ),
        ("j-fps-5", SEOUL | {"sector_edges_deg": [90, 200]}, "sector_edges_deg", "must span the 120 deg"),
        ("j-fps-5", SEOUL | {"sector_edges_deg": [-30, 90]}, "sector_edges_deg", "from 0 to 360 deg"),
        (
            "j-fps-5",
            SEOUL | {"sector_edges_deg": [90, 210], "boresight_deg": figure(150)},
            "sector_edges_deg",
            "has no place here beside boresight_deg.",
        ),
        ("j-fps-5", SEOUL, "boresight_deg", "is missing: the radar profile"),
        ("jorn-90", SEOUL, "boresight_deg", "is missing: the skywave profile"),
        ("j-fps-5", {}, "lat_deg", "needs lat_deg, lon_deg, height_m or moves."),
        (
            "apy-2",
            SEOUL | AT_SEA,
            "moves",
            "has no place here beside lat_deg: it stands at lat_deg, lon_deg, height_m or moves.",
        ),
        ("j-fps-5", orbit(500, 500), "orbit", "stands at lat_deg, lon_deg, height_m or moves."),
        ("geo-infrared", AT_SEA, "moves", "stands at longitude_deg or orbit or walker."),
        ("geo-infrared", {}, "longitude_deg", "needs longitude_deg or orbit or walker."),
        (
            "heo-infrared",
            orbit(500, 40_000) | {"longitude_deg": figure(10)},
            "orbit",
            "has no place here beside longitude_deg",
        ),
        # Orbits.
        ("heo-infrared", orbit(149, 500), "orbit.perigee_km = 149.0", "must be at least 150 and at most"),
        (
            "heo-infrared",
            orbit(100e3, 200),
            "orbit.apogee_km = 200.0",
            "must be at least perigee_km = 100000.",
        ),
        ("heo-infrared", orbit(500, 300), "orbit.apogee_km = 300.0", "must be at least perigee_km = 500."),
        (
            "heo-infrared",
            orbit(500_000, 36_000_000),
            "orbit.apogee_km = 36000000.0",
            "If this is metres, write 36000.",
        ),
        (
            "heo-infrared",
            orbit(150, 500_000),
            "orbit.apogee_km = 500000.0",
            "is too far above perigee_km: the eccentricity must be at most 0.95.",
        ),
        ("heo-infrared", orbit(500, 900, inclination_deg=190), "orbit.inclination_deg", "at most 180 deg"),
        # Constellations.
        ("leo-wide-infrared", walker("6/3/1", 100), "walker.height_km = 100.0", "must be at least 150"),
        ("leo-wide-infrared", walker("6/4/1"), "walker.pattern = '6/4/1'", "planes of equal satellites."),
        ("leo-wide-infrared", walker("0/0/0"), "walker.pattern = '0/0/0'", "planes of equal satellites."),
        (
            "leo-wide-infrared",
            walker("6/3/3"),
            "walker.pattern = '6/3/3'",
            "must have a phasing from 0 to 2, planes less one.",
        ),
        ("leo-wide-infrared", walker("6/3"), "walker.pattern = '6/3'", "must be satellites/planes/phasing"),
        (
            "leo-wide-infrared",
            walker("1200/12/1"),
            "walker.pattern = '1200/12/1'",
            "must have at most 1000 satellites.",
        ),
        (
            "leo-wide-infrared",
            walker("6/3/1", spread="flower"),
            "walker.spread",
            "must be 'delta' or 'star'.",
        ),
        # Courses.
        ("apy-2", moving((0, 38, 132, 0)), "moves.points", "must hold at least 2 of them."),
        ("apy-2", moving((600, 38, 132, 0), (0, 39, 132, 0)), "moves.points", "must have times that rise."),
        ("apy-2", moving((0, 38, 132, 0), (0, 39, 132, 0)), "moves.points", "must have times that rise."),
        (
            "apy-2",
            moving((0, 132, 38, 0), (600, 39, 132, 0)),
            "moves.points.0 = [0.0, 132.0, 38.0, 0.0]",
            "must be [time_s, lat_deg, lon_deg, height_m] with a place on Earth",
        ),
        (
            "apy-2",
            {"moves": AT_SEA["moves"] | {"confidence": "assumed", "source": "assumption: a test"}},
            "moves.spread_km",
            "is missing: an assumption states how far off it may be.",
        ),
    ],
)
def test_a_place_that_cannot_be_is_refused_by_field(of, fields, field, need):
    where, said = refused(of, **fields).split("\n", 1)
    assert where.startswith(f"my.toml: {field}")
    assert need in said


def test_an_orbit_may_be_as_narrow_here_as_where_it_is_flown():
    assert placement._ECCENTRICITY_MAX == orbits.ECCENTRICITY_MAX


def test_a_row_that_is_right_is_taken():
    for of, fields in (
        ("j-fps-5", SEOUL | {"boresight_deg": figure(300)}),
        ("apy-2", AT_SEA),
        ("jorn-90", SEOUL | {"sector_edges_deg": [315, 45]}),
        ("heo-infrared", orbit(500, 39_000)),
        ("heo-infrared", orbit(700, 700)),
        ("leo-wide-infrared", walker("1000/10/9")),
        (profile("geo-infrared"), {"longitude_deg": figure(-180)}),
    ):
        assert placed(of, **fields).profile.kind in ("radar", "skywave", "infrared")
