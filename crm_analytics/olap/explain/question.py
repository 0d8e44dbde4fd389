"""A question about a change, as a value: nothing is looked up here.

May import: errors, periods, olap.dimension, olap.filters.   Imported by: olap.explain.*, notebook.
"""

from dataclasses import dataclass

from crm_analytics.errors import QueryError
from crm_analytics.olap.dimension import AsOf
from crm_analytics.olap.filters import Condition
from crm_analytics.periods import Window, parse_window


@dataclass(frozen=True, slots=True)
class Change:
    """Which measure of which cube is compared between which two periods, in the words of who asks.

    `by` are the attributes to look through, all that are fit where it is empty;
    `over` is the role of the calendar that dates the rows, the cube's own where it is empty;
    `at` is when attributes with a history are read, as in a question.
    """

    cube: str
    measure: str
    before: str
    after: str
    by: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    over: str = ""
    at: AsOf | None = None

    def windows(self) -> tuple[Window, Window]:
        """Both periods as days.

        Raises
        ------
        DataError : one is not a period.
        QueryError : they overlap, or the second comes first.
        """
        before, after = parse_window(self.before, "from"), parse_window(self.after, "to")
        if after.end <= before.start:
            raise QueryError(f"{self.after} comes before {self.before}: turn the two periods round")
        if after.start < before.end:
            raise QueryError(f"{self.before} and {self.after} overlap: a day would be compared with itself")
        return before, after
