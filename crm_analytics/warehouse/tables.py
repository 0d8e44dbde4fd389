"""The star, declared once: what each entity must bring, and the table it becomes.

A source maps its raw files to these contracts with one SQL file an entity; the
build, the checks, the docs and the synthetic project all read the same
declarations.  Columns that a mapping brings beyond the contract become
attributes of the star table, under their own names.

May import: sql.   Imported by: warehouse.*, features, project.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["dimension", "fact", "bridge"]

MONEY = "DECIMAL(18,2)"
# Which customer an id means, where crm.yml has rules of identity; see warehouse.customers.
REF = "customer_ref"
# What the sources say of customers, one row a source record, in the same case.
RECORDS = "customer_record"


@dataclass(frozen=True, slots=True)
class Column:
    """One contract column.

    `dimension` makes it a business id that the build resolves to `<dimension>_key`;
    `date_key` makes it a day that the build resolves to that key of `dim_date`.
    `values` lists what it may hold, in lower case; `default` stands in where a source has no such column.
    `through` names a table (source, id, key) in which the id is looked up instead of the dimension itself.
    `lower` makes capitals small, so that `Marketing` and `marketing` are one word.
    `named` is for one that every mapping must give, though it may be empty in any row.
    """

    name: str
    type: str
    about: str
    required: bool = False
    dimension: str = ""
    date_key: str = ""
    values: tuple[str, ...] = ()
    default: str = ""
    lower: bool = False
    through: str = ""
    named: bool = False

    @property
    def folded(self) -> bool:
        """Whether capitals make no difference."""
        return self.lower or bool(self.values) or self.dimension == "channel"


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of row a source can bring, and its star table."""

    name: str
    table: str
    kind: Kind
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def member(self) -> str:
        """`customer` for dim_customer: the stem of its surrogate key."""
        return self.table.split("_", 1)[1]

    @property
    def references(self) -> tuple[Column, ...]:
        """The columns that name a member of another dimension."""
        return tuple(c for c in self.columns if c.dimension)

    @property
    def days(self) -> tuple[Column, ...]:
        """The columns that become keys of dim_date."""
        return tuple(c for c in self.columns if c.date_key)

    @property
    def money(self) -> tuple[Column, ...]:
        """The columns held to the cent."""
        return tuple(c for c in self.columns if c.type == MONEY)


def star_column(column: Column) -> str:
    """The star's name for a contract column: ids and plain days become keys."""
    if column.dimension:
        return f"{column.dimension}_key"
    if column.date_key and column.type == "DATE":
        return column.date_key
    return column.name


def _id(name: str, about: str, required: bool = True) -> Column:
    return Column(name, "VARCHAR", about, required=required)


def _of(dimension: str, about: str, required: bool = False, default: str = "") -> Column:
    name = "channel" if dimension == "channel" else f"{dimension}_id"
    return Column(name, "VARCHAR", about, required=required, dimension=dimension, default=default)


CUSTOMER = _of("customer", "who; an id that customers.sql lacks lands in the unknown member")
PRODUCT = _of("product", "what")
CAMPAIGN = _of("campaign", "the campaign it belongs to, if any")

