"""Asks pytest about many folders in one process: `graph FOLDER` or `setup FOLDER` per line on stdin, an answer per line on stdout.

Each folder is collected in a fork, which starts with pytest imported and leaves nothing behind. Installed plugins stay
unloaded: to import them anew in every fork costs ten times what the collection does.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import fixture_oracle
import pytest
import setup_errors

OPTIONS = ("-q", "-p", "no:cacheprovider", "-W", "ignore", "-s")
MODES = {
    "graph": ("--collect-only", "-p", fixture_oracle.__name__, "--fixture-oracle"),
    "setup": ("--setup-plan", "-p", setup_errors.__name__, "--setup-errors"),
}


def main(lines: Iterable[str]) -> None:
    """Write `graph.json` or `setup.json` into every folder, and what pytest printed into `pytest.txt`."""
    for line in lines:
        mode, _, folder = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            _collect(mode, folder)
        os.waitpid(child, 0)
        print(folder, flush=True)


def _collect(mode: str, folder: str) -> None:
    output = os.open(Path(folder, "pytest.txt"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    *options, target = MODES[mode]
    try:
        pytest.main([*OPTIONS, *options, f"{target}={folder}/{mode}.json"])
    finally:
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main(sys.stdin)
