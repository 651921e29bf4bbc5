"""The page: summary, verification, graph, findings with their diffs, and what is kept."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath

from rescope.graph.fixture_graph import FixtureGraph
from rescope.model.finding import Applicability
from rescope.model.plan import ChangeGroup, FileChange
from rescope.model.report import Report
from rescope.model.verdict import Proposal, Verdict
from rescope.reporting.html.drawing import render_drawing, spoken
from rescope.reporting.html.findings import Anchors, anchors, failures, findings, kept, skipped
from rescope.reporting.html.layout import BANDS
from rescope.reporting.html.markup import Markup, code, element, joined, row, table, text
from rescope.reporting.html.network import TESTS, Network, Node, choose
from rescope.reporting.html.verification import verification


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlExtras:
    """What the page shows beside the report: the graph, what each group changes by itself, and what `verify` wrote."""

    graph: FixtureGraph
    changes: Mapping[ChangeGroup, Sequence[FileChange]]
    verified: tuple[Verdict, Proposal] | None = None


def render_html(report: Report, extras: HtmlExtras) -> str:
    """The page in one string; equal reports make equal pages."""
    network = choose(extras.graph, report.plan)
    ids = anchors(report, {node.address: node.key for node in network.nodes if node.address})
    title = f"rescope: {PurePath(report.root).name}"
    sections = tuple(_sections(report, extras, network, ids))
    page = (
        element("a", text("Skip to the findings"), href="#findings", class_="skip"),
        _header(title, sections),
        element("main", joined(_section(each) for each in sections)),
        element("script", _own("page.js")),
    )
    whole = f"<!doctype html>\n{element('html', _head(title), element('body', joined(page)), lang='en')}\n"
    # References survive every encoding of a terminal or file, and half of a surrogate pair, too.
    return whole.encode("ascii", "xmlcharrefreplace").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    id: str
    title: str
    parts: tuple[Markup, ...]


def _sections(report: Report, extras: HtmlExtras, network: Network, ids: Anchors) -> Iterator[_Section]:
    plan = report.plan
    yield _Section(id="summary", title="Summary", parts=_summary(report))
    if extras.verified:
        yield _Section(id="verify", title="Verified by running the suite", parts=tuple(verification(*extras.verified)))
    yield _Section(id="graph", title="Fixture graph", parts=_graph(network, _targets(report, network, ids)))
    none = element("p", text("Nothing was found that leaks from one test into the next."))
    shown = tuple(findings(report, extras.changes, ids)) or (none,)
    yield _Section(id="findings", title=f"Findings ({len(plan.groups)})", parts=shown)
    if plan.kept:
        yield _Section(id="kept", title=f"Kept ({len(plan.kept)})", parts=(kept(report, ids),))
    if plan.skipped:
        yield _Section(id="skipped", title=f"Skipped ({len(plan.skipped)})", parts=(skipped(report),))
    if report.failures:
        yield _Section(id="failures", title=f"Not analysed ({len(report.failures)})", parts=(failures(report),))
    yield _Section(id="fixtures", title="Fixtures and tests", parts=tuple(_tables(network)))


def _section(section: _Section) -> Markup:
    title = element("h2", text(section.title), id=f"{section.id}-title")
    return element("section", title, *section.parts, id=section.id, aria_labelledby=f"{section.id}-title", tabindex="-1")


# --- head and header ------------------------------------------------------------------------------


def _own(name: str) -> Markup:
    """A style sheet or script of this package: the only text that is no one else's and goes in as it is."""
    return Markup((files(__package__) / name).read_text("utf-8"))


def _head(title: str) -> Markup:
    policy = f"default-src 'none'; style-src {_hash('page.css')}; script-src {_hash('page.js')}; base-uri 'none'; form-action 'none'"
    parts = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content="light dark"),
        element("title", text(title)),
        element("style", _own("page.css")),
    )
    return element("head", joined(parts))


def _hash(name: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(_own(name).encode()).digest()).decode()}'"


def _header(title: str, sections: Iterable[_Section]) -> Markup:
    links = (element("li", element("a", text(s.title), href=f"#{s.id}")) for s in sections)
    search = (
        element("label", text("Search "), element("input", id="search", type="search", autocomplete="off", spellcheck="false")),
        element("button", text("Dark colours"), id="theme", type="button"),
    )
    status = element("p", id="status", role="status")
    tools = element("div", *search, status, class_="tools", hidden="")
    return element("header", element("h1", text(title)), element("nav", element("ul", joined(links)), aria_label="Sections"), tools)


# --- summary --------------------------------------------------------------------------------------


