"""The main job from nothing to a report, step by step: what `crm demo` runs.

May import: scaffold, project.   Imported by: cli.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crm_analytics.config import FILE
from crm_analytics.errors import DataError
from crm_analytics.project import Project
from crm_analytics.scaffold import check_template, write_project

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the job: its name and what does it; running it gives one line on what came out, and where."""

    name: str
    run: Callable[[Say], str]


def demo_steps(folder: Path, template: str) -> Iterator[Step]:
    """The steps over one project folder; an existing project there is used, not overwritten."""
    yield Step("init", lambda say: _init(folder, template))
    shop = Project.open(folder)
    with shop:
        yield Step("load", lambda say: _load(shop, say))
        yield Step("check", lambda say: _check(shop))
        as_of = shop.next_day()
        yield Step("query", lambda say: _query(shop, say))
        yield Step("score", lambda say: f"{shop.score(as_of, (), say):,} scores as of {as_of}: {shop.warehouse}")
        yield Step("evaluate", lambda say: _evaluate(shop, say))
        yield Step("plan", lambda say: _plan(shop))
        yield Step("export", lambda say: _export(shop))
        yield Step("report", lambda say: f"{shop.report()}")


def _init(folder: Path, template: str) -> str:
    check_template(template)
    if (folder / FILE).exists():
        return f"{folder}: the project that is there"
    return f"{folder}: {write_project(folder, template)} files"


def _load(shop: Project, say: Say) -> str:
    done = shop.load((), say)
    read, rejected = sum(d.rows_read for d in done), sum(d.rows_rejected for d in done)
    return f"{read:,} rows read, {rejected:,} rejected with a reason: {shop.warehouse}"


def _check(shop: Project) -> str:
    checks = list(shop.check())
    failed = [c for c in checks if c.ok is False]
    if failed:
        raise DataError(f"the star does not hold: {failed[0].table}: {failed[0].says}")
    unknown = sum(c.rows for c in checks if c.kind == "unknown")
    return f"{sum(c.ok is True for c in checks)} checks passed; {unknown:,} rows lie in unknown members"


def _query(shop: Project, say: Say) -> str:
    question = shop.cube("sales").measures("revenue", "customers", "orders").by("product.department").totals()
    answer = question.top(5, "revenue").run()
    for line in str(answer).splitlines():
        say(line)
    return 'crm query sales -m revenue -m customers -m orders -b product.department --top "5 revenue" --totals'


def _evaluate(shop: Project, say: Say) -> str:
    table = shop.evaluate(say=say)
    return f"{table.height} figures beside their baselines: mined_evaluation in {shop.warehouse}"


def _plan(shop: Project) -> str:
    listed = shop.plan(shop.next_day())
    return f"{listed.height:,} customers ranked: {shop.output / 'priority_list.csv'}"


def _export(shop: Project) -> str:
    done = shop.export("csv")
    left_out = sum(done.left_out.values())
    return f"{done.rows:,} customers, {left_out:,} left out: {done.file}"
