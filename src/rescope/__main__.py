"""`python -m rescope`, and the console script."""

import sys


def main() -> None:
    """Run the command line; the version is answered without loading anything else."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from rescope.version import __version__

        print(f"rescope {__version__}")
        return
    from rescope.cli.app import run

    run()


if __name__ == "__main__":
    main()
