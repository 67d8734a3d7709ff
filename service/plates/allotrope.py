"""Files of instruments, converted to Allotrope's Simple Model by `allotropy` in an environment of its own.

Its pins (pandas, jsonschema) clash with ours, so it is a program that is run: with the file as its input,
without this process's environment, and within limits of time and memory. Without that environment ASM
documents, grids and long files are read all the same.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import TemporaryFile
from typing import IO

from service.errors import UnprocessableError

SECONDS = 60
MEMORY_BYTES = 2 * 2**30
MAX_OUTPUT_BYTES = 64 * 2**20
"""Largest answer that is read."""
INSTALL = "python -m venv /opt/allotropy && /opt/allotropy/bin/pip install allotropy"
SETTING = "ASSAYFLOW_ALLOTROPY_PYTHON"
MAX_SHOWN, MAX_MESSAGE = 300, 4000
_NOT_THERE, _REFUSED = 3, 4
_PROGRAM = f"""
import io, json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_FSIZE, ({MAX_OUTPUT_BYTES}, {MAX_OUTPUT_BYTES}))
try:
    from allotropy.parser_factory import Vendor
    from allotropy.to_allotrope import allotrope_from_io
except ImportError as error:
    sys.exit(print(error, file=sys.stderr) or {_NOT_THERE})
vendor, name = sys.argv[1:]
known = sorted(item.value for item in Vendor)
if vendor not in known:
    sys.exit(print(f"no vendor {{vendor!r}}; there is", ", ".join(known), file=sys.stderr) or {_REFUSED})
try:
    document = allotrope_from_io(io.BytesIO(sys.stdin.buffer.read()), name, vendor)
except Exception as error:
    sys.exit(print(f"{{type(error).__name__}}: {{error}}", file=sys.stderr) or {_REFUSED})
json.dump(document, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class InstrumentFile:
    """A file as an instrument wrote it; `name` gives allotropy its extension."""

    content: bytes
    vendor: str
    name: str


def to_asm(file: InstrumentFile, python: Path | None) -> bytes:
    """Return a file as an ASM document.

    Args:
        file: the instrument's.
        python: the interpreter of the environment that allotropy is installed in.

    Raises:
        UnprocessableError: if there is no such environment (it says how to make one), or allotropy cannot
            read the file, knows no such vendor, or takes too long.
    """
    if python is None:
        raise _refused(
            "files of plate readers are read by allotropy in an environment of its own, which is not set up "
            "here: "
            f"install it ({INSTALL}) and set {SETTING} to its python, or send a grid, a long file or an ASM "
            f"document"
        )
    name = re.sub(r"[^A-Za-z0-9._-]", "_", PurePath(file.name).name).lstrip("-") or "file"
    with TemporaryFile() as out, TemporaryFile() as errors:  # files, whose size the kernel limits
        code = _run([str(python), "-I", "-c", _PROGRAM, file.vendor, name], file.content, (out, errors))
        out.seek(0)
        errors.seek(0)
        document, message = out.read(), " ".join(errors.read(MAX_MESSAGE).decode(errors="replace").split())
    if code == _NOT_THERE:
        raise _refused(f"allotropy is not installed where {SETTING} points to: {INSTALL}")
    if code == _REFUSED:
        raise _refused(f"allotropy does not read the file as {file.vendor[:40]}: {message}")
    if code != 0:
        raise _refused(f"allotropy ended at its limits or broke ({code}): {message[-MAX_SHOWN:]}")
    return document


def _run(command: Sequence[str], content: bytes, out: tuple[IO[bytes], IO[bytes]]) -> int:
    """Return how the program ended.

    Raises:
        UnprocessableError: if it cannot be started, or does not end in time.
    """
    try:
        return subprocess.run(  # noqa: S603 - the operator's own interpreter; what callers send is data
            command,
            input=content,
            stdout=out[0],
            stderr=out[1],
            timeout=2 * SECONDS,
            check=False,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        ).returncode
    except OSError as error:
        raise _refused(f"{SETTING} names no interpreter that runs: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise _refused(f"allotropy takes more than {SECONDS} s") from error


def _refused(detail: str) -> UnprocessableError:
    return UnprocessableError(detail, errors=[{"in": "query", "pointer": "/vendor", "detail": detail}])
