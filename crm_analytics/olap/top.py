"""The steps before the cells: which members a `per` or a measure filter keeps, and which a top-N shows by name.

Each is a question of its own to the same rows, compiled like any other.

May import: sql, olap.conditions, olap.fact, olap.filters, olap.model, olap.plan, olap.query, olap.resolve, olap.rows,
olap.terms, olap.text.   Imported by: olap.compile.
"""

from collections.abc import Sequence
from decimal import Decimal

from crm_analytics.olap.conditions import Params, condition_sql, read_value
from crm_analytics.olap.fact import cells, cells_name, member
from crm_analytics.olap.filters import And, Compare, Condition, Not, Operator, Or, Per
from crm_analytics.olap.model import Model
from crm_analytics.olap.plan import RANK, Plan
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.resolve import make_plan, ranking
from crm_analytics.olap.rows import Chosen
from crm_analytics.olap.terms import CELL, CellTerms, Finished
from crm_analytics.olap.text import cte, select
from crm_analytics.sql import Value, ident


def chosen_members(model: Model, plan: Plan, params: Params) -> tuple[list[str], dict[Per, Chosen]]:
    """A step for each `Per`: one row for each combination of members for which its condition holds."""
    ctes: list[str] = []
    chosen: dict[Per, Chosen] = {}
    for number, (per, question) in enumerate(plan.steps, 1):
        first = make_plan(model, question)
        step = Chosen(f"chosen_{number}", first.axes, out=_holds_of_nothing(model, first, per.part))
        terms = CellTerms(first)
        places = [f"{terms.member(axis)} AS {step.place(i)}" for i, axis in enumerate(first.axes)]
        body = [select([*places, f"TRUE AS {ident('found')}"])]
        body.append(f"FROM {ident(cells_name(first, f'{step.name}_'))} AS {CELL}")
        condition = condition_sql(per.part, Finished(model, first.home, terms).term, params)
        body.append(f"WHERE ({condition}) IS NOT TRUE" if step.out else f"WHERE {condition}")
        members, will = ", ".join(axis.ref for axis in first.axes), "will not do" if step.out else "will do"
        row = f"one combination of {members} whose {', '.join(question.asked)} {will}"
        ctes += [*cells(first, params, chosen, f"{step.name}_"), cte(step.name, row, "\n".join(body))]
        chosen[per] = step
    return ctes, chosen


def _holds_of_nothing(model: Model, plan: Plan, part: Condition) -> bool:
    """Whether a condition on measures holds where no row is: there a count is 0 and everything else missing.

    Who was never mailed has no row to be counted, and yet `mailings = 0` is true of them.
    """
    match part:
        case Not(inner):
            return not _holds_of_nothing(model, plan, inner)
        case And(parts):
            return all(_holds_of_nothing(model, plan, one) for one in parts)
        case Or(parts):
            return any(_holds_of_nothing(model, plan, one) for one in parts)
        case Compare(name, operator, values):
            _, measure = model.measure(plan.home.name, name)
            if not (measure.is_ground and measure.counts):
                return operator in ("unknown", "!=")
            return _of_zero(operator, [read_value(value, "number", name) for value in values if value is not None])
        case Per():
            return False


def _of_zero(operator: Operator, values: Sequence[Value]) -> bool:
    numbers = [Decimal(str(value)) for value in values]
    match operator:
        case "=" | "in":
            return 0 in numbers
        case "!=":
            return 0 not in numbers
        case "<":
            return numbers[0] > 0
        case "<=":
            return numbers[0] >= 0
        case ">":
            return numbers[0] < 0
        case ">=":
            return numbers[0] <= 0
        case "between":
            return numbers[0] <= 0 <= numbers[1]
        case _:
            return False


def top_members(model: Model, query: CubeQuery, plan: Plan, params: Params, chosen: dict[Per, Chosen]) -> list[str]:
    """The ranking of a top-N: one row for each of the members that are shown by name."""
    top, cut = plan.top, plan.ranked
    if top is None or cut is None:
        return []
    ranked = make_plan(model, ranking(query, plan, top))
    terms = CellTerms(ranked)
    keys = [f"{Finished(model, ranked.home, terms).value(top.measure)} DESC NULLS LAST"]
    keys += [terms.order(cut)] if cut.attribute.order_by else []
    parents = ", ".join(terms.member(axis) for axis in plan.parents)
    over = f"{f'PARTITION BY {parents} ' if parents else ''}ORDER BY {', '.join((*keys, terms.member(cut)))}"
    columns = [f"{terms.member(axis)} AS {member(i)}" for i, axis in enumerate(ranked.axes)]
    body = [select([*columns, f"row_number() OVER ({over}) AS {RANK}"])]
    body += [f"FROM {ident(cells_name(ranked, 'ranked_'))} AS {CELL}", f"QUALIFY {RANK} <= {top.after + top.n}"]
    row = f"one of the {top.after + top.n} members of {cut.ref} with the largest {top.measure}"
    row += f" within {', '.join(axis.ref for axis in plan.parents)}" if plan.parents else ""
    return [*cells(ranked, params, chosen, "ranked_"), cte("top_member", row, "\n".join(body))]
