"""A statement that would run for days, and a way to know that it runs."""

import os
import signal
from collections.abc import Callable
from pathlib import Path


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
        """Opening the pipe waits for its reader."""
        with self._pipe.open("w") as pipe:
            then()
            pipe.write("read")


def press_ctrl_c(process_id: int) -> None:
    os.kill(process_id, signal.SIGINT)
