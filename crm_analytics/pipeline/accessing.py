"""`crm access`: everything that is held about one person, as JSON for machines and a page for people.

Only rows that are the person's own: nothing of anybody else is in it, except
where a text in such a row names somebody.

May import: errors, wholefile, sql, engines, warehouse.   Imported by: project.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, DataError
from crm_analytics.sql import Query, ident
from crm_analytics.warehouse.consent_chain import LEDGER
from crm_analytics.warehouse.consents import consent_history
from crm_analytics.warehouse.erasure.files import change_file
from crm_analytics.warehouse.erasure.folder import ACCESS_FILE, erase_files
from crm_analytics.warehouse.erasure.log import PSEUDONYM
from crm_analytics.warehouse.erasure.person import Person, customer_of, find_person, rows_of
from crm_analytics.warehouse.erasure.plan import FilePlan, Folder, plan_files
from crm_analytics.warehouse.erasure.proof import counted
from crm_analytics.warehouse.erasure.tables import holdings
from crm_analytics.wholefile import made, whole

VERSION = 1
PAGE = "access.html"
NAMED_BY = {
    "product": "product_name",
    "store": "store_name",
    "campaign": "campaign_name",
    "channel": "channel",
    "segment": "segment",
}
STYLE = (
    "body{font:14px sans-serif}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:2px 6px;text-align:left}"
)
SCORES = {
    "r_score": "how lately they bought, 5 the latest fifth",
    "f_score": "how often they bought, 5 the most often",
    "m_score": "how much they spent, 5 the most",
    "rfm_class": "what the three scores together are called",
    "segment": "which customers theirs is most like",
    "segment_no": "the number of that segment",
    "p_alive": "how probably they are still a customer",
    "bg_nbd_orders_90d": "orders expected in 90 days",
    "bg_nbd_spend_90d": "spend expected in 90 days",
    "expected_order_value": "expected value of their next order",
    "churn_risk": "how probably they will not buy in the next 90 days",
    "churn_decile": "in which tenth of all customers that risk is",
    "offer_score": "how much more likely than others they are to want the next offer",
    "next_offer": "what to offer next",
    "next_offer_kind": "where that comes from",
    "next_offer_reason": "why that",
    "priority_rank": "their place on the list of whom to contact",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What was written: both files, and how many rows of how many tables and files are in them."""

    document: Path
    page: Path
    tables: Mapping[str, int]
    files: Mapping[str, int]

    def lines(self) -> Iterator[str]:
        """What people are told of it."""
        for name, rows in (*self.tables.items(), *self.files.items()):
            yield f"{name:<45} {counted(rows)}".rstrip()
        yield f"{self.document} and {self.page.name}"


def access(engine: Engine, folder: Folder, customer_id: str, out: Path | None, now: datetime) -> Access:
    """Write what is held about the person under `customer_id` to the folder `out`.

    Raises
    ------
    DataError : nobody is known under the id.
    """
    customer_id = customer_of(engine, customer_id)
    sources = folder.sources()
    person = find_person(engine, sources, customer_id, lambda text: f"{PSEUDONYM}{text}")
    plan = plan_files(engine, sources, person, folder)
    _, recall = erase_files(engine, plan, person, folder, now, write=False)
    tables, files = _tables(engine, person), _files(engine, person, plan, folder)
    if not tables and not files:
        raise DataError(f"no customer {customer_id!r} in any table or file; ids are compared letter by letter")
    known: dict[str, list[str]] = {}
    for needle in person.needles.all:
        known.setdefault(needle.kind, []).append(needle.text)
    document: dict[str, Any] = {
        "version": VERSION,
        "customer_id": customer_id,
        "made_at": now.isoformat(timespec="seconds"),
        "known_as": known,
        "tables": tables,
        "files": files,
        "consents": _consents(engine, customer_id),
        "exports": [asdict(export) for export in recall],
        "scores": SCORES if "fct_score" in tables else {},
    }
    target = out or folder.output / "access" / f"{now:%Y%m%d-%H%M%S}"
    made(target)
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    return Access(
        document=_written(target / ACCESS_FILE, text + "\n"),
        page=_written(target / PAGE, _page(json.loads(text))),
        tables={name: len(held["rows"]) for name, held in tables.items()},
        files={name: len(rows) for name, rows in files.items()},
    )


