"""Run the benchmarks in turn: `python -m benchmarks [--quick]`; each one also runs alone.

A benchmark is a module of this folder, or a subfolder, that calls `run`; all other modules are helpers.
Output goes to `runs/`, which is not committed. To publish a file, move it to `results/`.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ALONE = frozenset({"policy"})
"""Benchmarks that take a day: they run task by task and alone."""


def names() -> list[str]:
    """Return the benchmarks that run in turn, in order."""
    modules = [file for file in HERE.glob("*.py") if file.stem != "__main__"]
    files = {file.stem: file for file in modules} | {
        file.parent.name: file for file in HERE.glob("*/__main__.py")
    }
    found = {name for name, file in files.items() if _is_benchmark(file.read_text(encoding="utf-8"))}
    return sorted(found - ALONE)


def _is_benchmark(code: str) -> bool:
    return 'if __name__ == "__main__":' in code and (
        "from benchmarks.report import" in code or "from benchmarks.parts import" in code
    )


def main() -> None:
    """Run each benchmark in its own process, and continue after a failure so that the others still report."""
    runs = HERE / "runs"
    runs.mkdir(exist_ok=True)
    failed = []
    for name in names():
        output = ["--json", str(runs / f"{name}.json")]
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", *output, *sys.argv[1:]], check=False
        )
        if done.returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
