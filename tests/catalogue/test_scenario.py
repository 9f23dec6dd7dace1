import re
import subprocess
import sys

import numpy as np
import pytest

from noroshi.catalogue.assemble import shipped_names
from noroshi.catalogue.eyes import place_at
from noroshi.catalogue.figures import Spread
from noroshi.catalogue.scenario import list_scenarios, load_scenario
from noroshi.catalogue.sensors import RadarProfile
from noroshi.catalogue.sites import load_sites
from noroshi.catalogue.template import new_scenario
from noroshi.errors import InputError


def test_the_shipped_scenario_holds_the_announced_flight(replayed):
    (launch,) = replayed.launches
    # The figures of Japan's Ministry of Defense, and the launch point of the CNS-derived data set.
    assert (launch.apogee_km.value, launch.range_km.value, launch.flight_time_min.value) == (1000, 4600, 22)
    assert (launch.launch_lat_deg.value, launch.launch_lon_deg.value) == (40.611208, 126.425743)
    assert (launch.bearing_deg.value, launch.bearing_convention) == (80, "great-circle")
    assert replayed.epoch_utc.isoformat() == "2022-10-03T22:22:00+00:00"
    assert replayed.as_it_was.alert_s == {"Hokkaido": 300, "Aomori": 420}


def test_the_shipped_scenario_has_the_sensors_of_three_nations(replayed):
    by_nation = {
        nation: sorted(sensor.profile.name for sensor in replayed.sensors if sensor.nation == nation)
        for nation in replayed.nations
    }
    assert by_nation == {
        "JPN": ["j-fps-5"] * 4 + ["spy-1d-bmd"],
        "KOR": ["green-pine-block-b"] * 2,
        "USA": ["an-tpy-2-forward"] * 2 + ["geo-infrared"] * 2 + ["spy-1d-bmd"],
    }


def test_only_the_arms_that_came_later_are_retroactive(replayed):
    assert {name: arm.retroactive for name, arm in replayed.arms.items()} == {
        "national": False, "bilateral": False, "hub": True, "direct": True,
    }  # fmt: skip


def test_asking_for_consent_takes_longer_than_the_hub(replayed):
    (consent,), (hub,) = replayed.arms["bilateral"].relay, replayed.arms["hub"].relay
    assert consent.delay_s.low > 10 * hub.delay_s.high


@pytest.mark.parametrize("name", [one.name for one in list_scenarios()])
def test_every_number_of_a_shipped_scenario_states_its_source(name):
    figures = list(load_scenario(name).figures())
    assert len(figures) > 100
    for path, figure in figures:
        assert figure.source.strip(), path
        if figure.confidence == "assumed":
            assert figure.source.startswith("assumption:"), path
            assert figure.low < figure.high, path
        else:
            assert re.search(
                r"http|Ministry|data/record|formulas|Mount|Cape|definition|half the", figure.source
            ), path


def test_profiles_are_listed_once(replayed):
    paths = [path for path, _ in replayed.figures()]
    assert len(paths) == len(set(paths))
    assert "profiles.j-fps-5.search_range_km" in paths
    assert "sensors.JPN-Sado.height_m" in paths
    assert not any(".profile." in path or ".threat." in path for path in paths)


def test_every_shipped_profile_and_nation_is_used_by_a_site_or_a_scenario():
    shipped = [load_scenario(one.name) for one in list_scenarios()]
    stood = [sensor for scenario in shipped for sensor in scenario.sensors] + list(load_sites())
    assert {sensor.profile.name for sensor in stood} == shipped_names("sensors")
    assert {code for scenario in shipped for code in scenario.national} == shipped_names("nations")


def test_filters_believe_less_spread_than_the_truth_has(replayed):
    for threat in replayed.threats.values():
        for name in ("specific_impulse_s", "ballistic_coefficient_kgpm2"):
            truth, belief = getattr(threat, name), getattr(threat, f"believed_{name}")
            assert truth.low <= belief.low < belief.high <= truth.high
            assert belief.high - belief.low < truth.high - truth.low
        # A burn that has no chance could never be learnt.
        assert threat.believed_burn_s.low <= threat.burn_s.low
        assert threat.believed_burn_s.high >= threat.burn_s.high
    for profile in replayed.profiles.values():
        assert profile.believed_bias_factor.value < 1