def _consents(engine: Engine, customer_id: str) -> list[dict[str, Any]]:
    """Every word in the ledger with its proof, though nothing in the ledger itself says whose it is."""
    if LEDGER not in engine.tables():
        return []
    try:
        return consent_history(engine, customer_id).to_dicts()
    except DataError:  # there is none
        return []


def _tables(engine: Engine, person: Person) -> dict[str, dict[str, Any]]:
    """The person's rows of every table that has any, keys of other tables as the names they stand for."""
    found = {}
    for table, held in holdings(engine).items():
        if held is None or held.how in ("nobody", "mentions", "anew"):
            continue
        rows = engine.frame(_readable(engine, table, rows_of(engine, table, held, person))).to_dicts()
        if rows:
            found[table] = {"about": held.about, "rows": [_opened(row) for row in rows]}
    return found


def _readable(engine: Engine, table: str, theirs: str) -> Query:
    tables = engine.tables()
    columns = []
    for name in engine.columns(ident(table)):
        dimension = name.removesuffix("_key")
        shown = NAMED_BY.get(dimension)
        if name.endswith("date_key") and "dim_date" in tables:
            columns.append(f"(SELECT d.date FROM dim_date d WHERE d.date_key = t.{ident(name)}) AS {ident(dimension)}")
        elif shown and f"dim_{dimension}" in tables and table != f"dim_{dimension}":
            look_up = f"SELECT d.{shown} FROM dim_{dimension} d WHERE d.{ident(name)} = t.{ident(name)}"
            columns.append(f"({look_up}) AS {ident(dimension)}")
        elif name != "customer_key":
            columns.append(f"t.{ident(name)}")
    return Query(f"SELECT {', '.join(columns)} FROM (SELECT * FROM {ident(table)} WHERE {theirs}) t")


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its JSON as objects."""
    if isinstance(row.get("row_json"), str):
        row = {**row, "row_json": json.loads(row["row_json"])}
    return row


def _files(engine: Engine, person: Person, plan: FilePlan, folder: Folder) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for path, rule in sorted(plan.rules.items()):
        if path.name in (ACCESS_FILE, PAGE) or not path.exists():
            continue
        try:
            rows = change_file(engine, path, rule, False).rows
        except (CrmError, OSError):
            continue
        if rows:
            found[folder.name(path)] = rows
    return found


def _written(path: Path, text: str) -> Path:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")
    return path


def _page(document: Mapping[str, Any]) -> str:
    """One HTML page without a script: a table for each table and file."""
    title = f"What is held about customer {document['customer_id']}"
    parts = [f"<h1>{escape(title)}</h1>", f"<p>Made {escape(document['made_at'])}.</p>"]
    parts.append(_section("Known as", "", [document["known_as"]] if document["known_as"] else []))
    parts += [_section(name, held["about"], held["rows"]) for name, held in document["tables"].items()]
    parts += [_section(name, "rows of this file", rows) for name, rows in document["files"].items()]
    parts.append(_section("Consents", "every word of theirs in the ledger", document["consents"]))
    parts.append(_section("Exports", "lists that were written with them in", document["exports"]))
    scores = [{"score": name, "says": says} for name, says in document["scores"].items()]
    parts.append(_section("What the scores say", "", scores))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _section(title: str, about: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    lines = ("".join(f"<td>{_shown(row.get(column))}</td>" for column in columns) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<h2>{escape(title)}</h2><p>{escape(about)}</p><table><tr>{head}</tr>{body}</table>"


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return escape(json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell))
