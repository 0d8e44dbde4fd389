"""Made-up inputs of the overview, about the size of the real ones, with odd things in them."""

from datetime import date
from decimal import Decimal

import polars as pl

from crm_analytics.reports.inputs import OverviewInputs, Sourced

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & </script><!-- '
SQL = "SELECT a < b AND c > d, '</script>' AS \"e\"\nFROM fct_sale\nGROUP BY 1"

REVENUE = [Decimal(f"{300 + 17 * month % 90}000.5{month % 10}") for month in range(1, 13)]
SECTIONS_OF_NAMES = ["GROCERY", "DRUG GM", "FUEL", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "PASTRY", "NUTRITION"]


def everything(**changed: object) -> OverviewInputs:
    """A project with every input; `changed` replaces some of them."""
    inputs: dict[str, object] = {
        "title": "Complete Journey: one retailer, one year",
        "as_of": date(2018, 1, 1),
        "currency": "USD",
        "last_month_incomplete": True,
        "headline": Sourced(
            pl.DataFrame(
                {
                    "revenue": [Decimal("4596039.58")],
                    "customers": [2469],
                    "orders": [155848],
                    "average_order_value": [29.49],
                    "first_day": [date(2017, 1, 1)],
                    "last_day": [date(2017, 12, 29)],
                }
            ),
            SQL,
        ),
        "promotions": Sourced(pl.DataFrame({"promotions": [20940529]}), SQL),
        "by_month": by_month(),
        "departments": departments(),
        "deals": deals(),
        "lost_reasons": Sourced(
            pl.DataFrame(
                {
                    "deal.lost_reason": ["price", HOSTILE, None],
                    "lost": [6, 3, 1],
                    "lost_amount": [Decimal("600.00"), Decimal("90.50"), Decimal("10.00")],
                }
            ),
            SQL,
        ),
        "contacts": Sourced(
            pl.DataFrame(
                {
                    "channel.channel": ["mail", "phone"],
                    "contacts": [6589, 411],
                    "outbound": [6589, 11],
                    "inbound": [0, 400],
                    "customers_contacted": [1559, 11],
                }
            ),
            SQL,
        ),
        "responses": Sourced(
            pl.DataFrame(
                {
                    "campaign.campaign_name": ["Campaign 18", HOSTILE],
                    "responses": [653, 47],
                    "customers_responding": [214, 40],
                    "responder_share": [0.1889, None],
                    "complaints": [0, 2],
                }
            ),
            SQL,
        ),
        "rfm": rfm(),
        "rfm_classes": Sourced(
            pl.DataFrame(
                {
                    "rfm_class": ["Champions", "Loyal", "At risk", "Lost"],
                    "customers": [512, 640, 701, 616],
                    "spend": [2100345.12, 1500321.0, 700123.4, 295250.06],
                }
            ),
            SQL,
        ),
        "segments": segments(),
        "rules": rules(),
        "evaluation": evaluation(),
        "churn_calibration": Sourced(
            pl.DataFrame(
                {
                    "bin": list(range(1, 11)),
                    "predicted": [0.02 + 0.095 * i for i in range(10)],
                    "observed": [0.03 + 0.093 * i + 0.01 * (-1) ** i for i in range(10)],
                    "customers": [240 + i for i in range(10)],
                }
            )
        ),
        "churn_lift": Sourced(
            pl.DataFrame(
                {
                    "decile": list(range(10, 0, -1)),
                    "customers": [247] * 10,
                    "churners": [210, 120, 60, 40, 20, 12, 8, 4, 2, 1],
                    "rate": [round(n / 247, 4) for n in (210, 120, 60, 40, 20, 12, 8, 4, 2, 1)],
                    "lift": [round(n / 47.7, 2) for n in (210, 120, 60, 40, 20, 12, 8, 4, 2, 1)],
                }
            )
        ),
        "priority": priority(),
        "consents": consents({"not recorded": 2469}),
        "quality": Sourced(
            pl.DataFrame(
                {
                    "entity": ["customers", "products", "sales", "promotions"],
                    "rows_read": [2469, 92331, 1469307, 20940529],
                    "rows_loaded": [2469, 92331, 1469307, 20927744],
                    "rows_rejected": [0, 0, 0, 12785],
                    "rounded": [0, 0, 20, 0],
                }
            ),
            SQL,
        ),
        "unknown": Sourced(
            pl.DataFrame(
                {
                    "table": ["fct_sale", "fct_promotion"],
                    "column": ["product_key", "store_key"],
                    "rows_unknown": [4836, 0],
                    "share": [4836 / 1469307, 0.0],
                }
            )
        ),
        "rejects": Sourced(
            pl.DataFrame(
                {"entity": ["promotions"], "reason": ["the key product, store, week is not unique"], "rows": [12785]}
            ),
            SQL,
        ),
        "expectations": expectations(),
        "notes": ("This data has no consent records and no lost deals.",),
    }
    return OverviewInputs(**(inputs | changed))


