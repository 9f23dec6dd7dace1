"""Each check of `make check` fails, and names the fault, when the tree is broken on purpose."""

from pathlib import Path

import pytest

from tests.house.house import copy_tree, run, tool

RUFF = tool("ruff", "check", "--no-cache", "src")
FORMAT = tool("ruff", "format", "--check", "--no-cache", "src")
MYPY = tool("mypy", "--cache-dir", "mypy-cache")
CONTRACTS = tool("lint-imports", "--no-cache")

LAYERS = "Imports go downwards only, strangers stay strangers"
NATION = "A nation never sees the truth"
PURE = "The inside is pure: no clock, no socket, no file, no hidden chance"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_tree(tmp_path)


def add(tree: Path, module: str, text: str) -> None:
    """Write the module noroshi.`module` into the copy."""
    path = tree / "src" / "noroshi" / f"{module.replace('.', '/')}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'"""Broken on purpose."""\n\n{text}\n')


def test_the_linter_names_an_unused_import(tree):
    add(tree, "tracking.broken", "import json")
    done = run(RUFF, tree)
    assert done.returncode == 1
    assert "tracking/broken.py" in done.stdout
    assert "`json` imported but unused" in done.stdout


def test_the_format_check_names_a_file_written_otherwise(tree):
    add(tree, "tracking.broken", "PAIR = [1,2]")
    done = run(FORMAT, tree)
    assert done.returncode == 1
    assert "tracking/broken.py" in done.stdout
    assert "would be reformatted" in done.stdout


def test_the_type_check_passes_and_then_names_a_wrong_type(tree):
    whole = run(MYPY, tree)
    assert whole.returncode == 0, whole.stdout
    add(tree, "tracking.broken", 'def depth_m() -> float:\n    return "deep"')
    done = run(MYPY, tree)
    assert done.returncode == 1
    assert "tracking/broken.py:4: error: Incompatible return value type" in done.stdout


def test_the_import_contracts_hold(tree):
    done = run(CONTRACTS, tree)
    assert done.returncode == 0, done.stdout
    assert all(f"{name} KEPT" in done.stdout for name in (LAYERS, NATION, PURE))


@pytest.mark.parametrize(
    "module, text, contract, named",
    [
        ("tracking.broken", "import noroshi.records.truth", NATION, "noroshi.records.truth"),
        ("earth.broken", "import noroshi.flight", LAYERS, "noroshi.earth -x-> noroshi.flight"),
        ("sensing.broken", "import noroshi.tracking", LAYERS, "noroshi.sensing -x-> noroshi.tracking"),
        ("catalogue.broken", "import noroshi.cli", LAYERS, "noroshi.catalogue -x-> noroshi.cli"),
        ("node.broken", "import time", PURE, "noroshi.node -x-> time"),
        ("shortcut.__init__", "NEW = True", LAYERS, "noroshi.shortcut"),  # a folder that has no layer
    ],
)
def test_an_import_that_goes_the_wrong_way_is_named(tree, module, text, contract, named):
    add(tree, module, text)
    done = run(CONTRACTS, tree)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
    assert named.replace("-x->", "is not allowed to import") in done.stdout
    assert f"noroshi.{module.removesuffix('.__init__')}" in done.stdout


def test_the_truth_is_out_of_reach_by_a_detour_too(tree):
    add(tree, "records.detour", "import noroshi.records.truth")
    add(tree, "alerting.broken", "import noroshi.records.detour")
    done = run(CONTRACTS, tree)
    assert done.returncode == 1
    assert f"{NATION} BROKEN" in done.stdout
    assert "noroshi.alerting.broken -> noroshi.records.detour" in done.stdout
