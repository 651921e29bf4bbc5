"""Scores rescope against what maintainers did: scopes that they narrowed or widened, resets that they wrote by hand.

    python evaluate.py CLONES DATA [--command "rescope"] [--work DIR] [--only TEXT] [--table NAMES] [--reports DIR] [--json FILE]

CLONES holds git repositories, bare or not, as OWNER+NAME or OWNER/NAME; DATA holds the jsonl files. A line whose
repository or commit is not there is counted as unserved, never as a miss.
"""

import argparse
import ast
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Table = dict[str, Counter[str]]
FILES = (".py", ".toml", ".cfg", ".ini", ".txt", "Pipfile")
STATES = ("module_global", "class_singleton_instance", "lru_cache", "cache_container", "module_container", "class_attr")
EDITED = ("safe", "unsafe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One labelled line, and the commit on which it is judged."""

    table: str
    group: str
    repo: str
    commit: str
    line: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What rescope said about the subject of a case; `detail` is for the list of misses."""

    case: Case
    verdict: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One report of a repository at a commit, or why there is none; `scopes` and `bound` tell what labels name there."""

    report: Json | None
    seconds: float = 0.0
    error: str = ""
    scopes: dict[tuple[str, str], str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()


# --- what is asked --------------------------------------------------------------------------------


def load_cases(data: Path) -> list[Case]:
    """Every labelled line as a case, in the order of the files."""
    makers: dict[str, Callable[[Json], Iterator[Case]]] = {
        "narrowed": _narrowed,
        "widened": _widened,
        "reverts": _reverts,
        "resets": _resets,
    }
    found: list[Case] = []
    for kind, make in makers.items():
        for file in sorted(data.glob(f"{kind}*.jsonl")):
            for text in file.read_text("utf-8").splitlines():
                found += make(json.loads(text))
    return found


def _narrowed(line: Json) -> Iterator[Case]:
    table = "narrowed roots" if line["role"] == "root" else "cascades"
    yield Case(table=table, group=line["reason"], repo=line["repo"], commit=line["parent"], line=line)


def _widened(line: Json) -> Iterator[Case]:
    """Judged after the change: that is the state in which the maintainers want the fixture broad."""
    wide = line | {"old_path": line["path"], "old_scope": line["new_scope"]}
    yield Case(table="widened", group=line["reason"], repo=line["repo"], commit=line["commit"], line=wide)


def _reverts(line: Json) -> Iterator[Case]:
    """What was narrowed and widened again is wanted broad; the reverse was narrowed once more on purpose."""
    line = line | {"old_path": line["path"]}
    if line["type"] == "narrow_then_widen":
        yield Case(table="reverts widened", group=line["second_reason"], repo=line["repo"], commit=line["second_commit"], line=line)
    else:
        yield Case(table="reverts narrowed", group=line["second_reason"], repo=line["repo"], commit=f"{line['second_commit']}^", line=line)


def _resets(line: Json) -> Iterator[Case]:
    """One case for each distinct state that the fixture resets."""
    seen: set[str] = set()
    for state in line["states"]:
        target = state["target"]
        if state["reset"] and state["state_kind"] in STATES and target not in seen:
            seen.add(target)
            yield Case(table="resets", group=state["state_kind"], repo=line["repo"], commit=line["parent"], line=line | {"target": target})


# --- repositories ---------------------------------------------------------------------------------


def find_clone(clones: Path, repo: str) -> Path | None:
    """The git directory of OWNER/NAME below a folder of clones."""
    for folder in (clones / repo.replace("/", "+", 1), clones / repo):
        for inside in (folder / ".git", folder, folder / "repo", folder.with_name(f"{folder.name}.git")):
            if (inside / "objects").is_dir():
                return inside
    return None


def git(clone: Path, *arguments: str) -> bytes:
    """The output of a git command that never reaches for a network."""
    quiet = os.environ | {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", "--git-dir", str(clone), *arguments], capture_output=True, check=False, env=quiet)
    return done.stdout if done.returncode == 0 else b""


def check_out(clone: Path, commit: str, folder: Path) -> bool:
    """Write the Python and configuration files of a commit below a folder; links and absent blobs are left out."""
    entries = [e.split(b"\t", 1) for e in git(clone, "ls-tree", "-r", "-z", commit).split(b"\0") if e]
    wanted = [(meta.split()[2], name.decode("utf-8", "replace")) for meta, name in entries if meta.startswith(b"100")]
    wanted = [(blob, name) for blob, name in wanted if name.endswith(FILES)]
    if not wanted:
        return False
    quiet = os.environ | {"GIT_NO_LAZY_FETCH": "1"}
    command = ["git", "--git-dir", str(clone), "cat-file", "--batch", "--buffer"]
    with tempfile.TemporaryFile() as asked:
        asked.write(b"".join(blob + b"\n" for blob, _ in wanted))
        asked.seek(0)
        with subprocess.Popen(command, stdin=asked, stdout=subprocess.PIPE, env=quiet) as process:
            assert process.stdout
            for _, name in wanted:
                head = process.stdout.readline().split()
                if head[1:2] != [b"missing"]:
                    _write(folder / name, process.stdout.read(int(head[2]) + 1)[:-1])
    return True


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# --- one run for each commit ----------------------------------------------------------------------


def run_commit(arguments: argparse.Namespace, clone: Path, commit: str, cases: list[Case]) -> Run:
    """Check the commit out, let rescope judge it, and read the scopes that the labelled fixtures have there."""
    if not git(clone, "cat-file", "-t", f"{commit}^{{tree}}"):
        return Run(report=None, error="the commit is not in the clone")
    with _tree(arguments, clone, cases[0].repo, commit) as folder:
        if folder is None:
            return Run(report=None, error="the commit holds no Python")
        scopes = {key: _scope_in(folder / key[0], key[1]) for key in {_key(c) for c in cases if c.table != "resets"}}
        bound = bound_states(folder, {c.line["target"]: c.group for c in cases if c.table == "resets"})
        return replace(_run(arguments, folder), scopes=scopes, bound=bound)


@contextmanager
def _tree(arguments: argparse.Namespace, clone: Path, repo: str, commit: str) -> Iterator[Path | None]:
    """A folder with the files of a commit, None if it holds none; below --work it stays for the next run."""
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        kept = arguments.work and arguments.work / f"{repo.replace('/', '+')}@{commit}"
        if kept and kept.is_dir():
            yield kept
            return
        fresh = Path(name) / "tree"
        if not check_out(clone, commit, fresh):
            yield None
            return
        (fresh / ".git").mkdir()
        yield fresh.rename(kept) if kept else fresh


def _run(arguments: argparse.Namespace, folder: Path) -> Run:
    command = [*shlex.split(arguments.command), "check", "--output-format", "json", "--jobs", "1"]
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=arguments.timeout)
    except subprocess.TimeoutExpired:
        return Run(report=None, seconds=arguments.timeout, error=f"no answer in {arguments.timeout:.0f} s")
    seconds = time.monotonic() - started
    error = done.stderr.strip() if done.returncode not in {0, 1} or "failed:" in done.stderr else ""
    try:
        return Run(report=json.loads(done.stdout), seconds=seconds, error=error)
    except ValueError:
        return Run(report=None, seconds=seconds, error=error or "no JSON")


def _key(case: Case) -> tuple[str, str]:
    return case.line.get("old_path") or case.line["path"], case.line["fixture"]


def _scope_in(path: Path, name: str) -> str:
    """The scope that the file gives the fixture, "absent" without such a definition, "?" for a computed scope."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return "absent"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for call in node.decorator_list:
                words = {k.arg: k.value for k in call.keywords} if isinstance(call, ast.Call) else {}
                named = words.get("name")
                names = {node.name, named.value if isinstance(named, ast.Constant) else node.name}
                if name in names and "fixture" in ast.unparse(call):
                    scope = words.get("scope", ast.Constant("function"))
                    return str(scope.value) if isinstance(scope, ast.Constant) else "?"
    return "absent"


def bound_states(folder: Path, targets: dict[str, str]) -> frozenset[str]:
    """The targets whose name the checkout binds: many a state came with the very commit that also resets it."""
    patterns = {t: _binding(_parts(t)[-1], cached=kind == "lru_cache") for t, kind in targets.items()}
    found: set[str] = set()
    for path in folder.rglob("*.py") if targets else ():
        text = path.read_text("utf-8", "replace")
        found |= {t for t, pattern in patterns.items() if t not in found and pattern.search(text)}
    return frozenset(found)


def _binding(name: str, *, cached: bool) -> re.Pattern[str]:
    """A line that gives the bare name a value, or defines it; for a cache below a decorator that says so."""
    name = re.escape(name)
    if cached:
        return re.compile(rf"(?m)^[ \t]*@.*cache.*\n(?:[ \t]*@.*\n)*[ \t]*(?:async )?def {name}\b|^{name}\s*=.*cache")
    return re.compile(rf"(?m)^[ \t]*(?:[\w]+ = )*{name}\s*(?::[^=\n]+)?=(?!=)|^[ \t]*(?:async )?def {name}\b|^import .*\b{name}\b")


# --- verdicts -------------------------------------------------------------------------------------


def judge(case: Case, run: Run) -> Outcome:
    """What the report says of the case's subject."""
    if run.report is None:
        return Outcome(case=case, verdict="unserved", detail=run.error)
    if case.table == "resets":
        found = _judge_state(case, run.report)
        gone = found.verdict == "silent" and case.line["target"] not in run.bound
        return replace(found, verdict="absent") if gone else found
    verdict, detail = _judge_fixture(_key(case), run.report)
    if verdict == "silent":
        scope = run.scopes.get(_key(case), "absent")
        verdict = {"absent": "absent", "function": "not broad"}.get(scope, "silent")
    if case.table == "cascades" and verdict in EDITED and not _in_plan(case, run.report):
        return Outcome(case=case, verdict="other plan", detail=detail)
    return Outcome(case=case, verdict=verdict, detail=detail)


def _judge_fixture(key: tuple[str, str], report: Json) -> tuple[str, str]:
    """The best of: safe edit, unsafe edit, shown, kept, skipped; "silent" if the report does not name it."""
    found: dict[str, str] = {}
    for finding in report["findings"]:
        edits = [e for e in (finding["fix"] or {"edits": []})["edits"] if e["kind"] == "change-scope"]
        told = f"{finding['code']} {finding.get('caveat', '')}".strip()
        if any(_is(key, e) for e in edits):
            found.setdefault(finding["applicability"], told)
        elif _is(key, finding["subject"]):
            found.setdefault("reset" if finding["fix"] else "shown", told)
    for keep in report["kept"]:
        if _is(key, keep["subject"]):
            found.setdefault("kept", keep["because"])
    for skip in report["skipped"]:
        if _is(key, skip["subject"]):
            found.setdefault("skipped", skip["reason"])
    best = next((v for v in ("safe", "unsafe", "reset", "shown", "kept", "skipped") if v in found), "silent")
    return best, found.get(best, "")


def _is(key: tuple[str, str], place: Json) -> bool:
    return place["path"] == key[0] and key[1] in {place["name"], place.get("qualname", "").rpartition(".")[2]}


def _in_plan(case: Case, report: Json) -> bool:
    """Whether one fix narrows the dependent together with one of its roots."""
    for finding in report["findings"]:
        names = {e["name"] for e in (finding["fix"] or {"edits": []})["edits"]}
        if case.line["fixture"] in names and names & set(case.line["cascade_of"]):
            return True
    return False


def _judge_state(case: Case, report: Json) -> Outcome:
    """Whether a finding, its reset or a keep names the state."""
    for finding in report["findings"]:
        if finding["subject"]["kind"] == "singleton" and _names_state(case.line["target"], finding["subject"], finding):
            verdict = finding["applicability"] if finding["fix"] else "shown"
            return Outcome(case=case, verdict=verdict, detail=f"{finding['code']} {finding['subject']['path']}")
    for keep in report["kept"]:
        if keep["subject"]["kind"] == "singleton" and _names_state(case.line["target"], keep["subject"], {}):
            verdict = "kept reset" if "reset" in keep["because"] else "kept"
            return Outcome(case=case, verdict=verdict, detail=keep["because"])
    return Outcome(case=case, verdict="silent")


def _names_state(target: str, subject: Json, finding: Json) -> bool:
    """Compared from the right: `module.NAME`, `Class.attr` or a bare name, with quotes of a patched path taken off."""
    wanted = _parts(target)
    states = [s for e in (finding.get("fix") or {"edits": []})["edits"] for s in e.get("states", [])]
    owner = wanted[-2] if len(wanted) > 1 and wanted[-2].lstrip("_")[:1].isupper() else ""
    for name in (subject["qualname"], subject["name"], *states):
        have = name.split(".")
        if have[-1] == wanted[-1] and (len(have) == 1 or not owner or owner in have):
            return True
    return False


def _parts(target: str) -> list[str]:
    """`module.NAME` or `module,'NAME'` (an argument pair of a patch) as a list of names."""
    words = [p.strip() for p in target.replace("'", "").replace('"', "").split(",")[:2]]
    return ".".join(w for w in words if w not in {"None", ""}).split(".")


# --- tables ---------------------------------------------------------------------------------------


def tables(outcomes: Iterable[Outcome]) -> dict[str, Table]:
    """Counts of verdicts, for each table and group."""
    found: dict[str, Table] = {}
    for outcome in outcomes:
        rows = found.setdefault(outcome.case.table, {})
        for group in (outcome.case.group, "all"):
            rows.setdefault(group, Counter())[outcome.verdict] += 1
    return found


def render(name: str, rows: Table) -> str:
    """One table as text: a row for each group, a column for each verdict, and the shares that are asked for."""
    columns = sorted({v for counts in rows.values() for v in counts})
    lines = [f"\n## {name}", "  ".join([f"{'':24}", *(f"{c:>10}" for c in columns), f"{'total':>6}", "shares"])]
    for group in sorted(rows, key=lambda g: (g == "all", -rows[g].total())):
        counts = rows[group]
        cells = [f"{counts[c]:>10}" for c in columns]
        lines.append("  ".join([f"{group:24}", *cells, f"{counts.total():>6}", shares(name, counts)]))
    return "\n".join(lines)


def shares(name: str, counts: Counter[str]) -> str:
    """The figures that have targets, as text; unserved and absent lines count for nothing."""
    total = counts.total() - counts["unserved"] - counts["absent"] - counts["not broad"]
    if not total:
        return ""
    edited = counts["safe"] + counts["unsafe"] + counts["reset"]
    found = edited + counts["shown"]
    if name == "resets":
        return f"found {(found + counts['kept reset'] + counts['kept']) / total:.0%}, edited {edited / total:.0%}"
    if "widened" in name:
        return f"safe edit {counts['safe'] / total:.0%}, any edit {edited / total:.0%}"
    if name == "cascades":
        return f"in the plan {edited / total:.0%}"
    return f"found {found / total:.0%}, edit {edited / total:.0%}, safe {counts['safe'] / total:.0%}"


def is_miss(outcome: Outcome) -> bool:
    """Whether the verdict is not what the maintainers did."""
    if "widened" in outcome.case.table:
        return outcome.verdict in EDITED
    good = {*EDITED, "reset", "shown", "unserved", "absent", "not broad"}
    return outcome.verdict not in (good | {"kept reset"} if outcome.case.table == "resets" else good)


def describe(outcome: Outcome) -> str:
    """One line about one outcome."""
    case, line = outcome.case, outcome.case.line
    what = f"{line['target']} (reset by {line['fixture']})" if "target" in line else line["fixture"]
    path = line.get("old_path") or line["path"]
    return f"{case.table} · {case.group} · {case.repo}@{case.commit[:12]} · {path} · {what} · {outcome.verdict} · {outcome.detail}"


# --- the command ----------------------------------------------------------------------------------


def evaluate(arguments: argparse.Namespace) -> list[Outcome]:
    """Run rescope once for each repository and commit, and judge all cases."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in load_cases(arguments.data):
        if arguments.only in case.repo and case.table.startswith(arguments.table):
            groups.setdefault((case.repo, case.commit), []).append(case)
    with ThreadPoolExecutor(arguments.workers) as pool:
        jobs = [(key, cases, pool.submit(_one, arguments, key, cases)) for key, cases in groups.items()]
        outcomes: list[Outcome] = []
        for (repo, commit), cases, job in jobs:
            run = job.result()
            outcomes += [judge(case, run) for case in cases]
            if run.report is not None or find_clone(arguments.clones, repo):
                print(f"{repo}@{commit[:12]}: {run.seconds:.1f} s {run.error}".rstrip(), file=sys.stderr)
    return outcomes


def _one(arguments: argparse.Namespace, key: tuple[str, str], cases: list[Case]) -> Run:
    repo, commit = key
    clone = find_clone(arguments.clones, repo)
    if clone is None:
        return Run(report=None, error="no clone")
    run = run_commit(arguments, clone, commit, cases)
    if arguments.reports and run.report is not None:
        name = f"{repo.replace('/', '+')}@{commit[:12].replace('^', '')}.json"
        _write(arguments.reports / name, json.dumps(run.report).encode())
    return run


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, help="folder of git repositories")
    parser.add_argument("data", type=Path, help="folder of jsonl files")
    parser.add_argument("--command", default="rescope", help="how rescope is called")
    parser.add_argument("--work", type=Path, default=None, help="folder that keeps the checked-out commits")
    parser.add_argument("--only", default="", metavar="TEXT", help="only repositories whose name holds this")
    parser.add_argument("--table", type=_table, default=("",), metavar="NAMES", help="only such tables, as narrowed,widened")
    parser.add_argument("--reports", type=Path, default=None, help="folder that keeps every report")
    parser.add_argument("--json", type=Path, default=None, help="file for all outcomes")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one run")
    parser.add_argument("--workers", type=int, default=1, help="runs at one time")
    return parser


def _table(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def main(argv: list[str] | None = None) -> int:
    """Print the tables and the misses."""
    arguments = options().parse_args(argv)
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    outcomes = evaluate(arguments)
    for name, rows in tables(outcomes).items():
        print(render(name, rows))
    print("\n## misses")
    print("\n".join(sorted(describe(o) for o in outcomes if is_miss(o))))
    if arguments.json:
        told = [
            {"text": describe(o), "verdict": o.verdict, "table": o.case.table, "group": o.case.group, "line": o.case.line} for o in outcomes
        ]
        _write(arguments.json, json.dumps(told, indent=1).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
