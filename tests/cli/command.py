"""The command as a user starts it: a process of its own, outputs apart."""

import os
import subprocess
import sys
from pathlib import Path

NOROSHI = Path(sys.executable).parent / "noroshi"


def environment() -> dict[str, str]:
    """Nothing of the tests' own that would change what is printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MAKE"))}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "120"}


def noroshi(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder to its end."""
    return subprocess.run(
        [str(NOROSHI), *arguments], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300
    )
