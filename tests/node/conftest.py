"""One nation alone, with its own sensors."""

import pytest

from noroshi.exercise.nations import nodes
from tests.exercise.made import quiet


@pytest.fixture(scope="session")
def watchers(replayed):
    """Japan's own sensors of the shipped scenario."""
    return [sensor for sensor in replayed.sensors if sensor.nation == "JPN"]


@pytest.fixture
def japan(replayed, watchers):
    """Its node before anything happens."""
    return nodes(quiet(replayed, watchers, 20_000.0), "national", 0)["JPN"]
