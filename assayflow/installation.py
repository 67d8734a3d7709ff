"""What is installed: the version, and whether `models`, `service` and `workers` are Assayflow's.

Imports none of them. Their names are common. A folder of that name on the path, or another distribution in
the same environment, may come before ours or overwrite it; without a check that shows as a missing submodule
somewhere else.
"""

import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

MARK = '__distribution__ = "assayflow"'
"""The line of a package's `__init__` by which it is known as ours."""
_HOME = Path(__file__).resolve().parents[1]
_REMEDY = (
    "Install Assayflow into an environment of its own (`python -m venv`, `pipx install assayflow` or a "
    "container), "
    "and start it outside folders that hold a package of that name"
)


class ForeignPackageError(ImportError):
    """A package of another project stands where one of ours should be."""


def installed_version() -> str:
    """Return the version of the installed distribution; a checkout that is not installed has none."""
    try:
        return version("assayflow")
    except PackageNotFoundError:
        return "0+source"


def require_own(*names: str) -> None:
    """Check that these top-level packages are the ones that came with this module.

    Raises:
        ForeignPackageError: if one is missing, lies elsewhere, or was overwritten in place.
    """
    for name in names:
        found = _find(name)
        if found is None:
            raise ForeignPackageError(
                f"the package `{name}` is not installed beside {_HOME / 'assayflow'}. {_REMEDY}."
            )
        if found.origin is None or Path(found.origin).resolve() != _HOME / name / "__init__.py":
            where = found.origin or ", ".join(found.submodule_search_locations or ["an unknown place"])
            raise ForeignPackageError(
                f"Python finds `{name}` in {where}, which is another project's; ours is {_HOME / name}. "
                f"{_REMEDY}."
            )
        if MARK not in Path(found.origin).read_text(encoding="utf-8").splitlines():
            raise ForeignPackageError(
                f"{found.origin} is no longer Assayflow's: another distribution has overwritten `{name}`. "
                f"{_REMEDY}."
            )


def _find(name: str) -> ModuleSpec | None:
    """Return where a package is or would be imported from, without importing it."""
    module = sys.modules.get(name)
    if module is None:
        return find_spec(name)
    return module.__spec__ or ModuleSpec(name, None, origin=getattr(module, "__file__", None))
