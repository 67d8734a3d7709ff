"""The trained campaigns that a fast worker has loaded, and its discovered kinds of jobs."""

import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from workers import handlers
from workers.campaign_cache import TrainedCampaignCache
from workers.jobs import kinds
from workers.trained_campaigns import progress_after_loading

ROOT = Path(__file__).parents[2]


def test_what_is_open_is_not_opened_again_and_the_one_longest_unused_is_closed():
    opened: list[str] = []

    def use(scope: TrainedCampaignCache, name: str) -> Any:
        def make() -> Any:
            opened.append(name)
            return name

        return scope.get(name, make)

    scope = TrainedCampaignCache(most_open=2)
    assert [use(scope, name) for name in ("a", "b", "a", "c", "a", "b")] == ["a", "b", "a", "c", "a", "b"]
    assert opened == ["a", "b", "c", "b"]


def test_what_fails_to_open_is_tried_again():
    scope, tries = TrainedCampaignCache(), []

    def fail() -> Any:
        tries.append(1)
        raise RuntimeError("no")

    for _ in range(2):
        try:
            scope.get("a", fail)
        except RuntimeError:
            continue
    assert len(tries) == 2
    assert cast("str", scope.get("a", lambda: cast("Any", "open"))) == "open"


def test_playing_goes_on_where_opening_ended():
    assert progress_after_loading(0.0) < progress_after_loading(0.5) < progress_after_loading(1.0) == 1.0


def test_every_module_of_handlers_is_a_kind_with_a_function():
    assert kinds() == sorted(module.name for module in pkgutil.iter_modules(handlers.__path__))
    for kind in kinds():
        program = f"import sys, workers.handlers.{kind} as m; m.handle; sys.exit('torch' in sys.modules)"
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)  # noqa: S603 - our own program
