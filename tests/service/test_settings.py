"""Settings come from the environment, travel to child processes, and never show a password."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_the_environment_is_read_and_written_back(monkeypatch: pytest.MonkeyPatch):
    settings = Settings(
        redis_url="redis://:secret@queue/0", lease_seconds=9, heartbeat_seconds=2, data_dir="/x"
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    assert Settings().environment() == settings.environment()


def test_hazard_lists_are_paths_as_in_path(monkeypatch: pytest.MonkeyPatch):
    assert Settings().hazard_lists == ()
    monkeypatch.setenv("ASSAYFLOW_HAZARD_LISTS", f"/etc/a.json{os.pathsep}b.csv")
    settings = Settings()
    assert settings.hazard_lists == (Path("/etc/a.json"), Path("b.csv"))
    monkeypatch.setenv("ASSAYFLOW_HAZARD_LISTS", settings.environment()["ASSAYFLOW_HAZARD_LISTS"])
    assert Settings() == settings
    monkeypatch.setenv("ASSAYFLOW_HAZARD_LISTS", "")
    assert Settings().hazard_lists == ()


def test_folders_are_places_by_name_whose_passwords_do_not_show(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSAYFLOW_FOLDERS", '{"lab": "/srv/lab", "far": "s3://robot:hush@bucket/lab"}')
    settings = Settings()
    assert "hush" not in repr(settings)
    assert settings.folder_urls == {"lab": "/srv/lab", "far": "s3://robot:hush@bucket/lab"}
    monkeypatch.setenv("ASSAYFLOW_FOLDERS", settings.environment()["ASSAYFLOW_FOLDERS"])
    assert Settings() == settings


def test_passwords_do_not_show():
    scorer = {"host": "dock.example.org", "authorization": "Bearer hush"}
    settings = Settings(
        database_url="postgresql+psycopg://u:hush@db/x",
        redis_url="redis://:hush@queue/0",
        scorer_secrets={"dock": scorer},
    )
    assert "hush" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hush" in settings.required_database_url()


def test_scorers_settings_travel_to_child_processes(monkeypatch: pytest.MonkeyPatch):
    scorer = {"host": "dock.example.org:8443", "authorization": "Bearer hush"}
    settings = Settings(scorer_hosts="public, [fd00::1]:8000 10.0.0.0/8", scorer_secrets={"dock": scorer})
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    assert Settings().scorer_secrets["dock"].authorization.get_secret_value() == "Bearer hush"


def test_rules_of_addresses_and_the_file_of_keys_travel_to_child_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    settings = Settings(
        connector_hosts="lims 10.0.0.0/8", webhook_hosts="public", secret_keys_file=tmp_path / "keys"
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    assert Settings().connector_rules.names("lims", 8443)
    assert Settings().webhook_rules.is_public_open
    monkeypatch.setenv("ASSAYFLOW_SECRET_KEYS_FILE", "")
    assert Settings().secret_keys_file is None


def test_without_urls_the_error_names_the_settings():
    with pytest.raises(RuntimeError, match="ASSAYFLOW_REDIS_URL"):
        Settings().required_redis_url()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"lease_seconds": 5, "heartbeat_seconds": 4}, "heartbeat_seconds"),
        ({"soft_time_limit_seconds": 10, "time_limit_seconds": 10}, "soft_time_limit_seconds"),
        ({"port": 70000}, "port"),
        ({"torch_threads": 0}, "torch_threads"),
        ({"scorer_hosts": "https://dock.example.org"}, "scorer_hosts"),
        ({"scorer_hosts": "dock.example.org:70000"}, "scorer_hosts"),
        ({"connector_hosts": "https://lims.example.org"}, "connector_hosts"),
        ({"webhook_hosts": "hooks.example.org:70000"}, "webhook_hosts"),
        ({"folders": {"lab": "srv/lab"}}, "'lab' must be a name, and its place a path"),
        ({"folders": {"": "/srv/lab"}}, "must be a name"),
        ({"scorer_secrets": {"dock": {"host": "10.0.0.0/8", "authorization": "x"}}}, "host must be"),
        ({"scorer_secrets": {"dock": {"host": "dock", "authorization": "x\r\nHost: y"}}}, "one line"),
    ],
)
def test_a_wrong_value_is_named(wrong: dict[str, Any], named: str):
    with pytest.raises(ValidationError, match=named):
        Settings.model_validate(wrong)