def nothing() -> OverviewInputs:
    """A project in which nothing has been loaded or scored."""
    return OverviewInputs(title="Empty", as_of=date(2018, 1, 1), currency="EUR")


def by_month() -> Sourced:
    """Twelve months."""
    months = {
        "date.month": [f"2017-{month:02d}" for month in range(1, 13)],
        "revenue": REVENUE,
        "customers": [2000 + 13 * month for month in range(1, 13)],
        "orders": [12000 + 91 * month for month in range(1, 13)],
    }
    return Sourced(pl.DataFrame(months), SQL)


def departments() -> Sourced:
    """Eighteen departments, one of them hostile, one without a name, and the grand total, whose name is null."""
    names = [*SECTIONS_OF_NAMES, "A DEPARTMENT WITH A LONG NAME 1", "A DEPARTMENT WITH A LONG NAME 2", HOSTILE, None]
    names += [f"SMALL {i}" for i in range(5)]
    revenue = [Decimal(2200000) / (i + 1) ** 2 for i in range(len(names))]
    total = sum(revenue, Decimal())
    frame = {
        "product.department": [*names, None],
        "revenue": [round(value, 2) for value in [*revenue, total]],
        "customers": [max(2460 - 130 * i, 3) for i in range(len(names))] + [2469],
        "orders": [max(120000 - 9000 * i, 5) for i in range(len(names))] + [155848],
        "share": [float(value / total) for value in [*revenue, total]],
        "is_total": [False] * len(names) + [True],
    }
    return Sourced(pl.DataFrame(frame), SQL)


def deals() -> Sourced:
    """Two months, the second without a deal won, and deals whose last day nobody wrote down."""
    frame = {
        "closed.month": ["2017-01", "2017-02", "Unknown day"],
        "won": [8, 0, 2],
        "lost": [4, 5, 1],
        "won_amount": [Decimal("800.00"), None, Decimal("250.25")],
        "lost_amount": [Decimal("400.00"), Decimal("200.50"), Decimal("100.00")],
    }
    return Sourced(pl.DataFrame(frame), SQL)


def expectations() -> Sourced:
    """One of each verdict, those that hold first, and one that is about days and not about rows."""
    told = ("entity", "expected", "found", "verdict", "rows", "failing", "passing", "wanted")
    rows = [
        ("sales", "revenue is at least 0", "all 900 rows", "holds", 900, 0, 1.0, 1.0),
        ("sales", "product_id is known", "899 of 900 rows, 99 % wanted", "holds", 900, 1, 899 / 900, 0.99),
        (
            "deals",
            f"lost_reason matches {HOSTILE}",
            "there are no rows to look at",
            *("nothing to look at",),
            *[None] * 4,
        ),
        ("customers", "email is filled", "50 of 100 rows, 60 % wanted", "warning", 100, 50, 0.5, 0.6),
        ("sales", "the last sold_at is at most 7 days before 2018-01-05", "it is 2017-12-20", "fails", *[None] * 4),
        ("customers", "country is one of AT, DE", "90 of 100 rows", "fails", 100, 10, 0.9, 1.0),
    ]
    return Sourced(pl.DataFrame(rows, schema=told, orient="row"), SQL)


def rfm() -> Sourced:
    """All pairs of scores but (1, 5): nobody who was not seen for long orders most often."""
    pairs = [(r, f) for r in range(1, 6) for f in range(1, 6) if (r, f) != (1, 5)]
    frame = {
        "r_score": [r for r, _ in pairs],
        "f_score": [f for _, f in pairs],
        "customers": [30 + 40 * min(r, f) + 30 * (r == f) for r, f in pairs],
        "mean_spend": [150.0 * f + 80 * r for r, f in pairs],
    }
    return Sourced(pl.DataFrame(frame), SQL)