ENTITIES: dict[str, Entity] = {
    e.name: e
    for e in (
        Entity(
            "customers",
            "dim_customer",
            "dimension",
            "one customer",
            ("customer_id",),
            (
                _id("customer_id", "the company's own id of the customer"),
                Column("name", "VARCHAR", "name; private"),
                Column("email", "VARCHAR", "e-mail; private"),
                Column("phone", "VARCHAR", "phone; private"),
                Column("country", "VARCHAR", "ISO 3166 two letters"),
                Column("registered_on", "DATE", "first known day"),
                Column("loyalty_id", "VARCHAR", "number of the loyalty card"),
                Column("birth_date", "DATE", "day of birth; private"),
                Column("postcode", "VARCHAR", "postcode; private"),
                Column("city", "VARCHAR", "town"),
                Column("changed_at", "TIMESTAMP", "when the source last changed the record"),
            ),
        ),
        Entity(
            "products",
            "dim_product",
            "dimension",
            "one product",
            ("product_id",),
            (
                _id("product_id", "article number"),
                Column("product_name", "VARCHAR", "what people call it"),
                Column("department", "VARCHAR", "coarsest group"),
                Column("category", "VARCHAR", "group within the department"),
                Column("product_type", "VARCHAR", "finest group; what rules and offers speak of"),
                Column("brand", "VARCHAR", "brand or private label"),
            ),
        ),
        Entity(
            "stores",
            "dim_store",
            "dimension",
            "one store",
            ("store_id",),
            (
                _id("store_id", "store number"),
                Column("store_name", "VARCHAR", "name"),
                Column("region", "VARCHAR", "region"),
                Column("city", "VARCHAR", "city"),
            ),
        ),
        Entity(
            "campaigns",
            "dim_campaign",
            "dimension",
            "one campaign",
            ("campaign_id",),
            (
                _id("campaign_id", "the company's own id of the campaign"),
                Column("campaign_name", "VARCHAR", "name"),
                Column("campaign_type", "VARCHAR", "kind of campaign"),
                Column("started_on", "DATE", "first day"),
                Column("ended_on", "DATE", "last day"),
            ),
        ),
        Entity(
            "sales",
            "fct_sale",
            "fact",
            "one line of one order",
            ("order_id", "line_id"),
            (
                _id("order_id", "order or basket"),
                _id("line_id", "line within the order"),
                CUSTOMER,
                PRODUCT,
                _of("store", "where"),
                _of("channel", "store, web, app, mail, email, phone or sms"),
                CAMPAIGN,
                Column("sold_at", "TIMESTAMP", "local time of the sale", required=True, date_key="date_key"),
                Column("quantity", "DOUBLE", "units; 0 for a line that carries only a coupon", default="1"),
                Column("revenue", MONEY, "what the seller receives; returns negative", required=True),
                Column("discount", MONEY, "money taken off the list price, positive"),
                Column("cost", MONEY, "cost of goods"),
            ),
        ),
        Entity(
            "deals",
            "fct_deal",
            "fact",
            "one deal, won, lost or open",
            ("deal_id",),
            (
                _id("deal_id", "deal or opportunity"),
                CUSTOMER,
                PRODUCT,
                _of("channel", "where it came from"),
                CAMPAIGN,
                Column("opened_on", "DATE", "first day", required=True, date_key="date_key"),
                Column("closed_on", "DATE", "day won or lost; empty while open", date_key="closed_date_key"),
                Column("status", "VARCHAR", "outcome", required=True, values=("won", "lost", "open")),
                Column("lost_reason", "VARCHAR", "why it was lost, in the seller's words"),
                Column("amount", MONEY, "value of the deal", required=True),
            ),
        ),
        Entity(
            "contacts",
            "fct_contact",
            "fact",
            "one contact event of any channel and direction",
            ("contact_id",),
            (
                _id("contact_id", "message, call or visit"),
                CUSTOMER,
                CAMPAIGN,
                _of("channel", "through which channel"),
                Column("contacted_at", "TIMESTAMP", "local time", required=True, date_key="date_key"),
                Column("direction", "VARCHAR", "who spoke first", required=True, values=("outbound", "inbound")),
                Column("contact_kind", "VARCHAR", "mailing, call, message, visit, complaint ..."),
                Column("outcome", "VARCHAR", "delivered, opened, bounced, no answer ..."),
                Column("cost", MONEY, "cost of the contact"),
            ),
        ),
        Entity(
            "responses",
            "fct_response",
            "fact",
            "one response to a campaign",
            ("response_id",),
            (
                _id("response_id", "redemption, reply, complaint or opt-out"),
                CUSTOMER,
                CAMPAIGN,
                PRODUCT,
                _of("channel", "through which channel it came back"),
                Column("responded_at", "TIMESTAMP", "local time", required=True, date_key="date_key"),
                Column(
                    "response_kind",
                    "VARCHAR",
                    "what the customer did",
                    required=True,
                    values=("redemption", "reply", "click", "order", "complaint", "opt_out"),
                ),
            ),
        ),
        Entity(
            "consents",
            "fct_consent",
            "fact",
            "one grant or withdrawal per channel and purpose, with its proof",
            # A register may update an entry under its number.  By the number alone the withdrawal would be
            # a repeat of the grant, and be refused.
            ("consent_id", "status", "recorded_at"),
            (
                _id("consent_id", "entry of the consent register"),
                CUSTOMER,
                _of("channel", "for which channel; a withdrawal that names none, or one not in crm.yml, is for all"),
                Column(
                    "purpose", "VARCHAR", "what for: marketing, service, contract_change ...", required=True, lower=True
                ),
                Column("status", "VARCHAR", "given or taken back", required=True, values=("granted", "withdrawn")),
                Column("recorded_at", "TIMESTAMP", "when", required=True, date_key="date_key"),
                Column("wording_version", "VARCHAR", "which text the customer agreed to"),
                Column("proof", "VARCHAR", "where the proof is: form, wording version, call id"),
                Column("evidence", "VARCHAR", "the proof itself, or more of it; private; the ledger keeps its hash"),
            ),
        ),
        Entity(
            "promotions",
            "fct_promotion",
            "fact",
            "one product promoted in one store in one week at one display and mailer place",
            ("product_id", "store_id", "week_start", "display", "mailer"),
            (
                PRODUCT,
                _of("store", "where"),
                Column("week_start", "DATE", "first day of the week", required=True, date_key="date_key"),
                Column("display", "VARCHAR", "place in the store", default="'none'"),
                Column("mailer", "VARCHAR", "place in the mailer", default="'none'"),
            ),
        ),
        Entity(
            "offers",
            "bridge_offer",
            "bridge",
            "one product that one offer (coupon) of one campaign is good for",
            ("offer_id", "campaign_id", "product_id"),
            (_id("offer_id", "coupon number"), CAMPAIGN, PRODUCT),
        ),
    )
}

FACTS = {e.member: e for e in ENTITIES.values() if e.kind != "dimension"}
