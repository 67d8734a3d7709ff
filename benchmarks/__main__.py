"""Runs every benchmark in turn: `python -m benchmarks [--quick]`; each also runs alone.

A benchmark is a module of this folder that can be run, or a sub-folder that can; everything else is a helper.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the benchmarks in order."""
    files = [file for file in HERE.glob("*.py") if file.stem != "__main__"]
    modules = [file.stem for file in files if 'if __name__ == "__main__":' in file.read_text(encoding="utf-8")]
    return sorted([*modules, *(file.parent.name for file in HERE.glob("*/__main__.py"))])


def main() -> None:
    """Run each benchmark in a process of its own, and go on when one fails so that the others still print."""
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    failed = []
    for name in names():
        output = ["--json", str(results / f"{name}.json")]
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *output, *sys.argv[1:]], check=False)
        if done.returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
