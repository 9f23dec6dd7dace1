"""The picture and the words of a custody."""

from dataclasses import replace

import numpy as np
import pytest

from noroshi.catalogue.coverage import Typed
from noroshi.catalogue.custody import follow
from noroshi.report import custody, custody_plot
from noroshi.sensing import caps
from noroshi.sensing.custody import Hold


@pytest.fixture(scope="module")
def low():
    """14 January 2024 through a shipped scenario's sensors."""
    return follow(Typed(net="japan-2022-10-04"), "2024-01-14")


def test_the_horizon_that_is_drawn_is_the_closed_form_of_the_nearest_radar(low):
    (sado,) = (one for one in low.eyes if one.id == "JPN-Sado")
    at_sea = replace(low, eyes=(replace(sado, antenna_m=0.0),))
    track = low.track
    place = np.radians(sado.place)
    lat, lon = np.radians(track.lat_deg), np.radians(track.lon_deg)
    cos = np.sin(place[0]) * np.sin(lat) + np.cos(place[0]) * np.cos(lat) * np.cos(lon - place[1])
    lowest_km = caps.lowest_seen_m(6_371_008.8 * np.arccos(cos), 4 / 3, 6_371_008.8) / 1e3
    assert custody_plot._horizon_km(at_sea, "JPN") == pytest.approx(lowest_km, rel=1e-6)
    # An antenna that stands higher sees lower.
    higher = replace(low, eyes=(replace(sado, antenna_m=1000.0),))
    assert (custody_plot._horizon_km(higher, "JPN") <= lowest_km).all()
    assert custody_plot._horizon_km(replace(low, eyes=()), "JPN") is None


def test_what_the_earth_hides_is_below_the_horizon_that_is_drawn(low):
    for nation in ("JPN", "KOR"):
        horizon_km = custody_plot._horizon_km(low, nation)
        # The drawn one is over a sphere.
        assert (low.track.height_km - horizon_km)[low.held(nation)].min() > -0.6


def test_sensors_that_never_see_it_are_together_for_each_reason(low):
    assert custody.never(low) == ["never see this flight, beyond the horizon: JPN-Yozadake"]


def test_a_gap_between_two_runs_is_told(low):
    told = custody.plain_hold(low, Hold(((10, 20), (30, 40)), None))
    assert (told["first_s"], told["last_s"]) == (10.0, 40.0)
    assert told["gaps"] == [{"from_s": 20.0, "until_s": 30.0}]
    assert told["lost"] is None
    assert custody.plain_hold(low, None) is None


def test_nobody_who_sees_it_is_no_error(low, tmp_path):
    none = replace(low, eyes=tuple(one for one in low.eyes if one.hold is None))
    assert none.hold() is None
    plain = custody.plain(none)
    assert plain["together"] == {"custody": None, "stereo_s": 0.0, "longest": None}
    assert next(iter(custody.said(none))).startswith("2024-01-14")
    custody_plot.draw(none, tmp_path / "none.svg")
    assert (tmp_path / "none.svg").stat().st_size > 10_000


def test_the_same_custody_is_the_same_picture(low, tmp_path):
    for name in ("a.svg", "b.svg"):
        custody_plot.draw(low, tmp_path / name)
    content = (tmp_path / "a.svg").read_bytes()
    assert content == (tmp_path / "b.svg").read_bytes()
    for word in (b"JPN-Sado", b"burnout", b"apogee", b"impact", b"below the horizon", b"nobody holds it"):
        assert word in content
