"""Who can be reached: over a line or through those who may pass on, and else it is said why not."""

import itertools

import pytest

from noroshi.catalogue.policies import load_policies
from noroshi.sharing.paths import cut_off
from noroshi.sharing.policy import Policy
from noroshi.sharing.release import addressees, compile_table

FIVE = ("USA", "JPN", "KOR", "AUS", "GBR")
STAR = {frozenset(("USA", nation)) for nation in FIVE[1:]}
MESH = {frozenset(pair) for pair in itertools.combinations(FIVE, 2)}
KINDS = ("launch_report", "forecast", "alert")


@pytest.fixture(scope="module")
def tables():
    return {
        arm: compile_table(load_policies(arm, FIVE), FIVE, KINDS)
        for arm in ("national", "five-bilateral", "five-hub", "mesh")
    }


def test_whoever_has_a_line_to_everybody_is_cut_off_from_nobody(tables):
    for table in tables.values():
        for nation in FIVE:
            assert cut_off(table, MESH, (), nation) == {}


def test_a_hub_that_may_pass_on_reaches_all_that_its_partners_write_for(tables):
    for arm in ("five-bilateral", "five-hub"):
        for nation in FIVE:
            assert cut_off(tables[arm], STAR, ("USA",), nation) == {}


def test_where_nobody_passes_on_only_neighbours_are_reached(tables):
    for origin in FIVE[1:]:
        found = cut_off(tables["mesh"], STAR, (), origin)
        for kind in KINDS:
            named = addressees(tables["mesh"], origin, kind)
            assert named, "a mesh is for somebody"
            assert {to for what, to in found if what == kind} == set(named) - {"USA"}
        for (_, to), why in found.items():
            assert why == f"no line from {origin} to {to}, and nobody between them passes on"


def test_what_is_for_nobody_is_cut_off_from_nobody(tables):
    for nation in FIVE:
        assert cut_off(tables["national"], set(), (), nation) == {}


ADDRESS = '@id("a")\n@reason("t")\npermit (principal, action == Action::"address", resource);\n'
GIVE = '@id("g")\n@reason("t")\npermit (principal, action == Action::"release", resource);\n'
PASS = '@id("p")\n@reason("t")\npermit (principal, action == Action::"relay", resource);\n'
CHAIN = ("JPN", "USA", "GBR", "AUS")
LINES = {frozenset(pair) for pair in itertools.pairwise(CHAIN)}


def table_of(**texts):
    policies = {name: Policy(name, texts.get(name, ADDRESS + GIVE + PASS)) for name in CHAIN}
    return compile_table(policies, CHAIN, KINDS)


def test_a_chain_of_relays_reaches_its_end():
    assert cut_off(table_of(), LINES, ("USA", "GBR"), "JPN") == {}


@pytest.mark.parametrize(
    "silent, passes", [("USA", ADDRESS + GIVE), ("GBR", ADDRESS + GIVE), ("JPN", ADDRESS)]
)
def test_a_chain_ends_where_a_policy_is_silent(silent, passes):
    found = cut_off(table_of(**{silent: passes}), LINES, ("USA", "GBR"), "JPN")
    assert {to for _, to in found} == ({"AUS"} if silent == "GBR" else {"GBR", "AUS"})


def test_a_policy_in_the_way_is_named():
    found = cut_off(table_of(USA=ADDRESS + GIVE), LINES, ("USA", "GBR"), "JPN")
    assert found["forecast", "GBR"] == "no line from JPN to GBR, and no policy lets USA pass it on"
    assert found["forecast", "AUS"] == "no line from JPN to AUS, and nobody between them passes on"
