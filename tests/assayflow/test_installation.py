"""`models`, `service` and `workers` are common names.

Whoever takes their place is named, with what to do about it.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from assayflow.installation import ForeignPackageError, require_own

ROOT = Path(__file__).parents[2]
NAMES = ("models", "service", "workers")


def run(folder: Path, *arguments: str, first: Path | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(str(part) for part in (first, ROOT) if part is not None)
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        encoding="utf-8",
    )


def package(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(
        "raise AssertionError('code of others was run')\n", encoding="utf-8"
    )
    return folder


def test_our_own_packages_pass() -> None:
    require_own(*NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_command_names_a_folder_that_comes_first(tmp_path: Path, name: str) -> None:
    package(tmp_path, name)
    outcome = run(tmp_path, "-m", "assayflow", "--version")
    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"assayflow: Python finds `{name}` in {tmp_path / name / '__init__.py'}")
    assert str(ROOT / name) in outcome.stderr
    assert "environment of its own" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize("statement", ["import service.cli.main", "import workers.app"])
def test_an_import_names_somebody_elses_models_before_it_runs_them(tmp_path: Path, statement: str) -> None:
    outcome = run(tmp_path, "-c", statement, first=package(tmp_path / "lib", "models"))
    assert outcome.returncode == 1
    assert "ForeignPackageError: Python finds `models` in" in outcome.stderr
    assert "code of others was run" not in outcome.stderr


def test_a_module_of_that_name_that_is_loaded_already_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = ModuleType("models")
    loaded.__file__ = str(tmp_path / "models.py")
    monkeypatch.setitem(sys.modules, "models", loaded)
    with pytest.raises(ForeignPackageError, match=f"Python finds `models` in {tmp_path / 'models.py'}"):
        require_own("models")


def test_a_folder_without_code_is_no_package_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "workers").mkdir()
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "workers", raising=False)
    with pytest.raises(ForeignPackageError, match=f"Python finds `workers` in .*{tmp_path / 'workers'}"):
        require_own("workers")


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    monkeypatch.delitem(sys.modules, "workers", raising=False)
    with pytest.raises(ForeignPackageError, match="the package `workers` is not installed beside"):
        require_own("workers")
