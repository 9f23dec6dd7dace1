"""What policies are expected to decide."""

import pytest

from noroshi.catalogue.expectations import judge, load_expectations
from noroshi.catalogue.policies import SHIPPED, shipped_arms
from noroshi.errors import InputError

CASE = """
[[case]]
nation = "JPN"
to = "USA"
kind = "forecast"
expect = "allowed"
"""


@pytest.fixture
def outcomes(tmp_path):
    """What comes of expectations in a file of one's own, against the shipped hub."""

    def of(text, policy="hub"):
        path = tmp_path / "tests.toml"
        path.write_text(f'policy = "{policy}"\n{text}')
        return list(judge(*load_expectations(path)))

    return of


@pytest.mark.parametrize("arm", shipped_arms())
def test_every_shipped_policy_decides_as_its_expectations_say(arm):
    told, policies = load_expectations(SHIPPED / arm / "tests.toml")
    assert [(one.told, one.differs) for one in judge(told, policies) if one.differs] == []
    # Every nation of the folder is asked about, and refusals as well as what goes.
    nations = {one for case in told.case for one in (case.nation, case.to, case.by)}
    assert set(policies) <= nations
    assert {case.expect for case in told.case} >= {"refused"}


@pytest.mark.parametrize(
    "line, differs",
    [
        ("", ()),
        ('goes = "elements"', ()),
        ('rule = "hub-jpn-elements-to-hub"', ()),
        ('goes = "whole"', ("goes as elements, must go as whole",)),
        ('label = "REL JPN KOR"', ("is refused, must be allowed",)),
        ("exercise = false", ("is refused, must be allowed",)),
        ('kind = "track"', ("is refused, must be allowed",)),
        ('fed_by = ["JPN-1", "AUS"]', ("is refused, must be allowed",)),
        ('rule = "label"', ("by hub-jpn-elements-to-hub, must be by label",)),
    ],
)
def test_what_differs_is_told(outcomes, line, differs):
    case = CASE.replace('kind = "forecast"\n', "") if line.startswith("kind") else CASE
    (one,) = outcomes(case + line)
    assert one.differs == differs


def test_a_case_is_called_by_its_name_or_by_what_it_is(outcomes):
    named, out, by = outcomes(
        CASE + 'name = "to the hub"' + CASE + CASE.replace("to =", "by =").replace("allowed", "refused")
    )
    assert named.told == "to the hub"
    assert out.told == "JPN -> USA: whole forecast of JPN"
    assert by.told == "JPN <- USA: whole forecast of USA"


def test_policies_of_ones_own_lie_beside_the_file(tmp_path):
    (tmp_path / "JPN.cedar").write_text('@id("all") @reason("r") permit (principal, action, resource);')
    path = tmp_path / "tests.toml"
    path.write_text(CASE + 'goes = "whole"\nrule = "all"')
    (one,) = judge(*load_expectations(path))
    assert one.differs == ()
    path.write_text('policy = "JPN.cedar"\n' + CASE)
    assert not next(judge(*load_expectations(path))).differs


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "case\n  is missing"),
        ("case = 3", "case = 3"),
        (CASE.replace("expect", "expct"), 'Did you mean "expect"?'),
        (CASE.replace('"allowed"', '"yes"'), "case.0.expect = 'yes'"),
        (CASE.replace('"JPN"', '"Japan"'), "nation = 'Japan'"),
        (CASE.replace('"JPN"', '"FRA"'), "nation = 'FRA'\n  is nobody here"),
        (CASE.replace('"JPN"', '"AUS"'), "nation = 'AUS'\n  has no policy here"),
        (CASE.replace('to = "USA"\n', ""), "needs either `to`"),
        (CASE + 'by = "KOR"', "needs either `to`"),
        (CASE.replace("to =", "by =") + 'label = "REL USA JPN"', "has no place where something comes in"),
        (
            CASE.replace("allowed", "refused") + 'goes = "whole"',
            "has a place only where something is allowed",
        ),
        (CASE + 'label = "REL USA JPN"', "must be of JPN, who wrote the message"),
        (CASE + 'label = "JPN"', "must read REL"),
        (CASE + 'rule = "hub-jpn-elements-to-hb"', 'Did you mean "hub-jpn-elements-to-hub"?'),
        (CASE + "rule = [", "is not valid TOML"),
    ],
)
def test_a_file_that_expects_nonsense_is_refused_with_its_place(outcomes, text, words):
    with pytest.raises(InputError) as error:
        outcomes(text)
    assert words in str(error.value) and "tests.toml" in str(error.value)


@pytest.mark.parametrize(
    "policy, words",
    [
        ("huub", 'Did you mean "hub"?'),
        (".", "holds no policy"),
        ("tests.toml", "must be called after its nation"),
    ],
)
def test_policies_that_are_not_there_are_missed(outcomes, policy, words):
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        outcomes(CASE, policy)
