"""The card as text, JSON, HTML and without names."""

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from crm_analytics.campaigns.permission import Permission
from crm_analytics.charts.timeline import Strokes, timeline
from crm_analytics.reports.card.card import Card
from crm_analytics.reports.card.contents import (
    ContactPoint,
    Habit,
    Interaction,
    Lane,
    OnDiscount,
    Orders,
    Origin,
    Person,
    Record,
    Score,
)

NOON = datetime(2017, 3, 1, 12)
SALE = Interaction(
    happened_at=NOON,
    kind="sale",
    reference="o1",
    channel="store",
    store="North",
    products=("tea", "pie"),
    lines=3,
    amount=Decimal("1234.50"),
    discount=Decimal("2.00"),
)
LOST = Interaction(
    happened_at=datetime(2017, 2, 28),
    kind="deal",
    reference="d1",
    what="lost",
    outcome="price",
    opened_on=date(2017, 2, 1),
    amount=Decimal("70.00"),
)
COMPLAINT = Interaction(
    happened_at=NOON, kind="contact", reference="k1", what="complaint", direction="inbound", channel="email"
)
CONSENT = Interaction(
    happened_at=NOON,
    kind="consent",
    reference="e1",
    what="granted",
    channel="email",
    purpose="marketing",
    proof="mail from ann.ahrens@example.org, signed Ann Ahrens",
)
CARD = Card(
    customer_id="c<1>",
    known=True,
    person=Person(name="Ann Ahrens", email="ann.ahrens@example.org", phone="+49 30 1", country="DE"),
    attributes={"drink": "still water", "maiden_name": "Bauer", "age": "30-39"},
    private=("maiden_name",),
    as_of=date(2018, 1, 1),
    currency="EUR",
    orders=Orders(
        orders=1,
        lines=3,
        revenue=Decimal("1234.50"),
        discount=Decimal("2.00"),
        first_on=date(2017, 3, 1),
        last_on=date(2017, 3, 1),
        gap_days=None,
    ),
    timeline=(SALE, COMPLAINT, CONSENT, LOST),
    interactions=5,
    since=None,
    lanes=(Lane(name="Orders", at=(NOON, datetime(2017, 1, 1)), size=(100.0, 25.0)),),
    habits=(
        Habit(
            habit="product_type",
            member="tea & <b>",
            orders=1,
            of_orders=1,
            lines=1,
            revenue=Decimal("3.00"),
            last_at=NOON,
        ),
    ),
    on_discount=OnDiscount(line_share=0.25, revenue_share=0.15, money_off_share=0.05),
    everybody_on_discount=OnDiscount(line_share=0.5, revenue_share=0.4, money_off_share=None),
    scores=(
        Score(model="rfm", name="r_score", value=5.0, label="", as_of=date(2018, 1, 1)),
        Score(model="rfm", name="rfm_class", value=None, label="Loyal", as_of=date(2018, 1, 1)),
        Score(model="churn", name="churn_risk", value=0.004, label="", as_of=date(2018, 1, 1)),
    ),
    segments=(),
    permissions=(
        Permission(channel="email", may=True, why="granted on 2017-03-01 (mail from ann.ahrens@example.org)"),
        Permission(channel="sms", may=None, why="ask"),
    ),
    complaint=COMPLAINT,
    opt_out=None,
    notes=("read this",),
    records=(Record(source="crm", record_id="7"),),
    origins=(Origin(field="email", source="crm", record_id="7", changed_at=NOON),),
    contact_points=(ContactPoint(kind="email", value="a.a@example.net", source="web"),),
)
PRIVATE = ("Ann Ahrens", "ann.ahrens", "+49 30 1", "Bauer", "a.a@example.net", "@")


def test_the_card_as_text_line_by_line() -> None:
    assert str(CARD).splitlines() == [
        "Customer c<1> · Ann Ahrens · ann.ahrens@example.org · +49 30 1 · DE",
        "drink: still water, maiden name: Bauer, age: 30-39",
        "1 order of 1,234.50 EUR on 2017-03-01; as of 2018-01-01",
        "! read this",
        "",
        "May be sent",
        "  email  yes        granted on 2017-03-01 (mail from ann.ahrens@example.org)",
        "  sms    ask first  ask",
        "  last complained on 2017-03-01 (email)",
        "",
        "Habits",
        "  product type  tea & <b>  1 of 1 order, last 2017-03-01",
        "  on discount: 25 % of lines (everybody 50 %), 15 % of revenue (everybody 40 %), "
        "5 % off list price (everybody –)",
        "",
        "Last 4 of 5 interactions",
        "  2017-03-01 12:00  sale     store  1,234.50 EUR for 3 lines, 2.00 off, store North, tea + pie [o1]",
        "  2017-03-01 12:00  contact  email  they: complaint [k1]",
        "  2017-03-01 12:00  consent  email  granted for marketing, "
        "mail from ann.ahrens@example.org, signed Ann Ahrens [e1]",
        "  2017-02-28        deal            lost because of price, 70.00 EUR, 27 days after it was opened [d1]",
        "  1 earlier one not shown",
        "",
        "Scores",
        "  rfm    2018-01-01  rfm class: Loyal; r score 5",
        "  churn  2018-01-01  churn risk under 1 %",
        "",
        "Source records",
        "  crm  7",
        "",
        "Where each field came from",
        "  email  crm 7  2017-03-01 12:00",
        "",
        "Contact points",
        "  email  a.a@example.net  web",
    ]


