"""Define the channel from a function in a child to its parent. Depends on neither process."""

from typing import Any, Protocol


class ParentChannel(Protocol):
    """The child's end of the channel."""

    def report_progress(self, share: float) -> None:
        """Report the share (0-1) that is done."""

    def request(self, question: Any) -> Any:
        """Return the parent's response to a query: only the parent has a database connection."""

    def content(self, digest: str) -> bytes:
        """Return the content of a collection.

        Raises:
            CollectionMissingError: if there is none with this digest.
        """
