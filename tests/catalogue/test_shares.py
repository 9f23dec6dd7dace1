"""Satellites divided among nations: planes first, and nobody left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.shares import joined, owners
from noroshi.errors import InputError
from noroshi.sensing.visibility import Limits

NAMES = ("USA", "JPN", "KOR", "AUS", "GBR")


def counted(owner):
    return {name: int((owner == name).sum()) for name in dict.fromkeys(owner.tolist())}


def test_numbers_that_are_whole_planes_give_whole_planes():
    (owner,) = owners([("USA", 14), ("JPN", 7), ("KOR", 7)], [(28, 4)])
    planes = owner.reshape(4, 7)
    assert [set(plane) for plane in planes.tolist()] == [{"USA"}, {"USA"}, {"JPN"}, {"KOR"}]


def test_numbers_run_on_from_one_constellation_into_the_next():
    first, second = owners([("USA", 5), ("JPN", 3)], [(4, 2), (4, 1)])
    assert first.tolist() == ["USA"] * 4
    assert second.tolist() == ["USA", "JPN", "JPN", "JPN"]


def test_names_alone_deal_out_planes_in_turn():
    (owner,) = owners([("USA", None), ("JPN", None), ("KOR", None)], [(28, 4)])
    assert counted(owner) == {"USA": 14, "JPN": 7, "KOR": 7}
    assert owner.reshape(4, 7)[3].tolist() == ["USA"] * 7


def test_fewer_planes_than_nations_deal_out_satellites():
    (owner,) = owners([("USA", None), ("JPN", None), ("KOR", None)], [(8, 2)])
    assert owner.tolist() == ["USA", "JPN", "KOR", "USA", "JPN", "KOR", "USA", "JPN"]
    (real,) = owners([("USA", None), ("JPN", None)], [(5, 0)])
    assert real.tolist() == ["USA", "JPN", "USA", "JPN", "USA"]


def test_as_many_constellations_as_names_are_one_each_and_one_name_owns_all():
    both = owners([("USA", None), ("JPN", None)], [(4, 2), (3, 3)])
    assert [counted(one) for one in both] == [{"USA": 4}, {"JPN": 3}]
    alone = owners([("JPN", None)], [(4, 2), (3, 3)])
    assert [counted(one) for one in alone] == [{"JPN": 4}, {"JPN": 3}]


def test_without_names_they_are_nobodys():
    assert owners([], [(3, 1)])[0].tolist() == ["", "", ""]
    assert owners([("USA", None)], []) == []


@given(st.integers(1, 8), st.integers(1, 8), st.integers(2, 5))
def test_shares_of_names_differ_by_a_plane_at_the_most(planes, each, nations):
    total = planes * each
    asked = [(name, None) for name in NAMES[:nations]]
    if total < nations:
        with pytest.raises(InputError, match=f"are {nations} nations for {total} satellites"):
            owners(asked, [(total, planes)])
        return
    shares = counted(owners(asked, [(total, planes)])[0])
    assert set(shares) == set(NAMES[:nations])
    assert sum(shares.values()) == total
    assert max(shares.values()) - min(shares.values()) <= (each if planes >= nations else 1)


def test_limits_of_several_layers_are_those_of_each_of_their_satellites():
    low = Limits(elevation_rad=0.1, crossing_rad=0.26)
    far = Limits(range_m=np.array([1e6, 2e6]))
    assert joined([low], [3]) is low
    both = joined([low, far], [3, 2])
    assert both.elevation_rad.tolist() == [0.1, 0.1, 0.1, -np.pi / 2, -np.pi / 2]
    assert both.range_m.tolist() == [np.inf, np.inf, np.inf, 1e6, 2e6]
    assert both.nadir_rad is None
    assert both.crossing_rad == 0.26
