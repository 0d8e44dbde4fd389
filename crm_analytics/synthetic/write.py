"""Draw the made-up shop and write it down as raw files.

    BG/NBD orders -> consents -> campaigns (opt-outs, planted orders) -> baskets -> faults -> files

Every part draws from a generator of its own, so a change to one leaves the
random numbers of the others alone.

May import: arrays, errors, periods, synthetic.*.   Imported by: synthetic.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from crm_analytics.arrays import TextArray
from crm_analytics.errors import DataError
from crm_analytics.periods import Window
from crm_analytics.synthetic import raw
from crm_analytics.synthetic.baskets import PER_TYPE, RULE_TYPES, Lines, articles, draw_lines
from crm_analytics.synthetic.campaigns import RANDOMISED, UPLIFT, WINDOW_DAYS, Campaigning, Trial, run_campaigns
from crm_analytics.synthetic.consents import consent_rows, draw_consents
from crm_analytics.synthetic.contacts import draw_everyday_contacts
from crm_analytics.synthetic.faults import count_faults, faulty_lines
from crm_analytics.synthetic.orders import Buyers, Orders, draw_orders, priced
from crm_analytics.synthetic.shop import draw_coupons, draw_deals, draw_order_places, draw_promotions, stores
from crm_analytics.synthetic.tiers import revenue_by_tier, review_tiers
from crm_analytics.synthetic.truth import SEGMENTS, BgNbd, Faults, GammaGamma, Truth, Uplift

FEWEST_CUSTOMERS, FEWEST_DAYS = 100, 365
Files = Mapping[str, pl.DataFrame]


def write_synthetic(
    folder: Path,
    seed: int = 7,
    customers: int = 2000,
    start: date = date(2016, 1, 1),
    end: date = date(2018, 1, 1),
) -> Truth:
    """Write the raw files of a made-up shop to `folder`, and what is true of it to truth.json.

    The same arguments give the same content.  `customers.csv` is CSV, all other
    files are Parquet; they are listed in the `source.yml` of the synthetic
    template.  `truth_customers.parquet` holds what nobody could observe: each
    customer's own rate, chance to drop out, mean order and day of leaving.

    Parameters
    ----------
    customers : all of them order at least once; at least 100
    start, end : the period `[start, end)`, at least a year

    Raises
    ------
    DataError : too few customers or days for the planted effects to be there.
    """
    days = Window(start, end).days
    if customers < FEWEST_CUSTOMERS or days < FEWEST_DAYS:
        raise DataError(
            f"a synthetic shop needs at least {FEWEST_CUSTOMERS} customers and {FEWEST_DAYS} days, "
            f"got {customers} and {days}"
        )
    faults = count_faults(customers)
    codes = raw.Codes(start, customers, faults.missing_customer_orders)
    streams = _generators(seed)
    buyers, orders = draw_orders(next(streams), customers, days, BgNbd(), GammaGamma())
    registered = np.floor(buyers.first_days)
    consents = draw_consents(next(streams), registered, days)
    run = run_campaigns(next(streams), buyers, orders, consents, days, GammaGamma())
    segment = next(streams).choice(len(SEGMENTS), customers, p=list(SEGMENTS.values()))
    segments = np.array(list(SEGMENTS), dtype=np.object_)[segment]
    all_orders = run.orders.plus(_strangers(next(streams), buyers, days, faults)).in_time()
    lines = draw_lines(next(streams), all_orders, segment, list(SEGMENTS))
    everyday = draw_everyday_contacts(next(streams), run.consents, registered, days)
    coupons = draw_coupons(next(streams))
    shops = stores(customers)
    store_no = shops["store_no"].to_numpy().astype(np.object_)
    heads, details = _order_files(next(streams), codes, all_orders, lines, store_no, faults)
    tiers = review_tiers(registered, days, all_orders, lines)
    files = {
        "customers": raw.customer_file(codes, registered, segments),
        "customer_changes": raw.change_file(codes, tiers),
        "articles": articles(),
        "stores": shops,
        "campaigns": raw.campaign_file(codes, days),
        "orders": heads,
        "order_lines": details,
        "deals": raw.deal_file(codes, draw_deals(next(streams), registered, days)),
        "contacts": raw.contact_file(codes, _all_contacts(run, everyday)),
        "responses": raw.response_file(next(streams), codes, run.responses, coupons),
        "consents": raw.consent_file(codes, consent_rows(run.consents)),
        "promotions": raw.promotion_file(codes, draw_promotions(next(streams), store_no, days)),
        "coupons": raw.coupon_file(codes, coupons),
        "campaign_assignment": raw.assignment_file(codes, run.trial),
    }
    truth = Truth(
        seed=seed,
        customers=customers,
        start=start.isoformat(),
        end=end.isoformat(),
        orders=all_orders.customer.size,
        revenue=f"{Decimal(int(lines.cents.sum())) / 100:.2f}",
        uplift=_uplift(codes, run.trial),
        faults=faults,
        rows={name: len(frame) for name, frame in files.items()},
        revenue_by_tier=revenue_by_tier(tiers.at_sale, lines),
        revenue_by_last_tier=revenue_by_tier(tiers.now, lines),
    )
    hidden = _hidden(codes, buyers, segments)
    _write(folder, files, hidden, truth)
    return truth


def _generators(seed: int) -> Iterator[np.random.Generator]:
    """As many independent generators as are asked for, always the same ones for a seed."""
    root = np.random.SeedSequence(seed)
    while True:
        yield np.random.default_rng(root.spawn(1)[0])


def _strangers(rng: np.random.Generator, buyers: Buyers, days: int, faults: Faults) -> Orders:
    """Orders of guests (-1) and of customers that the customer file lacks (one order each)."""
    known = buyers.first_days.size
    who = np.concatenate([np.full(faults.guest_orders, -1), known + np.arange(faults.missing_customer_orders)])
    someone = np.full(known + faults.missing_customer_orders, GammaGamma().mean_order)
    return priced(rng, who, rng.uniform(0, days, who.size), someone, GammaGamma())


def _order_files(
    rng: np.random.Generator, codes: raw.Codes, orders: Orders, lines: Lines, store_no: TextArray, faults: Faults
) -> tuple[pl.DataFrame, pl.DataFrame]:
    channel, store = draw_order_places(rng, orders.customer, codes.customers, store_no)
    heads = raw.order_file(codes, orders, channel, store)
    details = raw.line_file(codes, heads["order_no"], lines)
    replaceable = ~np.isin(lines.article // PER_TYPE, RULE_TYPES)
    return faulty_lines(rng, heads, details, replaceable, faults)


def _all_contacts(run: Campaigning, everyday: pl.DataFrame) -> pl.DataFrame:
    mailed = run.contacts.with_columns(direction=pl.lit("outbound"), kind=pl.lit("campaign"))
    return pl.concat([mailed, everyday.with_columns(campaign=pl.lit(-1, pl.Int32))], how="diagonal_relaxed")


def _uplift(codes: raw.Codes, trial: Trial) -> Uplift:
    return Uplift(
        campaign_id=str(codes.campaign(np.array([RANDOMISED]))[0]),
        assigned_on=(codes.start + timedelta(days=trial.day)).isoformat(),
        window_days=WINDOW_DAYS,
        eligible=trial.customer.size,
        treated=int(trial.treated.sum()),
        baseline=trial.baseline,
        uplift=UPLIFT,
    )


def _hidden(codes: raw.Codes, buyers: Buyers, segments: TextArray) -> pl.DataFrame:
    gone = np.where(np.isfinite(buyers.gone_days), buyers.gone_days, np.nan)
    return pl.DataFrame(
        {
            "customer_id": codes.customer(np.arange(codes.customers)).tolist(),
            "segment": segments.tolist(),
            "orders_per_week": buyers.orders_per_week,
            "dropout_probability": buyers.dropout_probability,
            "mean_order": buyers.mean_order,
            "gone_on": codes.day(gone),
        }
    )


def _write(folder: Path, files: Files, hidden: pl.DataFrame, truth: Truth) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in files.items():
        if name == "customers":
            frame.write_csv(folder / "customers.csv")
        else:
            frame.write_parquet(folder / f"{name}.parquet")
    hidden.write_parquet(folder / "truth_customers.parquet")
    (folder / "truth.json").write_text(json.dumps(asdict(truth), indent=2) + "\n", encoding="utf-8")
