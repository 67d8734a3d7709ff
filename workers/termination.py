"""Turn termination signals into a flag, for loops that check it regularly."""

import signal
import time
from typing import final

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SLICE_SECONDS = 0.1


@final
class TerminationSignal:
    """Record SIGTERM, Ctrl-C or a closed terminal as a request to end. Create it in the main thread."""

    def __init__(self) -> None:
        self.is_requested = False
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._request)

    def sleep(self, seconds: float) -> None:
        """Sleep for this long, or until termination is requested."""
        until = time.monotonic() + seconds
        while not self.is_requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))

    def _request(self, _number: int, _frame: object) -> None:
        self.is_requested = True
