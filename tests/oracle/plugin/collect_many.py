"""Runs the oracle for many folders in one process: a folder per line on stdin, an answer per line on stdout.

Each folder is collected in a fork, which starts with pytest imported and leaves nothing behind. Installed plugins stay
unloaded: to import them anew in every fork costs ten times what the collection does.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import fixture_oracle
import pytest

OPTIONS = ("-q", "--collect-only", "-p", "fixture_oracle", "-p", "no:cacheprovider", "-W", "ignore", "-s")


def main(lines: Iterable[str]) -> None:
    """Write `oracle.json` into every folder, and what pytest printed into `oracle.txt`."""
    assert fixture_oracle.Recorder
    for line in lines:
        folder = line.strip()
        child = os.fork()
        if child == 0:
            _collect(folder)
        os.waitpid(child, 0)
        print(folder, flush=True)


def _collect(folder: str) -> None:
    output = os.open(Path(folder, "oracle.txt"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        pytest.main([*OPTIONS, f"--fixture-oracle={folder}/oracle.json"])
    finally:
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main(sys.stdin)
