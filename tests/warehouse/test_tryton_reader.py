"""How records are read from a Tryton server: types, pages, what changed, lines that drop."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError, WarehouseError
from crm_analytics.warehouse.readers.tryton.address import read_address
from crm_analytics.warehouse.readers.tryton.model import OVERLAP, TrytonModel
from crm_analytics.warehouse.readers.tryton.session import session
from tests.warehouse.tryton import MADE, Crm, password

pytestmark = [pytest.mark.tryton, pytest.mark.slow]


def raw(crm: Crm, model: str, *fields: str, port: int = 0, **more: Any) -> TrytonModel:
    address = read_address(f"http://admin@127.0.0.1:{port or crm.port}/crm", "TRYTON_PASSWORD")
    return TrytonModel(source="tryton", name="x", address=address, model=model, fields=fields, **more)


def read(model: TrytonModel, since: datetime | None = None) -> list[tuple[Any, ...]]:
    engine = DuckEngine.open(None)
    found = engine.rows(f"{model.open(engine, model.pieces(), since)} ORDER BY id")
    model.close(engine)
    engine.close()
    return found


def test_only_what_changed_since_is_asked_for(crm: Crm) -> None:
    ann, bob, cem = (crm.party(name, f"{name}@example.org") for name in ("ann", "bob", "cem"))
    changed = ("write_date", "contact_mechanisms.write_date")
    parties = raw(crm, "party.party", "name", times=changed)

    def since_the_last_change(model: str, number: int) -> list[str]:
        ((_, at),) = [row for row in read(raw(crm, model, "write_date")) if row[0] == number]
        changed = read(parties, at + OVERLAP)
        assert [moment for *_, moment in changed] == [at]
        return [name for _, name, _ in changed]

    crm.change("party.party", ann, name="Ann")
    assert since_the_last_change("party.party", ann) == ["Ann"]
    # What changes behind a party changes the party: here a new address, and one that is archived.
    (address,) = crm.call("party.contact_mechanism", "search", [["party", "=", bob]])
    crm.change("party.contact_mechanism", address, value="bob@example.com")
    assert since_the_last_change("party.contact_mechanism", address) == ["bob"]
    (address,) = crm.call("party.contact_mechanism", "search", [["party", "=", cem]])
    crm.change("party.contact_mechanism", address, active=False)
    assert since_the_last_change("party.contact_mechanism", address) == ["cem"]
    # What was made and never changed has no time of change, only one of making.
    lists = raw(crm, "marketing.email.list", "create_date", "write_date", times=("write_date",))
    number = crm.mailing_list("Third list")
    *_, (_, made, written, changed_at) = read(lists)
    assert (written, changed_at) == (None, made)
    assert [found for found, *_ in read(lists, made.replace(tzinfo=UTC) + OVERLAP)] == [number]


@pytest.mark.parametrize(
    ("model", "field", "told"),
    [
        ("party.prty", "name", "/crm: no model 'party.prty'. Did you mean 'party.party'? Known: account."),
        ("party.party", "nme", "/crm: party.party has no field 'nme'. Did you mean 'name'? Known: account_payable, "),
        ("party.party", "lang.coed", "/crm: ir.lang has no field 'coed'. Did you mean 'code'? Known: active, "),
        ("party.party", "name.x", "/crm: name.x: name of party.party is no other record, so nothing follows it"),
        ("ir.attachment", "data", "/crm: data: a field of the kind binary cannot be read"),
        (
            "party.party",
            "addresses.party.addresses.city",
            "/crm: addresses.party.addresses.city: leads through several lists of records; read party.address too",
        ),
    ],
)
def test_what_tryton_does_not_have_is_told_with_the_nearest_right_name(
    crm: Crm, model: str, field: str, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(raw(crm, model, field))
    assert str(caught.value).startswith(f"http://127.0.0.1:{crm.port}{told}")


def test_without_a_password_nothing_is_asked(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRYTON_PASSWORD")
    with pytest.raises(ConfigError, match="set the environment variable TRYTON_PASSWORD to the password of 'admin'"):
        read(raw(crm, "party.party", "name"))


def test_a_database_that_is_not_there_is_told(crm: Crm) -> None:
    address = read_address(f"http://admin@127.0.0.1:{crm.port}/crms", "TRYTON_PASSWORD")
    with pytest.raises(WarehouseError, match="/crms: no Tryton database there"):
        read(TrytonModel(source="tryton", name="x", address=address, model="party.party", fields=("name",)))


def test_every_record_comes_once_however_many_pages_there_are(crm: Crm) -> None:
    made = [crm.party(f"party {i}") for i in range(7)]
    found = [number for (number,) in read(raw(crm, "party.party", page_rows=2))]
    assert [number for number in found if number in made] == made
    assert len(found) == len(set(found)) == crm.call("party.party", "search_count", [])


def test_types_are_those_that_the_field_has_in_tryton(crm: Crm) -> None:
    deal = crm.deal(crm.party("Ann"), "100.50", conversion_probability=0.25)
    opportunities = raw(
        crm, "sale.opportunity", "amount", "start_date", "conversion_probability", "party.active", "lines"
    )
    assert read(opportunities)[-1] == (deal, Decimal("100.50"), MADE, 0.25, True, [])


@pytest.mark.parametrize("name", ['"; DROP TABLE x; --', "Ünal 🍵", "=1+1", "a\\u0000b\\n", "zero \x00 byte"])
def test_a_text_arrives_as_it_stands(crm: Crm, name: str) -> None:
    party = crm.party(name)
    assert read(raw(crm, "party.party", "name"))[-1] == (party, name)


def test_a_session_that_was_ended_is_begun_anew(crm: Crm) -> None:
    user = crm.create("res.user", name="Other", login="other", password=password())
    address = read_address(f"http://other@127.0.0.1:{crm.port}/crm", "TRYTON_PASSWORD")
    with session(address) as asked:
        languages = asked.ask("model.ir.lang.search_count", [], {})
        crm.change("res.user", user, password=password())  # Tryton then ends all sessions of the user
        assert asked.ask("model.ir.lang.search_count", [], {}) == languages


@contextmanager
def dropping(port: int, *passed: float) -> Iterator[int]:
    """A relay before the server: it drops the line when the next share of an answer is through, in the end none."""
    shares = list(passed)
    listening = socket.create_server(("127.0.0.1", 0))

    def pass_on() -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", port)) as behind:
                behind.sendall(request(client))
                answer = b"".join(iter(lambda: behind.recv(65536), b""))
                client.sendall(answer[: int(len(answer) * (shares.pop(0) if shares else 1))])

    relay = threading.Thread(target=pass_on, daemon=True)
    relay.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        relay.join(timeout=10)


def request(client: socket.socket) -> bytes:
    """One request, whole."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += client.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    (length,) = (
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
    )
    while len(body) < length:
        body += client.recv(65536)
    return head + b"\r\n\r\n" + body


def test_a_line_that_drops_costs_time_but_no_record(crm: Crm) -> None:
    made = [crm.party(f"party {i}") for i in range(3)]
    # Login and fields come through; then the first page is cut short twice: at once, and shortly before its end.
    # The second drops in the middle, and all others come through.
    with dropping(crm.port, 1, 1, 0, 0.99, 1, 0.5) as port:
        found = [number for (number,) in read(raw(crm, "party.party", port=port, page_rows=3))]
    assert [number for number in found if number in made] == made
    assert len(found) == len(set(found))


def test_a_line_that_drops_at_the_login_is_told_at_once(crm: Crm) -> None:
    with dropping(crm.port, 0) as port, pytest.raises(WarehouseError, match="dropped") as caught:
        read(raw(crm, "party.party", port=port))
    assert password() not in str(caught.value)
