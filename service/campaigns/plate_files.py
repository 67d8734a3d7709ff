"""Files about plates, read in children: robots' reports, and readings with the curves through them.

Knows no HTTP. The functions that begin with an underscore run in a child, which has neither the database nor
a thread of this process.
"""

from collections.abc import Mapping
from typing import Any, final

from service.children import Children, ChildTask, ParentChannel
from service.plates.analysis import WellsFile, analyse
from service.plates.records import Analysis, PlateLayout
from service.plates.specs import LayoutSpec
from service.plates.transfer_reports import TransferReport, read_transfer_report

_ADVICE = "send the file of one plate alone"


@final
class PlateFiles:
    """Reads files about plates in children.

    Args:
        children: who read.
        seconds: computing time of one file.
    """

    def __init__(self, children: Children, seconds: float) -> None:
        self._children = children
        self._task = ChildTask("the file", seconds, advice=_ADVICE)

    def transfers(self, content: bytes, plate: str, wells: int) -> TransferReport:
        """Return what a robot's report says of a plate; raises as `read_transfer_report`."""
        found: TransferReport = self._children(self._task, _transfers, content, plate, wells)
        return found

    def analysis(
        self, file: WellsFile, spec: Mapping[str, Any], layout: Mapping[str, Any], failed: Mapping[str, str]
    ) -> Analysis:
        """Return what the readings of a plate come to, its documents given as they are stored.

        Raises as `analyse`.
        """
        found: Analysis = self._children(self._task, _analysis, file, dict(spec), dict(layout), dict(failed))
        return found


def _transfers(_channel: ParentChannel, content: bytes, plate: str, wells: int) -> TransferReport:
    return read_transfer_report(content, plate, wells)


def _analysis(
    _channel: ParentChannel,
    file: WellsFile,
    spec: dict[str, Any],
    layout: dict[str, Any],
    failed: dict[str, str],
) -> Analysis:
    return analyse(file, LayoutSpec.model_validate(spec), PlateLayout.model_validate(layout), failed)