def test_a_range_follows_the_fourth_power_of_the_target(replayed):
    radar = replayed.profiles["an-tpy-2-forward"]
    assert isinstance(radar, RadarProfile)
    reach = radar.cued_range_km
    assert reach.at_km(reach.cross_section_m2, reach.snr_db) == pytest.approx(reach.value)
    # Sixteen times the cross-section, or 12.04 dB less to ask for, doubles the range.
    assert reach.at_km(16 * reach.cross_section_m2, reach.snr_db) == pytest.approx(2 * reach.value)
    assert reach.at_km(reach.cross_section_m2, reach.snr_db - 12.0412) == pytest.approx(
        2 * reach.value, rel=1e-5
    )


def test_delays_of_people_are_spreads(replayed):
    for nation in replayed.national.values():
        for stage in ("confirm_s", "relay_s", "decide_s", "deliver_s", "update_s"):
            assert isinstance(getattr(nation, stage), Spread)


def test_a_scenario_cannot_be_changed_by_accident(replayed):
    with pytest.raises(ValueError, match="frozen"):
        replayed.duration_s = 1.0


def test_shipped_scenarios_are_listed_by_name_and_title():
    assert ("japan-2022-10-04", "4 October 2022: a missile over Tohoku") in [
        (one.name, one.title) for one in list_scenarios()
    ]


def test_a_shipped_scenario_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_scenario("japan-2022-10-04").file == "noroshi/data/scenarios/japan-2022-10-04.toml"


@pytest.mark.parametrize(
    "name, said",
    [
        ("japan-2022-10-40", 'is neither a shipped scenario nor a file. Did you mean "japan-2022-10-04"?'),
        ("", "is neither a shipped scenario nor a file. Known: "),
        ("missing.toml", "does not exist."),
        ("no/such/place.toml", "does not exist."),
    ],
)
def test_what_is_not_there_is_refused(name, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load_scenario(name)
    assert said in str(caught.value)


def test_loading_needs_no_array_library():
    """Reading a file is quick: the models import neither JAX nor plotting."""
    probe = (
        "import sys; from noroshi.catalogue.scenario import load_scenario; load_scenario('japan-2022-10-04');"
        "print(sorted({'jax', 'matplotlib', 'pyarrow', 'shapely', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CONSTELLATION = """
[[sensors]]
id = "USA-LEO"
nation = "USA"
profile = "leo-wide-infrared"
[sensors.walker]
pattern = "12/3/1"
height_km = { value = 1000.0, confidence = "published", source = "a test" }
inclination_deg = { value = 60.0, confidence = "published", source = "a test" }
node_lon_deg = { value = 20.0, confidence = "published", source = "a test" }
"""


def written(tmp_path, text):
    file = tmp_path / "probe.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_one_row_stands_for_the_satellites_of_a_constellation(tmp_path):
    text = new_scenario("probe")
    scenario = load_scenario(written(tmp_path, text + CONSTELLATION))
    twelve = [sensor for sensor in scenario.sensors if sensor.walker is not None]
    assert [one.id for one in twelve] == [f"USA-LEO-{number}" for number in range(1, 13)]
    assert [one.member for one in twelve] == list(range(12))
    places = np.array([place_at(one)[0] for one in twelve])
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + 1e9 * np.eye(12)
    assert apart.min() > 100e3


def test_a_constellation_and_a_satellite_cannot_share_a_name(tmp_path):
    text = new_scenario("probe").replace('id = "USA-IR-1"', 'id = "USA-LEO-3"')
    with pytest.raises(InputError, match="is given twice"):
        load_scenario(written(tmp_path, text + CONSTELLATION))


def moored(text, course):
    """The template with its radar on a ship that follows a course."""
    lines = [line for line in text.splitlines() if not line.startswith(("lat_deg", "lon_deg", "height_m"))]
    assert len(lines) == len(text.splitlines()) - 3
    at = next(row for row, line in enumerate(lines) if line.startswith("boresight_deg"))
    said = 'confidence = "published", source = "a test"'
    return "\n".join([*lines[:at], f"moves = {{ points = {course}, {said} }}", *lines[at:]])


def test_a_ship_must_be_known_for_all_of_the_run(tmp_path):
    text = new_scenario("probe")
    whole = "[[0, 41, 139, 0], [1100, 41.2, 139, 0]]"
    assert load_scenario(written(tmp_path, moored(text, whole))).sensors[0].moves is not None
    for course, told in (
        ("[[0, 41, 139, 0], [1000, 41.2, 139, 0]]", "[0.0, 1000.0]"),
        ("[[10, 41, 139, 0], [1100, 41.2, 139, 0]]", "[10.0, 1100.0]"),
    ):
        file = written(tmp_path, moored(text, course))
        with pytest.raises(InputError) as caught:
            load_scenario(file)
        assert str(caught.value) == (
            f"{file}: sensors.JPN-Ominato.moves = {told}\n  must cover the whole run, 0 to 1100 s."
        )
