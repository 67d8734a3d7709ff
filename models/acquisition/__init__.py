"""In-loop acquisitions, one file each, named like the acquisition; each file defines `ACQUISITION`."""

from importlib import import_module

from models.acquisition.contract import Acquisition
from models.specs.decisions import ACQUISITIONS


def get_acquisition(name: str) -> type[Acquisition]:
    """Return the acquisition of that name.

    Raises:
        ValueError: if there is no such acquisition.
    """
    if name not in ACQUISITIONS:
        raise ValueError(f"acquisition must be one of {', '.join(ACQUISITIONS)}, not {name!r}")
    kind: type[Acquisition] = import_module(f"{__name__}.{name}").ACQUISITION
    return kind