def _summary(report: Report) -> tuple[Markup, ...]:
    plan = report.plan
    levels = Counter(g.applicability if g.edits else Applicability.DISPLAY_ONLY for g in plan.groups)
    numbers = (
        ("findings", len(plan.groups)),
        ("with a safe fix", levels[Applicability.SAFE]),
        ("with an unsafe fix", levels[Applicability.UNSAFE]),
        ("without a fix", levels[Applicability.DISPLAY_ONLY]),
        *([("in the baseline", report.accepted)] if report.accepted else []),
        ("kept", len(plan.kept)),
        ("skipped", len(plan.skipped)),
        ("broad and unremarkable", len(plan.unremarkable)),
        ("fixtures", report.stats.fixtures),
        ("tests", report.stats.tests),
        ("files", report.stats.files),
    )
    shown = (element("div", element("dt", text(name)), element("dd", text(number))) for name, number in numbers)
    return (element("dl", joined(shown), class_="numbers"), *_by_rule(report))


def _by_rule(report: Report) -> Iterator[Markup]:
    counts = Counter((g.finding.code, g.finding.rule) for g in report.plan.groups)
    rows = (row(text(rule), text(name), text(count)) for (rule, name), count in sorted(counts.items()))
    if counts:
        yield table("Findings by rule", ("Code", "Rule", "Findings"), rows, class_="narrow")


# --- graph ----------------------------------------------------------------------------------------


def _targets(report: Report, network: Network, ids: Anchors) -> dict[str, str]:
    """Where each box leads: to the finding that it leaks by or follows, to its keep, else to its row."""
    found = {node.key: f"row-{node.key}" for node in network.nodes}
    found |= {ids.boxes[k.subject.address]: i for k, i in zip(report.plan.kept, ids.kept, strict=True) if k.subject.address in ids.boxes}
    groups = tuple(zip(report.plan.groups, ids.findings, strict=True))
    found |= {ids.boxes[d.subject.address]: i for g, i in groups for d in g.dependents if d.subject.address in ids.boxes}
    return found | {ids.boxes[g.finding.subject.address]: i for g, i in reversed(groups) if g.finding.subject.address in ids.boxes}


def _graph(network: Network, targets: Mapping[str, str]) -> tuple[Markup, ...]:
    if not network.nodes:
        return (element("p", text("There are no fixtures to draw.")),)
    about = element(
        "p",
        text(
            "An arrow leads from a test or fixture to what it requests. Arrow keys move between boxes, Enter opens the evidence. "
            "Leaks have a thick frame and a triangle, fixtures that follow a dashed frame, kept ones a double frame and a square."
        ),
    )
    buttons = (("zoom-in", "Zoom in"), ("zoom-out", "Zoom out"), ("zoom-fit", "Fit to width"))
    tools = element("div", *(element("button", text(label), id=name, type="button") for name, label in buttons), class_="tools", hidden="")
    return (about, _legend(network), tools, element("div", render_drawing(network, targets), id="canvas"))


def _legend(network: Network) -> Markup:
    bands = [band for band in BANDS if any(node.band == band for node in network.nodes)]
    return element("ul", joined(element("li", text(band), class_=f"key {band}") for band in bands), class_="legend", aria_label="Colours")


# --- fixtures and tests as text -------------------------------------------------------------------


def _tables(network: Network) -> Iterator[Markup]:
    """The drawing as text: each box with what it requests, and what was not drawn."""
    names = {node.key: node.name for node in network.nodes}
    gets: dict[str, list[str]] = {}
    for source, target in network.arrows:
        gets.setdefault(source, []).append(target)
    rows = (_row(node, [(key, names[key]) for key in gets.get(node.key, ())]) for node in network.nodes)
    if network.nodes:
        yield table("What the graph shows", ("Name", "What it is", "Requests"), rows)
    if network.folded:
        hidden = sum(len(found) for _, found in network.folded)
        rows = (row(text(path), text(len(found)), text(", ".join(found)), class_="filterable") for path, found in network.folded)
        listed = table("Fixtures that are not drawn", ("File", "Fixtures", "Names"), rows)
        yield element("details", element("summary", text(f"{hidden} more fixtures in {len(network.folded)} files, not drawn")), listed)


def _row(node: Node, gets: Sequence[tuple[str, str]]) -> Markup:
    name = text(node.name) if node.band == TESTS else code(node.name)
    links = [element("a", text(called), href=f"#row-{key}") for key, called in gets]
    requested = Markup(", ".join(links))
    back = element("a", text("show in the graph"), href=f"#node-{node.key}", class_="jump")
    cells = (joined((name, back)), text(spoken(node).removeprefix(f"{node.name}, ")), requested)
    return row(*cells, id=f"row-{node.key}", class_="filterable", tabindex="-1")
