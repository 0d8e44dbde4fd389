"""A real Tryton server as a process of its own, with a company in it, and what its people do there.

Tryton stands in `.venv-tryton`, which `make tryton` makes; nothing of it is
imported here.  All that is done goes through Tryton's own API, so that its rules
hold: a deal is won by confirming its sale, not by writing "won".
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crm_analytics.project import Project
from crm_analytics.scaffold import write_project
from crm_analytics.warehouse.readers.tryton.address import read_address
from crm_analytics.warehouse.readers.tryton.session import Session

HOME = Path(__file__).parents[2] / ".venv-tryton"
STARTS_WITHIN_SECONDS = 120
MADE = date(2024, 1, 2)


@dataclass(frozen=True)
class Crm:
    """A running server, asked as its administrator."""

    port: int
    settings: Path
    admin: Session
    company: int = 0

    @property
    def url(self) -> str:
        return f"http://admin@127.0.0.1:{self.port}/crm"

    def call(self, model: str, method: str, *params: object) -> Any:
        context = {"active_test": False, **({"company": self.company} if self.company else {})}
        return self.admin.ask(f"model.{model}.{method}", *map(to_tryton, params), context)

    def create(self, model: str, /, **values: object) -> int:
        (made,) = self.call(model, "create", [values])
        return int(made)

    def change(self, model: str, number: int, /, **values: object) -> None:
        self.call(model, "write", [number], values)

    def party(self, name: str, email: str = "", **values: object) -> int:
        points = [{"type": "email", "value": email}] if email else []
        given = {"contact_mechanisms": [["create", points]], "addresses": [["create", [{}]]]}
        return self.create("party.party", name=name, **{**given, **values})

    def deal(self, party: int | None, amount: str | None, **values: object) -> int:
        """An opportunity; where it has a party it is beyond a lead."""
        (currency,) = self.call("currency.currency", "search", [])
        (seller,) = self.call("company.employee", "search", [])
        worth = Decimal(amount) if amount else None
        given = {"party": party, "amount": worth, "employee": seller, "currency": currency, "start_date": MADE}
        made = self.create("sale.opportunity", company=self.company, **given, **values)
        if party:
            self.call("sale.opportunity", "opportunity", [made])
        return made

    def win(self, deal: int, amount: str) -> None:
        """Turn it into a sale of one line, and confirm that."""
        (sale,) = self.call("sale.opportunity", "convert", [deal])["res_id"]
        self.change("sale.sale", sale, lines=[["create", [{"quantity": 1, "unit_price": Decimal(amount)}]]])
        for step in ("quote", "confirm"):
            self.call("sale.sale", step, [sale])

    def lose(self, deal: int, reason: str) -> None:
        self.call("sale.opportunity", "lost", [deal])
        self.change("sale.opportunity", deal, lost_reason=reason)

    def ask_to_subscribe(self, email: str, mailing_list: int) -> None:
        """What the company's web page does; Tryton then waits for the click in the e-mail it sends."""
        text = f"pool.get('marketing.email.list')({mailing_list}).request_subscribe({email!r}); transaction.commit()"
        command = [HOME / "bin" / "trytond-console", "-c", self.settings, "-d", "crm"]
        subprocess.run(command, input=text, text=True, capture_output=True, check=True)

    def mailing_list(self, name: str) -> int:
        (english,) = self.call("ir.lang", "search", [["code", "=", "en"]])
        return self.create("marketing.email.list", name=name, language=english)


def to_tryton(value: object) -> object:
    """Dates and decimals as Tryton's JSON has them."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case dict():
            return {key: to_tryton(inner) for key, inner in value.items()}
        case list():
            return [to_tryton(inner) for inner in value]
        case _:
            return value


@contextmanager
def server(folder: Path) -> Iterator[Crm]:
    """A server with a new company, until the block ends."""
    assert (HOME / ".installed").is_file(), "no Tryton server there; make one with: make tryton"
    shutil.copy(HOME / "crm.sqlite", folder)
    port = free_port()
    settings = folder / "trytond.conf"
    # Nobody listens at port 1: no e-mail leaves this machine, even where it has a mail server.
    mail = "[email]\nuri = smtp://127.0.0.1:1\n"
    settings.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n{mail}")
    command = [HOME / "bin" / "trytond", "-c", settings, "-d", "crm"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as running:
        try:
            until_open(running, port, folder / "log")
            with pytest.MonkeyPatch.context() as environment:
                environment.setenv("TRYTON_PASSWORD", password())
                yield founded(port, settings)
        finally:
            running.terminate()


def until_open(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the Tryton server did not start: {log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def password() -> str:
    return (HOME / "password").read_text().strip()


def founded(port: int, settings: Path) -> Crm:
    """What a new database lacks before anyone can sell: rights, a currency, a country, a company, a seller."""
    admin = Session(read_address(f"http://admin@127.0.0.1:{port}/crm", "TRYTON_PASSWORD"))
    admin.login()
    opened = Crm(port, settings, admin)
    opened.change("res.user", 1, groups=[["add", opened.call("res.group", "search", [])]])
    euro = opened.create("currency.currency", name="Euro", symbol="€", code="EUR", numeric_code="978")
    opened.create("country.country", name="Germany", code="DE")
    company = opened.create("company.company", party=opened.party("Our own company"), currency=euro)
    opened.change("res.user", 1, companies=[["add", [company]]], company=company)
    opened = replace(opened, company=company)
    opened.create("company.employee", party=opened.party("Our own seller"), company=company)
    return opened


def project(folder: Path, address: str) -> Path:
    """What `crm init --template tryton` writes, with the address filled in."""
    write_project(folder, "tryton")
    source = folder / "data" / "tryton" / "source.yml"
    text = source.read_text()
    assert "https://analyst@crm.example.com/crm" in text
    source.write_text(text.replace("https://analyst@crm.example.com/crm", address))
    return folder


def load(folder: Path) -> None:
    with Project.open(folder) as shop:
        shop.load()


def rows(folder: Path, text: str) -> list[tuple[Any, ...]]:
    with Project.open(folder) as shop:
        return shop.engine.rows(text)


def deals(folder: Path, *numbers: int) -> list[tuple[Any, ...]]:
    asked = """SELECT customer_id, status, lost_reason, amount, closed_date_key <> 0 AS closed, stage
    FROM fct_deal INNER JOIN dim_customer USING (customer_key)"""
    return rows(folder, f"{asked} WHERE CAST(deal_id AS INTEGER) IN {(*numbers, -1)} ORDER BY CAST(deal_id AS INTEGER)")
