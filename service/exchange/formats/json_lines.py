"""JSON lines (NDJSON): one object per line, each a row as an array of JSON has it."""

from __future__ import annotations

import json

from service.exchange.formats.json_rows import Number, count_rows, table_of
from service.exchange.tables import Layout, Table, TableError, TableFormat, check_size


def read(content: bytes, layout: Layout) -> Table:
    """Read an object from every line that is not blank.

    Raises:
        TableError: if a line is no JSON; it names the line.
    """
    del layout  # JSON says by itself which Unicode encoding it is in
    count_rows(content)
    rows = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(
                json.loads(
                    line, parse_float=Number, parse_int=Number, parse_constant=Number, object_pairs_hook=tuple
                )
            )
        except (ValueError, RecursionError) as error:
            raise TableError(f"line {number} is not valid JSON: {error}", row=len(rows) + 1) from error
    check_size(len(rows), 0)
    return table_of(rows)


FORMAT = TableFormat(
    "ndjson",
    ("application/x-ndjson", "application/jsonl", "application/x-jsonlines"),
    read,
    aliases=("jsonl",),
    count_rows=count_rows,
)
