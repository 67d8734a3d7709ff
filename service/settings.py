"""Define every setting of the service and the workers. No other module reads the environment.

The setting `lease_seconds` is read from `ASSAYFLOW_LEASE_SECONDS`. Without `database_url` or `redis_url` the
embedded servers are used (see `service.local.servers`), whose files are in `data_dir`.
"""

import json
import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.address_rules import Rules, read_rules

PREFIX = "ASSAYFLOW_"


class ScorerSecret(BaseModel):
    """A scorer's `Authorization` header, and the only host (or host:port) to which it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    authorization: SecretStr

    @field_validator("host")
    @classmethod
    def _is_one_host(cls, value: str) -> str:
        if len(read_rules(value).hosts) != 1:
            message = "host must be a host name or address, or host:port"
            raise ValueError(message)
        return value

    @field_validator("authorization")
    @classmethod
    def _is_a_header(cls, value: SecretStr) -> SecretStr:
        if not (text := value.get_secret_value()) or not text.isascii() or not text.isprintable():
            message = "authorization must be one line of plain text"
            raise ValueError(message)
        return value


class Settings(BaseSettings):
    """The operator's settings; a wrong value fails the start with a message that names the setting."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", validate_default=True)

    database_url: SecretStr | None = Field(default=None, description="PostgreSQL; embedded when absent")
    redis_url: SecretStr | None = Field(default=None, description="the queue; embedded when absent")
    data_dir: Path = Field(default=Path(".assayflow"), description="embedded servers, artefacts, first key")
    artefacts_dir: Path | None = Field(
        default=None, description="checkpoints; `artefacts` in data_dir when absent"
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_upload_bytes: int = Field(default=64 * 2**20, gt=0)
    database_connections: int = Field(
        default=20, ge=8, le=1000, description="most connections of one API process"
    )
    wait_seconds: float = Field(
        default=20.0, gt=0, description="a request waits at most this long, then gets 503"
    )
    max_streams: int = Field(
        default=500, ge=1, description="open event streams and waiting requests of one process"
    )
    head_seconds: float = Field(
        default=10.0, gt=0, description="a request's head must be complete after this"
    )
    body_idle_seconds: float = Field(
        default=20.0, gt=0, description="a body that sends nothing for this long gets 408"
    )
    body_seconds: float = Field(default=300.0, gt=0, description="a body must be complete after this")
    stalled_seconds: float = Field(
        default=60.0, gt=0, description="a client that reads nothing for this long is closed"
    )

    direct_rows: int = Field(
        default=2_000, ge=0, description="a table that may have more rows is read as a job"
    )
    child_processes: int = Field(
        default=2, ge=1, le=64, description="requests that are checked at the same time"
    )
    child_memory_bytes: int = Field(default=2 * 2**30, ge=256 * 2**20, description="memory limit of each")
    child_seconds: float = Field(
        default=60.0,
        gt=0,
        description="computing time of checking one table, or between two progress reports",
    )

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"

    lease_seconds: float = Field(default=60.0, gt=0, description="a silent worker loses its round after this")
    heartbeat_seconds: float = Field(default=5.0, gt=0, description="how often a worker renews its lease")
    progress_seconds: float = Field(default=1.0, ge=0, description="progress is written at most this often")
    cancel_seconds: float = Field(
        default=20.0,
        gt=0,
        description="the process of cancelled work that does not stop is killed after this",
    )
    sweep_seconds: float = Field(default=30.0, gt=0, description="interval of the search for lost work")
    resend_seconds: float = Field(
        default=300.0, gt=0, description="a queued round's message is sent again after this"
    )
    max_attempts: int = Field(default=3, ge=1, description="a round that lost this many workers has failed")
    soft_time_limit_seconds: int = Field(default=6 * 3600, gt=0, description="a round is stopped after this")
    time_limit_seconds: int = Field(
        default=6 * 3600 + 120, gt=0, description="its process is killed after this"
    )

    hazard_lists: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(), description="files of objects that must never be proposed; several as in PATH"
    )
    scorer_hosts: str = Field(
        default="", description="addresses that scorers may have (docs/scorers.md); public ones when empty"
    )
    scorer_secrets: dict[str, ScorerSecret] = Field(
        default={}, description="by name, as JSON: the Authorization header of a scorer, and its host"
    )
    connector_hosts: str = Field(
        default="",
        description="addresses that connectors may have (docs/connectors.md); public ones when empty",
    )
    webhook_hosts: str = Field(
        default="", description="addresses that webhooks may have (docs/webhooks.md); public ones when empty"
    )
    folders: dict[str, SecretStr] = Field(
        default={},
        description="by name, as JSON: paths or URLs of folders that connectors may watch (docs/lims)",
    )
    secret_keys_file: Path | None = Field(
        default=None,
        description="keys that seal stored credentials, newest first; made in data_dir on one machine",
    )
    allotropy_python: Path | None = Field(
        default=None, description="interpreter of an environment with allotropy, which reads instrument files"
    )
    torch_threads: int = Field(default=1, ge=1, description="1 makes a round repeatable bit for bit")
    device: str | None = Field(
        default=None, description="cpu, cuda, cuda:1 ...; the best available when absent"
    )

    @field_validator("hazard_lists", mode="before")
    @classmethod
    def _are_paths(cls, value: object) -> object:
        return [path for path in value.split(os.pathsep) if path] if isinstance(value, str) else value

    @field_validator("secret_keys_file", mode="before")
    @classmethod
    def _is_absent_when_empty(cls, value: object) -> object:
        return value or None

    @field_validator("scorer_hosts", "connector_hosts", "webhook_hosts")
    @classmethod
    def _are_rules(cls, value: str) -> str:
        read_rules(value)
        return value

    @field_validator("folders")
    @classmethod
    def _are_places(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, url in value.items():
            if not name or not ("://" in url.get_secret_value() or url.get_secret_value().startswith("/")):
                message = f"{name!r} must be a name, and its place a path from / on or a URL"
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.heartbeat_seconds * 2 > self.lease_seconds:
            message = "heartbeat_seconds must be at most half of lease_seconds"
            raise ValueError(message)
        if self.soft_time_limit_seconds >= self.time_limit_seconds:
            message = "soft_time_limit_seconds must be below time_limit_seconds"
            raise ValueError(message)
        return self

    @property
    def artefacts(self) -> Path:
        """The folder of checkpoints."""
        return self.artefacts_dir or self.data_dir / "artefacts"

    @property
    def scorer_rules(self) -> Rules:
        """Addresses at which scorers may be called."""
        return read_rules(self.scorer_hosts)

    @property
    def connector_rules(self) -> Rules:
        """Addresses at which connectors may call lab systems."""
        return read_rules(self.connector_hosts)

    @property
    def folder_urls(self) -> dict[str, str]:
        """Folders that connectors may watch, by name; a URL may hold a password: never log it."""
        return {name: url.get_secret_value() for name, url in self.folders.items()}

    @property
    def webhook_rules(self) -> Rules:
        """Addresses to which webhooks may be delivered."""
        return read_rules(self.webhook_hosts)

    def required_database_url(self) -> str:
        """Return the URL of the database, password included: never log it.

        Raises:
            RuntimeError: if none is set and the embedded servers were not started.
        """
        return _required(self.database_url, "database_url")

    def required_redis_url(self) -> str:
        """Return the URL of the queue, password included: never log it.

        Raises:
            RuntimeError: if none is set and the embedded servers were not started.
        """
        return _required(self.redis_url, "redis_url")

    def environment(self) -> dict[str, str]:
        """Return these settings as environment variables, for child processes."""
        plain = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            f"{PREFIX}{name.upper()}": _written(value) for name, value in plain.items() if value is not None
        }


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return os.pathsep.join(map(str, value))
    if isinstance(value, dict):
        return json.dumps({name: _secret(item) for name, item in value.items()})
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _secret(item: ScorerSecret | SecretStr) -> dict[str, str] | str:
    if isinstance(item, SecretStr):
        return item.get_secret_value()
    return {"host": item.host, "authorization": item.authorization.get_secret_value()}


def _required(url: SecretStr | None, name: str) -> str:
    if url is None:
        raise RuntimeError(f"{PREFIX}{name.upper()} is not set and the embedded servers are not running")
    return url.get_secret_value()
