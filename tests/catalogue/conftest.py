"""A small scenario to break on purpose."""

from collections.abc import Callable
from pathlib import Path

import pytest

from noroshi.catalogue.scenario import Scenario, load_scenario
from noroshi.catalogue.template import new_scenario
from noroshi.errors import InputError


@pytest.fixture(scope="session")
def replayed() -> Scenario:
    """The shipped scenario of 4 October 2022."""
    return load_scenario("japan-2022-10-04")


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[..., str]:
    """Change one place of the new scenario's text and return what the loader says against it."""

    def broken(old: str, new: str) -> str:
        text = new_scenario("probe")
        assert old in text, f"the template no longer holds {old!r}"
        file = tmp_path / "probe.toml"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_scenario(file)
        assert caught.value.where.startswith(str(tmp_path))
        return str(caught.value).removeprefix(f"{tmp_path}/")

    return broken
