"""SARIF: the log says what the report says, and its fixes give the bytes that fix writes."""

import codecs
import io
import json
import tokenize
from pathlib import Path
from urllib.parse import unquote

import pytest

from projects import LEAK, commit_all, findings, fix, make_project, rescope
from rescope import pipeline
from rescope.cli.formats import Format, TextOptions, render
from rescope.config import load_project
from rescope.rule import Example
from rescope.rules import all_rules

EXAMPLES = [pytest.param(e, id=f"{r.code}-{e.name.replace(' ', '-')}") for r in all_rules() for e in r.examples if e.codes]
FILLED = next(e.files for r in all_rules() if r.code == "RSC201" for e in r.examples if "def reset_" in e.after)


def sarif(root: Path) -> dict:
    """The SARIF log of the project at root."""
    project = load_project([root])
    return json.loads(render(project, pipeline.analyze(project), Format.SARIF, TextOptions()))


def apply_fix(root: Path, result: dict) -> None:
    """Write the fix of a result as the standard has it: regions of decoded text, from the last to the first."""
    for change in result["fixes"][0]["artifactChanges"]:
        path = root / unquote(change["artifactLocation"]["uri"])
        content = path.read_bytes() if path.exists() else b""
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        text = content.decode(encoding)
        for replacement in reversed(change["replacements"]):
            text = replaced(text, replacement["deletedRegion"], replacement["insertedContent"]["text"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))


def replaced(text: str, region: dict, inserted: str) -> str:
    """The text with another content of a region."""
    starts = [0, *(n + 1 for n, c in enumerate(text) if c == "\n")]
    start = starts[region["startLine"] - 1] + region["startColumn"] - 1
    end = starts[region["endLine"] - 1] + region["endColumn"] - 1
    assert start <= end <= len(text)
    return text[:start] + inserted + text[end:]


def files(root: Path) -> dict[str, bytes]:
    """The Python files below root."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.py")}


def check_fixes(root: Path, source: dict[str, bytes]) -> None:
    """Check that each result's fix, alone, gives the bytes of the rewrite of its change group."""
    report = pipeline.analyze(load_project([root])).report
    groups = [g for g in report.plan.groups if g.edits]
    fixed = [r for r in sarif(root)["runs"][0]["results"] if "fixes" in r]
    assert [g.finding.code for g in groups] == [r["ruleId"] for r in fixed]
    for group, result in zip(groups, fixed, strict=True):
        changes = pipeline.rewrite(root, [group]).changes
        apply_fix(root, result)
        assert files(root) == source | {c.path: c.after for c in changes}
        for change in changes:
            if change.before is None:
                (root / change.path).unlink()
            else:
                (root / change.path).write_bytes(change.before)


@pytest.mark.parametrize("example", EXAMPLES)
def test_fixes_give_the_rewrite(example: Example, tmp_path: Path) -> None:
    """Applied alone, each fix gives exactly the files that rescope would write for that finding."""
    root = make_project(tmp_path, example.files)

    check_fixes(root, files(root))


@pytest.mark.parametrize(
    "convert",
    [
        pytest.param(lambda b: b.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda b: codecs.BOM_UTF8 + b, id="BOM"),
        pytest.param(lambda b: "# coding: latin-1\n# \xe9\n".encode("latin-1") + b, id="latin-1"),
        pytest.param(lambda b: b.removesuffix(b"\n"), id="no final newline"),
        pytest.param(lambda b: b"# one\x0c\n# t\xc2\x85wo\r\n" + b, id="form feed, NEL and mixed line endings"),
    ],
)
@pytest.mark.parametrize("text", [LEAK, FILLED], ids=["narrowed", "appended"])
def test_fixes_of_unusual_bytes(convert: object, text: str, tmp_path: Path) -> None:
    """Line endings, byte order marks and encodings survive a fix that is applied as text."""
    root = make_project(tmp_path, text)
    for path in root.rglob("*.py"):
        path.write_bytes(convert(path.read_bytes()))

    check_fixes(root, files(root))


