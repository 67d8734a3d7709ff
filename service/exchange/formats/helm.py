"""HELM: a polymer in each line, behind a tab or a blank its name.

Reads only: the peptides' domain writes its own.
"""

from __future__ import annotations

import io

from service.exchange.formats.fasta import named, table_of
from service.exchange.tables import Layout, RawRow, Table, TableFormat
from service.exchange.texts import decode

COLUMN = "helm"


def read(content: bytes, layout: Layout) -> Table:
    """Read the lines of a file of HELM; rows are counted in lines.

    Raises:
        TableError: if there is no line with a polymer, or there are too many.
    """
    text, warnings, _ = decode(content, layout.charset)
    lines = ((number, line.split()) for number, line in enumerate(io.StringIO(text, newline=None), 1))
    return table_of((RawRow(number, _cells(words)) for number, words in lines if words), warnings)


def _cells(words: list[str]) -> dict[str, str]:
    polymer, *rest = words
    return named(rest[0] if rest else "") | {COLUMN: polymer}


FORMAT = TableFormat("helm", ("text/x-helm",), read, object_column=COLUMN)