def test_the_card_as_json_has_numbers_days_and_texts() -> None:
    data = json.loads(CARD.json())
    assert data["person"]["name"] == "Ann Ahrens"
    assert data["timeline"][0]["amount"] == 1234.5
    assert data["timeline"][0]["happened_at"] == "2017-03-01T12:00:00"
    assert data["timeline"][0]["products"] == ["tea", "pie"]
    assert data["orders"]["first_on"] == "2017-03-01"
    assert data["everybody_on_discount"]["money_off_share"] is None
    assert "lanes" not in data


@pytest.mark.parametrize("form", [str, Card.json, Card.page, Card._repr_html_])
def test_a_masked_card_holds_nothing_private_in_any_form(form: object) -> None:
    assert callable(form)
    page = form(CARD.masked())
    assert [text for text in PRIVATE if text in page.replace("@media", "")] == []
    assert "still water" in page  # what is not private stays
    assert isinstance(CARD.masked(), Card)


def test_what_ends_up_in_logs_names_the_id_alone() -> None:
    assert repr(CARD) == "Card('c<1>')"


class Texts(HTMLParser):
    """The tags and the texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_escapes_what_it_shows_and_needs_nothing_else() -> None:
    page = CARD.page()
    seen = Texts(page)
    assert "Customer c<1>" in seen.texts
    assert "tea & <b>" in seen.texts
    assert "1,234.50 EUR for 3 lines, 2.00 off, store North, tea + pie" in seen.texts
    assert {"svg", "table"} <= seen.tags
    assert not seen.tags & {"script", "b", "img", "iframe"}
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page
    assert page == CARD.page()


def test_html_does_not_show_sections_that_hold_nothing() -> None:
    bare = replace(CARD, scores=(), records=(), origins=(), contact_points=(), lanes=(), habits=())
    seen = Texts(bare._repr_html_())
    assert not {"Scores", "Source records", "Contact points"} & set(seen.texts)
    assert "svg" not in seen.tags


def strokes(picture: str) -> list[tuple[float, float]]:
    """Where each stroke of the lanes stands and how tall it is."""
    paths = ElementTree.fromstring(picture).iter("path")
    drawn = " ".join(path.attrib["d"] for path in paths if path.attrib.get("fill") == "none")
    parts = [part.split("v-") for part in drawn.split("M") if part]
    return [(float(place.split()[0]), float(tall)) for place, tall in parts]


def test_a_stroke_stands_at_its_time_and_is_as_tall_as_its_size() -> None:
    # Lanes run from 96 to 708: the first day of three is at 96, the last at 708, the middle at 402.  A stroke is 24
    # tall at most, a quarter of that at least.  A quarter of the largest order has half of what lies between, for it
    # goes by the root: 24 * (1/4 + 3/4 * 1/2) = 15.
    days = [datetime(2017, 3, 5), datetime(2017, 3, 1), datetime(2017, 3, 3)]
    drawn = strokes(timeline([Strokes("Orders", days, [100.0, 25.0, 0.0])]))
    assert drawn == [(708.0, 24.0), (96.0, 15.0), (402.0, 6.0)]


def test_empty_lanes_are_not_drawn_and_words_are_escaped() -> None:
    assert timeline([Strokes("Orders", [], [])]) == ""
    picture = timeline([Strokes("a<b", [NOON], [1.0]), Strokes("none", [], [])])
    texts = [text.text for text in ElementTree.fromstring(picture).iter("text")]
    assert texts == ["2017-03-01", "a<b"]


@pytest.mark.parametrize(("years", "most"), [(1, 8), (3, 8), (40, 8)])
def test_the_axis_has_a_few_months_however_long_it_is(years: int, most: int) -> None:
    picture = timeline([Strokes("Orders", [datetime(2000, 1, 15), datetime(2000 + years, 1, 15)], [1.0, 1.0])])
    months = [text.text for text in ElementTree.fromstring(picture).iter("text")][:-1]
    assert 3 <= len(months) <= most
    assert all(month and month.endswith(("-01", "-03", "-05", "-07", "-09", "-11")) for month in months)
