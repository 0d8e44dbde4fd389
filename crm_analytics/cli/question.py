"""The words of a question on the command line, as `crm query` and `crm drill` share them.

May import: typer, errors, project.   Imported by: cli.ask, cli.drill.
"""

import re
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from crm_analytics.errors import QueryError
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for the cubes
    from crm_analytics.notebook import Ask

CubeName = Annotated[str, typer.Argument(help="Cube to ask, such as sales.")]
Measures = Annotated[
    list[str],
    typer.Option("-m", "--measure", help="Measure, or one over time, such as 'revenue 1 year ago'; repeatable."),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        "-b", "--by", metavar="ATTRIBUTE", help="Attribute to split by, such as product.department; repeatable."
    ),
]
Where = Annotated[
    list[str] | None, typer.Option("-w", "--where", metavar="FILTER", help="Filter; repeatable, all must hold.")
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="sale|today|DAY", help="When attributes with a history are read, such as 2017-03-31."
    ),
]
Pivot = Annotated[
    str | None, typer.Option(metavar="ATTRIBUTE", help="Attribute to lay out as columns, such as date.year.")
]
Top = Annotated[
    str | None,
    typer.Option(
        metavar="'N MEASURE [of ATTRIBUTE] [within] [after K]'",
        help="The N largest of the first attribute, or of ATTRIBUTE (within each member before it); else Others. "
        "After the K largest: what is inside Others.",
    ),
]


_TOP = re.compile(r"\s*([0-9]{1,9})\s+(\S.*?)(?:\s+of\s+(\S+))?(\s+within)?(?:\s+after\s+([0-9]{1,9}))?\s*")


class TopWords(TypedDict):
    """What `--top` says."""

    n: int
    measure: str
    of: str
    within: bool
    after: int


def question(
    shop: Project,
    cube: str,
    measures: list[str],
    by: list[str] | None,
    where: list[str] | None,
    as_of: str | None,
    top: str | None,
    pivot: str | None,
) -> "Ask":
    """The question that the words ask, before what only concerns how its answer is laid out."""
    ask = shop.cube(cube).measures(*measures).by(*(by or []))
    for condition in where or []:
        ask = ask.dice(condition)
    ask = ask.as_of(as_of) if as_of else ask
    ask = ask.top(**_top_words(top)) if top else ask
    return ask.pivot_on(pivot) if pivot else ask


def _top_words(text: str) -> TopWords:
    found = _TOP.fullmatch(text)
    if not found:
        raise QueryError(
            f"--top: {text!r} is not a number and a measure, such as '10 revenue' "
            "or '3 revenue of product.category within' or '10 revenue after 10'"
        )
    n, measure, of, within, after = found.groups()
    return {"n": int(n), "measure": measure, "of": of or "", "within": bool(within), "after": int(after or 0)}


def sort_words(text: str) -> tuple[str, bool | None]:
    """What one `--sort` says."""
    found = re.fullmatch(r"\s*(\S.*?)(?:\s+(asc|desc))?\s*", text)
    if not found:
        raise QueryError(f"--sort: {text!r} is not a measure or attribute, such as 'revenue' or 'date.year desc'")
    return found[1], {"asc": False, "desc": True}.get(found[2])
