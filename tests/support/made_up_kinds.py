"""Install the made-up LIMS for a test, as a package with an entry point would."""

import pytest
from made_up_lims import MadeUpConnector

from service.lims import registry
from service.outbox import pushes


def install(patch: pytest.MonkeyPatch) -> None:
    """Let the made-up LIMS be among the kinds until the patch is undone."""
    found = {**registry.connector_kinds(), MadeUpConnector.kind: MadeUpConnector}
    for module in (registry, pushes):
        patch.setattr(module, "connector_kinds", lambda: found)
