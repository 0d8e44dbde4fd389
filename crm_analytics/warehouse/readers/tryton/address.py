"""Which database of which Tryton server, as whom.  The password is not part of it.

May import: errors.   Imported by: warehouse.readers.tryton.*.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from crm_analytics.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`https://user@host/database`, checked; `password_from` names the environment variable that has the password."""

    server: str
    database: str
    user: str
    password_from: str

    def __str__(self) -> str:
        return f"{self.server}/{self.database}"

    @property
    def is_here(self) -> bool:
        """Whether the server is this machine."""
        return _is_here(urlsplit(self.server).hostname or "")


def read_address(text: str, password_from: str) -> Address:
    """The parts of `https://user@host/database`.

    Raises
    ------
    ConfigError : it is no such address, holds a password, or would send one unencrypted to another machine.
    """
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    host, database = parts.hostname or "", unquote(parts.path.strip("/"))
    if parts.password is not None:
        raise ConfigError(f"a password does not belong in a file; put it into the environment variable {password_from}")
    if parts.scheme not in ("http", "https") or not host or not parts.username or not database or "/" in database:
        raise ConfigError("tryton needs an address such as https://user@host/database")
    if parts.scheme == "http" and not _is_here(host):
        raise ConfigError(f"http:// would send the password to {host} unencrypted; use https://")
    server = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
    return Address(server=server, database=database, user=unquote(parts.username), password_from=password_from)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
