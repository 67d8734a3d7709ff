"""Whether the service lives and can work."""

from typing import Literal

from pydantic import BaseModel, Field


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = Field(default="ok", description="always ok")


class Consumers(BaseModel):
    """Who takes what waits in a queue."""

    consumers: int = Field(description="how many gave a sign of life just now")
    last_seen_seconds: float | None = Field(description="since the last sign of any; null if none is known")


class Readiness(BaseModel):
    """What the service needs: every check is there when it is ready."""

    status: Literal["ok"] = Field(default="ok", description="always ok: a problem (503) says what is missing")
    checks: dict[str, Literal["ok"]] = Field(description="each part that was looked at")
    queues: dict[str, Consumers] = Field(
        description="`rounds`, `fast`, and `upkeep`, which looks after lost work"
    )
