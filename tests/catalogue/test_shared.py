"""What a scenario takes over from shipped files instead of writing it down again, and launches that fail."""

import json
import tomllib
from datetime import datetime

import jsonschema
import pytest

from noroshi.catalogue import door, schema
from noroshi.catalogue.scenario import load_scenario, with_overrides
from noroshi.catalogue.sites import load_sites
from noroshi.catalogue.template import new_scenario
from noroshi.catalogue.threats import load_threat
from noroshi.errors import InputError

# Without the rows of the tornado, which name the template's own threat.
TEMPLATE = new_scenario("probe").partition("# --- Which numbers")[0]
SENSORS = TEMPLATE.index("[[sensors]]"), TEMPLATE.index("# --- Arrangements")
ARMS = TEMPLATE.index("[arms.national]"), TEMPLATE.index("# --- What happened")
LAUNCH = 'threat = "irbm-single-stage"'
AT_S = 'at_s = { value = 90.0, confidence = "published", source = "a test" }'
COUNT = 'fragments = { value = 9.0, confidence = "published", source = "a test" }'
# Tables after the launch end its own keys, so that a failure is written inline.
LOSS = f'failure = {{ kind = "thrust-loss", figures = "planned", {AT_S} }}\n'


@pytest.fixture
def load(tmp_path):
    def read(text):
        (tmp_path / "probe.toml").write_text(text, encoding="utf-8")
        return load_scenario(tmp_path / "probe.toml")

    return read


@pytest.fixture
def refused(load):
    def said(text):
        with pytest.raises(InputError) as caught:
            load(text)
        return str(caught.value)

    return said


def with_sensors(rows):
    return TEMPLATE[: SENSORS[0]] + rows + TEMPLATE[SENSORS[1] :]


def with_launch(lines, threat=LAUNCH):
    return TEMPLATE.replace(LAUNCH, threat).replace("launch_time_s = 0.0", f"{lines}launch_time_s = 0.0", 1)


def test_a_site_stands_as_the_public_catalogue_has_it_but_for_what_is_said_otherwise(load):
    rows = '[[sensors]]\nsite = "JPN-Sado"\n[[sensors]]\nsite = "JPN-E767"\nid = "JPN-Air"\npresent = true\n'
    sado, air = load(with_sensors(rows)).sensors
    public = {sensor.id: sensor for sensor in load_sites(["JPN"])}
    assert sado == public["JPN-Sado"]
    assert not public["JPN-E767"].present
    assert air == public["JPN-E767"].model_copy(update={"id": "JPN-Air", "present": True})


def test_a_site_that_nobody_knows_is_refused(refused):
    said = refused(with_sensors('[[sensors]]\nsite = "JPN-Sadow"\n'))
    assert "sensors.0.site = 'JPN-Sadow'\n  is not a known sensor. Did you mean \"JPN-Sado\"?" in said


def test_a_shipped_set_of_arms_is_that_of_the_shipped_case(load):
    text = TEMPLATE[: ARMS[0]] + TEMPLATE[ARMS[1] :]
    found = load(
        text.replace('nations = ["JPN", "USA"]', 'arms = "trilateral"\nnations = ["JPN", "KOR", "USA"]')
    )
    assert found.arms == load_scenario("japan-2022-10-04").arms


def test_a_set_of_arms_that_nobody_knows_is_refused(refused):
    text = TEMPLATE[: ARMS[0]] + TEMPLATE[ARMS[1] :]
    said = refused(text.replace("nations =", 'arms = "trilatral"\nnations =', 1))
    assert "arms = 'trilatral'\n  is not a known set of arms. Did you mean \"trilateral\"?" in said


