"""Downloading the tasks of a project."""

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

PATH = "/projects/harbour-crane/export"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("csv", "text/csv"), ("json", "application/json"), ("markdown", "text/markdown")],
)
def test_media_type(
    client: TestClient, project: dict[str, Any], name: str, media_type: str
) -> None:
    response = client.get(PATH, params={"format": name})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(media_type)


def test_csv_is_the_default(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(PATH).text)))
    assert [row["title"] for row in rows] == [task["title"] for task in tasks]
    assert rows[2] == {"title": "Mast", "status": "todo", "priority": "3", "estimate": "3d 4h"}


def test_json(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    rows = client.get(PATH, params={"format": "json"}).json()
    assert [row["estimate_minutes"] for row in rows] == [960, 2400, 1680, 90, None]


def test_markdown(client: TestClient, tasks: list[dict[str, Any]]) -> None:
    lines = client.get(PATH, params={"format": "markdown"}).text.splitlines()
    assert lines[0] == "- [ ] Survey (2d)"
    assert lines[-1] == "- [ ] Handover"


@pytest.mark.parametrize("name", ["xml", "CSV", ""])
def test_unknown_format(client: TestClient, project: dict[str, Any], name: str) -> None:
    response = client.get(PATH, params={"format": name})
    assert response.status_code == 400
    assert "csv, json, markdown" in response.json()["detail"]


def test_unknown_project(client: TestClient, project: dict[str, Any]) -> None:
    assert client.get("/projects/atlantis/export").status_code == 404
