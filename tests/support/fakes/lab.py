"""What a fake of a lab system can do for the common suite of faults: be filled by its lab, and misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fakes.server import Answered


@dataclass(frozen=True, slots=True)
class Held:
    """A material or an order as the fake holds it; `materials` are the keys of an order's."""

    id: str
    key: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    materials: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a lab writes down: `value` as text; `outcome` is a word such as `no fit` in place of a value."""

    value: str = ""
    relation: str = "="
    units: str = "nM"
    outcome: str = ""


class FakeLab(Protocol):
    """A running fake of one kind of system; `tests/support/fakes/<kind>.py` has `make_fake() -> FakeLab`."""

    kind: ClassVar[str]
    faults: ClassVar[frozenset[str]]
    """Which of F1 ... F12 the system can have."""

    @property
    def base_url(self) -> str: ...
    def settings(self) -> dict[str, Any]: ...
    def credentials(self) -> dict[str, Any]: ...
    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:
        """Return a link's mapping (see `service.lims.mapping_specs`) for results of one assay type in nM."""

    def materials(self) -> Sequence[Held]: ...
    def orders(self) -> Sequence[Held]: ...

    def measure(self, key: str, measurement: Measurement) -> str:
        """Write a result for the material with this key, as the lab would; return the measurement's id."""

    def correct(self, measurement_id: str, measurement: Measurement) -> None: ...
    def withdraw(self, measurement_id: str) -> None: ...

    def lose_answers(self, n: int = 1, *, skip: int = 0) -> None:
        """Carry out n writes after the next k and close the connection without an answer."""

    @property
    def n_writes(self) -> int: ...

    def answer_instead(self, answer: Answered, *, skip: int = 0) -> None: ...
    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        """Answer one request in the vendor's own style of 'too many requests'."""

    def expire_access(self, *, for_ever: bool) -> None:
        """Make tokens that were handed out useless; with `for_ever` the credentials too."""

    def set_page_size(self, n: int) -> None: ...
    def fail_task_for(self, key: str, words: str) -> None:
        """Refuse this material in its asynchronous task, or at once where there are none."""

    def require_field(self, name: str) -> None:
        """Add a required field to the schema of materials."""

    def close(self) -> None: ...
    @property
    def n_requests(self) -> int: ...
