"""The command line: its output, and its exit after errors."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from api_actors import SPEC
from sqlalchemy import text
from typer.testing import CliRunner

from models.campaign.spec import CampaignSpec
from service.campaigns.commands import create_campaign
from service.cli.main import app, commands
from service.errors import NotFoundError
from service.integrations import credentials
from service.integrations.credentials import Bound
from service.keys import authenticate
from service.sealing import Sealer, SealingError
from service.settings import Settings
from service.store.campaigns import ensure_workspace
from service.store.session import Sessions, open_engine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    return CliRunner()


def test_every_command_is_there():
    shown = CliRunner().invoke(commands, ["--help"]).output
    groups = ("campaigns", "results", "readings", "rounds", "batch", "candidates", "plates", "keys")
    for name in ("serve", "api", "worker", "migrate", "demo", "domains", "correct", "withdraw", *groups):
        assert re.search(rf"^\s+{name}\s", shown, re.MULTILINE)


def test_domains_lists_what_is_installed():
    shown = CliRunner().invoke(commands, ["domains"]).output
    assert all(kind in shown for kind in ("materials", "molecules", "peptides"))


def test_migrate_reports_success(run: CliRunner):
    assert "up to date" in run.invoke(commands, ["migrate"]).output


def test_keys_are_made_listed_and_revoked(run: CliRunner):
    made = run.invoke(commands, ["keys", "create", "robot", "--scope", "read", "--days", "3"])
    assert made.exit_code == 0
    key = re.search(r"af_([0-9a-f]{12})_[0-9a-f]{64}", made.output)
    assert key is not None
    listed = run.invoke(commands, ["keys", "list"]).output
    assert key[1] in listed
    assert key[0] not in listed
    assert "robot" in listed
    assert "revoked" in run.invoke(commands, ["keys", "revoke", key[1]]).output
    row = next(line for line in run.invoke(commands, ["keys", "list"]).output.splitlines() if key[1] in line)
    assert len(re.findall(r"\d{4}-\d\d-\d\d", row)) == 3


def test_a_key_can_be_bound_to_a_campaign(run: CliRunner, sessions: Sessions):
    with sessions.begin() as session:
        spec = CampaignSpec.model_validate(SPEC)
        campaign = str(create_campaign(session, ensure_workspace(session).id, spec).id)
    made = run.invoke(commands, ["keys", "create", "reader", "--campaign", campaign, "--scope", "results"])
    assert made.exit_code == 0
    with sessions.begin() as session:
        key = authenticate(session, re.search(r"af_\w+", made.output)[0])  # type: ignore[index]
        assert (str(key.campaign_id), key.scopes) == (campaign, ["results"])
    assert campaign[:8] in run.invoke(commands, ["keys", "list"]).output
    unbound = run.invoke(commands, ["keys", "create", "reader", "--scope", "results"])
    assert "name it" in str(unbound.exception)
    unknown = run.invoke(commands, ["keys", "create", "reader", "--campaign", str(uuid4())])
    assert isinstance(unknown.exception, NotFoundError)


def test_keys_that_seal_credentials_are_made_and_rotated(
    run: CliRunner, sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    path = tmp_path / "keys"
    monkeypatch.setenv("ASSAYFLOW_SECRET_KEYS_FILE", str(path))
    assert isinstance(run.invoke(commands, ["secrets", "rotate"]).exception, SealingError)
    assert run.invoke(commands, ["secrets", "new-key"]).exit_code == 0
    with sessions.begin() as session:
        bound = Bound(ensure_workspace(session).id, "webhook")
        row = credentials.store(session, Sealer(path), bound, "hush").id
    first = path.read_text()
    assert run.invoke(commands, ["secrets", "new-key"]).exit_code == 0
    assert path.read_text().endswith(first)
    assert "1 of 1" in run.invoke(commands, ["secrets", "rotate"]).output
    assert "0 of 1" in run.invoke(commands, ["secrets", "rotate"]).output
    path.write_text(path.read_text().splitlines()[0])
    with sessions() as session:
        assert credentials.read(session, Sealer(path), row, bound) == "hush"
    path.unlink()
    run.invoke(commands, ["secrets", "new-key"])
    lost = run.invoke(commands, ["secrets", "rotate"])
    assert str(row) in str(lost.exception)


def test_a_file_of_keys_must_be_named_for_a_database_elsewhere(run: CliRunner):
    refused = run.invoke(commands, ["secrets", "new-key"], env={"ASSAYFLOW_SECRET_KEYS_FILE": ""}).exception
    assert isinstance(refused, SealingError)
    assert "ASSAYFLOW_SECRET_KEYS_FILE" in str(refused)


def test_a_mistake_is_one_line_and_exit_1(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert run is not None
    monkeypatch.setattr(sys, "argv", ["assayflow", "keys", "revoke", "ffffffffffff"])
    with pytest.raises(SystemExit) as ended:
        app()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "assayflow: no API key ffffffffffff\n"


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("ASSAYFLOW_LEASE_SECONDS", "soon")
    monkeypatch.setattr(sys, "argv", ["assayflow", "migrate"])
    with pytest.raises(SystemExit):
        app()
    assert "lease_seconds" in capsys.readouterr().err


def test_an_unknown_scope_is_refused_with_the_known_ones(run: CliRunner):
    result = run.invoke(commands, ["keys", "create", "robot", "--scope", "fly"])
    assert "read, write, admin" in str(result.exception)


def test_an_unknown_demonstration_names_those_there_are():
    result = CliRunner().invoke(commands, ["demo", "--domain", "crystals"])
    assert "molecules" in str(result.exception)


def test_the_command_starts_without_torch():
    script = "import sys, service.cli.main, service.local.stack; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0  # noqa: S603


def _fails(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with exit 1, and return its one line."""
    monkeypatch.setattr(sys, "argv", ["assayflow", *arguments])
    with pytest.raises(SystemExit) as ended:
        app()
    assert ended.value.code == 1
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    return " ".join(errors.split())


@pytest.mark.parametrize(
    "arguments", [["list"], ["create", "robot"], ["revoke", "ffffffffffff"]], ids=" ".join
)
def test_keys_of_no_database_say_so_and_make_none(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv("ASSAYFLOW_DATABASE_URL", raising=False)
    monkeypatch.delenv("ASSAYFLOW_DATA_DIR", raising=False)
    for name in ("ASSAYFLOW_URL", "ASSAYFLOW_API_KEY", "ASSAYFLOW_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    errors = _fails(["keys", *arguments], monkeypatch, capsys)
    assert "there is no database" in errors
    assert "assayflow serve" in errors
    assert "the service at http://127.0.0.1:8000 (ASSAYFLOW_URL, --url)" in errors
    assert "ASSAYFLOW_API_KEY" in errors
    assert not list(tmp_path.iterdir())


def test_keys_of_a_database_without_tables_name_the_command_that_makes_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    engine = open_engine(settings.required_database_url())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE without_tables"))
        empty = engine.url.set(database="without_tables").render_as_string(hide_password=False)
        try:
            monkeypatch.setenv("ASSAYFLOW_DATABASE_URL", empty)
            monkeypatch.setenv("ASSAYFLOW_REDIS_URL", "redis://127.0.0.1:1")
            assert "run `assayflow migrate`" in _fails(["keys", "list"], monkeypatch, capsys)
        finally:
            connection.execute(text("DROP DATABASE without_tables WITH (FORCE)"))
    engine.dispose()


def test_a_database_that_does_not_answer_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("ASSAYFLOW_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert "the database does not answer" in _fails(["keys", "list"], monkeypatch, capsys)
