"""A fake LabKey Server with a lab that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from fakes.lab import Held, Measurement
from fakes.labkey_server import ASSAY, FOLDER, SAMPLE_TYPE, LabkeyServer, Row, new_column
from fakes.server import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence


class FakeLabkey(LabkeyServer):
    kind: ClassVar[str] = "labkey"
    faults: ClassVar[frozenset[str]] = frozenset(f"F{number}" for number in range(1, 13))

    @property
    def base_url(self) -> str:
        return f"{self.address}/labkey"

    @property
    def n_requests(self) -> int:
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        return {"container": FOLDER, "time_zone": "Europe/Berlin", "status_column": "Status"}

    def credentials(self) -> dict[str, Any]:
        return {"api_key": self.key}

    def mapping(self, domain: str, assay_type: str) -> dict[str, Any]:  # noqa: ARG002 - any domain has an object
        row = {"type": f"={assay_type}", "value": "Result", "units": "Units", "outcome": "Outcome"}
        words = {"outcome": {"no fit": "assay_failed"}}
        return {
            "materials": {"schema": SAMPLE_TYPE, "fields": {"Structure": "object"}},
            "order": {"fields": {"Campaign": "campaign"}},
            "results": [{"source": ASSAY, "row": row, "words": words}],
        }

    def materials(self) -> Sequence[Held]:
        return [Held(str(row["RowId"]), row["Name"], row) for row in self.samples.values()]

    def orders(self) -> Sequence[Held]:
        return [
            Held(key, key, row, [item["Name"] for item in self._samples_of(key)])
            for key, row in self.order_rows.items()
        ]

    def measure(self, key: str, measurement: Measurement) -> str:
        run = {"RowId": next(self.ids), "ReplacedByRun": None, "Replaced": False}
        sample = self.samples[key.casefold()]
        row = {"RowId": next(self.ids), "SampleID": sample["RowId"], "Run": run, **self._values(measurement)}
        self.results.append(row)
        return f"{ASSAY}/{row['RowId']}"

    def correct(self, measurement_id: str, measurement: Measurement) -> None:
        self._result(measurement_id).update(self._values(measurement))

    def withdraw(self, measurement_id: str) -> None:
        self.results.remove(self._result(measurement_id))

    def replace_run(self, measurement_id: str, measurement: Measurement) -> str:
        """Import the run of a result again: the old rows stay, marked as replaced."""
        old = self._result(measurement_id)
        name = next(row["Name"] for row in self.samples.values() if row["RowId"] == old["SampleID"])
        new = self.measure(name, measurement)
        old["Run"].update(ReplacedByRun=self._result(new)["Run"]["RowId"], Replaced=True)
        return new

    # faults

    def rate_limit(self, seconds: int, *, skip: int = 0) -> None:
        """Answer as a proxy in front of LabKey does, which itself has no limit."""
        page = b"<html><body>Too Many Requests</body></html>"
        headers = {"Retry-After": str(seconds), "Content-Type": "text/html"}
        self.answer_instead(Answered(429, page, headers), skip=skip)

    def expire_access(self, *, for_ever: bool) -> None:
        self.cookies.clear()
        if for_ever:
            self.keys.clear()

    def set_page_size(self, n: int) -> None:
        self.most_rows = n

    def fail_task_for(self, key: str, words: str) -> None:
        self.refused[key.casefold()] = words

    def require_field(self, name: str) -> None:
        self.sample_columns[name] = new_column(name, "string", required=True)

    def _samples_of(self, order: str) -> list[Row]:
        return [row for row in self.samples.values() if row.get("AssayflowOrder") == order]

    def _result(self, measurement_id: str) -> Row:
        row_id = int(measurement_id.rpartition("/")[2])
        return next(row for row in self.results if row["RowId"] == row_id)

    def _values(self, measurement: Measurement) -> Row:
        try:
            number, mark = float(measurement.value), None
        except ValueError:
            number, mark = None, "N"
        return {
            "Result": number,
            "ResultMVIndicator": mark,
            "ResultOORIndicator": measurement.relation if measurement.relation != "=" else None,
            "Units": measurement.units,
            "Outcome": measurement.outcome or None,
            "Comments": measurement.value if mark else None,
            "Date": self.clock,
        }


def make_fake() -> FakeLabkey:
    return FakeLabkey()
