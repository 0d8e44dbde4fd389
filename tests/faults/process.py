"""Real processes of `crm`, quick to start: each is forked off a server that has imported the package once."""

import ctypes
import multiprocessing
import os
import resource
import struct
import sys
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.faults.preload"])
PATIENCE_SECONDS = 600  # for a process that is sure to end, on a machine that may be busy


@dataclass(frozen=True)
class Ended:
    """How a run of `crm` ended; a negative code is the signal that killed it."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Limits:
    """What a process may do.

    file_bytes : write so many bytes into one file at most
    plain      : what any user may, also where root runs the tests
    temporary  : write temporary files to this folder
    """

    file_bytes: int | None = None
    plain: bool = False
    temporary: Path | None = None

    def apply(self) -> None:
        if self.file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes, self.file_bytes))
        if self.temporary:
            os.environ["TMPDIR"] = str(self.temporary)
        if self.plain and not os.geteuid():
            # Root without its capabilities may not write either what nobody may write (capset(2); version 3, no flag).
            nothing = bytes(24)
            if ctypes.CDLL(None, use_errno=True).capset(struct.pack("Ii", 0x20080522, 0), nothing):
                raise OSError(ctypes.get_errno(), "capset")


class Run:
    """One process that runs `crm` with these words."""

    def __init__(
        self,
        log: Path,
        *words: object,
        limits: Limits = Limits(),
        steps_until_killed: int = 0,
        folder: Path | None = None,
    ) -> None:
        self._log = log
        self.process: ForkServerProcess = CONTEXT.Process(
            target=_child, args=(str(log), [str(word) for word in words], limits, steps_until_killed, folder)
        )
        self.process.start()

    def kill(self) -> None:
        """End it as no program can prevent."""
        self.process.kill()

    def ended(self) -> Ended:
        """Wait for its end."""
        self.process.join(PATIENCE_SECONDS)
        code = self.process.exitcode
        assert code is not None, "the process does not end"
        self.process.close()
        return Ended(code, Path(f"{self._log}.out").read_text(), Path(f"{self._log}.err").read_text())


def crm(log: Path, *words: object, limits: Limits = Limits(), folder: Path | None = None) -> Ended:
    """Run `crm` in a process of its own, and in a folder where one is named, until it ends."""
    return Run(log, *words, limits=limits, folder=folder).ended()


def _child(log: str, words: list[str], limits: Limits, steps: int, folder: Path | None) -> None:
    from crm_analytics.cli import main

    for number, ending in ((1, "out"), (2, "err")):
        file = os.open(f"{log}.{ending}", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(file, number)
        os.close(file)
    if folder:
        os.chdir(folder)
    limits.apply()
    if steps:
        sys.addaudithook(_Killer(steps))
    sys.argv = ["crm", *words]
    main()


class _Killer:
    """Kills its own process right before Python's n-th step on a file that is on its way to take another's place."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event in ("open", "os.rename", "os.remove") and str(args[0]).endswith((".next", ".part")):
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), 9)
