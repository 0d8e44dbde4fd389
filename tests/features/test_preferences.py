"""The channel a customer answers through, where what came after the answer could mislead."""

from datetime import date, timedelta

from crm_analytics.features.customers import preferences
from features.tiny_star import Fill, Line

AS_OF = date(2024, 7, 1)


def test_a_contact_after_the_answer_did_not_bring_it(star: Fill) -> None:
    # Ann clicked 20 days before as_of.  For that campaign she had an e-mail 30 days before, a store visit at the
    # moment of the click, and a message on the web 10 days after it.  E-mail and store share the answer, and tie;
    # e-mail comes first in the alphabet.  Bob answered a campaign that reached him only afterwards.
    engine = star([Line("a", 1, 1, date(2024, 5, 1)), Line("b", 2, 1, date(2024, 5, 1))])
    contacts = [(1, 3, 30), (1, 2, 20), (1, 1, 10), (2, 1, 10)]
    for i, (customer, channel, days_ago) in enumerate(contacts):
        engine.execute(
            f"INSERT INTO fct_contact VALUES ('{i}', {customer}, 1, {channel}, $at, 'outbound')",
            {"at": AS_OF - timedelta(days=days_ago)},
        )
    for customer in (1, 2):
        engine.execute(
            f"INSERT INTO fct_response VALUES ('{customer}', {customer}, 1, $at, 'click')",
            {"at": AS_OF - timedelta(days=20)},
        )
    assert preferences(engine, AS_OF)["responding_channel"].to_list() == ["email", None]
    engine.execute("DELETE FROM fct_contact WHERE channel_key = 3")
    assert preferences(engine, AS_OF)["responding_channel"].to_list() == ["store", None]
