"""What the report says of the rows: of all that is in the star, whichever load brought it."""

from crm_analytics.warehouse.quality import HELD
from tests.warehouse.made import SALES, SHOP, Shop


def test_rows_are_those_of_the_star_and_its_rejects_whichever_load_read_them(shop: Shop) -> None:
    shop.source("till", SHOP)
    shop.load()
    # The second load reads one file: a line whose 1.005 is rounded, and one without a time.  The others stay.
    shop.source("till", {**SHOP, "sales": SALES + "o3,1,ann,tea,web,2017-03-01,1,1.005\no3,2,ann,tea,web,,1,2\n"})
    shop.load()
    assert shop.rows(HELD.text) == [
        ("till", "sales", 5, 4, 1, 1),
        ("till", "customers", 2, 2, 0, 0),
        ("till", "products", 2, 2, 0, 0),
    ]


def test_an_entity_of_which_everything_was_refused_is_told_too(shop: Shop) -> None:
    shop.source("till", {**SHOP, "products": "product_id,department\n,drinks\n"})
    shop.load()
    assert ("till", "products", 1, 0, 1, 0) in shop.rows(HELD.text)
