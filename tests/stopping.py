"""A statement that would run for days, and a way to know that it runs."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

WAIT_SECONDS = 120


class Endless:
    """SQL that reads a named pipe and then counts pairs for days; it has begun once the pipe is read."""

    def __init__(self, folder: Path) -> None:
        self._pipe = folder / "pipe"
        os.mkfifo(self._pipe)
        self.read = f"SELECT length(content) AS n FROM read_text('{self._pipe}')"
        self.count = f"SELECT count(*) AS n FROM ({self.read}), range(9_000_000) a(x), range(9_000_000) b(y) " + (
            "WHERE (x * y + n) % 7 = 3"
        )

    def wait_until_it_runs(self, then: Callable[[], object]) -> None:
        """A pipe can be opened for writing once it has a reader; a statement that never runs fails the test."""
        for _ in range(int(WAIT_SECONDS / 0.02)):
            try:
                handle = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                time.sleep(0.02)
                continue
            with os.fdopen(handle, "w") as pipe:
                then()
                pipe.write("read")
            return
        raise AssertionError("the statement did not begin to run")


def press_ctrl_c(process_id: int) -> None:
    os.kill(process_id, signal.SIGINT)
