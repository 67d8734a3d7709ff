"""Run peers beside ours, each in its own environment, created once; none is a dependency of the product."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REQUIREMENTS = {
    # torch first: the peer's own requirement would install another build
    "torchgfn": (["torch==2.13.0"], ["torchgfn==2.4.1"]),
    "gfnx": (["gfnx==0.0.1", "jax==0.4.30"],),
}


def python(name: str) -> Path:
    """Return the interpreter of a peer's environment, creating the environment at first use."""
    folder = HERE / ".peers" / name
    interpreter = folder / "bin" / "python"
    stamp = folder / ".installed"
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        for requirements in REQUIREMENTS[name]:
            subprocess.run([interpreter, "-m", "pip", "install", "--quiet", *requirements], check=True)
        stamp.touch()
    return interpreter


def measure(name: str, script: str, **options: int) -> dict[str, Any]:
    """Run one of the scripts in `peers/` and return the JSON object of its last line."""
    arguments = [word for key, value in options.items() for word in (f"--{key}", str(value))]
    command = [str(python(name)), str(HERE / "peers" / script), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer
