"""CODEOWNERS by the examples of GitHub's documentation."""

import pytest

from rescope.migration.owners import owner_label, owners_of, parse_owners

MATCHES = [
    ("*", "a.py", True),
    ("*", "a/b/c.py", True),
    ("*.js", "src/deep/a.js", True),
    ("*.js", "a.jsx", False),
    ("/build/logs/", "build/logs/a.log", True),
    ("/build/logs/", "build/logs/deep/a.log", True),
    ("/build/logs/", "x/build/logs/a.log", False),
    ("docs/*", "docs/getting-started.md", True),
    ("docs/*", "docs/build-app/troubleshooting.md", False),
    ("docs/*", "x/docs/a.md", False),
    ("apps/", "x/apps/a/b.py", True),
    ("apps/", "apps", False),
    ("/docs/", "docs/a/b.md", True),
    ("/docs/", "x/docs/a.md", False),
    ("/scripts/", "scripts/run.sh", True),
    ("**/logs", "build/logs/a.log", True),
    ("**/logs", "deeply/nested/logs/a.log", True),
    ("**/logs", "logs/a.log", True),
    ("**/logs", "catalogs/a.log", False),
    ("/apps/github", "apps/github/a.rb", True),
    ("/apps/github", "apps/github", True),
    ("/apps/github", "apps/github2/a.rb", False),
    ("tests/**", "tests/a/b.py", True),
    ("tests/**", "testsuite/a.py", False),
    ("a/**/b.py", "a/b.py", True),
    ("a/**/b.py", "a/x/y/b.py", True),
    ("te?t.py", "x/test.py", True),
    ("te?t.py", "te/t.py", False),
    (r"with\ blank/", "with blank/a.py", True),
    ("a+b.py", "aab.py", False),
]


@pytest.mark.parametrize(("pattern", "path", "matches"), MATCHES)
def test_patterns(pattern: str, path: str, *, matches: bool) -> None:
    """A pattern covers the files that GitHub says it covers."""
    assert owners_of(parse_owners(f"{pattern} @who"), path) == (("@who",) if matches else ())


def test_last_match_wins() -> None:
    """The last matching line alone counts; one without owners takes files out; comments and headings say nothing."""
    lines = parse_owners("# all\n* @all  # everybody\n[Section] @x\n\n/apps/ @octocat ada@example.com\n/apps/github\n")

    assert owners_of(lines, "a.py") == ("@all",)
    assert owners_of(lines, "apps/a.py") == ("@octocat", "ada@example.com")
    assert owners_of(lines, "apps/github/a.py") == ()


def test_label() -> None:
    """The owners of all files make one label, the same in any order."""
    lines = parse_owners("/b/ @org/b\n/a/ @org/a\n")

    assert owner_label(lines, ["b/x.py", "a/x.py"]) == owner_label(lines, ["a/x.py", "b/x.py"]) == "org/a-org/b"
    assert owner_label(lines, ["c.py"]) == "unowned"
