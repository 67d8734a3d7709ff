"""List measured tables and fetch missing ones: `python -m benchmarks.tables [--fetch [PATH ...]]`.

A table is stored in the folder only if the checksums of its upstream files and of its own content are right.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
from rich.console import Console

from benchmarks.tables.catalogue import FOLDER_VARIABLE, TABLES, MeasuredTable, Upstream, digest, folder

SERVER = "https://raw.githubusercontent.com"
MOST_BYTES = 64 * 2**20
"""Size limit of one upstream file; the largest has 3.8 MB."""
SECONDS = 60.0


class FetchError(Exception):
    """A table could not be fetched; the message gives request, response and remedy."""


def state(table: MeasuredTable, where: Path) -> str:
    """Return `present`, `missing` or `differs` (a file of that name with another content)."""
    path = where / table.path
    if not path.exists():
        return "missing"
    try:
        return "present" if digest(path) == table.sha256 else "differs"
    except (OSError, EOFError, ValueError):
        return "differs"


def download(file: Upstream, server: str) -> bytes:
    """Return one upstream file after checking its checksum.

    Raises:
        FetchError: if the server does not serve it, or serves something else.
    """
    address = f"{server.rstrip('/')}/{file.address}"
    content = bytearray()
    try:
        with httpx.stream("GET", address, timeout=SECONDS, follow_redirects=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                content += part
                if len(content) > MOST_BYTES:
                    raise FetchError(f"{address}: more than {MOST_BYTES} bytes, which no table has")
    except httpx.HTTPError as error:
        raise FetchError(f"{address}: {error}") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != file.sha256:
        raise FetchError(f"{address}: SHA-256 is {actual}, expected {file.sha256}")
    return bytes(content)


def fetch(table: MeasuredTable, where: Path, server: str) -> None:
    """Download, convert, check and then store a table.

    Raises:
        FetchError: if a file is not available, the table differs from the measured one, or the folder cannot
            be written to.
    """
    content = table.convert([download(file, server) for file in table.files])
    path = where / table.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as beside:
            made = Path(beside) / path.name
            made.write_bytes(content)
            if (actual := digest(made)) != table.sha256:
                raise FetchError(f"{table.path}: its content's SHA-256 is {actual}, expected {table.sha256}")
            made.replace(path)
    except OSError as error:
        raise FetchError(f"{path}: {error.strerror}; name another folder with --folder") from error


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__.splitlines()[0])
    parser.add_argument("--fetch", nargs="*", metavar="PATH", help="fetch these tables, or all that are missing")
    parser.add_argument("--folder", type=Path, default=folder(), help=f"default: {FOLDER_VARIABLE}, now %(default)s")
    parser.add_argument("--server", default=SERVER, help="a mirror of %(default)s with the same paths")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.fetch or ()) - {table.path for table in TABLES}):
        parser.error(f"--fetch: there is no table {', '.join(unknown)}; run without options for the list")
    return options


def _fetched(options: argparse.Namespace, console: Console) -> None:
    """Fetch the requested tables; a failure does not stop the others."""
    for table in TABLES:
        is_named = table.path in options.fetch or not options.fetch
        if is_named and state(table, options.folder) == "missing":
            try:
                fetch(table, options.folder, options.server)
                console.print(f"fetched {table.path}")
            except FetchError as error:
                console.print(f"not fetched: {error}")
        elif is_named and state(table, options.folder) == "differs":
            console.print(f"not fetched: {table.path} is there with another content; move it away first")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch if requested, list every table, and return 1 if one is missing or differs."""
    options = _options(arguments)
    console = Console(soft_wrap=True, markup=False, highlight=False)
    if options.fetch is not None:
        _fetched(options, console)
    states = {table.path: state(table, options.folder) for table in TABLES}
    for table in TABLES:
        console.print(f"{states[table.path]:<8} {table.path}: {table.content}")
        console.print(f"         {table.origin}; {table.licence}; content SHA-256 {table.sha256}")
        for file in table.files:
            console.print(f"         from {SERVER}/{file.address}")
    console.print(f"\nFolder: {options.folder} (set {FOLDER_VARIABLE} or --folder for another)")
    missing, differing = (
        [path for path, actual in states.items() if actual == kind] for kind in ("missing", "differs")
    )
    if missing:
        console.print(f"{len(missing)} missing: {', '.join(missing)}\nGet them: python -m benchmarks.tables --fetch")
        console.print("Without a way out: download the addresses above elsewhere and give their server as --server.")
    if differing:
        console.print(f"{len(differing)} with another content than was measured on: {', '.join(differing)}")
    return 1 if missing or differing else 0


if __name__ == "__main__":
    sys.exit(main())
