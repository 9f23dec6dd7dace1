"""What is shipped, locked and built."""

import os
import re
import stat
import tomllib
import zipfile

import pytest

from tests.house.house import ROOT, TOOLS, copy_tree, run

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
OPENINGS = sorted((ROOT / "src" / "noroshi").glob("*/__init__.py"))


def test_the_wheel_carries_every_file_of_the_package(tmp_path):
    tree = copy_tree(tmp_path)
    built = run([str(TOOLS / "python"), "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"], tree)
    assert built.returncode == 0, built.stdout
    (wheel,) = (tree / "dist").glob("*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    ours = {str(path.relative_to(tree / "src")) for path in (tree / "src").rglob("*") if path.is_file()}
    assert ours - shipped == set()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in shipped)


@pytest.mark.parametrize("need", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])
def test_everything_a_run_or_a_test_needs_is_locked(need):
    name = re.match(r"[A-Za-z0-9-]+", need)[0].lower()
    assert re.search(rf"^{name}==\S+ \\$", LOCK, re.MULTILINE)


def test_every_locked_version_is_checked_by_hash_and_names_no_place_to_get_it():
    pins = re.findall(r"^[a-z0-9-]+==\S+( \\)?$", LOCK, re.MULTILINE)
    assert pins
    assert all(pins)
    assert "://" not in LOCK
    assert "index-url" not in LOCK
    assert "find-links" not in LOCK


@pytest.mark.parametrize("opening", OPENINGS, ids=lambda path: path.parent.name)
def test_a_package_opens_with_a_docstring_and_nothing_else(opening):
    # Re-exports here would tie neighbours together: the import contracts follow indirect imports.
    lines = opening.read_text().strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith('"""')


def test_without_python_311_make_says_what_to_do(tmp_path):
    tree = copy_tree(tmp_path)
    (tree / "requirements.lock").touch()
    done = run(["make", "test", "PYTHON=/nowhere/python3.11"], tree)
    assert done.returncode != 0
    assert 'no Python 3.11 with its venv module at "/nowhere/python3.11"' in done.stdout
    assert "make test PYTHON=" in done.stdout
    assert not (tree / ".venv").exists()


@pytest.mark.parametrize("target", ["demo", "test", "soak", "check", "bench", "validation"])
def test_every_target_builds_its_own_environment(tmp_path, target):
    tree = copy_tree(tmp_path)
    (tree / "requirements.lock").touch()
    planned = run(["make", "--dry-run", target], tree).stdout
    assert "-m venv --clear .venv" in planned
    assert "--require-hashes -r requirements.lock" in planned


@pytest.mark.parametrize(("check", "tests", "ends_with"), [(0, 0, 0), (0, 5, 5), (0, 1, 1), (2, 0, 2)])
def test_the_gate_fails_with_whatever_failed(tmp_path, check, tests, ends_with):
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & stat.S_IXUSR
    stub = tmp_path / "make"
    stub.write_text(
        f'#!/bin/sh\necho "make $1"\ncase $1 in check) exit {check};; test) exit {tests};; esac\n'
    )
    stub.chmod(0o755)
    done = run([str(gate)], tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == ends_with
    assert done.stdout.startswith("make check")


def test_every_locked_package_stands_in_the_notices_with_a_licence():
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text()
    for name in re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE):
        assert re.search(rf"^\| {name} \| \S.* \|$", notices, re.MULTILINE), name


def test_every_dependency_has_its_sentence():
    sentences = (ROOT / "docs" / "decisions" / "0003-dependencies.md").read_text()
    extras = [need for extra in PROJECT["optional-dependencies"].values() for need in extra]
    for need in PROJECT["dependencies"] + extras:
        assert re.match(r"[A-Za-z0-9-]+", need)[0] in sentences, need
