"""A question with everything looked up: axes, measures, the facts they stand on, conditions.

Frozen values only.  `olap.resolve` makes them; no SQL text yet: that is `olap.compile`.

May import: sql, olap.calc, olap.dimension, olap.filters, olap.measure, olap.model, olap.query,
olap.rollup.   Imported by: olap.resolve and every module of olap that writes SQL.
"""

from dataclasses import dataclass

from crm_analytics.olap.calc import PLAIN, How
from crm_analytics.olap.dimension import AsOf, Attribute, Role
from crm_analytics.olap.filters import Condition, Per
from crm_analytics.olap.measure import Measure, SemiAdditive
from crm_analytics.olap.model import Cube, ref_of
from crm_analytics.olap.query import CubeQuery, Order, Top
from crm_analytics.olap.rollup import Rollup
from crm_analytics.sql import ident

# The rank of a member in a top-N, NULL for Others.  A name with a space: no column of a fact is called so.
RANK = '"top rank"'


@dataclass(frozen=True, slots=True)
class Axis:
    """One attribute that is shown or filtered by, under its name in the question.

    `as_of` is when it is read, `"today"` for whatever has no history.  An axis that only
    chooses rows is not `shown`, so that a row of several members is not split by it.
    """

    ref: str
    role: Role
    attribute: Attribute
    as_of: AsOf = "today"
    shown: bool = True

    @property
    def alias(self) -> str:
        """What the rows of its dimension are called in a statement."""
        return self.role.name if self.as_of == "today" else f"{self.role.name} as of {self.as_of}"

    @property
    def overlaps(self) -> bool:
        """Whether one row of a fact may belong to several of its members."""
        return self.role.dimension.overlaps

    @property
    def title(self) -> str:
        """`Department`, or `Closed: Month` where the dimension plays a role of another name."""
        own = self.role.name == self.role.dimension.name
        return self.attribute.title if own else f"{self.role.title}: {self.attribute.title}"

    # Column names within the statement; names with a space cannot be those of an attribute or measure.
    @property
    def column(self) -> str:
        """The member, NULL for the unknown one."""
        return ident(self.ref)

    @property
    def rolled(self) -> str:
        """1 in a total over this attribute."""
        return ident(f"{self.ref} rolled up")

    @property
    def order(self) -> str:
        """What the attribute is sorted by, where that is not itself."""
        return ident(f"{self.ref} order")


def axis_of(cube: Cube, ref: str, at: AsOf | None = None, shown: bool = True) -> Axis:
    """Look up `customer.segment`, read at the time asked for, or by default as its dimension says."""
    role, attribute = cube.attribute(ref)
    history = role.dimension.history
    if history is None or attribute.name not in history.attributes:
        return Axis(ref, role, attribute, shown=shown)
    as_of = history.default if at is None else at
    return Axis(ref, role, attribute if as_of == "today" else history.attributes[attribute.name], as_of, shown)


@dataclass(frozen=True, slots=True)
class Ask:
    """One measure under its name in the question."""

    ref: str
    cube: Cube
    measure: Measure


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact table and the aggregates to take from it.

    `how` says which rows stand for a period, where that is not its own, by the
    calendar that plays the role `over`; `take` how stocks are taken that are no sums over time;
    `rollup` is what answers in the place of the rows.
    """

    cube: Cube
    asks: tuple[Ask, ...]
    how: How = PLAIN
    over: str = ""
    take: SemiAdditive | None = None
    rollup: Rollup | None = None

    @property
    def name(self) -> str:
        """A name for its steps; with a space, which no cube has, where a cube gives several facts."""
        # A window counts each kind of measure in its own way.
        own = self.asks[0].measure.name if self.how.window else ""
        return " ".join(filter(None, (self.told.replace(",", ""), own)))

    @property
    def told(self) -> str:
        """Which rows of which fact, in words."""
        return ", ".join(filter(None, (self.cube.name, str(self.how), str(self.take or ""))))


@dataclass(frozen=True, slots=True)
class Timing:
    """What a question over time needs to know of its calendars.

    `role` is the calendar of the question and `fill` whether each of its periods
    has to be there; `ends` are the periods of all calendars that the question
    ends with, whole: those shown.  `by_weeks` are the roles whose years are 52 weeks here.
    """

    role: str
    fill: bool
    ends: tuple[Axis, ...]
    by_weeks: frozenset[str]


def ground_ref(home: Cube, cube: Cube, measure: Measure, how: How) -> str:
    """The name of an aggregate in the cells."""
    return f"{ref_of(home.name, cube.name, measure.name)} {how}" if how else ref_of(home.name, cube.name, measure.name)


@dataclass(frozen=True, slots=True)
class Plan:
    """A question with everything looked up.

    `rows` and `across` are the axes; `filtered` the attributes of `before`,
    the conditions on rows of the facts; `after` are those on finished cells.
    `steps` are the questions to ask first, one for each `Per` of `before`, in order.
    `time` is there where a calculation over time or the filling of periods is asked for.
    """

    home: Cube
    rows: tuple[Axis, ...]
    across: Axis | None
    shown: tuple[Ask, ...]
    facts: tuple[Fact, ...]
    filtered: tuple[Axis, ...]
    before: tuple[Condition, ...]
    after: tuple[Condition, ...]
    steps: tuple[tuple[Per, CubeQuery], ...]
    totals: bool
    top: Top | None
    orders: tuple[Order, ...]
    limit: int | None
    offset: int
    time: Timing | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Rows, then the attribute across."""
        return (*self.rows, *((self.across,) if self.across else ()))

    @property
    def levels(self) -> tuple[tuple[Axis, ...], ...]:
        """The axes that are not rolled up, for each level of totals, the finest first."""
        if not self.totals:
            return (self.axes,)
        ends = ((self.across,), ()) if self.across else ((),)
        return tuple((*self.rows[:n], *end) for n in range(len(self.rows), -1, -1) for end in ends)

    @property
    def ranked(self) -> Axis | None:
        """The axis that a top-N cuts, if there is one."""
        if self.top is None:
            return None
        return next(axis for axis in self.axes if axis.ref == (self.top.of or self.axes[0].ref))

    @property
    def parents(self) -> tuple[Axis, ...]:
        """The axes within whose members a top-N ranks anew: those before it, if it was asked to."""
        if self.top is None or not self.top.within:
            return ()
        return self.rows[: self.axes.index(self.ranked)] if self.ranked else ()

    @property
    def mark(self) -> str:
        """What tells a member that a top-N shows from Others, among the rows of a fact.

        Its rank; but columns are totalled over the parents too, and there a member
        that is the first within one and the second within another is one member.
        """
        if self.parents and self.ranked is self.across:
            return f"CASE WHEN {RANK} IS NOT NULL THEN 1 END"
        return RANK
