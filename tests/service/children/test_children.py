"""Child processes run tasks, end at their limits, and leave the service responsive meanwhile."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from models.domains.contract import InvalidObjectError
from models.records import Cancelled
from service.children import Children, ChildTask, Limits, ParentChannel
from service.errors import UnavailableError, UnprocessableError
from service.exchange.tables import QuestionError

ERRAND = ChildTask("the table", 20.0, "/table", "split it")
SHORT = ChildTask("the table", 1.0, "/table", "split it")


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children(Limits(processes=1, memory_bytes=512 * 2**20, waiting=1, waiting_seconds=20.0))
    yield made
    made.close()


def who(_channel: ParentChannel) -> int:
    return os.getpid()


def total(channel: ParentChannel, numbers: list[int]) -> int:
    for index, _ in enumerate(numbers):
        channel.report_progress(index / len(numbers))
    return sum(numbers) + int(channel.request("how much more?"))


def work(channel: ParentChannel, seconds: float) -> float:
    """Compute for a while and report progress continuously."""
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        channel.report_progress(0.5)
    return seconds


def refuse(_channel: ParentChannel, text: str) -> None:
    raise UnprocessableError(text, [{"pointer": "/a", "detail": text}], {"rows": 3})


class UnsendableError(RuntimeError):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


def refuse_oddly(_channel: ParentChannel) -> None:
    raise UnsendableError("1 2")


def ask_back(_channel: ParentChannel) -> None:
    raise QuestionError("decimal", ["comma", "point"], "1,234 is either", row=3)


def refuse_a_column(_channel: ParentChannel) -> None:
    raise InvalidObjectError("smiles", "no ring closes")


def spin(_channel: ParentChannel) -> None:
    while True:
        pass


def sleep(_channel: ParentChannel) -> None:
    time.sleep(1000)


def swell(_channel: ParentChannel) -> int:
    return len([bytes(2**20) for _ in range(4_000)])


def crash(_channel: ParentChannel) -> None:
    os.abort()


def environment(_channel: ParentChannel) -> tuple[dict[str, str], set[str], tuple[int, int]]:
    import sys

    return dict(os.environ), set(sys.modules), resource.getrlimit(resource.RLIMIT_AS)


def test_a_child_reports_requests_responds_and_is_reused(children: Children):
    on_progress: list[float | None] = []
    total_length = children(ERRAND, total, [1, 2, 3], answer=len, on_progress=on_progress.append)
    assert total_length == 6 + len("how much more?")
    assert [share for share in on_progress if share is not None] == [0.0, 1 / 3, 2 / 3]
    assert children(ERRAND, who) == children(ERRAND, who) != os.getpid()


def test_exceptions_of_a_function_are_raised_with_all_attributes(children: Children):
    with pytest.raises(UnprocessableError, match="no") as refused:
        children(ERRAND, refuse, "no")
    assert refused.value.errors == ({"pointer": "/a", "detail": "no"},)
    assert refused.value.extensions == {"rows": 3}
    with pytest.raises(QuestionError, match="1,234 is either") as raised:
        children(ERRAND, ask_back)
    assert (raised.value.parameter, raised.value.choices, raised.value.row) == ("decimal", ("comma", "point"), 3)
    with pytest.raises(InvalidObjectError, match="no ring closes") as wrong:
        children(ERRAND, refuse_a_column)
    assert wrong.value.column == "smiles"
    with pytest.raises(RuntimeError, match="UnsendableError: 1 2"):
        children(ERRAND, refuse_oddly)


def test_what_the_parent_held_is_not_counted_against_a_child(children: Children):
    held = np.ones(600 * 2**17)  # 600 MiB, more than the child may hold
    made = Children(Limits(processes=1, memory_bytes=512 * 2**20, waiting=1, waiting_seconds=20.0))
    assert made(ERRAND, who) == made(ERRAND, who)
    made.close()
    assert held.nbytes > children.limits.memory_bytes


@pytest.mark.parametrize(
    ("function", "limit"), [(spin, "1 s of computing"), (swell, "512 MiB"), (crash, "512 MiB can bear")]
)
def test_a_child_ends_at_its_limit_and_the_error_names_limit_and_field(children: Children, function: Any, limit: str):
    before = children(ERRAND, who)
    with capture_logs(), pytest.raises(UnprocessableError, match=f"the table takes more than .*{limit}") as refused:
        children(SHORT, function)
    assert refused.value.errors[0]["pointer"] == "/table"
    assert refused.value.detail.endswith(": split it")
    assert children(ERRAND, who) != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_progress_gives_time_only_to_work_that_is_followed(children: Children, monkeypatch: pytest.MonkeyPatch):
    # a child that communicates all the time seems idle to the kernel
    monkeypatch.setattr("service.children.pool.WALL", 2)
    followed = ChildTask("the table", 1.0, is_followed=True)
    assert children(followed, work, 3.0) == 3.0
    with pytest.raises(UnprocessableError, match="1 s of computing time"):
        children(SHORT, work, 30.0)


def test_a_child_that_waits_for_nothing_is_killed_too(children: Children, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.children.pool.WALL", 0.3)
    with pytest.raises(UnprocessableError, match="1 s of computing time"):
        children(SHORT, sleep)


def test_whoever_listens_may_end_the_child(children: Children):
    before = children(ERRAND, who)

    def stop(_share: float | None) -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        children(ERRAND, spin, on_progress=stop)
    assert children(ERRAND, who) != before


def test_only_so_many_errands_wait(children: Children):
    ends: list[BaseException] = []
    go_on = threading.Event()

    def stop(_share: float | None) -> None:
        if go_on.is_set():
            raise Cancelled("cancelled")

    def occupy() -> None:
        try:
            children(ERRAND, spin, on_progress=stop)
        except BaseException as error:  # noqa: BLE001 - looked at below
            ends.append(error)

    threads = [threading.Thread(target=occupy) for _ in range(2)]
    for thread in threads:
        thread.start()
    while children._n_waiting < 1:
        time.sleep(0.01)
    with pytest.raises(UnavailableError, match="1 requests wait"):
        children(ERRAND, who)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert [type(error) for error in ends] == [Cancelled, Cancelled]


def test_a_child_knows_no_secret_loads_no_torch_and_has_a_limit(children: Children, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSAYFLOW_DATABASE_URL", "postgresql://secret")
    children.close()  # the next one is started in this environment
    variables, modules, (soft, _) = children(ERRAND, environment)
    assert not [name for name in variables if name.startswith("ASSAYFLOW")]
    assert "torch" not in modules
    assert 512 * 2**20 < soft < 8 * 2**30
