"""A lab that works with files: it reads batches from a folder and puts tables of results into it."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, ClassVar

from fakes.lab import Held, Measurement

from service.lims.mapping import candidate_id_of, material_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fakes.server import Answered

_COLUMNS = ("candidate_id", "type", "value", "units", "relation", "outcome", "external_id")
_OUTCOMES = {"no fit": "assay_failed"}


class FakeFolder:
    kind: ClassVar[str] = "watched_folder"
    faults: ClassVar[frozenset[str]] = frozenset(("F2", "F6", "F8", "F12"))
    """A folder answers nothing, so that no answer of it is lost, late or refused."""

    def __init__(self) -> None:
        self.root = Path(mkdtemp(prefix="assayflow-folder-"))
        self._assay_type = ""
        self._numbers = count(1)
        self._measured: dict[str, str] = {}

    @property
    def base_url(self) -> str:
        return ""

    @property
    def n_requests(self) -> int:
        return 0

    def folders(self) -> dict[str, str]:
        """Return what the operator allows, by name."""
        return {"lab": str(self.root)}

    def settings(self) -> dict[str, Any]:
        return {"folder": "lab"}

    def credentials(self) -> dict[str, Any]:
        return {}

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:  # noqa: ARG002 - a file has the columns
        self._assay_type = assay_type
        return {"order": {"files": ["csv"], "fields": {"campaign": "campaign"}}}

    def materials(self) -> Sequence[Held]:
        return [held for _, rows in self._orders() for held in rows]

    def orders(self) -> Sequence[Held]:
        return [
            Held(str(path.parent), order["key"], order["fields"], [held.key for held in rows])
            for (path, order), rows in self._orders()
        ]

    def measure(self, key: str, measurement: Measurement) -> str:
        measurement_id = f"measurement-{next(self._numbers)}"
        self._measured[measurement_id] = key
        self._put(measurement_id, measurement)
        return measurement_id

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        """Send a file that says something else of the same measurement."""
        self._put(measurement_id, measurement)

    def withdraw(self, measurement_id: str) -> None:
        raise NotImplementedError(f"a file takes nothing back, not even {measurement_id}")

    @property
    def n_writes(self) -> int:
        return 0

    def lose_answers(self, n: int = 1, *, skip: int = 0) -> None:
        raise NotImplementedError(f"a folder gives no answers, so that not even {n} after {skip} are lost")

    def answer_instead(self, answer: Answered, *, skip: int = 0) -> None:
        raise NotImplementedError(f"a folder does not answer {answer.status} after {skip}")

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        raise NotImplementedError(f"a folder is never busy, not for {seconds} seconds after {skip}")

    def expire_access(self, *, for_ever: bool) -> None:
        raise NotImplementedError(f"a folder has no credentials that expire, {for_ever=}")

    def set_page_size(self, n: int) -> None:
        raise NotImplementedError(f"a folder has no pages of {n}")

    def fail_task_for(self, key: str, words: str) -> None:
        raise NotImplementedError(f"a folder refuses no {key}: {words}")

    def require_field(self, name: str) -> None:
        raise NotImplementedError(f"a folder requires no {name}")

    def close(self) -> None:
        shutil.rmtree(self.root)

    def _orders(self) -> Iterator[tuple[tuple[Path, dict[str, Any]], list[Held]]]:
        for path in sorted((self.root / "outbox").rglob("order.json")):
            with next(path.parent.glob("*.csv")).open(newline="") as file:
                rows = [
                    Held(row["candidate_id"], material_key(row["candidate_id"]), row)
                    for row in csv.DictReader(file)
                ]
            yield (path, json.loads(path.read_bytes())), rows

    def _put(self, measurement_id: str, measurement: Measurement) -> None:
        candidate_id = candidate_id_of(self._measured[measurement_id])
        outcome = _OUTCOMES.get(measurement.outcome, measurement.outcome)
        row = (
            candidate_id,
            self._assay_type,
            measurement.value,
            measurement.units if measurement.value else "",
            measurement.relation if measurement.value else "",
            outcome,
            measurement_id,
        )
        file = self.root / "inbox" / f"{measurement_id}-{next(self._numbers)}.csv"
        with file.with_suffix(".part").open("w", newline="") as part:
            csv.writer(part).writerows((_COLUMNS, row))
        file.with_suffix(".part").rename(file)
        file.with_name(f"{file.name}.done").touch()


def make_fake() -> FakeFolder:
    return FakeFolder()
