"""Print plates and their results on a terminal. This module reads responses of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from service.terminal.tables import report_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NO_NUMBER = "-"


def plates_table(plates: Iterable[tuple[int, Mapping[str, Any]]]) -> Table:
    """Return plates with the numbers of their rounds."""
    table = Table("round", "plate", "type", "state", "id", box=None, pad_edge=False)
    for number, item in plates:
        table.add_row(str(number), *(Text(item[name]) for name in ("name", "type", "state", "id")))
    return table


def findings_table(findings: Sequence[Mapping[str, Any]], units: str) -> Table:
    """Return a table of results: a value or a limit with its interval, or the reason for neither.

    Args:
        findings: from the response to an upload of wells.
        units: of their values.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("candidate", no_wrap=True)
    for name in ("value", "95 % interval", "wells"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("remarks", overflow="fold")
    for item in findings:
        remarks = "; ".join([*([item["reason"]] if item["reason"] else []), *item["flags"]])
        cells = (item["candidate_id"], _value(item, units), _interval(item), str(item["n_wells"]), remarks)
        table.add_row(*map(Text, cells))
    return table


def value_units(spec: Mapping[str, Any]) -> str:
    """Return the units of a plate's values: of its doses, or percent at one dose."""
    return str(spec["doses"]["units"]) if spec["readout"] == "ic50" else "%"


def wells_lines(answer: Mapping[str, Any]) -> list[str]:
    """Return the source of the signals, the quality of the controls, warnings, and the stored results."""
    quality = answer["quality"]
    controls = f"{quality['n_positive']} positive and {quality['n_negative']} negative controls"
    figures = f"Z' {_number(quality['z_prime'])}, SSMD {_number(quality['ssmd'])}"
    return [f"read from {answer['source']}: {figures}, {controls}", *answer["warnings"], *_results(answer)]


def transfers_lines(answer: Mapping[str, Any]) -> list[str]:
    """Return the number of a report's transfers, the failed wells, and candidates without any transfer."""
    failed = [f"  {well}: {reason}" for well, reason in answer["failed_wells"].items()]
    head = f"{answer['transfers']} transfers, {len(failed)} wells failed"
    return [head, *failed, *answer["warnings"], *(_results(answer) if answer["report"]["rows"] else ())]


def _results(answer: Mapping[str, Any]) -> list[str]:
    first, *reasons = report_lines(answer["report"], most=10)
    again = answer["report"]["duplicates"]
    return [f"results: {first}{f', {again} stored before' if again else ''}", *reasons]


def _number(value: float | None) -> str:
    return _NO_NUMBER if value is None else f"{value:.2f}"


def _value(item: Mapping[str, Any], units: str) -> str:
    if item["value"] is None:
        return str(item["verdict"])
    relation = "" if item["relation"] == "=" else f"{item['relation']} "
    return f"{relation}{item['value']:.3g} {units}"


def _interval(item: Mapping[str, Any]) -> str:
    curve = item["curve"]
    if curve is None or item["verdict"] != "measured":
        return ""
    return f"{_end(curve['low'])} to {_end(curve['high'])}"


def _end(value: float | None) -> str:
    return _NO_NUMBER if value is None else f"{value:.3g}"