def test_fix_that_creates_a_file(tmp_path: Path) -> None:
    """A new file is text inserted at the start of a file that is not there."""
    head, _, tests = FILLED.partition("# --- conftest.py\n")
    test = tests.partition("# --- test_cache.py\n")[2].replace("(cache)", "()").replace("cache.items", "get_cache().items")
    importing = "from cache import get_cache\n\n\n" + test
    root = make_project(tmp_path, f"{head}# --- test_one.py\n{importing}# --- test_two.py\n{importing}")
    source = files(root)

    check_fixes(root, source)
    (result,) = sarif(root)["runs"][0]["results"]
    assert "conftest.py" not in source
    assert [c["artifactLocation"]["uri"] for c in result["fixes"][0]["artifactChanges"]] == ["conftest.py"]


def test_encoding_is_told(tmp_path: Path) -> None:
    """A file that is not in UTF-8 is listed with its encoding."""
    root = make_project(tmp_path, LEAK.replace("# --- conftest.py\n", "# --- conftest.py\n# coding: latin-1\n"))

    assert [("conftest.py", "iso-8859-1")] == [(a["location"]["uri"], a["encoding"]) for a in sarif(root)["runs"][0]["artifacts"]]


def test_results_say_what_the_report_says(tmp_path: Path) -> None:
    """Rule, level, message, place, evidence and fingerprint are those of the JSON report."""
    root = make_project(tmp_path, LEAK)
    (finding,) = findings(root)["findings"]
    (run,) = sarif(root)["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    evidence = {(r["physicalLocation"]["region"]["startLine"], r["message"]["text"]) for r in result["relatedLocations"]}

    assert (finding["code"], finding["message"], "error") == (result["ruleId"], result["message"]["text"], result["level"])
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert (finding["primary"]["path"], finding["primary"]["line"]) == (place["artifactLocation"]["uri"], place["region"]["startLine"])
    assert evidence == {(at["line"], at["note"]) for at in (finding["primary"], *finding["related"])}
    assert {"rescopeFinding/v1": finding["fingerprint"]} == result["partialFingerprints"]
    assert (finding["confidence"], finding["applicability"]) == (result["properties"]["confidence"], result["properties"]["applicability"])


def test_rules_are_described(tmp_path: Path) -> None:
    """All rules stand in the log with their documentation."""
    described = sarif(make_project(tmp_path, LEAK))["runs"][0]["tool"]["driver"]["rules"]

    assert [(r.code, r.name, r.summary) for r in all_rules()] == [(d["id"], d["name"], d["shortDescription"]["text"]) for d in described]
    assert all(d["fullDescription"]["text"] in " ".join(d["help"]["text"].split()) for d in described)
    assert not any("---" in d["fullDescription"]["text"] for d in described)


def test_failures_are_notifications(tmp_path: Path) -> None:
    """A file that does not parse makes the invocation unsuccessful, with its place; the findings are still there."""
    root = make_project(tmp_path, LEAK + "# --- broken.py\nx = 1\ndef f(:\n")
    result = rescope(root, "check", "--output-format", "sarif")
    (run,) = json.loads(result.stdout)["runs"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]

    assert (3, False, ["RSC101"]) == (
        result.returncode,
        run["invocations"][0]["executionSuccessful"],
        [r["ruleId"] for r in run["results"]],
    )
    assert "cannot be parsed" in told["message"]["text"]
    assert {"startLine": 2, "startColumn": 1} == told["locations"][0]["physicalLocation"]["region"]


def test_paths_start_at_the_top_of_the_repository(tmp_path: Path) -> None:
    """In a larger repository the paths lead from its top, where code scanning looks them up; spaces are escaped."""
    root = make_project(tmp_path / "mono repo" / "sub folder", LEAK)
    commit_all(tmp_path / "mono repo")
    result = sarif(root)["runs"][0]["results"][0]

    assert {"uri": "sub%20folder/conftest.py", "uriBaseId": "%SRCROOT%"} == result["locations"][0]["physicalLocation"]["artifactLocation"]


def test_no_findings(tmp_path: Path) -> None:
    """Without findings the log has a run with no results, and the exit code is 0."""
    root = make_project(tmp_path, LEAK)
    fix(root)
    result = rescope(root, "check", "--output-format", "sarif")

    assert (0, []) == (result.returncode, json.loads(result.stdout)["runs"][0]["results"])
