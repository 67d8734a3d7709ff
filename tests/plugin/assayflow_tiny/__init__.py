"""A fourth domain in one folder: rows of on/off switches.

Torch-free; the tests find it by its entry point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, final
from xml.sax.saxutils import escape

import numpy as np
from pydantic import Field

from models.domains.contract import (
    ComputedProperty,
    Domain,
    FeatureGroup,
    FileFormat,
    InvalidObjectError,
    ParsedObject,
    Plugin,
    Violation,
)
from models.specs.base import DomainSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gpytorch.kernels import Kernel

    from models.domains.contract import Floats
    from models.gflownet.environment import Environment


class SwitchesSpec(DomainSpec):
    """How many switches there are."""

    kind: Literal["switches"] = "switches"
    n: int = Field(default=4, ge=1, le=16)


@final
class Switches(Domain):
    """Texts of n letters 0 and 1."""

    object_columns = ("switches",)

    def __init__(self, spec: SwitchesSpec) -> None:
        self.n = spec.n
        self.computed = {
            "ones": ComputedProperty("number of switches that are on", range=(0.0, float(spec.n)))
        }
        self.groupings = {"first": "whether the first switch is on"}
        self.formats = {"txt": FileFormat("text/plain", _write_lines)}

    def read_object(self, fields: Mapping[str, str]) -> ParsedObject:
        """Return the letters; a row of another length is an object too, outside the limits."""
        text = fields.get("switches", "").strip()
        if not text or not set(text) <= {"0", "1"}:
            raise InvalidObjectError("switches", "expected letters 0 and 1")
        return ParsedObject(text)

    def check(self, text: str) -> list[Violation]:
        """Return whether the number of switches is another."""
        return [] if len(text) == self.n else [Violation("n", f"{len(text)} switches, not {self.n}")]

    def pattern(self, text: str) -> Callable[[str], bool]:
        """Return whether a text holds a run of letters."""
        if not text or not set(text) <= {"0", "1"}:
            raise ValueError("expected letters 0 and 1")
        return lambda switches: text in switches

    def properties(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, Floats]:
        """Return how many switches are on [N]."""
        return {name: np.array([text.count("1") for text in texts], dtype=np.float64) for name in names}

    def group(self, texts: Sequence[str], name: str) -> list[str]:
        """Return the first letter of each text."""
        if name not in self.groupings:
            raise KeyError(name)
        return [text[0] for text in texts]

    def columns(self, text: str) -> dict[str, str | float]:
        """Return the one column."""
        return {"switches": text}

    def display(self, text: str) -> str:
        """Return the letters."""
        return text

    def features(self, texts: Sequence[str]) -> Floats:
        """Return for each place whether it is on, whether it is off, and the length [N, 2n + 1]."""
        rows = [
            [text[i : i + 1] == letter for letter in "10" for i in range(self.n)] + [len(text)]
            for text in texts
        ]
        return np.array(rows, dtype=np.float64).reshape(len(texts), 2 * self.n + 1)

    def parts(self, texts: Sequence[str]) -> tuple[FeatureGroup, ...]:
        """Return each switch that is not the same everywhere."""
        places = [i for i in range(self.n) if len({text[i : i + 1] for text in texts}) > 1]
        return tuple(FeatureGroup(f"switch {i + 1}", (i, self.n + i)) for i in places)

    def similarity(self, left: Sequence[str], right: Sequence[str]) -> Floats:
        """Return the share of equal places [N, M]."""
        shares = [
            [sum(a == b for a, b in zip(x, y, strict=False)) / max(len(x), len(y)) for y in right]
            for x in left
        ]
        return np.array(shares, dtype=np.float64).reshape(len(left), len(right))

    def draw(self, texts: Sequence[str], captions: Sequence[str]) -> str:
        """Return the letters as lines of text."""
        lines = [
            f'<text y="{20 * row}">{text} {escape(caption)}</text>'
            for row, (text, caption) in enumerate(zip(texts, captions, strict=True), start=1)
        ]
        return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(lines)}</svg>'

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:  # noqa: ARG002 - nothing to learn
        """Return the environment that flips one switch after the other."""
        from assayflow_tiny.environment import SwitchesEnvironment

        return SwitchesEnvironment(self.n, device)

    def kernel(self) -> Kernel:
        """Return a Matern kernel."""
        from gpytorch.kernels import MaternKernel

        return MaternKernel()


def _write_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(f"{row['object']}\n" for row in rows).encode()


PLUGIN = Plugin(
    kind="switches",
    summary="Rows of on/off switches",
    spec=SwitchesSpec,
    open=Switches,
    examples=(
        ({"kind": "switches", "n": 3}, ({"switches": "010"}, {"switches": "111"}, {"switches": "000"})),
    ),
)
