"""Lines and points against the shipped areas, with the published coordinates of towns and islands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.alerting.areas import containing, crossing, neighbours
from noroshi.catalogue.areas import NATIONS, load_areas

ALL = load_areas(NATIONS)

# Prefectural offices (Geospatial Information Authority of Japan); Kagoshima: city hall, off the landfill.
JAPAN = """
Hokkaido 43.064 141.347 | Aomori 40.824 140.740 | Iwate 39.704 141.153 | Miyagi 38.269 140.872
Akita 39.719 140.103 | Yamagata 38.241 140.363 | Fukushima 37.750 140.468 | Ibaraki 36.341 140.447
Tochigi 36.566 139.884 | Gunma 36.391 139.061 | Saitama 35.857 139.649 | Chiba 35.605 140.123
Tokyo 35.689 139.692 | Kanagawa 35.448 139.643 | Niigata 37.902 139.024 | Toyama 36.695 137.211
Ishikawa 36.594 136.626 | Fukui 36.065 136.222 | Yamanashi 35.664 138.568 | Nagano 36.651 138.181
Gifu 35.391 136.722 | Shizuoka 34.977 138.383 | Aichi 35.180 136.907 | Mie 34.730 136.509
Shiga 35.004 135.868 | Kyoto 35.021 135.756 | Osaka 34.686 135.520 | Hyogo 34.691 135.183
Nara 34.685 135.833 | Wakayama 34.226 135.168 | Tottori 35.504 134.238 | Shimane 35.472 133.051
Okayama 34.662 133.935 | Hiroshima 34.396 132.459 | Yamaguchi 34.186 131.471 | Tokushima 34.066 134.559
Kagawa 34.340 134.043 | Ehime 33.842 132.766 | Kochi 33.560 133.531 | Fukuoka 33.606 130.418
Saga 33.249 130.299 | Nagasaki 32.745 129.874 | Kumamoto 32.790 130.742 | Oita 33.238 131.613
Miyazaki 31.911 131.424 | Kagoshima 31.597 130.557 | Okinawa 26.213 127.681
"""
ISLANDS_OF_JAPAN = """
Tokyo (Izu Islands) 34.745 139.370 | Tokyo (Izu Islands) 33.110 139.795
Tokyo (Ogasawara Islands) 27.080 142.215 | Tokyo (Ogasawara Islands) 24.780 141.325
Tokyo (Minamitorishima) 24.290 153.980 | Kagoshima (Osumi Islands) 30.340 130.520
Kagoshima (Tokara Islands) 29.850 129.870 | Kagoshima (Amami Islands) 28.365 129.480
Kagoshima (Amami Islands) 27.040 128.425 | Okinawa (Miyako and Yaeyama Islands) 24.360 124.160
Okinawa (Miyako and Yaeyama Islands) 24.800 125.300 | Okinawa (Daito Islands) 25.840 131.240
Nagasaki (Tsushima) 34.220 129.280 | Nagasaki (Goto Islands) 32.690 128.800 | Nagasaki 33.790 129.720
Shimane (Oki Islands) 36.230 133.300 | Niigata 38.050 138.400 | Hokkaido 42.150 139.470
"""
KOREA = """
Seoul 37.567 126.978 | Busan 35.180 129.076 | Daegu 35.871 128.601 | Incheon 37.456 126.705
Gwangju 35.174 126.912 | Daejeon 36.350 127.385 | Ulsan 35.538 129.311 | Sejong 36.480 127.289
Gyeonggi 37.264 127.029 | Gangwon 37.881 127.730 | North Chungcheong 36.642 127.489
South Chungcheong 36.815 127.114 | North Jeolla 35.824 127.148 | South Jeolla 34.950 127.487
North Gyeongsang 36.568 128.729 | South Gyeongsang 35.228 128.681 | Jeju 33.490 126.531
Incheon (Baengnyeong and Daecheong) 37.960 124.670 | Incheon (Yeonpyeong) 37.667 125.695
Incheon 37.740 126.480 | North Gyeongsang (Ulleung) 37.500 130.870
South Jeolla (Heuksan Islands) 34.675 125.420
"""
UNITED_STATES = """
Hawaii (Oahu) 21.310 -157.850 | Hawaii (Hawaii Island) 19.700 -155.090 | Guam 13.475 144.750
Hawaii (Maui, Molokai and Lanai) 20.885 -156.490 | Hawaii (Kauai and Niihau) 21.980 -159.370
Northern Mariana Islands 15.190 145.750 | Alaska 61.218 -149.900 | Alaska 58.302 -134.410
Alaska (Kodiak Archipelago) 57.500 -153.500 | Alaska (Aleutian Islands) 52.900 173.000
Alaska (Aleutian Islands) 51.800 -176.650 | Alaska (Bering Sea Islands) 63.400 -170.300
District of Columbia 38.895 -77.030 | California 34.050 -118.240 | New York 40.780 -73.965
Florida 25.770 -80.200 | Washington 47.600 -122.320 | Colorado 39.740 -104.990 | Puerto Rico 18.400 -66.060
"""
AUSTRALIA = """
New South Wales -33.868 151.200 | Australian Capital Territory -35.282 149.129 | Victoria -37.810 144.963
Queensland -27.470 153.020 | South Australia -34.929 138.600 | Western Australia -31.950 115.860
Northern Territory -12.440 130.870 | Tasmania -42.880 147.310 | Northern Territory -23.700 133.880
Tasmania (King Island) -39.880 143.980 | Tasmania (Furneaux Islands) -40.050 148.050
New South Wales (Lord Howe Island) -31.535 159.075 | Norfolk Island -29.040 167.950
Christmas Island -10.490 105.640
"""
BRITAIN = """
Westminster 51.512 -0.150 | City of London 51.514 -0.092 | Edinburgh 55.930 -3.250 | Cardiff 51.490 -3.190
Belfast 54.597 -5.935 | Birmingham 52.480 -1.900 | Manchester 53.475 -2.245 | Wirral 53.370 -3.080
Halton 53.340 -2.720 | St Helens 53.453 -2.737 | Orkney 58.975 -2.960 | Shetland Islands 60.300 -1.250
North Ayrshire 55.600 -5.220 | Eilean Siar 58.200 -6.450 | Isle of Wight 50.690 -1.300
"""


def rows(nation: str, table: str) -> list[tuple[str, str, float, float]]:
    """(nation, name, lat, lon) of every entry of a table."""
    entries = [entry.rsplit(maxsplit=2) for entry in table.replace("\n", "|").split("|") if entry.strip()]
    return [(nation, name.strip(), float(lat), float(lon)) for name, lat, lon in entries]


PLACES = [
    *rows("JPN", JAPAN),
    *rows("JPN", ISLANDS_OF_JAPAN),
    *rows("KOR", KOREA),
    *rows("USA", UNITED_STATES),
    *rows("AUS", AUSTRALIA),
    *rows("GBR", BRITAIN),
]


def column(hit: np.ndarray, nation: str, name: str) -> np.ndarray:
    """The column of `hit` that belongs to one area."""
    return hit[..., list(zip(ALL.nation, ALL.name, strict=True)).index((nation, name))]


def named(hit: np.ndarray) -> set[str]:
    """Names of the areas that are true in one row."""
    return {ALL.name[i] for i in np.flatnonzero(hit)}


def test_every_city_lies_in_its_area_and_in_no_other():
    _, _, lat_deg, lon_deg = zip(*PLACES, strict=True)
    inside = containing(ALL, np.array(lat_deg), np.array(lon_deg))
    assert {place: named(row) for place, row in zip(PLACES, inside, strict=True)} == {
        place: {place[1]} for place in PLACES
    }


def test_the_city_of_tokyo_and_its_two_island_chains_are_warned_apart():
    inside = containing(ALL, np.array([35.689, 33.110, 27.080]), np.array([139.692, 139.795, 142.215]))
    assert named(inside[0]) == {"Tokyo"}
    assert named(inside[1]) == {"Tokyo (Izu Islands)"}
    assert named(inside[2]) == {"Tokyo (Ogasawara Islands)"}


def test_the_sea_lies_in_no_area():
    inside = containing(ALL, np.array([38.0, 30.0, 0.0, 55.0]), np.array([134.0, 150.0, -30.0, 180.0]))
    assert not inside.any()


def test_a_flight_over_tsugaru_touches_the_lands_it_passes_and_no_other():
    # East along 40.8 N: the sea, Aomori from coast to coast, the Pacific.
    lon_deg = np.linspace(130.0, 170.0, 60)
    assert named(crossing(ALL, np.full((1, 60), 40.8), lon_deg[None])[0]) == {"Aomori"}


def test_a_line_that_jumps_over_an_area_between_two_points_touches_it():
    assert named(crossing(ALL, np.array([[40.8, 40.8]]), np.array([[139.0, 143.0]]))[0]) == {"Aomori"}


def test_a_line_over_the_antimeridian_touches_the_aleutians_on_both_sides():
    # Attu, 173 E, and Adak, 177 W, each alone, then one line over both.
    lat_deg = np.array([[53.5, 52.0], [52.5, 51.0], [52.9, 51.8]])
    lon_deg = np.array([[172.9, 172.9], [-176.7, -176.7], [172.5, 183.4]])
    hit = crossing(ALL, lat_deg, lon_deg)
    assert column(hit, "USA", "Alaska (Aleutian Islands)").all()
    wrapped_deg = (lon_deg + 180) % 360 - 180
    assert (crossing(ALL, lat_deg, wrapped_deg) == hit).all()


def test_a_line_over_the_antimeridian_does_not_run_the_other_way_round_the_world():
    assert not crossing(ALL, np.array([[40.0, 40.0]]), np.array([[179.0, -179.0]])).any()


def test_points_that_are_not_numbers_are_left_out():
    nan = np.nan
    lat_deg = np.array([[40.8, nan, 40.8], [nan, 40.8, nan], [nan, nan, nan], [nan, 40.8, 40.8]])
    lon_deg = np.array([[139.0, nan, 143.0], [nan, 140.7, nan], [nan, nan, nan], [nan, 139.0, 143.0]])
    hit = crossing(ALL, lat_deg, lon_deg)
    assert [named(row) for row in hit] == [{"Aomori"}, {"Aomori"}, set(), {"Aomori"}]


def test_no_line_and_no_area_give_an_empty_table():
    assert crossing(ALL, np.empty((0, 5)), np.empty((0, 5))).shape == (0, len(ALL.name))
    assert crossing(load_areas([]), np.zeros((2, 5)), np.zeros((2, 5))).shape == (2, 0)
    assert containing(ALL, np.empty(0), np.empty(0)).shape == (0, len(ALL.name))


# Sixty-fourths of a degree are exact in binary, and stay so when a turn is added.
LAT, LON, LAT_JAPAN, LON_JAPAN = (
    st.integers(low * 64, high * 64).map(lambda x: x / 64)
    for low, high in ((-60, 72), (-180, 180), (24, 46), (123, 146))
)
NEAR_JAPAN = st.tuples(LAT_JAPAN, LON_JAPAN)
LINE = st.lists(st.one_of(NEAR_JAPAN, st.tuples(LAT, LON)), min_size=2, max_size=6)


@settings(max_examples=60, deadline=None)
@given(line=LINE, turn=st.sampled_from([-2, -1, 1, 2]))
def test_a_turn_of_the_earth_changes_no_answer(line, turn):
    lat_deg, lon_deg = np.array(line).T
    on_deg = lon_deg + 360 * turn
    assert (crossing(ALL, lat_deg[None], lon_deg[None]) == crossing(ALL, lat_deg[None], on_deg[None])).all()
    assert (containing(ALL, lat_deg, lon_deg) == containing(ALL, lat_deg, on_deg)).all()


@settings(max_examples=60, deadline=None)
@given(before=LINE, point=NEAR_JAPAN, after=LINE)
def test_a_line_through_a_point_touches_the_area_that_contains_the_point(before, point, after):
    lat_deg, lon_deg = np.array([*before, point, *after]).T
    inside = containing(ALL, np.array(point[:1]), np.array(point[1:]))
    assert (crossing(ALL, lat_deg[None], lon_deg[None]) | ~inside).all()


@settings(max_examples=60, deadline=None)
@given(line=LINE, more=LINE)
def test_a_longer_line_touches_no_fewer_areas(line, more):
    lat_deg, lon_deg = np.array([*line, *more]).T[:, None]
    n = len(line)
    assert (crossing(ALL, lat_deg, lon_deg) | ~crossing(ALL, lat_deg[:, :n], lon_deg[:, :n])).all()


@pytest.mark.parametrize(
    "nation, name, beside",
    [
        ("JPN", "Aomori", {"Akita", "Iwate"}),
        ("JPN", "Tokyo", {"Chiba", "Kanagawa", "Saitama", "Yamanashi"}),
        ("JPN", "Okinawa", set()),
        ("JPN", "Fukuoka", {"Kumamoto", "Oita", "Saga", "Yamaguchi"}),  # Yamaguchi over the Kanmon strait
        ("KOR", "Jeju", set()),
        ("USA", "Colorado", {"Arizona", "Kansas", "Nebraska", "New Mexico", "Oklahoma", "Utah", "Wyoming"}),
        ("AUS", "Australian Capital Territory", {"New South Wales"}),
    ],
)
def test_neighbours_are_the_areas_next_door(nation, name, beside):
    index = list(zip(ALL.nation, ALL.name, strict=True)).index((nation, name))
    found = neighbours(ALL, index)
    assert {ALL.name[i] for i in found} == beside
    assert {ALL.nation[i] for i in found} <= {nation}


def test_neighbours_are_mutual():
    areas = load_areas(["JPN", "KOR"])
    beside = [neighbours(areas, i) for i in range(len(areas.name))]
    assert all(i in beside[j] for i, found in enumerate(beside) for j in found)
