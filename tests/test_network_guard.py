"""The guard in conftest.py bites, and only where it should."""

import socket

import pytest

from conftest import refused


def test_a_connection_off_this_machine_is_refused_and_remembered() -> None:
    # 192.0.2.1 is reserved for documentation (RFC 5737): nobody answers there.
    with pytest.raises(PermissionError, match="tests stay on this machine"):
        socket.create_connection(("192.0.2.1", 9), timeout=1)
    assert refused == ["socket.getaddrinfo '192.0.2.1'"]
    refused.clear()  # otherwise the fixture would fail this very test


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"here")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(4) == b"here"
