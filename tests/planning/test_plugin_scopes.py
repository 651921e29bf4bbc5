"""Fixtures that a plugin requests at a broad scope are kept."""

from pathlib import Path

import pytest
from oracle.plans import context_of, forced_plan

from projects import check, make_project

PLUGINS = (
    "django_db_setup",
    "base_url",
    "celery_config",
    "vcr_config",
    "event_loop_policy",
    "docker_compose_file",
    "browser_type_launch_args",
    "qapp_args",
    "httpserver_listen_address",
    "django_db_blocker",
    "django_db_modify_db_settings",
    "django_db_use_migrations",
    "django_test_environment",
    "celery_session_app",
    "celery_worker_pool",
    "use_celery_app_trap",
    "default_worker_container_session_cls",
    "docker_compose_files",
    "docker_compose_project_name",
    "docker_project",
    "vcr_cassette_dir",
    "connect_options",
    "launch_browser",
    "httpserver_ssl_context",
    "pmr_postgres_config",
    "sqlalchemy_connect_url",
    "database_url",
    "grpc_servicer",
    "httpbin_secure",
    "faker_session_locale",
    "default_gitconfig",
    "create_app",
    "splinter_webdriver",
    "services_log",
    "postgres_service",
)
DECLARED = (("device", "pytest-playwright"), ("app", "pytest-flask"), ("engine", "pytest-sqlalchemy"), ("httpbin", "pytest-httpbin"))


@pytest.mark.parametrize("name", PLUGINS)
def test_names_of_plugins_are_kept(name: str, tmp_path: Path) -> None:
    """A fixture that a plugin requests at a broad scope is kept, and said to be the plugin's."""
    text = f'# --- conftest.py\nimport pytest\n@pytest.fixture(scope="session")\ndef {name}(): return 1\n'
    root = make_project(tmp_path, f"{text}# --- test_a.py\ndef test_it({name}): pass\n")
    kept = check(root).plan

    assert [(k.code, k.subject.name) for k in kept.kept] == [("RSC902", name)]
    assert "requests it at" in kept.kept[0].because
    assert forced_plan(context_of(root), kept=kept).groups[0].edits == ()


@pytest.mark.parametrize(("name", "plugin"), DECLARED)
def test_common_words_are_kept_for_a_declared_plugin(name: str, plugin: str, tmp_path: Path) -> None:
    """A name that anybody may choose is the plugin's where the project requires the plugin, and nobody's elsewhere."""
    text = f'# --- conftest.py\nimport pytest\n@pytest.fixture(scope="session")\ndef {name}(): return 1\n'
    files = f"{text}# --- test_a.py\ndef test_it({name}): pass\n"

    assert check(make_project(tmp_path / "other", files)).plan.kept == ()
    kept = check(make_project(tmp_path / "mine", f"# --- requirements.txt\n{plugin}\n{files}")).plan.kept
    assert [(k.code, k.subject.name) for k in kept] == [("RSC902", name)]
