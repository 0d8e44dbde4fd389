"""A made-up shop whose truth is known: for trying the house out, and for testing that mining finds what is there.

    write_synthetic(folder) --> raw files as a CRM would export them, truth.json

No person in it exists; names, addresses and numbers are visibly invented.

May import: arrays, errors, periods.   Imported by: scaffold, tests.
"""

from crm_analytics.synthetic.truth import Truth
from crm_analytics.synthetic.write import write_synthetic

__all__ = ["Truth", "write_synthetic"]
