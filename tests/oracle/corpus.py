"""Source distributions on PyPI that ship their tests, and what their collection needs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One release: `installs` are arguments of `pip install` run in its source, `arguments` go to pytest."""

    name: str
    version: str
    installs: tuple[tuple[str, ...], ...]
    arguments: tuple[str, ...] = ()


CORPUS = (
    Distribution(name="flask", version="3.1.3", installs=(("-e", ".[async]", "pytest<9.1"), ("--group", "tests"))),
    Distribution(name="starlette", version="1.10.0", installs=(("-e", ".[full]", "--group", "dev"),)),
    Distribution(name="flask-caching", version="2.5.1", installs=(("-e", ".", "--group", "tests"),)),
    Distribution(name="structlog", version="26.1.0", installs=(("-e", ".", "--group", "tests"),)),
    Distribution(name="svcs", version="26.2.0", installs=(("-e", ".", "--group", "tests"),)),
    Distribution(name="webargs", version="8.7.1", installs=(("-e", ".[tests]"),)),
    Distribution(name="pint", version="0.25.3", installs=(("-e", ".[test,numpy,uncertainties]"),)),
    Distribution(name="sqlite-utils", version="4.2.1", installs=(("-e", ".", "--group", "dev"),)),
    Distribution(name="anyio", version="4.16.0", installs=(("-e", ".", "--group", "test"),)),
    Distribution(name="jupyter_server", version="2.21.1", installs=(("-e", ".[test]"),)),
    Distribution(
        name="aiohttp",
        version="3.14.5",
        installs=(
            ("aiohttp==3.14.5", "pytest", "pytest-mock", "pytest-cov", "pytest-xdist", "pytest-codspeed", "trustme", "blockbuster"),
            (
                "freezegun",
                "proxy.py",
                "re-assert",
                "isal",
                "brotli",
                "python-on-whales",
                "pkgconfig",
                "setuptools-git",
                "time-machine",
                "zlib_ng",
            ),
        ),
        arguments=("-n0",),
    ),
    Distribution(name="celery", version="5.7.0", installs=(("-e", ".", "-r", "requirements/test.txt"),), arguments=("t/unit",)),
    Distribution(name="falcon", version="4.4.0", installs=(("-e", ".", "-r", "requirements/tests"),)),
    Distribution(name="datasette", version="0.65.5", installs=(("-e", ".[test]"),)),
)
