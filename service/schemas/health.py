"""Whether the service lives and can work."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What the service needs, and whether it answers."""

    status: Literal["ok"] = "ok"
    checks: dict[str, Literal["ok"]]
