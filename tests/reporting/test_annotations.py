"""Annotations for GitHub and GitLab: each finding once, at its line, and read back by the forge's rules unchanged."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from projects import LEAK, check, commit_all, findings, make_project, rescope
from rescope.model.finding import Severity
from rescope.model.report import Report
from rescope.reporting.annotations import render_github, render_gitlab
from rescope.reporting.fingerprint import fingerprints

NASTY = "100% of\r\n::error::'a,b:c' %0A {0}"


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as GitHub's runner reads them: name, properties, message."""
    found = []
    for line in text.splitlines():
        name, properties, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", line).groups()
        pairs = (pair.split("=", 1) for pair in properties.split(","))
        found.append((name, {key: decoded(value) for key, value in pairs}, decoded(message)))
    return found


def decoded(text: str) -> str:
    """Undo the escapes of a workflow command in the runner's order."""
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def reworded(report: Report, message: str, severity: Severity) -> Report:
    """The report with another message and severity in each finding."""
    groups = tuple(replace(g, finding=replace(g.finding, message=message, severity=severity)) for g in report.plan.groups)
    return replace(report, plan=replace(report.plan, groups=groups))


def test_github(tmp_path: Path) -> None:
    """A finding is an annotation at its line, with code, evidence and fix."""
    root = make_project(tmp_path, LEAK)
    (finding,) = findings(root)["findings"]
    result = rescope(root, "check", "--output-format", "github")
    ((name, properties, message),) = commands(result.stdout)

    assert (1, "error") == (result.returncode, name)
    assert {"file": "conftest.py", "line": "7", "col": "1", "title": "RSC101 override-in-broad-fixture"} == properties
    lines = message.split("\n")
    assert [finding["message"], "fix: session -> function (safe)"] == [lines[0], lines[-1]]
    assert f"conftest.py:{finding['related'][0]['line']}: {finding['related'][0]['note']}" in lines


@pytest.mark.parametrize(("severity", "name"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "notice")])
def test_github_escapes(severity: Severity, name: str, tmp_path: Path) -> None:
    """What a message holds cannot end the command, start another or be read as an escape; the severity is the command."""
    report = reworded(check(make_project(tmp_path, LEAK)), NASTY, severity)
    ((read, properties, message),) = commands(render_github(report, "a,b:c%2C/"))

    assert (name, "a,b:c%2C/conftest.py") == (read, properties["file"])
    assert message.startswith(NASTY + "\nconftest.py:7: ")


def test_github_failures(tmp_path: Path) -> None:
    """A file that does not parse is an error at its line."""
    root = make_project(tmp_path, LEAK + "# --- broken.py\nx = 1\ndef f(:\n")
    *_, (name, properties, message) = commands(rescope(root, "check", "--output-format", "github").stdout)

    assert ("error", "broken.py", "2") == (name, properties["file"], properties["line"])
    assert "cannot be parsed" in message


def test_gitlab(tmp_path: Path) -> None:
    """A finding is an issue with a path from the top of the repository and the report's fingerprint."""
    root = make_project(tmp_path / "mono" / "sub", LEAK)
    commit_all(tmp_path / "mono")
    (finding,) = findings(root)["findings"]
    (issue,) = json.loads(rescope(root, "check", "--output-format", "gitlab").stdout)

    assert {"path": "sub/conftest.py", "lines": {"begin": 7}} == issue["location"]
    assert ("override-in-broad-fixture", finding["fingerprint"], "major") == (
        issue["check_name"],
        issue["fingerprint"],
        issue["severity"],
    )
    assert issue["description"].startswith(f"RSC101 {finding['message']}; fix: session -> function (safe)")


def test_gitlab_severities(tmp_path: Path) -> None:
    """Severities are told in GitLab's words."""
    report = check(make_project(tmp_path, LEAK))
    told = [json.loads(render_gitlab(reworded(report, "x", severity)))[0]["severity"] for severity in Severity]

    assert ["major", "minor", "info"] == told


def test_fingerprints(tmp_path: Path) -> None:
    """A fingerprint survives moved lines; findings of the same code and name in one file are told apart."""
    root = make_project(tmp_path, LEAK)
    before = [f["fingerprint"] for f in findings(root)["findings"]]
    conftest = root / "conftest.py"
    conftest.write_text("# moved\n\n\n" + conftest.read_text().replace("yield app", "# here, too\n    yield app"))
    (group,) = check(root).plan.groups

    assert before == [f["fingerprint"] for f in findings(root)["findings"]]
    assert len(set(fingerprints([group.finding] * 3))) == 3
    assert fingerprints([group.finding] * 3)[:1] == fingerprints([group.finding]) == tuple(before)
