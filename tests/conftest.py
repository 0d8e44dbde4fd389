"""What every test stands on: one Hypothesis profile, and no network but this machine's own.

Nothing here speaks of the domain; fixtures with data live beside the tests that share them.
"""

import socket
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No deadline: an honest test that compiles SQL on a busy machine passes 200 ms now and then.
# Derandomised: the same commit gives the same verdict.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")

LOOPBACK = {"localhost", "::1", "", "0.0.0.0", "::", socket.gethostname()}
refused: list[str] = []


def is_here(host: object) -> bool:
    """Whether a host is this machine.  None means "any of mine", a number is no internet address (netlink)."""
    name = host.decode() if isinstance(host, bytes) else host
    return not isinstance(name, str) or name in LOOPBACK or name.startswith("127.")


def refuse_the_network(event: str, args: tuple[object, ...]) -> None:
    """Audit hook: stop a look-up or a connection that leaves this machine.

    It sees every socket that Python opens in this process, whoever opens it.
    Chromium is a process of its own and is told by its own flags.
    """
    match event, args:
        case "socket.getaddrinfo", (host, *_):
            pass
        case (("socket.connect" | "socket.sendto"), (_, (host, *_))):
            pass
        case _:
            return
    if not is_here(host):
        refused.append(f"{event} {host!r}")
        raise PermissionError(f"tests stay on this machine, but something asked for {event} {host!r}")


sys.addaudithook(refuse_the_network)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail the test that tried, even when the library it called swallowed the refusal."""
    refused.clear()
    yield
    assert not refused, f"this test tried to leave the machine: {refused}"
