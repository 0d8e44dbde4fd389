"""What source.yml may say of a Tryton server, and what a server may be that is none; no Tryton is needed here."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from crm_analytics.errors import ConfigError, WarehouseError
from crm_analytics.warehouse.readers.tryton.address import read_address
from crm_analytics.warehouse.readers.tryton.model import TrytonModel
from crm_analytics.warehouse.readers.tryton.session import Session
from crm_analytics.warehouse.sources import read_source

GOOD = "tryton: https://analyst@crm.example.com/crm, model: party.party, fields: [name, lang.code]"


def source(folder: Path, entry: str) -> Path:
    (folder / "source.yml").write_text(f"version: 1\nfiles:\n  parties: {{{entry}}}\n")
    (folder / "customers.sql").write_text("SELECT id AS customer_id FROM raw_parties")
    return folder


def test_an_entry_names_a_server_a_model_and_fields_and_nothing_is_asked_yet(tmp_path: Path) -> None:
    raw = read_source(source(tmp_path, f"{GOOD}, changed: write_date, password_from: CRM_KEY")).raws["parties"]
    assert isinstance(raw, TrytonModel)
    assert (raw.model, raw.fields, raw.times) == ("party.party", ("name", "lang.code"), ("write_date",))
    assert (raw.address.user, str(raw.address)) == ("analyst", "https://crm.example.com/crm")
    assert [piece.label for piece in raw.pieces()] == ["model party.party"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("analyst@", "analyst:secret@", "a password does not belong in a file; put it into the environment variable"),
        ("https://", "http://", "http:// would send the password to crm.example.com unencrypted; use https://"),
        ("https://analyst@crm.example.com/crm", "crm.example.com", "needs an address such as https://user@host/data"),
        ("analyst@", "", "needs an address such as https://user@host/database"),
        ("/crm,", ",", "needs an address such as https://user@host/database"),
        (".com/", ".com:port/", "needs an address such as https://user@host/database"),
        ("model: party.party, ", "", "needs a model, such as model: party.party"),
        ("fields: [name, lang.code]", "fields: []", "needs fields, such as fields: [name, lang.code]"),
        ("lang.code", "lang..code", "needs fields, such as fields: [name, lang.code]"),
        ("fields:", "field:", "unknown key 'field'. Did you mean 'fields'?"),
        ("fields:", "password_from: $KEY, fields:", "password_from needs the name of an environment variable"),
        ("fields:", "changed: {at: write_date}, fields:", "changed needs the name of a field, or a list of them"),
    ],
)
def test_a_wrong_entry_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        read_source(source(tmp_path, GOOD.replace(old, new)))
    assert str(caught.value).startswith(f"{tmp_path / 'source.yml'}:3: ")
    assert told in str(caught.value)
    assert "secret" not in str(caught.value)


@contextmanager
def answering(status: int, *headers: tuple[str, str], body: bytes = b"") -> Iterator[int]:
    """A web server that is no Tryton."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Answer) as web:
        threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield web.server_port
        finally:
            web.shutdown()


@pytest.mark.parametrize(
    ("status", "header", "body", "told"),
    [
        (302, ("Location", "https://elsewhere.example.com/"), b"", "sends on to https://elsewhere.example.com; write"),
        (200, ("Content-Type", "text/html"), b"<html>", "answered, but not as a Tryton server does"),
        (200, ("Content-Encoding", "gzip"), b"\x1f\x8bno", "answered, but not as a Tryton server does"),
        (500, ("X", "y"), b"", "answered 500 Internal Server Error"),
        (503, ("X", "y"), b"", "answered 503 Service Unavailable"),
        (429, ("X", "y"), b"", "answered 429 Too Many Requests"),
        (404, ("X", "y"), b"", "no Tryton database there"),
        (
            200,
            ("X", "y"),
            b'{"id": 0, "error": ["LoginException", ["sms_code", "Code from the phone", "char"]]}',
            r"asks for more than a password \(Code from the phone\)",
        ),
        (
            200,
            ("X", "y"),
            b'{"id": 0, "error": ["a name that is private", "Traceback"]}',
            "Tryton failed at common.db.l",
        ),
    ],
)
def test_what_is_no_tryton_is_told(
    monkeypatch: pytest.MonkeyPatch, status: int, header: tuple[str, str], body: bytes, told: str
) -> None:
    monkeypatch.setenv("TRYTON_PASSWORD", "secret")
    with answering(status, header, body=body) as port:
        asked = Session(read_address(f"http://analyst@127.0.0.1:{port}/crm", "TRYTON_PASSWORD"))
        with pytest.raises(WarehouseError, match=told) as caught:
            asked.login()
    assert not {"secret", "private"} & set(re.findall(r"\w+", str(caught.value)))
