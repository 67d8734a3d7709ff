"""What became of a file of results, in sentences for the people who sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.lims.contract import News

_MOST_REASONS = 200


def sentences(name: str, when: str, news: News) -> Iterator[str]:
    """Yield the lines of a report; `name` is that of the file, and `when` a time."""
    report = news.report or {}
    upload = report.get("upload") or {}
    yield f"{name}: {news.event}, {when}"
    if news.comment:
        yield news.comment
    yield from (f"Note: {note}" for note in (*report.get("notes", ()), *upload.get("warnings", ())))
    reasons = [row for row in upload.get("rows", ()) if row.get("reason")]
    for row in reasons[:_MOST_REASONS]:
        column = f", column {row['column']}" if row.get("column") else ""
        yield f"Row {row['row']}{column}: {row['reason']}"
    if len(reasons) > _MOST_REASONS:
        yield f"... and {len(reasons) - _MOST_REASONS} more; the .report.json has them all"
