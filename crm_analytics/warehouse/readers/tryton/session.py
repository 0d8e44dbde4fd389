"""A session with a Tryton server: log in, ask, ask again when the line drops, log out.

It changes nothing on the server.  The password comes from an environment
variable at the moment of the login, goes to the server, and nowhere else.

May import: errors, warehouse.readers.tryton.{address,wire}.   Imported by: warehouse.readers.tryton.{fields,model}.
"""

import base64
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from crm_analytics.errors import ConfigError, CrmError, WarehouseError
from crm_analytics.warehouse.readers.tryton.address import Address
from crm_analytics.warehouse.readers.tryton.wire import NoSuchPlace, NotLoggedIn, PassingFault, Wire

# A server that is being restarted is back within half a minute.
WAIT_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
# Since Tryton 8 calls go to database/rpc/, before to database/.
ENDPOINTS = ("rpc/", "")


class Session:
    """What one user asks one server, one question after the other."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._wire = Wire(address)
        self._endpoint = ""
        self._authorization = ""

    def ask(self, method: str, *params: object) -> Any:
        """The answer to a call that only reads.

        Raises
        ------
        WarehouseError : the server refuses, or cannot be reached for half a minute.
        """
        for wait in WAIT_SECONDS:
            with suppress(PassingFault):
                return self._answer(method, params)
            time.sleep(wait)
        try:
            return self._answer(method, params)
        except PassingFault as error:
            waited = f"gave up after {sum(WAIT_SECONDS):.0f} s"
            raise WarehouseError(f"{self._address}: {error}; {waited}") from None

    def login(self) -> None:
        """Begin the session.

        Raises
        ------
        ConfigError    : no password is set.
        WarehouseError : it is wrong, or there is no such server or database.
        """
        user, variable = self._address.user, self._address.password_from
        password = os.environ.get(variable)
        if not password:
            raise ConfigError(f"{self._address}: set the environment variable {variable} to the password of {user!r}")
        user_id, key, *_ = self._login([user, {"password": password}])
        token = base64.b64encode(f"{user}:{user_id}:{key}".encode()).decode()
        self._authorization = f"Session {token}"

    def logout(self) -> None:
        """End the session; where the server is gone by now, it ends by itself."""
        with suppress(CrmError, PassingFault, NotLoggedIn, NoSuchPlace):
            self._call("common.db.logout", [])

    def _login(self, params: list[object]) -> list[object]:
        self._authorization = ""
        for self._endpoint in ENDPOINTS:
            try:
                return list(self._call("common.db.login", params))
            except NoSuchPlace:
                continue
            except NotLoggedIn:
                user, variable = self._address.user, self._address.password_from
                what = f"the password in {variable} is wrong, or there is no user {user!r}"
                raise WarehouseError(f"{self._address}: {what}") from None
            except PassingFault as error:
                # Not tried again: what cannot be reached at the very start is most likely written wrongly.
                raise WarehouseError(f"{self._address}: {error}") from None
        raise WarehouseError(f"{self._address}: no Tryton database there")

    def _answer(self, method: str, params: tuple[object, ...]) -> Any:
        try:
            return self._call(method, params)
        except NotLoggedIn:
            # A session that lay idle for too long is begun anew.
            self.login()
        except NoSuchPlace as error:
            raise WarehouseError(f"{self._address}: {error}") from None
        try:
            return self._call(method, params)
        except (NotLoggedIn, NoSuchPlace) as error:
            raise WarehouseError(f"{self._address}: {error}") from None

    def _call(self, method: str, params: object) -> Any:
        return self._wire.call(self._endpoint, method, params, self._authorization)


@contextmanager
def session(address: Address) -> Iterator[Session]:
    """A session that is logged in, and logged out in the end."""
    opened = Session(address)
    opened.login()
    try:
        yield opened
    finally:
        opened.logout()
