"""Define the schema of benchmark results: provenance, rows and claims.

`benchmarks/results/*.json` hold what is published; `docs/benchmark_pages.py` writes the tables of the pages
from them. This module depends on no benchmark and loads no torch.
"""

import operator
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

ROOT = Path(__file__).parents[1]
PUBLISHED = Path(__file__).parent / "results"
PACKAGES = ("assayflow", "torch", "botorch", "gpytorch", "scikit-learn", "rdkit", "numpy")
CODE = ("--", "models", "benchmarks", ":!benchmarks/results", "service", "workers", "pyproject.toml")
"""Paths whose changes affect figures; published results and pages do not."""
_HOLDS = {">=": operator.ge, "<=": operator.le}

Cell = bool | int | float | str | None
Row = dict[str, Cell]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Claim(_Strict):
    """A figure and its bar; `half` is half the width of its 95 % interval."""

    name: str
    value: float
    half: Annotated[float, Field(ge=0)] | None = None
    relation: Literal[">=", "<="]
    bar: float

    @computed_field  # type: ignore[prop-decorator] # mypy's own limitation, see pydantic's page on it
    @property
    def holds(self) -> bool:
        """Return whether the value reaches the bar."""
        return bool(_HOLDS[self.relation](self.value, self.bar))

    @model_validator(mode="before")
    @classmethod
    def _holds_is_computed(cls, content: object) -> object:
        if isinstance(content, dict) and "holds" in content:
            stated = content["holds"]
            content = {name: value for name, value in content.items() if name != "holds"}
            if cls.model_validate(content).holds != stated:
                raise ValueError(f"claim {content['name']!r}: `holds` is {stated} although value and bar say otherwise")
        return content


class Result(_Strict):
    """One benchmark, or one part of it, measured once.

    Attributes:
        source: `run` for what the command wrote itself, or `page at COMMIT` (`docstring at COMMIT`) for what
            was copied by hand from an earlier page, or from a benchmark's docstring, whose raw figures were
            not kept.
        commit: of the code that ran; for a copied figure, of the page that published it first.
        seeds: those behind the figures; empty where there are none or where an earlier page named none.
        command: repeats the measurement.
        rows: rows with the same columns form a table.
    """

    schema_version: Literal[1] = 1
    name: str
    title: str
    source: Annotated[str, Field(pattern=r"^(run|(page|docstring) at [0-9a-f]{7,40})$")]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{7,40}(\+changes)?$")]
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    command: str
    machine: str
    versions: dict[str, str]
    seeds: list[int]
    rows: list[Row]
    claims: list[Claim]
    notes: list[str] = []

    @model_validator(mode="after")
    def _versions_of_a_run(self) -> Self:
        if self.source == "run" and "python" not in self.versions:
            raise ValueError("a run names the versions it ran with")
        return self

    def write(self, path: Path) -> None:
        """Write the file in the format of `read`."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Result:
    """Return one file of results.

    Raises:
        pydantic.ValidationError: if it does not follow the schema, or a claim's `holds` is wrong.
    """
    return Result.model_validate_json(path.read_text(encoding="utf-8"))


def commit() -> str:
    """Return the commit of this checkout, with `+changes` where tracked files differ from it.

    Raises:
        RuntimeError: if this is no checkout, because the code could not be identified then.
    """
    try:
        head, changed = (
            subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
            for words in (("rev-parse", "--short=10", "HEAD"), ("status", "--porcelain", "--untracked-files=no", *CODE))
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError("--json needs a git checkout: results name the commit that ran") from error
    return head + ("+changes" if changed else "")


def today() -> str:
    """Return the date in UTC."""
    return datetime.now(UTC).date().isoformat()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that affect figures."""
    installed = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def machine(threads: int) -> str:
    """Return the processor, the number of cores, and torch's number of threads."""
    cpus = Path("/proc/cpuinfo")
    text = cpus.read_text(encoding="utf-8") if cpus.exists() else ""
    model = re.search(r"model name\s*: (.*)", text)
    name = model.group(1).strip() if model else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {threads} {'thread' if threads == 1 else 'threads'}"
