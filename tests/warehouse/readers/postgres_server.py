"""A PostgreSQL server of our own for some tests: on a socket in a folder of its own, gone after them."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STARTING_SECONDS = 30


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: Debian keeps them off the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return max(found, key=str, default=None)


@contextmanager
def server(programs: Path) -> Iterator[Path]:
    """The folder with the socket of a running server; user `crm` needs no password there."""
    # pytest's own folders are closed to other users, and PostgreSQL refuses to run as root.
    home = Path(tempfile.mkdtemp(prefix="crm-postgres-"))
    other: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(home, user.pw_uid, user.pw_gid)
        other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def command(program: str, *options: str) -> Sequence[str]:
        return [str(programs / program), "-D", str(home / "data"), *options]

    log = (home / "log").open("w")
    try:
        subprocess.run(
            command("initdb", "-U", "crm", "-A", "trust", "-E", "UTF8", "--no-sync"),
            check=True, stdout=log, stderr=log, cwd=home, env=env, **other,
        )  # fmt: skip
        process = subprocess.Popen(
            command("postgres", "-k", str(home), "-c", "listen_addresses=", "-c", "fsync=off"),
            stdout=log, stderr=log, cwd=home, env=env, **other,
        )  # fmt: skip
        try:
            _wait(home, process)
            yield home
        finally:
            process.terminate()
            process.wait()
    finally:
        log.close()
        shutil.rmtree(home)


def _wait(home: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the server says that it is ready."""
    for _ in range(STARTING_SECONDS * 20):
        if "ready to accept connections" in (home / "log").read_text():
            return
        assert process.poll() is None, (home / "log").read_text()
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text())
