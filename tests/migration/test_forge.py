"""Links to files, from the addresses that remotes have."""

import pytest

from rescope.migration.forge import blob_links

GITHUB = "https://github.com/org/project/blob/abc/"


@pytest.mark.parametrize(
    ("url", "links"),
    [
        ("git@github.com:org/project.git", GITHUB),
        ("https://github.com/org/project", GITHUB),
        ("https://user:secret@github.com/org/project.git", GITHUB),
        ("ssh://git@github.com:22/org/project.git", GITHUB),
        ("https://GitHub.example.com/org/project/", "https://github.example.com/org/project/blob/abc/"),
        ("git@gitlab.com:group/sub/project.git", "https://gitlab.com/group/sub/project/-/blob/abc/"),
        ("https://bitbucket.org/org/project.git", ""),
        ("/srv/github/project.git", ""),
        ("../github.git", ""),
        ("file:///srv/github.com/project.git", ""),
        ("https://[github", ""),
        ("", ""),
    ],
)
def test_links(url: str, links: str) -> None:
    """GitHub and GitLab get their own form of link, without secrets; everything else gets none."""
    assert blob_links(url, "abc") == links
