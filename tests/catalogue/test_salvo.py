"""A salvo is written once and flown as that many launches."""

import pytest

from noroshi.catalogue.scenario import load_scenario
from noroshi.catalogue.template import new_scenario
from noroshi.errors import InputError
from noroshi.exercise.draw import flight

LAUNCH = 'id = "L1"\n'


@pytest.fixture
def written(tmp_path):
    def write(lines: str) -> str:
        text = new_scenario("salvo")
        assert LAUNCH in text
        (tmp_path / "salvo.toml").write_text(text.replace(LAUNCH, LAUNCH + lines))
        return str(tmp_path / "salvo.toml")

    return write


def test_a_salvo_is_as_many_launches_one_after_the_other(written):
    one = load_scenario(written("")).launches[0]
    three = load_scenario(written("count = 3\ninterval_s = 20.0\n")).launches
    assert [launch.id for launch in three] == ["L1-1", "L1-2", "L1-3"]
    assert [launch.launch_time_s - one.launch_time_s for launch in three] == [0, 20, 40]
    assert all(launch.apogee_km == one.apogee_km for launch in three)


def test_each_launch_of_a_salvo_is_drawn_on_its_own(written):
    scenario = load_scenario(written("count = 2\ninterval_s = 20.0\n"))
    first, second = (flight(scenario, launch, 0).fit for launch in scenario.launches)
    assert first.apogee_km != second.apogee_km
    assert first.missile.stages[0].burn_s != second.missile.stages[0].burn_s


@pytest.mark.parametrize(
    "lines, field",
    [
        ("count = 0\n", "launches.L1.count = 0"),
        ("count = 101\n", "launches.L1.count = 101"),
        ('count = "three"\n', "launches.L1.count = 'three'"),
        ("count = 3\ninterval_s = -1.0\n", "interval_s = -1.0"),
    ],
)
def test_a_salvo_that_makes_no_sense_is_refused(written, lines, field):
    with pytest.raises(InputError) as refused:
        load_scenario(written(lines))
    assert field in str(refused.value)
