"""One call to a Tryton server over HTTP: the request, the answer, and what each kind of failure means.

Not a session: `readers.tryton.session` logs in and asks again.

May import: errors, warehouse.readers.tryton.address.   Imported by: warehouse.readers.tryton.session.
"""

import gzip
import json
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from crm_analytics.errors import WarehouseError
from crm_analytics.warehouse.readers.tryton.address import Address

TIMEOUT_SECONDS = 60
PASSING = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
GZIP = b"\x1f\x8b"


class PassingFault(Exception):
    """What may be over the next time: a dropped line, a server that is being restarted."""


class NotLoggedIn(Exception):
    """The server does not know the session, or the password is wrong."""


class NoSuchPlace(Exception):
    """The server has nothing at this path."""


class Wire:
    """Calls to the server of one address."""

    def __init__(self, address: Address) -> None:
        self._address = address
        # What is on this machine is not asked for through a proxy.
        self._opener = build_opener(_Redirects(), *([ProxyHandler({})] if address.is_here else []))

    def call(self, endpoint: str, method: str, params: object, authorization: str) -> Any:
        """The answer; dates, times and decimals in it are texts.

        Raises
        ------
        PassingFault, NotLoggedIn, NoSuchPlace : see there.
        WarehouseError : the server refuses, or is no Tryton.
        """
        body = json.dumps({"id": 0, "method": method, "params": params}).encode()
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if authorization:
            headers["Authorization"] = authorization
        url = f"{self._address.server}/{quote(self._address.database)}/{endpoint}"
        answer = self._decoded(self._answer(Request(url, body, headers)))
        if answer.get("error"):
            raise _refusal(self._address, method, answer["error"])
        return answer["result"]

    def _answer(self, request: Request) -> bytes:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                packed: bytes = response.read()
        except HTTPError as error:
            raise _by_status(self._address, error) from None
        except URLError as error:
            raise PassingFault(f"cannot be reached: {_why(error.reason)}") from None
        except (HTTPException, OSError) as error:
            raise PassingFault(f"the connection dropped: {_why(error)}") from None
        return packed

    def _decoded(self, packed: bytes) -> Mapping[str, Any]:
        try:
            # Tryton says gzip even of what it did not compress.
            text = gzip.decompress(packed) if packed.startswith(GZIP) else packed
            answer = json.loads(text, object_hook=_plain)
        except (ValueError, OSError, EOFError):
            answer = None
        if not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
            # Also what is left of an answer whose line dropped while its headers were under way.
            raise PassingFault("answered, but not as a Tryton server does")
        return answer


class _Redirects(HTTPRedirectHandler):
    """Follow nobody: the password is meant for the address in source.yml alone."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        fp.close()
        to = urlsplit(newurl)
        raise WarehouseError(f"{req.full_url}: sends on to {to.scheme}://{to.netloc}; write that in source.yml")


def _by_status(address: Address, error: HTTPError) -> Exception:
    said = f"answered {error.code} {error.reason}"
    error.close()
    match error.code:
        case HTTPStatus.UNAUTHORIZED:
            return NotLoggedIn(said)
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return NoSuchPlace(said)
        case code if code in PASSING:
            return PassingFault(said)
        case _:
            return WarehouseError(f"{address}: {said}")


def _refusal(address: Address, method: str, error: Any) -> WarehouseError:
    """Tryton's [kind, [message, ...]] as a sentence.

    Of a fault of its own Tryton gives text and traceback; they may hold private data, and stay unsaid.
    """
    kind, details = (*error, None)[:2] if isinstance(error, list) and error else ("", None)
    if not isinstance(details, list) or not details:
        return WarehouseError(f"{address}: Tryton failed at {method}; its own log says why")
    said = " ".join(str(details[1 if kind == "LoginException" else 0]).split())
    if kind == "LoginException":
        return WarehouseError(f"{address}: asks for more than a password ({said}); use a user who needs no second step")
    return WarehouseError(f"{address}: Tryton refuses {method}: {said}")


def _why(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS} s"
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)


def _plain(value: dict[str, Any]) -> Any:
    """Tryton's dates, times and decimals as texts that SQL reads; bytes are left out."""
    match value.get("__class__"):
        case "Decimal":
            return str(value["decimal"])
        case "date":
            return _date(value)
        case "datetime":
            return f"{_date(value)} {_time(value)}"
        case "time":
            return _time(value)
        case "timedelta":
            return value["seconds"]
        case "bytes":
            return None
        case _:
            return value


def _date(value: dict[str, Any]) -> str:
    return f"{value['year']:04}-{value['month']:02}-{value['day']:02}"


def _time(value: dict[str, Any]) -> str:
    return f"{value['hour']:02}:{value['minute']:02}:{value['second']:02}.{value['microsecond']:06}"
