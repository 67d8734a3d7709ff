"""Runs every benchmark in turn: `python -m benchmarks [--quick]`; each also runs alone."""

import pkgutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHMARKS = {"report", "peer", "__main__"}


def main() -> None:
    """Run each benchmark in a process of its own, and go on when one fails so that the others still print."""
    names = sorted(info.name for info in pkgutil.iter_modules([str(HERE)]) if not info.ispkg)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    failed = []
    for name in names:
        if name in NOT_BENCHMARKS:
            continue
        output = ["--json", str(results / f"{name}.json")]
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *output, *sys.argv[1:]], check=False)
        if done.returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
