"""A question to a cube, as a value: each verb gives a new question and leaves the old one as it was.

Names are looked up when the question is compiled, not here, so that a question
can be written down before any cube is read.  Only the two verbs that follow a
hierarchy need the model.

May import: errors, sql, olap.filters, olap.model.   Imported by: olap.plan, olap.browse, notebook, pipeline.
"""

from dataclasses import dataclass, replace
from datetime import date

from crm_analytics.errors import QueryError, UnknownName
from crm_analytics.olap.dimension import AsOf, Role
from crm_analytics.olap.filters import Compare, Condition, parse_filter
from crm_analytics.olap.model import Model
from crm_analytics.sql import Value


@dataclass(frozen=True, slots=True)
class Top:
    """The `n` largest members of the attribute `of` by a measure; the rest in one row "Others", or left out.

    `of` is the first attribute where it is empty.  With `within` the members are
    ranked anew within each member of the attributes before it.  With `after` the
    members of that many first places are left out altogether: what is inside Others.
    """

    n: int
    measure: str
    others: bool = True
    of: str = ""
    within: bool = False
    after: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a measure or an attribute; `descending` None means measures downwards, attributes upwards."""

    name: str
    descending: bool | None = None


@dataclass(frozen=True, slots=True)
class CubeQuery:
    """What is asked of one cube.

    Attributes are named `dimension.attribute`, measures by their name, those of
    another cube `cube.measure`.  `split` is the row axis, coarsest first;
    `across` the attribute whose members become columns.  With `filled` every
    period is there, and not only those with a row.  `periods` are the attributes
    that the question behind this one shows, for calculations over time.  `at` says when
    slow-changing attributes are read, None as each dimension does by default.
    `exact` counts what measures with a sketch estimate.
    """

    cube: str
    asked: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    totals: bool = False
    across: str | None = None
    largest: Top | None = None
    orders: tuple[Order, ...] = ()
    rows: int | None = None
    offset: int = 0
    filled: bool = False
    periods: tuple[str, ...] = ()
    at: AsOf | None = None
    exact: bool = False

    def measures(self, *names: str) -> "CubeQuery":
        """Ask for these measures too; `contacts.mailings` takes another cube along."""
        return replace(self, asked=_added(self.asked, names))

    def by(self, *attributes: str) -> "CubeQuery":
        """Split by these attributes too, such as `product.department`."""
        return replace(self, split=_added(self.split, attributes))

    def slice(self, attribute: str, value: Value) -> "CubeQuery":
        """Only one member of an attribute; None means the unknown member."""
        return self.where(Compare(attribute, "=", (value,)))

    def dice(self, *filters: str) -> "CubeQuery":
        """Only what meets every filter, such as `"date.month >= '2017-03' and revenue > 1000"`.

        Raises
        ------
        QueryError : a filter does not parse.
        """
        return self.where(*(parse_filter(text) for text in filters))

    def where(self, *conditions: Condition) -> "CubeQuery":
        """Only what meets every condition."""
        return replace(self, conditions=self.conditions + conditions)

    def pivot(self, attribute: str) -> "CubeQuery":
        """Lay the members of an attribute out as columns."""
        return replace(self, across=attribute)

    def with_totals(self) -> "CubeQuery":
        """Subtotals and the grand total too, each recomputed from the rows of the fact."""
        return replace(self, totals=True)

    def top(
        self, n: int, measure: str, others: bool = True, of: str = "", within: bool = False, after: int = 0
    ) -> "CubeQuery":
        """Of one attribute only the `n` members with the largest `measure`; the rest become one row Others.

        `of` defaults to the first attribute; `within` ranks anew within each
        member of the attributes before it (the 3 best products of each department);
        `after` leaves out the members of that many first places.
        """
        if n < 1:
            raise QueryError(f"top {n} of {measure}: ask for at least 1 member")
        if after < 0:
            raise QueryError(f"top {n} of {measure} after {after}: after 0 places, or more")
        return replace(self, largest=Top(n, measure, others, of, within, after))

    def drill_others(self) -> "CubeQuery":
        """What is inside Others: the same question without the members it shows by name, the next `n` of them named.

        Filters that are added afterwards count for the places too.

        Raises
        ------
        QueryError : the question has no top-N.
        """
        top = self.largest
        if top is None:
            raise QueryError(f"cube {self.cube!r}: the question has no top, so there are no Others to look into")
        return replace(self, largest=replace(top, after=top.after + top.n, others=True))

    def sort(self, name: str, descending: bool | None = None) -> "CubeQuery":
        """Sort by a measure or an attribute; a second call decides among equals of the first."""
        return replace(self, orders=(*self.orders, Order(name, descending)))

    def limit(self, rows: int, offset: int = 0) -> "CubeQuery":
        """Only the first rows, or those behind the first `offset`."""
        if rows < 1:
            raise QueryError(f"limit {rows}: ask for at least 1 row")
        if offset < 0:
            raise QueryError(f"offset {offset}: leave out 0 rows or more")
        return replace(self, rows=rows, offset=offset)

    def fill(self) -> "CubeQuery":
        """Every period between the first and the last of the data, with 0 for sums and counts where no row is."""
        return replace(self, filled=True)

    def as_of(self, when: AsOf | str) -> "CubeQuery":
        """Read slow-changing attributes as of the `"sale"`, as of `"today"`, or as of one day for all rows.

        Raises
        ------
        QueryError : it is neither of the two words nor a date.
        """
        if when in ("sale", "today"):
            return replace(self, at=when)
        try:
            return replace(self, at=when if isinstance(when, date) else date.fromisoformat(when))
        except ValueError:
            raise QueryError(f"as of {when!r}: say 'sale', 'today' or a day such as '2017-03-31'") from None

    def exactly(self) -> "CubeQuery":
        """Count exactly what measures with a sketch estimate."""
        return replace(self, exact=True)

    def drill_down(self, model: Model, dimension: str) -> "CubeQuery":
        """One level finer: the level after the deepest one shown, in rows or across, is added to the rows.

        `dimension` is a dimension (`product`), one of its hierarchies
        (`date.weeks`), or the level to start from (`product.department`).

        Raises
        ------
        QueryError : there is no finer level, or no hierarchy.
        """
        role, levels = self._levels(model, dimension)
        at = max((i for i, level in enumerate(levels) if level in self._shown), default=-1)
        if dimension in levels:
            at = levels.index(dimension)
        if at + 1 == len(levels):
            raise QueryError(f"cube {self.cube!r}: {levels[at]} is the finest level of {role.name!r}")
        if levels[at + 1] in self._shown:
            return self
        behind = self.split.index(levels[at]) + 1 if at >= 0 and levels[at] in self.split else len(self.split)
        return replace(self, split=(*self.split[:behind], levels[at + 1], *self.split[behind:]))

    def roll_up(self, model: Model, dimension: str) -> "CubeQuery":
        """One level coarser: the deepest level of the rows is taken away.

        Raises
        ------
        QueryError : no level of the dimension is in the rows, or it has no hierarchy.
        """
        role, levels = self._levels(model, dimension)
        shown = [level for level in levels if level in self.split]
        if not shown:
            raise QueryError(
                f"cube {self.cube!r}: no level of {role.name!r} is in the rows, so there is none to roll up"
            )
        return replace(self, split=tuple(a for a in self.split if a != shown[-1]))

    @property
    def _shown(self) -> tuple[str, ...]:
        return (*self.split, *((self.across,) if self.across else ()))

    def _levels(self, model: Model, ref: str) -> tuple[Role, list[str]]:
        """The levels to move along: of the hierarchy that is named, or else that with the deepest level shown."""
        name, _, rest = ref.partition(".")
        role = model.cube(self.cube).role(name)
        hierarchies = role.dimension.hierarchies
        if not hierarchies:
            raise QueryError(f"cube {self.cube!r}: dimension {name!r} has no hierarchy to move along")
        if rest and rest not in hierarchies:
            hierarchies = {h: levels for h, levels in hierarchies.items() if rest in levels}
            if not hierarchies:
                known = {
                    *role.dimension.hierarchies,
                    *(v for levels in role.dimension.hierarchies.values() for v in levels),
                }
                raise UnknownName(f"dimension {name!r}", "hierarchy or level", rest, known)
        elif rest:
            hierarchies = {rest: hierarchies[rest]}
        named = [[f"{name}.{level}" for level in levels] for levels in hierarchies.values()]
        # Of equals the first declared; max keeps it.
        return role, max(
            named, key=lambda levels: max((i for i, a in enumerate(levels) if a in self._shown), default=-1)
        )


def _added(names: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in more if not isinstance(name, str)]:
        raise QueryError(f"{wrong[0]!r} is no name; write each as a text of its own: 'revenue', 'customers'")
    return tuple(dict.fromkeys((*names, *more)))
