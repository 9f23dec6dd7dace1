"""Runs' folders, made once."""

from pathlib import Path

import pytest

from noroshi.report.folder import Run, read_run
from noroshi.report.html import page
from tests.report import made


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four arms in which the hub brings Japan's alert 40 s forward."""
    return made.write_run(tmp_path_factory.mktemp("made") / "run", extras=made.some_extras())


@pytest.fixture(scope="session")
def run(folder: Path) -> Run:
    """The same, read."""
    return read_run(folder)


@pytest.fixture(scope="session")
def report(run: Run) -> str:
    """Its page."""
    return page(run)
