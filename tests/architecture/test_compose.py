"""docker-compose.yml describes a system whose parts restart, and whose upkeep reaches what it cleans up."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from service.presence import ROLES

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
OURS = [
    name
    for name, service in SERVICES.items()
    if service["image"].startswith("assayflow") and name != "migrate"
]


@pytest.mark.parametrize("name", OURS)
def test_what_ends_is_started_anew_and_hears_signals(name: str):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["init"] is True


@pytest.mark.parametrize("name", [name for name in OURS if name != "api"])
def test_workers_and_upkeep_share_the_artefacts_and_have_a_health_check_of_their_role(name: str):
    service = SERVICES[name]
    assert service["volumes"] == ["artefacts:/var/lib/assayflow"]
    *_, last = service["healthcheck"]["test"]
    assert last in (*ROLES, "workers.health")
    image = (ROOT / service["build"]["dockerfile"]).read_text(encoding="utf-8")
    assert "install --directory --owner=assayflow /var/lib/assayflow" in image


def test_upkeep_knows_where_the_artefacts_are():
    assert SERVICES["beat"]["environment"]["ASSAYFLOW_DATA_DIR"] == "/var/lib/assayflow"
    assert (
        SERVICES["beat"]["environment"]["ASSAYFLOW_REDIS_URL"]
        == SERVICES["api"]["environment"]["ASSAYFLOW_REDIS_URL"]
    )


def test_a_missing_worker_does_not_restart_the_api():
    assert "/health/live" in (ROOT / "docker/api.Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*OURS, "migrate"])
def test_addresses_and_keys_are_handed_to_every_process(name: str):
    service = SERVICES[name]
    for rule in ("SCORER", "CONNECTOR", "WEBHOOK"):
        assert f"ASSAYFLOW_{rule}_HOSTS" in service["environment"]
    assert [f"/run/secrets/{secret}" for secret in service["secrets"]] == [
        service["environment"]["ASSAYFLOW_SECRET_KEYS_FILE"]
    ]
