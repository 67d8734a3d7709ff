"""What `pip install assayflow` brings.

Four packages and no more, typed, with data files and migrations, that start.
"""

import email
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {"assayflow", "models", "service", "workers"}
PROGRAM = """
import sys, assayflow, models, service, workers
from pathlib import Path
from service.store.migrations import _revisions
from models.domains import installed
home = Path(sys.prefix)
assert all(home in Path(module.__file__).parents for module in (assayflow, models, service, workers))
print(assayflow.__version__, sorted(_revisions()[1])[-1], *sorted(installed()))
"""


def start(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a program without the variables of this process, which would lead it to the checkout."""
    return subprocess.run(  # noqa: S603 - our own programs
        [str(argument) for argument in arguments],
        cwd=cwd,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={},
    )


def run(*arguments: str | Path, cwd: Path = ROOT) -> str:
    done = start(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the sdist, so that a file that the sdist lacks is noticed here."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> Sequence[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel.

    Other people's libraries are those of this run.
    """
    home = tmp_path_factory.mktemp("clean")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        wheel,
    )
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # A path in a .pth file comes after the environment's own, and .pth files there (our checkout) are not
    # read.
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def test_the_top_of_the_wheel_holds_four_packages(names: Sequence[str]) -> None:
    assert {name.split("/")[0] for name in names} == PACKAGES | {f"assayflow-{PROJECT['version']}.dist-info"}


def test_every_package_tells_type_checkers_that_it_is_typed(names: Sequence[str]) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)


def test_every_file_of_the_packages_is_in_the_wheel(names: Sequence[str]) -> None:
    files = (
        path for folder in (*PACKAGES, "migrations") for path in (ROOT / folder).rglob("*") if path.is_file()
    )
    sources = {str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"}
    expected = {f"service/{name}" if name.startswith("migrations/") else name for name in sources}
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_the_metadata_say_what_the_project_says(wheel: Path, names: Sequence[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(path))
    assert (metadata["Name"], metadata["Version"]) == ("assayflow", PROJECT["version"])
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE", "NOTICE"]
    extras = set(PROJECT["optional-dependencies"])
    assert set(metadata.get_all("Provides-Extra") or ()) == extras
    assert not any(
        "torch" in line and "extra" not in line for line in metadata.get_all("Requires-Dist") or ()
    )


def test_the_command_of_the_wheel_tells_its_version(python: Path, tmp_path: Path) -> None:
    assert run(python.parent / "assayflow", "--version", cwd=tmp_path) == f"assayflow {PROJECT['version']}\n"
    assert "backtest" in run(python.parent / "assayflow", "--help", cwd=tmp_path)


def test_the_packages_of_the_wheel_are_the_ones_that_are_imported(python: Path, tmp_path: Path) -> None:
    version, newest, *domains = run(python, "-c", PROGRAM, cwd=tmp_path).split()
    assert version == PROJECT["version"]
    assert any(file.name.startswith(newest) for file in (ROOT / "migrations" / "versions").glob("*.py"))
    assert domains == ["materials", "molecules", "peptides"]


def test_the_worker_of_the_wheel_starts(python: Path, tmp_path: Path) -> None:
    assert "--fast" in run(python, "-m", "workers", "--help", cwd=tmp_path)


@pytest.mark.parametrize("name", ["models", "service"])
def test_a_distribution_that_overwrites_ours_is_named(python: Path, tmp_path: Path, name: str) -> None:
    """Pip lets two distributions write the same file; the later one wins."""
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    file = own / name / "__init__.py"
    ours = file.read_text(encoding="utf-8")
    file.write_text('"""Another project."""\n', encoding="utf-8")
    try:
        done = start(python.parent / "assayflow", "--version", cwd=tmp_path)
    finally:
        file.write_text(ours, encoding="utf-8")
    assert done.returncode == 1
    assert f"another distribution has overwritten `{name}`" in done.stderr
