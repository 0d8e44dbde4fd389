"""What is planted: the parameters of the made-up shop, and what came of them.

Not a model of any real shop; the values are chosen so that every planted effect
can be seen among 2,000 customers.

May import: nothing.   Imported by: synthetic.*.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class BgNbd:
    """The order process: repeat orders at rate Gamma(r, alpha) a week, gone after each with chance Beta(a, b).

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284, section 3.
    """

    r: float = 0.8
    alpha_weeks: float = 6.0
    a: float = 0.6
    b: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma:
    """Money per order: Gamma(p, nu) with nu ~ Gamma(q, gamma) per customer; the mean order is p gamma / (q - 1).

    Source: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025.
    """

    p: float = 6.0
    q: float = 4.0
    gamma: float = 15.0

    @property
    def mean_order(self) -> float:
        """Expected money per order over all customers."""
        return self.p * self.gamma / (self.q - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`added` is the chance that buying `antecedent` brings `consequent` along; `base` that it is bought anyway."""

    antecedent: str
    consequent: str
    base: float
    added: float

    @property
    def confidence(self) -> float:
        """P(consequent | antecedent)."""
        return 1 - (1 - self.base) * (1 - self.added)


RULES = (
    Rule(antecedent="coffee", consequent="coffee filters", base=0.03, added=0.50),
    Rule(antecedent="diapers", consequent="baby wipes", base=0.02, added=0.60),
    Rule(antecedent="pasta", consequent="tomato sauce", base=0.04, added=0.40),
)

SEGMENTS: Mapping[str, float] = {"families": 0.35, "gourmets": 0.15, "office": 0.20, "students": 0.30}
# The least money of a year's orders for each tier of customers, lowest first.
TIERS: Mapping[str, int] = {"basic": 0, "silver": 150, "gold": 400}
CHANNELS = ("store", "web", "mail", "email", "phone", "sms")
WIN_SHARE = 0.45
LOST_REASONS: Mapping[str, float] = {
    "price": 0.35,
    "competitor": 0.25,
    "timing": 0.15,
    "no need": 0.15,
    "no budget": 0.10,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift:
    """The randomised campaign: a coin decided who of the `eligible` was contacted.

    `uplift` is how much the contact raises the chance of an order in the
    `window_days` from `assigned_on` on; `baseline` is that chance without it,
    over all eligible customers.
    """

    campaign_id: str
    assigned_on: str
    window_days: int
    eligible: int
    treated: int
    baseline: float
    uplift: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How many of each fault were planted; none of them changes what the customers planted above did.

    `missing_product_lines` name an article that the article file lacks,
    `missing_customer_orders` a customer that the customer file lacks,
    `guest_orders` no customer at all: these land in unknown members.
    `broken_date_lines`, `missing_revenue_lines` and `duplicate_contacts` cannot
    be loaded.  `cent_fraction_lines` round to the right cent.
    """

    missing_product_lines: int
    missing_customer_orders: int
    guest_orders: int
    broken_date_lines: int
    missing_revenue_lines: int
    cent_fraction_lines: int
    duplicate_contacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everything planted in one run; what truth.json holds.

    The order process is exactly BG/NBD for orders before `uplift.assigned_on`;
    from then on the treated have a few orders more.  `orders` and `revenue` are
    what a right load ends up with, guests included, and `rows` what each raw file
    holds, faults included.  `revenue_by_tier` is the money of known customers by the
    tier they had on the day, `revenue_by_last_tier` by the one they ended in.  What is
    true of single customers stands in truth_customers.parquet.
    """

    seed: int
    customers: int
    start: str
    end: str
    orders: int
    revenue: str
    uplift: Uplift
    faults: Faults
    rows: Mapping[str, int]
    revenue_by_tier: Mapping[str, str]
    revenue_by_last_tier: Mapping[str, str]
    bgnbd: BgNbd = BgNbd()
    gamma_gamma: GammaGamma = GammaGamma()
    rules: tuple[Rule, ...] = RULES
    segments: Mapping[str, float] = field(default_factory=lambda: dict(SEGMENTS))
    tiers: Mapping[str, int] = field(default_factory=lambda: dict(TIERS))
    win_share: float = WIN_SHARE
    lost_reasons: Mapping[str, float] = field(default_factory=lambda: dict(LOST_REASONS))
