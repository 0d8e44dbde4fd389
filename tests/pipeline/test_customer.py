"""The card of a customer of a shop small enough to work out by hand."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.config import ProjectConfig
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.pipeline.customer import Card, customer_card
from crm_analytics.reports.card.contents import Interaction
from tests.warehouse.made import NOW, Shop

CONFIG = ProjectConfig(name="test", currency="EUR", channels=("store", "web", "email"))

# ann: two orders, the second with a discount; a deal lost in March and one won in May; she complained, and took her
# consent for e-mail back.  bob: one return.  eve: nothing at all.  zed is in no customer file.
FILES = {
    "customers": "customer_id,name,email,phone,country,registered_on,drink\n"
    "ann,Ann Ahrens,ann@example.org,+49301,DE,2016-12-31,still water\nbob,Bob,,,,,\neve,Eve,,,,,\n",
    "products": "product_id,product_name,product_type\ntea,Green tea,drink\npie,,food\n",
    "campaigns": "campaign_id,campaign_name\nc1,Spring\n",
    "sales": "order_id,line_id,customer_id,product_id,channel,sold_at,quantity,revenue,discount\n"
    "o1,1,ann,tea,store,2017-01-02 10:05:00,2,10.00,0\n"
    "o1,2,ann,pie,store,2017-01-02 10:05:00,1,2.50,\n"
    "o2,1,ann,tea,web,2017-01-12 09:30:00,1,3.00,1.00\n"
    "o2,2,ann,ham,web,2017-01-12 09:30:00,1,4.50,0\n"
    "o3,1,bob,tea,web,2017-02-01 09:30:00,-1,-5.00,0\n"
    "o4,1,zed,pie,kiosk,2017-02-02 08:00:00,1,2.00,0\n",
    "deals": "deal_id,customer_id,opened_on,closed_on,status,lost_reason,amount\n"
    "d1,ann,2017-03-01,2017-03-11,lost,price,100.00\nd2,ann,2017-04-01,2017-05-01,won,,200.00\n",
    "contacts": "contact_id,customer_id,campaign_id,channel,contacted_at,direction,contact_kind,outcome\n"
    "k1,ann,c1,email,2017-03-20 08:00:00,outbound,mailing,opened\n"
    "k2,ann,,email,2017-03-21 09:00:00,inbound,complaint,open\n",
    "responses": "response_id,customer_id,campaign_id,channel,responded_at,response_kind\n"
    "r1,ann,c1,web,2017-03-22 12:00:00,reply\n",
    "consents": "consent_id,customer_id,channel,purpose,status,recorded_at,proof\n"
    "e1,ann,email,marketing,granted,2017-01-02 10:00:00,form 7\n"
    "e2,ann,store,marketing,granted,2017-01-02 10:00:00,form 7\n"
    "e3,ann,email,marketing,withdrawn,2017-06-01 00:00:00,call 9\n",
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    shop = Shop(tmp_path_factory.mktemp("shop"), engine)
    shop.source("crm", FILES)
    shop.load(channels=CONFIG.channels)
    yield engine
    engine.close()


def what_happened(card: Card) -> list[tuple[str, str, str]]:
    return [(str(it.happened_at.date()), it.kind, it.what or it.reference) for it in card.timeline]


def test_everything_between_us_stands_on_one_timeline_the_latest_first(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "ann", NOW)
    assert what_happened(card) == [
        ("2017-06-01", "consent", "withdrawn"),
        ("2017-05-01", "deal", "won"),
        ("2017-03-22", "response", "reply"),
        ("2017-03-21", "contact", "complaint"),
        ("2017-03-20", "contact", "mailing"),
        ("2017-03-11", "deal", "lost"),
        ("2017-01-12", "sale", "o2"),
        ("2017-01-02", "sale", "o1"),
        ("2017-01-02", "consent", "granted"),
        ("2017-01-02", "consent", "granted"),
    ]
    assert [lane.name for lane in card.lanes] == ["Orders", "Deals", "We spoke", "They spoke", "Answers", "Consents"]
    assert sum(len(lane.at) for lane in card.lanes) == card.interactions == 10


def test_an_order_is_one_interaction_with_its_dearest_products(engine: DuckEngine) -> None:
    # o2: tea 3.00 with 1.00 off, and ham, which products.sql lacks, 4.50.
    (order,) = [it for it in customer_card(engine, CONFIG, "ann", NOW).timeline if it.reference == "o2"]
    assert order == Interaction(
        happened_at=datetime(2017, 1, 12, 9, 30),
        kind="sale",
        reference="o2",
        channel="web",
        products=("ham", "Green tea"),
        lines=2,
        amount=Decimal("7.50"),
        discount=Decimal("1.00"),
    )


def test_orders_habits_and_discount_by_hand(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "ann", NOW)
    assert card.orders is not None
    assert (card.orders.orders, card.orders.lines, card.orders.revenue) == (2, 4, Decimal("20.00"))
    assert card.orders.gap_days == 10  # from 2 to 12 January
    tea = next(it for it in card.habits if it.habit == "product")
    assert (tea.member, tea.orders, tea.of_orders, tea.last_at) == ("Green tea", 2, 2, datetime(2017, 1, 12, 9, 30))
    assert [it.member for it in card.habits if it.habit == "product_type"] == ["drink", "food"]
    # Monday and Thursday, once each: the later one comes first.
    assert [it.member for it in card.habits if it.habit == "weekday"] == ["Thursday", "Monday"]
    # ann: 1 of 4 lines, 3.00 of 20.00, 1.00 of 21.00.  Everybody is ann alone: bob gave back, and zed is not known.
    assert card.on_discount.line_share == 0.25
    assert card.on_discount.revenue_share == 0.15
    assert card.on_discount.money_off_share == pytest.approx(1 / 21)
    assert card.everybody_on_discount == card.on_discount


def test_who_it_is_and_what_they_said_of_themselves(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "ann", NOW)
    assert (card.person.name, card.person.email, card.person.phone) == ("Ann Ahrens", "ann@example.org", "+49301")
    assert card.attributes == {"drink": "still water"}


def test_what_may_be_sent_and_why_not(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "ann", NOW)
    assert [(p.channel, p.may, p.why) for p in card.permissions] == [
        ("store", True, "granted on 2017-01-02"),
        ("web", False, "never asked"),
        ("email", False, "withdrawn on 2017-06-01"),
    ]
    assert card.complaint is not None
    assert card.complaint.reference == "k2"
    assert card.opt_out is not None
    assert card.opt_out.reference == "e3"


def test_a_register_that_was_loaded_is_looked_at_whatever_crm_yml_says(engine: DuckEngine) -> None:
    config = ProjectConfig(name="test", channels=CONFIG.channels, consent="not_recorded")
    card = customer_card(engine, config, "ann", NOW)
    assert [p.may for p in card.permissions] == [True, False, False]


def test_a_card_of_an_earlier_day_knows_nothing_of_what_came_later(engine: DuckEngine) -> None:
    # On 11 March the deal that was lost that day is still open, and nobody knows yet why it will be lost.
    card = customer_card(engine, CONFIG, "ann", NOW, as_of=date(2017, 3, 11))
    deal = card.timeline[0]
    assert (deal.reference, deal.what, deal.outcome, deal.happened_at) == ("d1", "open", "", datetime(2017, 3, 1))
    assert [p.may for p in card.permissions] == [True, False, True]
    assert card.complaint is None
    assert customer_card(engine, CONFIG, "ann", NOW, as_of=date(2017, 3, 12)).timeline[0].outcome == "price"
    before = customer_card(engine, CONFIG, "ann", NOW, as_of=date(2017, 1, 12))
    assert before.orders is not None
    assert before.orders.orders == 1
    assert before.everybody_on_discount.line_share == 0


def test_the_timeline_can_be_short_or_begin_late(engine: DuckEngine) -> None:
    short = customer_card(engine, CONFIG, "ann", NOW, last=3)
    assert len(short.timeline) == 3
    assert "Last 3 of 10 interactions" in str(short)
    assert "7 earlier ones not shown" in str(short)
    late = customer_card(engine, CONFIG, "ann", NOW, since=date(2017, 3, 21))
    assert [it.reference for it in late.timeline] == ["e3", "d2", "r1", "k2"]
    assert late.orders is not None  # all else still looks at all days
    with pytest.raises(DataError, match="last: needs 0 or more interactions, got -1"):
        customer_card(engine, CONFIG, "ann", NOW, last=-1)


def test_what_was_given_back_is_no_habit(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "bob", NOW)
    assert card.habits == ()
    assert card.on_discount.line_share is None
    assert card.orders is not None
    assert card.orders.revenue == Decimal("-5.00")


def test_somebody_who_never_did_anything_has_a_card_too(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "eve", NOW)
    assert card.orders is None
    assert card.timeline == card.habits == card.lanes == ()
    assert "no orders" in str(card)
    assert "0 interactions" in card._repr_html_()


def test_an_id_that_only_facts_bear_has_a_card_that_says_so(engine: DuckEngine) -> None:
    card = customer_card(engine, CONFIG, "zed", NOW)
    assert not card.known
    assert [(it.reference, it.channel) for it in card.timeline] == [("o4", "kiosk")]
    assert "dim_customer has no customer of this id" in card.notes[0]
    assert not any(p.may for p in card.permissions)


def test_an_unknown_id_is_answered_with_the_nearest_ones(engine: DuckEngine) -> None:
    with pytest.raises(DataError, match=r"no customer has the id 'anm', and no fact names it. Did you mean 'ann'\?$"):
        customer_card(engine, CONFIG, "anm", NOW)


def test_an_address_that_somebody_tried_is_not_repeated(engine: DuckEngine) -> None:
    for tried in ("ann@example.org", "Ann Ahrens"):
        with pytest.raises(DataError) as error:
            customer_card(engine, CONFIG, tried, NOW)
        assert tried not in str(error.value)


def test_an_item_that_products_do_not_have_is_refused(engine: DuckEngine) -> None:
    config = ProjectConfig(name="test", channels=CONFIG.channels, item="product_typ")
    with pytest.raises(UnknownName, match=r"no product attribute 'product_typ'\. Did you mean 'product_type'"):
        customer_card(engine, config, "ann", NOW)


def test_a_company_without_any_facts_but_customers_has_cards(tmp_path: Path) -> None:
    engine = DuckEngine.open(None, threads=1)
    shop = Shop(tmp_path, engine)
    shop.source("crm", {"customers": "customer_id,name\nann,Ann\n"})
    shop.load()
    card = customer_card(engine, CONFIG, "ann", NOW)
    assert (card.person.name, card.timeline, card.everybody_on_discount.line_share) == ("Ann", (), None)
    engine.close()


def test_scores_and_segments_stand_on_the_card(engine: DuckEngine) -> None:
    # Of each model the latest as of the card's day: in March the score of April is not there yet.
    rows = [
        ("20170301", date(2017, 3, 1), 20170301, "rfm", "rfm_class", "ann", None, "Loyal"),
        ("20170401", date(2017, 4, 1), 20170401, "rfm", "rfm_class", "ann", None, "At risk"),
        ("20170301", date(2017, 3, 1), 20170301, "churn", "churn_risk", "ann", 0.25, None),
    ]
    names = ("run_id", "as_of", "date_key", "model", "score_name", "customer_id", "value", "label")
    engine.write_frame("given", pl.DataFrame(rows, schema=names, orient="row"))
    engine.execute("DELETE FROM fct_score")
    engine.execute(
        "INSERT INTO fct_score SELECT run_id, as_of, date_key, model, score_name, customer_key, value, label "
        "FROM given JOIN dim_customer USING (customer_id)"
    )
    engine.execute("DROP TABLE given")
    engine.execute("DELETE FROM segment_member")
    engine.execute("INSERT INTO segment VALUES ('tea', 1, TIMESTAMP '2017-07-01', NULL, '', '')")
    engine.execute("INSERT INTO segment_member VALUES ('tea', 'ann')")
    card = customer_card(engine, CONFIG, "ann", NOW)
    assert [(s.name, s.label, s.value, s.as_of.month) for s in card.scores] == [
        ("churn_risk", "", 0.25, 3),
        ("rfm_class", "At risk", None, 4),
    ]
    assert "churn risk 25 %" in str(card)
    assert [s.segment for s in card.segments] == ["tea"]
    march = customer_card(engine, CONFIG, "ann", NOW, as_of=date(2017, 3, 31))
    assert [s.label for s in march.scores] == ["", "Loyal"]


def test_a_merged_customer_shows_its_records_and_where_each_field_came_from(engine: DuckEngine) -> None:
    engine.execute("CREATE TABLE customer_identity (source VARCHAR, record_id VARCHAR, customer_id VARCHAR)")
    engine.execute(
        "CREATE TABLE customer_golden_source (customer_id VARCHAR, field VARCHAR, source VARCHAR, record_id VARCHAR, "
        "changed_at TIMESTAMP)"
    )
    engine.execute(
        "CREATE TABLE customer_contact_point (customer_id VARCHAR, kind VARCHAR, value VARCHAR, source VARCHAR)"
    )
    engine.execute(
        "INSERT INTO customer_identity VALUES "
        "('crm','ann','ann'), ('web','w7','ann'), ('web','x','ann'), ('crm','x','bob')"
    )
    engine.execute("INSERT INTO customer_golden_source VALUES ('ann','email','web','w7',TIMESTAMP '2017-02-01')")
    engine.execute("INSERT INTO customer_contact_point VALUES ('ann','email','a@example.org','web')")
    card = customer_card(engine, CONFIG, "w7", NOW)
    assert card.customer_id == "ann"
    assert card.notes == ("asked for record w7, which is part of customer ann",)
    assert [(r.source, r.record_id) for r in card.records] == [("crm", "ann"), ("web", "w7"), ("web", "x")]
    assert [(o.field, o.source, o.record_id) for o in card.origins] == [("email", "web", "w7")]
    assert [c.value for c in card.contact_points] == ["a@example.org"]
    with pytest.raises(DataError, match="record 'x' is part of several customers; ask for one: ann, bob"):
        customer_card(engine, CONFIG, "x", NOW)
    for table in ("customer_identity", "customer_golden_source", "customer_contact_point"):
        engine.execute(f"DROP TABLE {table}")
