"""What many tests look at, made once: the shipped scenario, its world and a run of each arm."""

import pytest
from hypothesis import settings

from noroshi.catalogue.scenario import Scenario, load_scenario
from noroshi.exercise.world import World, build
from tests.exercise.watched import Watched, watch

# A first call compiles, and the machine may be busy: how long one example takes says nothing about the world.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def replayed() -> Scenario:
    """The shipped scenario of 4 October 2022."""
    return load_scenario("japan-2022-10-04")


@pytest.fixture(scope="session")
def world(replayed: Scenario) -> World:
    """Its world of seed 0."""
    return build(replayed, 0)


@pytest.fixture(scope="session")
def arms(replayed: Scenario, world: World) -> dict[str, Watched]:
    """Every arm of that world, run to its end."""
    return {arm: watch(replayed, 0, arm, world) for arm in replayed.arms}
