"""The overview's sections on what was mined: rules, and churn with its honest measures.

May import: charts, reports.columns, reports.inputs, reports.model.   Imported by: reports.overview.
"""

import polars as pl

from crm_analytics.charts import calibration, lift_by_decile, rules_scatter
from crm_analytics.charts.shape import quantity
from crm_analytics.reports.columns import table
from crm_analytics.reports.inputs import OverviewInputs, Sourced, rows_of
from crm_analytics.reports.model import Chart, Section, Table
from crm_analytics.reports.sales import largest
from crm_analytics.reports.trust import verdicts

MOST_RULES = 20
RULE_COLUMNS = ("number", "antecedents", "consequents", "support_percent", "confidence", "lift")
# Known only once the rules were counted again on later orders.
LATER_COLUMNS = ("lift_later", "orders_later")
MORE_COLUMNS = ("leverage_percent", "conviction")
LIFT_COLUMNS = ("decile", "customers", "churners", "rate", "lift")


def rules(inputs: OverviewInputs, title: str) -> Section:
    """What is bought together, in the order given."""
    found = rows_of(inputs.rules)
    if found is None:
        return Section(id="rules", title=title, sentence="No products are bought together often enough to make a rule.")
    frame = _worded(found.frame)
    top = largest(frame, "lift")
    sentence = (
        f"Of {quantity(frame.height, 'count')} rules the strongest is: who buys {top['antecedents']} also buys "
        f"{top['consequents']}, in {quantity(top['confidence'], 'percent')} of those orders and "
        f"{quantity(top['lift'], 'number')} times as often as by chance."
    )
    if top.get("lift_later") is not None:
        sentence += (
            f" In the later orders, which the rule had not seen, it was {quantity(top['lift_later'], 'number')} times."
        )
    shown = frame.head(MOST_RULES)
    every = quantity(frame.height, "count")
    caption = "Rules" if shown.height == frame.height else f"The first {MOST_RULES} of {every} rules"
    later = [name for name in LATER_COLUMNS if name in frame.columns]
    return Section(
        id="rules",
        title=title,
        sentence=sentence,
        charts=(Chart(title="Rules by support and confidence", alt=sentence, figure=rules_scatter(shown)),),
        tables=(table(Sourced(shown, found.sql), caption, (*RULE_COLUMNS, *later, *MORE_COLUMNS)),),
        note="Support: orders that hold both. Confidence: how many of the orders with the first also hold the second. "
        "Lift: how many times as often as by chance. "
        + ("Later: the same rule on orders it had not seen, and how many of those hold both. " if later else "")
        + "Leverage: support beyond what chance alone would give. Conviction: how many times as often the rule would "
        "fail by chance. Numbers in the picture are those of the table.",
    )


def _worded(frame: pl.DataFrame) -> pl.DataFrame:
    """The rules with their items as one text, a row number, and the whole rule as `rule`."""
    sides = {side: [_items(value) for value in frame[side].to_list()] for side in ("antecedents", "consequents")}
    names = [f"{left} → {right}" for left, right in zip(*sides.values(), strict=True)]
    return frame.with_columns(
        *(pl.Series(side, texts, dtype=pl.String) for side, texts in sides.items()),
        pl.Series("rule", names, dtype=pl.String),
        # As a share, the shared format would leave one digit of a support of 0.2 %.
        (pl.col("support", "leverage") * 100).name.suffix("_percent"),
        pl.Series("number", range(1, frame.height + 1), dtype=pl.Int64),
    )


def _items(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def churn(inputs: OverviewInputs, title: str) -> Section:
    """Who may not come back, and how far the risks can be trusted."""
    deciles, bins = rows_of(inputs.churn_lift), rows_of(inputs.churn_calibration)
    event = f"did not order within {inputs.horizon_days} days"
    sentences: list[str] = []
    charts: list[Chart] = []
    tables: list[Table] = []
    if deciles is not None:
        ranked = Sourced(deciles.frame.sort("decile", descending=True), deciles.sql)
        top = ranked.frame.row(0, named=True)
        lost, everybody = ranked.frame["churners"].sum(), ranked.frame["customers"].sum()
        sentences.append(
            f"In the test {quantity(lost, 'count')} of {quantity(everybody, 'count')} customers {event}; in the tenth "
            f"with the highest predicted risk it was {quantity(top['rate'], 'percent')} of them, "
            f"{quantity(top['lift'], 'number')} times the average."
        )
        charts.append(
            Chart(
                title="How often each tenth of the customers was lost, beside the average (lift)",
                alt=sentences[-1],
                figure=lift_by_decile(ranked.frame),
            )
        )
        tables.append(table(ranked, "Churn by tenth of predicted risk, highest first", LIFT_COLUMNS))
    if bins is not None:
        top = largest(bins.frame, "predicted")
        sentences.append(
            f"Where it was highest, the predicted risk was {quantity(top['predicted'], 'percent')} on average: "
            f"{quantity(top['observed'], 'percent')} of those {quantity(top['customers'], 'count')} customers really "
            f"{event}."
        )
        charts.append(
            Chart(title="Predicted risk against what happened", alt=sentences[-1], figure=calibration(bins.frame))
        )
        caption = "Predicted risk and what happened, in groups of equal size"
        tables.append(table(bins, caption, ("bin", "predicted", "observed", "customers")))
    return Section(
        id="churn",
        title=title,
        sentence=" ".join(sentences) or "No churn model has been judged on this data.",
        charts=tuple(charts),
        points=verdicts(inputs, ["churn"]),
        tables=tuple(tables),
        note=f"Churn means here: no order in the next {inputs.horizon_days} days, however long ago the last one was."
        if sentences
        else "",
    )
