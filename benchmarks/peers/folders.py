"""Peers that a benchmark imports: each in a folder of its own, which is on the path only where it is opened.

None is a dependency. Where a peer is not installed, a benchmark says how to install it and goes on without.
"""

import importlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

HERE = Path(__file__).parents[1] / ".peers"


@final
@dataclass(frozen=True, slots=True)
class PeerFolder:
    """A peer by the name of its folder and of the module that installs it, and what pip installs in turn."""

    name: str
    module: str
    requirements: tuple[tuple[str, ...], ...]

    @property
    def path(self) -> Path:
        """The folder."""
        return HERE / self.name

    @property
    def is_installed(self) -> bool:
        """Whether the folder is there."""
        return self.path.is_dir()

    @property
    def why_absent(self) -> str | None:
        """How to install the peer, None if it is installed."""
        return None if self.is_installed else f"needs `python -m {self.module}` first"

    def open(self, name: str) -> Any:
        """Return a module of the peer.

        Raises:
            ModuleNotFoundError: if the peer is not installed.
        """
        if str(self.path) not in sys.path:
            sys.path.append(str(self.path))
        return importlib.import_module(name)

    def install(self) -> None:
        """Install the peer; a failure leaves no folder of half a peer."""
        part = self.path.with_suffix(".part")
        for words in self.requirements:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(part)]
            subprocess.run([*pip, *words], check=True)
        part.rename(self.path)
