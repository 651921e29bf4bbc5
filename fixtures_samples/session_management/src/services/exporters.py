"""Task lists as documents."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from src.models import Task
from src.services.durations import format_duration

Exporter = Callable[[Sequence[Task]], str]

HANDLERS: dict[str, tuple[str, Exporter]] = {}


class UnknownFormat(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class Document:
    text: str
    media_type: str


def register(name: str, media_type: str) -> Callable[[Exporter], Exporter]:
    def decorate(exporter: Exporter) -> Exporter:
        HANDLERS[name] = (media_type, exporter)
        return exporter

    return decorate


def export(name: str, tasks: Sequence[Task]) -> Document:
    if name not in HANDLERS:
        raise UnknownFormat(f"Unknown format {name!r}, choose from {', '.join(HANDLERS)}")
    media_type, exporter = HANDLERS[name]
    return Document(exporter(tasks), media_type)


@register("csv", "text/csv")
def export_csv(tasks: Sequence[Task]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["title", "status", "priority", "estimate"])
    writer.writerows([task.title, task.status, task.priority, _estimate(task)] for task in tasks)
    return buffer.getvalue()


@register("json", "application/json")
def export_json(tasks: Sequence[Task]) -> str:
    return json.dumps(
        [
            {
                "title": task.title,
                "status": task.status,
                "priority": task.priority,
                "estimate_minutes": task.estimate_minutes,
            }
            for task in tasks
        ]
    )


@register("markdown", "text/markdown")
def export_markdown(tasks: Sequence[Task]) -> str:
    lines: list[str] = []
    for task in tasks:
        box = "x" if task.status == "done" else " "
        suffix = f" ({_estimate(task)})" if task.estimate_minutes else ""
        lines.append(f"- [{box}] {task.title}{suffix}\n")
    return "".join(lines)


def _estimate(task: Task) -> str:
    return "" if task.estimate_minutes is None else format_duration(task.estimate_minutes)
