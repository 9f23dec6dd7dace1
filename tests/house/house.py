"""A copy of the tree that a test may break, and the tools run inside it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
READ = ("pyproject.toml", "README.md", "LICENSE", "THIRD_PARTY_NOTICES.md", ".gitignore", "Makefile")
CACHES = shutil.ignore_patterns("__pycache__", "*.pyc", "*.part")


def copy_tree(to: Path) -> Path:
    """What the checks read, and nothing they cached."""
    shutil.copytree(ROOT / "src", to / "src", ignore=CACHES)
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "THIRD_PARTY_NOTICES.md",
        ".gitignore",
        "Makefile",
    ):
        shutil.copy(ROOT / name, to / name)
    return to


def run(command: list[str], inside: Path, **extra_env: str) -> subprocess.CompletedProcess[str]:
    """Run `command` in `inside` so that `import noroshi` finds the copy; both outputs end in stdout."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    env |= {"PYTHONPATH": str(inside / "src"), "NO_COLOR": "1", "COLUMNS": "200", **extra_env}
    return subprocess.run(
        command, cwd=inside, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300
    )


def tool(name: str, *arguments: str) -> list[str]:
    """A tool of this environment."""
    return [str(TOOLS / name), *arguments]
