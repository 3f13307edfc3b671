"""What a worker process of this machine does when it starts; Dask calls `dask_setup`."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the process that started the workers, which stops them in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
