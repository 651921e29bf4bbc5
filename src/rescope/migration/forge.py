"""Where a remote shows files: links for GitHub and GitLab."""

import re
from urllib.parse import quote, urlsplit

_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*|/.+)")


def blob_links(url: str, commit: str) -> str:
    """What links to files at `commit` begin with, ending in a slash; "" where the remote is neither GitHub nor GitLab."""
    host, path = _parts(url)
    if not path:
        return ""
    if "github" in host:
        return f"https://{host}/{quote(path)}/blob/{commit}/"
    return f"https://{host}/{quote(path)}/-/blob/{commit}/" if "gitlab" in host else ""


def _parts(url: str) -> tuple[str, str]:
    """Host and path of a repository, without user, password, port and ending."""
    if "://" in url:
        try:
            parsed = urlsplit(url)
        except ValueError:
            return "", ""
        host, path = (parsed.hostname or "", parsed.path) if parsed.scheme != "file" else ("", "")
    else:
        found = _SCP.fullmatch(url)
        host, path = (found["host"], found["path"]) if found else ("", "")
    return host.lower(), path.strip("/").removesuffix(".git")
