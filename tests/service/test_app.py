"""Loading of the application: which modules it imports. `benchmarks.startup` measures the cost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.app import create_app
from service.settings import Settings

ROOT = Path(__file__).parents[2]
FORBIDDEN = ("torch", "botorch", "gpytorch", "sklearn", "models.gflownet", "models.proxies", "models.propose")

LOAD = """
import json, sys
import service.app
print(json.dumps(sorted(sys.modules)))
"""
SERVE = """
import sys
from service.app import create_app
from service.settings import Settings
DATABASE, REDIS = "postgresql+psycopg://nobody@127.0.0.1:1/none", "redis://127.0.0.1:1"
app = create_app(Settings(database_url=DATABASE, redis_url=REDIS))
app.openapi()
from models.domains import installed, open_domain
for plugin in installed().values():
    for spec, rows in plugin.examples:
        domain = plugin.open(plugin.spec.model_validate(spec))
        texts = [domain.parse(row) for row in rows]
        [domain.columns(text) for text in texts], [domain.check(text) for text in texts]
print([name for name in sys.modules if name.partition(".")[0] in ("torch", "botorch", "gpytorch")])
"""


def _run(program: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def test_importing_the_application_loads_no_torch() -> None:
    assert not [name for name in json.loads(_run(LOAD)) if name.startswith(FORBIDDEN)]


def test_serving_domains_loads_no_torch() -> None:
    assert _run(SERVE).strip() == "[]"


def test_without_a_database_the_application_says_what_is_missing() -> None:
    with pytest.raises(RuntimeError, match="ASSAYFLOW_DATABASE_URL"):
        create_app(Settings())


def test_the_default_address_is_this_machine_only() -> None:
    assert Settings().host == "127.0.0.1"
