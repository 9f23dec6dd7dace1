import pytest

from noroshi.catalogue.scenario import load_scenario
from noroshi.catalogue.template import new_scenario
from noroshi.errors import InputError


def test_a_new_scenario_checks_clean(tmp_path):
    file = tmp_path / "my-drill.toml"
    file.write_text(new_scenario("my-drill"), encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.name == "my-drill"
    assert scenario.file == str(file)
    assert (len(scenario.launches), scenario.nations) == (1, ("JPN", "USA"))


def test_a_new_scenario_tells_what_to_do_with_it():
    text = new_scenario("my-drill")
    assert "noroshi check my-drill.toml" in text
    assert "noroshi run my-drill.toml" in text
    assert sum(line.lstrip().startswith("#") for line in text.splitlines()) > 20


@pytest.mark.parametrize(
    "name, hint",
    [
        ("my drill", 'Try "my-drill".'),
        ("../up", 'Try "up".'),
        ("", ""),
        ("a/b", 'Try "a-b".'),
        ("-x", 'Try "x".'),
    ],
)
def test_a_name_that_is_no_file_name_is_refused(name, hint):
    with pytest.raises(InputError) as caught:
        new_scenario(name)
    assert "must be letters, digits, - and _ only" in str(caught.value)
    assert str(caught.value).endswith(hint)
