"""Customers who order as BG/NBD says, seeded, with features, purchases and what they did afterwards.

`shop(seed, customers)` is one made-up year.  The few customers of the edge
cases (one alone, all equal, one order each) are written down by hand.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from crm_analytics.arrays import Features, FloatArray, IntArray, Labels, Purchases
from crm_analytics.mining.inputs import ModelInputs, Training

START = date(2024, 1, 1)
TODAY_DAYS, HORIZON_DAYS = 360, 90
ITEMS = np.array(["APPLES", "BREAD", "CHEESE", "DIAPERS", "EGGS", "FLOUR", "GRAPES", "HONEY"], dtype=object)


@dataclass(frozen=True)
class Log:
    """Orders: customer number, day since START, spend; and the items of each order."""

    customer: IntArray
    day: IntArray
    spend: FloatArray
    items: list[list[int]]


def log(orders: list[tuple[int, int, float, list[int]]]) -> Log:
    customer, day, spend, items = zip(*sorted(orders), strict=True)
    return Log(np.array(customer), np.array(day), np.array(spend, dtype=float), list(items))


def made_up_log(seed: int, customers: int) -> Log:
    """Rates Gamma(1, 3 weeks), drop-out Beta(1, 6), spend Gamma with a mean of each customer's own."""
    rng = np.random.default_rng(seed)
    orders = []
    for c in range(customers):
        week_rate, leave, mean = rng.gamma(1.0) / 3 + 0.01, rng.beta(1.0, 6.0), 10 + rng.gamma(3.0, 10.0)
        liked = rng.choice(len(ITEMS), size=3, replace=False)
        day = float(rng.integers(0, 200))
        while day < TODAY_DAYS + HORIZON_DAYS:
            items = {int(i) for i in liked if rng.random() < 0.5} | {int(rng.integers(len(ITEMS)))}
            orders.append((c, int(day), round(rng.gamma(4.0, mean / 4), 2), sorted(items)))
            if rng.random() < leave:
                break
            day += rng.exponential(7 / week_rate)
    return log(orders)


def features_of(known: Log, today: int) -> Features:
    """The features of the house, computed the plain way."""
    rows: list[dict[str, float]] = []
    past = known.day < today
    who = np.unique(known.customer[past])
    for c in who:
        mine = past & (known.customer == c)
        ago, spend = today - known.day[mine], known.spend[mine]
        days = np.unique(ago)[::-1]
        gaps = -np.diff(days).astype(float)
        day_spend = np.array([spend[ago == d].sum() for d in days])
        bought = {i for order in np.flatnonzero(mine) for i in known.items[order]}
        row = {
            "orders": mine.sum(),
            "spend": spend.sum(),
            "mean_order_value": spend.mean(),
            "days_since_first_order": ago.max(),
            "days_since_last_order": ago.min(),
            "gap_mean_days": gaps.mean() if gaps.size else np.nan,
            "gap_sd_days": gaps.std(ddof=1) if gaps.size > 1 else np.nan,
            "gap_max_days": gaps.max() if gaps.size else np.nan,
            "order_days": days.size,
            "repeat_days": days.size - 1,
            "repeat_span_days": days[0] - days[-1],
            "age_days": days[0],
            "mean_repeat_value": day_spend[1:].mean() if days.size > 1 else np.nan,
            "items": len(bought),
            "departments": len({i // 3 for i in bought}),
            "discount_share": (c * 7 % 10) / 20,
            "contacts_90d": float(c % 3),
            "responses_180d": float(c % 5 == 0),
        }
        for window in (30, 90, 180):
            row[f"orders_{window}d"] = (ago <= window).sum()
            row[f"spend_{window}d"] = spend[ago <= window].sum()
        rows.append(row)
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    return Features(as_of=START + timedelta(days=today), customer_id=names(who), columns=columns)


def labels_of(known: Log, features: Features, today: int) -> Labels:
    inside = (known.day >= today) & (known.day < today + HORIZON_DAYS)
    of_each = [inside & (names(known.customer) == name) for name in features.customer_id]
    return Labels(
        as_of=features.as_of,
        horizon_days=HORIZON_DAYS,
        customer_id=features.customer_id,
        orders=np.array([float(mine.sum()) for mine in of_each]),
        spend=np.array([float(known.spend[mine].sum()) for mine in of_each]),
    )


def purchases_of(known: Log, first: int, end: int) -> Purchases:
    """Purchases on the days first <= day < end, seen from `end`."""
    orders = np.flatnonzero((known.day >= first) & (known.day < end))
    who, customer = np.unique(known.customer[orders], return_inverse=True)
    lines = [(customer[o], o, item, end - known.day[n]) for o, n in enumerate(orders) for item in known.items[n]]
    columns = np.array(lines, dtype=np.int64).reshape(-1, 4).T
    return Purchases(
        as_of=START + timedelta(days=end),
        customer_id=names(who),
        item_name=ITEMS,
        customer=columns[0],
        order=columns[1],
        item=columns[2],
        days_ago=columns[3],
        spend=np.ones(columns.shape[1]),
    )


def names(numbers: IntArray) -> np.ndarray:
    return np.array([f"c{number:05d}" for number in numbers], dtype=object)


def training_of(known: Log, today: int) -> Training:
    features = features_of(known, today)
    return Training(features=features, labels=labels_of(known, features, today))


def shop(known: Log, train: bool = True) -> ModelInputs:
    """Everything a model is given on day `TODAY_DAYS`, trained a horizon earlier."""
    return ModelInputs(
        features=features_of(known, TODAY_DAYS),
        purchases=purchases_of(known, 0, TODAY_DAYS),
        training=training_of(known, TODAY_DAYS - HORIZON_DAYS) if train else None,
    )


def shuffled(inputs: ModelInputs, seed: int) -> tuple[ModelInputs, IntArray]:
    """The same inputs with every row in another place, and where each customer's row went."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(inputs.features))
    lines = rng.permutation(inputs.purchases.item.size)
    bought = {
        name: getattr(inputs.purchases, name)[lines] for name in ("customer", "order", "item", "days_ago", "spend")
    }
    training = None
    if inputs.training:
        rows = rng.permutation(len(inputs.training.features))
        labels = inputs.training.labels
        training = Training(
            features=_rows(inputs.training.features, rows),
            labels=replace(
                labels,
                customer_id=labels.customer_id[rows],
                orders=labels.orders[rows],
                spend=labels.spend[rows],
            ),
        )
    moved = ModelInputs(
        features=_rows(inputs.features, order), purchases=replace(inputs.purchases, **bought), training=training
    )
    return moved, order


def _rows(features: Features, order: IntArray) -> Features:
    columns = {name: values[order] for name, values in features.columns.items()}
    return replace(features, customer_id=features.customer_id[order], columns=columns)
