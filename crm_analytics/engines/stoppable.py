"""Ctrl-C while a statement runs: stop the statement, then raise what Ctrl-C means.

Python hands a signal to the main thread, and only between two steps of Python.
A driver that runs there for minutes may be deaf for minutes, so the statement
goes to a thread of its own and the main thread waits for the signal.  Nothing is
raised before the statement has ended, so that no connection is left with one
running on it.

May import: nothing.   Imported by: engines.duckdb.
"""

import signal
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread, current_thread, main_thread
from types import FrameType
from typing import TypeVar
from weakref import finalize

T = TypeVar("T")

LISTEN_EVERY_SECONDS = 0.05


class Stoppable:
    """Runs calls one at a time; `interrupt` makes a running call end soon, and may be called from any thread.

    Costs 0.04 ms a call.  A call from another thread than the main one, which hears no signal, runs where it is.
    """

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._end = finalize(self, self._calls.put, None)
        Thread(target=_work, args=(self._calls,), name="statements", daemon=True).start()

    def run(self, call: Callable[[], T]) -> T:
        """Run `call`; a signal whose handler raises (Ctrl-C) stops it and is raised once it has ended."""
        return self._listening(call, self._interrupt)

    def finish(self, call: Callable[[], T]) -> T:
        """Run `call` to its end whatever happens; what a signal raises is raised afterwards."""
        return self._listening(call, lambda: None)

    def close(self) -> None:
        """Let the thread end."""
        self._end()

    def _listening(self, call: Callable[[], T], interrupt: Callable[[], None]) -> T:
        meant = signal.getsignal(signal.SIGINT)
        # Where Ctrl-C ends the process or is ignored, there is nothing to raise.
        if current_thread() is not main_thread() or not callable(meant) or not self._end.alive:
            return call()
        given: list[T] = []
        failed: list[BaseException] = []
        raised: list[BaseException] = []
        running = Lock()
        running.acquire()

        def work() -> None:
            try:
                given.append(call())
            except BaseException as error:
                failed.append(error)
            finally:
                running.release()

        def hear(number: int, frame: FrameType | None) -> None:
            try:
                meant(number, frame)
            except BaseException as error:
                raised.append(error)

        signal.signal(signal.SIGINT, hear)
        try:
            self._calls.put(work)
            # Interrupted again and again: before the statement has begun, it does not notice.
            while not running.acquire(timeout=LISTEN_EVERY_SECONDS):
                if raised:
                    interrupt()
        finally:
            signal.signal(signal.SIGINT, meant)
        for error in (*raised, *failed):
            raise error
        return given[0]


def _work(calls: "SimpleQueue[Callable[[], None] | None]") -> None:
    while (call := calls.get()) is not None:
        call()
        del call  # or what it holds would live until the next one comes
