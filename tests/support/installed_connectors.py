"""A package with a connector, as a firm would install it: one module and its entry point."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.lims.contract import Connector
from service.lims.registry import connector_kind, connector_kinds


@contextmanager
def installed(source: Path, entry_point: str, folder: Path) -> Iterator[type[Connector]]:
    """Install a module for a while and yield its connector; an entry point is `kind = module:Class`."""
    name, _, place = entry_point.partition(" = ")
    module = place.partition(":")[0]
    (folder / f"{module}.py").write_bytes(source.read_bytes())
    package = folder / f"{module}-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
    (package / "entry_points.txt").write_text(f"[assayflow.connectors]\n{entry_point}\n")
    sys.path.insert(0, str(folder))
    connector_kinds.cache_clear()
    try:
        yield connector_kind(name)
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(module, None)
        connector_kinds.cache_clear()
