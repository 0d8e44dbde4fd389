"""Consents of a register that brings no customers itself, where source records are matched to customers."""

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.consents import consent_state
from tests.warehouse.consent_star import Ledger, Word, at


def test_a_register_of_its_own_speaks_of_the_customers_of_other_sources() -> None:
    ledger = Ledger(DuckEngine.open(None, threads=1))
    # The register brings no customers.  Its ann is the crm's; its 7 is one of two.
    ledger.load(
        [
            Word("1", "granted", 1),
            Word("2", "withdrawn", 2, source="register"),
            Word("3", "granted", 1, source="web", customer="7"),
            Word("4", "granted", 1, source="till", customer="7", channel="sms"),
            Word("5", "withdrawn", 2, source="register", customer="7"),
            Word("6", "granted", 3, source="register", customer="7", channel="sms"),
        ]
    )
    ledger.engine.execute("CREATE TABLE customer_identity (source VARCHAR, record_id VARCHAR, customer_id VARCHAR)")
    ledger.engine.execute(
        "INSERT INTO customer_identity VALUES ('crm', 'ann', 'ann'), ('web', '7', 'web:7'), ('till', '7', 'till:7')"
    )
    state = consent_state(ledger.engine, at(5), "marketing")
    # Its no is heard for both who may be meant; its yes for neither.
    assert state.select("customer_id", "channel", "status").rows() == [
        ("ann", "mail", "denied"),
        ("till:7", "mail", "denied"),
        ("till:7", "sms", "granted"),  # by the till's own word
        ("web:7", "mail", "denied"),
    ]
    ledger.engine.close()
