"""What a function in a child may say to its parent while it works. Knows neither process."""

from typing import Any, Protocol


class ParentChannel(Protocol):
    """The child's end of the line."""

    def report_progress(self, share: float) -> None:
        """Say which share (0-1) is done."""

    def request(self, question: Any) -> Any:
        """Return the parent's answer: it has the database, a child has none."""