def segments() -> Sourced:
    """Four segments with medians in days, money and orders."""
    names = ["high spend, many orders", "small orders, seen lately", "buys on discount", "long away, low spend"]
    frame = {
        "segment": names,
        "customers": [500, 700, 800, 469],
        "customer_share": [0.2025, 0.2835, 0.324, 0.19],
        "spend_share": [0.581, 0.201, 0.171, 0.047],
        "median_spend_money": [5400.2, 1300.5, 900.1, 310.0],
        "median_orders": [130.0, 70.5, 40.0, 9.0],
        "median_days_since_last_order": [2.0, 4.0, 12.0, 95.0],
        "in_words": [
            f"{name}: in the middle 70 orders, last seen 4 days ago, 3 % off the list price" for name in names
        ],
        "as_of": [date(2018, 1, 1)] * 4,
    }
    return Sourced(pl.DataFrame(frame), SQL)


def rules() -> Sourced:
    """Twelve rules, items as lists, one never seen again, one certain (its conviction is infinite)."""
    frame = {
        "antecedents": [[f"ITEM {i}", "FLUID MILK PRODUCTS"][: 1 + i % 2] for i in range(12)],
        "consequents": [[f"OTHER {i}"] for i in range(11)] + [[HOSTILE]],
        "support": [0.002 + 0.0013 * i for i in range(12)],
        "confidence": [0.6 - 0.04 * ((i * 7) % 12) for i in range(12)],
        "lift": [9.5 - 0.6 * i for i in range(12)],
        "leverage": [0.0015 + 0.001 * i for i in range(12)],
        "conviction": [float("inf"), *(2.2 - 0.1 * i for i in range(11))],
        "lift_later": [8.7, None, *(7.0 - 0.5 * i for i in range(10))],
        "orders_later": list(range(40, 52)),
    }
    return Sourced(pl.DataFrame(frame), SQL)


def evaluation() -> Sourced:
    """Three tasks, the measures out of order, one of them unknown to the report, one without an interval."""
    told = ("task", "score", "metric", "value", "low", "high", "verdict")
    alike, worse = "not distinguishable from days since last order", "worse than same as last 90 days"
    rows = [
        ("churn", "churn risk", "calibration_error", 0.0102, 0.0073, 0.0196, "said 6.5%, 5.9% came true"),
        ("churn", "churn risk", "auc", 0.8932, 0.8697, 0.9189, alike),
        ("churn", "days since last order", "auc", 0.8732, 0.8474, 0.9018, "baseline"),
        ("churn", "churn risk", "gini_index", 0.7864, None, None, "better than nothing"),
        ("lifetime_value", "lifetime value", "spend_total_error", -0.0251, -0.0505, -0.004, worse),
        ("lifetime_value", "same as last 90 days", "spend_total_error", -0.0334, -0.0548, -0.0124, "baseline"),
        ("lifetime_value", "lifetime value", "spend_error_per_customer", 1182.2287, 1173.5, 1191.1, worse),
        ("lifetime_value", "same as last 90 days", "spend_error_per_customer", 175.5, 167.7, 183.8, "baseline"),
        ("next_offer", "next offer", "recall_at_10", 0.2669, 0.2544, 0.2774, "better than most bought"),
        ("next_offer", "most bought", "recall_at_10", 0.2551, 0.2425, 0.265, "baseline"),
    ]
    return Sourced(pl.DataFrame(rows, schema=told, orient="row").with_columns(as_of=pl.lit(date(2018, 1, 2))), SQL)


def consents(customers: dict[str, int]) -> Sourced:
    """How many customers of the whole list have which consent."""
    return Sourced(pl.DataFrame({"consent": list(customers), "customers": list(customers.values())}), SQL)


def priority() -> Sourced:
    """Ten customers, the second with a hostile offer, the third without one."""
    count = 10
    frame = {
        "rank": list(range(1, count + 1)),
        "customer_id": [f"{1500 + 7 * i}" for i in range(count)],
        "expected_value_90d": [612.34 - 20 * i for i in range(count)],
        "rfm_class": ["Champions", "Loyal"] * 5,
        "segment": ["high spend, many orders"] * count,
        "p_alive": [0.98 - 0.01 * i for i in range(count)],
        "churn_risk": [0.02 + 0.01 * i for i in range(count)],
        "bg_nbd_spend_90d": [2041.1 - 66 * i for i in range(count)],
        "next_offer": ["BABY FOODS", HOSTILE, None] + ["SOFT DRINKS"] * (count - 3),
        "next_offer_reason": ["buys baby food every 3 weeks, not seen for 5", HOSTILE, None] + ["buys it often"] * 7,
        "suggested_channel": ["mail"] * count,
        "consent": ["not recorded"] * count,
        "reason": ["spends much and steadily; likely to order again; churn risk low"] * count,
    }
    return Sourced(pl.DataFrame(frame))