def test_a_threat_is_like_a_shipped_one_but_for_what_it_says_itself(load):
    spread = 'kind = "fixed", value = 170.0, confidence = "published", source = "a test"'
    told = f'\n[threats.mine]\nlike = "icbm"\nstages = 3\nseparates = true\nburn_s = {{ {spread} }}\n'
    told += f"[threats.mine.belief]\nburn_s = {{ {spread} }}\n"
    mine = load(with_launch("", 'threat = "mine"') + told).launches[0].threat
    shipped = load_threat("icbm")
    assert (mine.stages, mine.separates, mine.burn_s.value) == (3, True, 170.0)
    assert mine.belief.burn_s.value == 170.0
    assert mine.belief.specific_impulse_s == shipped.belief.specific_impulse_s
    mine = mine.model_copy(
        update={name: getattr(shipped, name) for name in ("name", "stages", "separates", "burn_s", "belief")}
    )
    assert mine == shipped


def test_a_threat_like_nothing_known_is_refused(refused):
    said = refused(TEMPLATE + '\n[threats.mine]\nlike = "icmb"\n')
    assert "threats.mine.like = 'icmb'\n  is not a known threat profile. Did you mean \"icbm\"?" in said


@pytest.mark.parametrize(
    "launch, threat, need",
    [
        (LOSS, LAUNCH, None),
        (LOSS.replace("thrust-loss", "break-up"), LAUNCH, "fragments\n  is missing: a break-up leaves"),
        (LOSS.replace(" }\n", f", {COUNT} }}\n"), LAUNCH, "fragments.*has no place here: what loses its"),
        (LOSS.replace("90.0", "-1.0"), LAUNCH, "failure.at_s = -1.0\n  must be above 0"),
        (LOSS.replace("thrust-loss", "boredom"), LAUNCH, "failure.kind = 'boredom'"),
        (LOSS.replace('figures = "planned", ', ""), LAUNCH, "failure.figures"),
        ("", 'threat = "space"', "flight_time_min = 14.0\n  has no place here: what reaches orbit does"),
        (LOSS.replace("planned", "flown"), 'threat = "space"', 'failure.figures = .flown.\n  must be "plan'),
        (LOSS + "upper_pitch_deg" + AT_S[4:] + "\n", 'threat = "space"', "upper stages of a space launch"),
        ("upper_pitch_deg" + AT_S[4:] + "\n", LAUNCH, 'upper_pitch_deg = 90.0\n  has no meaning: the threat'),
        ("upper_pitch_deg" + AT_S[4:] + "\n", 'threat = "icbm"', None),
    ],
)  # fmt: skip
def test_what_makes_no_sense_of_a_launch_is_refused(load, launch, threat, need):
    text = with_launch(launch, threat)
    if need is None:
        assert load(text).launches[0].apogee_km.value == 550
        return
    with pytest.raises(InputError, match=f"(?s){need}"):
        load(text)


def test_fields_of_what_was_taken_over_can_be_changed_like_any(load):
    """A study's paths; what filters expect is named, and stays."""
    scenario = load_scenario("japan-2022-11-03")
    values = {
        "sensors.JPN-Sado.mask_deg": 2.0,
        "launches.L1.failure.at_s": 200.0,
        "threats.icbm.burn_s": 250.0,
    }
    changed = with_overrides(scenario, values)
    sado = next(sensor for sensor in changed.sensors if sensor.id == "JPN-Sado")
    assert (sado.mask_deg.value, changed.launches[0].failure.at_s.value) == (2.0, 200.0)
    assert changed.expects.burn_s.value == 250.0 and changed.arms == scenario.arms


@pytest.mark.parametrize("name", ["japan-2022-11-03", "japan-2023-04-13"])
def test_scenarios_that_take_over_fit_the_schema(name):
    text = (door.DATA / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    plain = json.loads(
        json.dumps(
            tomllib.loads(text), default=lambda one: one.isoformat() if isinstance(one, datetime) else ""
        )
    )
    jsonschema.validate(plain, schema.scenario_schema())
    for wrong in ({"sensors": [{"site": 5}]}, {"arms": 5}, {"threats": {"mine": {"like": 5}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(plain | wrong, schema.scenario_schema())
