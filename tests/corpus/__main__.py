"""Run real suites before and after the edits of rescope.

    python -m corpus --work DIR [--table FILE] [--anew] [NAME...]

Exit 1 if a safe edit makes a test fail that passed before in the same order, or if a suite did not run.
"""

import argparse
import os
import sys
from pathlib import Path

from corpus.measuring import Row, measured
from corpus.sources import PROJECTS, Entry, Unavailable, entries, environment, unpacked
from corpus.table import render

README = Path(__file__).parents[2] / "README.md"


def row(entry: Entry, work: Path, *, anew: bool) -> Row:
    """The row of one project, also where it could not be had."""
    try:
        source = unpacked(entry.name, entry.version, work)
        return measured(entry, source, environment(entry, source), anew=anew)
    except Unavailable as missing:
        return Row(name=entry.name, version=entry.version, trouble=str(missing))


def quote(table: str, readme: Path) -> None:
    """Put the table between its marks in README."""
    before, start, rest = readme.read_text("utf-8").partition("<!-- corpus -->\n")
    readme.write_text(f"{before}{start}{table}<!-- /corpus -->{rest.partition('<!-- /corpus -->')[2]}", "utf-8")


def main() -> int:
    """Run the projects asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--table", type=Path, help="where the table of all projects is written")
    parser.add_argument("--anew", action="store_true", help="also run what an earlier run with the same edits has shown")
    asked = parser.parse_args()
    os.environ.pop("PYTHONPATH", None)  # it names the tests of rescope, which are none of the projects' business
    asked.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for entry in entries(PROJECTS):
        if entry.runs and (not asked.names or entry.name in asked.names):
            rows.append(row(entry, asked.work.resolve(), anew=asked.anew))
            print(rows[-1], file=sys.stderr, flush=True)
    print(render(rows))
    if asked.table and not asked.names:
        asked.table.write_text(render(rows), "utf-8")
        quote(render(rows), README)
    return 1 if any(each.trouble or each.safe.broken for each in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
