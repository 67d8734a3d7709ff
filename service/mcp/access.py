"""What a caller's key and the person who starts the server allow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """The scopes of the key, and whether a person allowed what cannot be undone.

    Without `allow_release` no tool releases a batch, closes a campaign or withdraws results, whatever the
    scopes are.
    """

    scopes: frozenset[str]
    allow_release: bool = False

    @property
    def may_read(self) -> bool:
        """Whether the key reads campaigns."""
        return "read" in self.scopes

    @property
    def may_write(self) -> bool:
        """Whether the key changes campaigns, results and candidates."""
        return "write" in self.scopes

    @property
    def may_release(self) -> bool:
        """Whether tools that cannot be undone are offered."""
        return self.may_write and self.allow_release
