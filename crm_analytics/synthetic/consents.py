"""Who agreed to be contacted: per customer, channel and purpose, given and taken back, with the proof.

May import: arrays, synthetic.{orders,truth}.   Imported by: synthetic.*.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray
from crm_analytics.synthetic.orders import BoolArray
from crm_analytics.synthetic.truth import CHANNELS

PURPOSES = ("marketing", "service", "contract_change")
# (purposes, channels): how many agree when they register.
GRANT_SHARE = np.array(
    [
        [0.80, 0.60, 0.65, 0.75, 0.25, 0.35],
        [0.95, 0.95, 0.95, 0.95, 0.80, 0.70],
        [0.10, 0.10, 0.95, 0.60, 0.20, 0.10],
    ]
)
WITHDRAWN_SHARE = 0.10
PROOFS = {
    "store": "signed form F-{:05d}, wording v3",
    "web": "account settings, log {:05d}, wording v3",
    "mail": "reply card {:05d}, wording v2",
    "email": "double opt-in, message {:05d}, wording v3",
    "phone": "recorded call {:05d}",
    "sms": "keyword reply {:05d}",
}


@dataclass(frozen=True, slots=True)
class Consents:
    """When each customer agreed and took it back, in days; both (n, purposes, channels), infinite for never."""

    granted_days: FloatArray
    withdrawn_days: FloatArray

    def holds(self, purpose: str, customer: IntArray, channel: int, at_days: FloatArray | float) -> BoolArray:
        """(k,) of bool: these customers agreed, and had not taken it back, at these moments."""
        p = PURPOSES.index(purpose)
        agreed: BoolArray = (self.granted_days[customer, p, channel] <= at_days) & (
            at_days < self.withdrawn_days[customer, p, channel]
        )
        return agreed

    def opted_out(self, customer: IntArray, channel: int, at_days: FloatArray) -> "Consents":
        """The same, with marketing through `channel` taken back by these customers at these times."""
        withdrawn = self.withdrawn_days.copy()
        withdrawn[customer, 0, channel] = np.minimum(withdrawn[customer, 0, channel], at_days)
        return Consents(self.granted_days, withdrawn)


def draw_consents(rng: np.random.Generator, registered_days: FloatArray, days: int) -> Consents:
    """Asked when registering; some think again later, at any time until the end."""
    shape = (registered_days.size, *GRANT_SHARE.shape)
    since = np.broadcast_to(registered_days[:, None, None], shape)
    granted = np.where(rng.random(shape) < GRANT_SHARE, since, np.inf)
    later = since + (days - since) * rng.random(shape)
    thinks_again = np.isfinite(granted) & (rng.random(shape) < WITHDRAWN_SHARE)
    return Consents(granted, np.where(thinks_again, later, np.inf))


def consent_rows(consents: Consents) -> pl.DataFrame:
    """The consent register in time order: `customer` as a place, `at_days`, and what the file says."""
    parts = []
    for status, at in (("granted", consents.granted_days), ("withdrawn", consents.withdrawn_days)):
        customer, purpose, channel = np.nonzero(np.isfinite(at))
        parts.append(
            pl.DataFrame(
                {
                    "customer": customer,
                    "at_days": at[customer, purpose, channel],
                    "purpose": np.array(PURPOSES)[purpose],
                    "channel": np.array(CHANNELS)[channel],
                    "status": np.full(customer.size, status),
                }
            )
        )
    rows = pl.concat(parts).sort("at_days", "customer", "purpose", "channel", "status")
    proofs = [PROOFS[channel].format(i) for i, channel in enumerate(rows["channel"].to_list(), start=1)]
    return rows.with_columns(pl.Series("proof", proofs))
