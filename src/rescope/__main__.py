"""`python -m rescope`, and the console script."""

import sys


def main() -> None:
    """Run the command line; the version is answered without loading anything else."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from rescope.version import __version__  # noqa: PLC0415 - start-up

        print(f"rescope {__version__}")  # noqa: T201 - the result
        return
    from rescope.cli.app import run  # noqa: PLC0415 - start-up

    run()


if __name__ == "__main__":
    main()
