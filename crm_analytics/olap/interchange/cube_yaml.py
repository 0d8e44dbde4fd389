"""Import of Cube data models (cube.dev): `cubes:` of YAML files as cube files of ours.

Not a Cube compiler: templates are not rendered, `extends` is not resolved,
JavaScript is not read.  All of that is told.

Keys as in cube-js/cube, packages/cubejs-schema-compiler/src/compiler/CubeValidator.ts
and docs-mintlify/reference/data-modeling, read in November 2026.

May import: olap.interchange.account, olap.interchange.assemble, olap.interchange.cube_access,
olap.interchange.cube_measures, olap.interchange.cube_refs, olap.interchange.cube_rollups,
olap.interchange.dataset, olap.interchange.sqltext.   Imported by: olap.interchange.
"""

import re
from pathlib import Path

from crm_analytics.olap.interchange.account import Account, Imported, Source, model_files
from crm_analytics.olap.interchange.assemble import assemble
from crm_analytics.olap.interchange.cube_access import read_access
from crm_analytics.olap.interchange.cube_measures import FORMATS, read_measure
from crm_analytics.olap.interchange.cube_refs import Members, join_columns
from crm_analytics.olap.interchange.cube_rollups import read_rollups
from crm_analytics.olap.interchange.dataset import Dataset, Link, attribute_spec, fit_name, plain_table
from crm_analytics.olap.interchange.sqltext import Refused

ENDINGS = (".yml", ".yaml", ".js", ".ts", ".py", ".jinja")
_SCRIPTS = (".js", ".ts", ".py", ".jinja")
_ONE = {"many_to_one", "belongs_to", "belongsto", "manytoone", "one_to_one", "has_one", "hasone", "onetoone"}
_MANY = {"one_to_many", "has_many", "hasmany", "onetomany"}
_TYPES = {name: name for name in ("string", "number", "boolean", "time", "geo", "switch")}
_SHOWN = "it is not public, so nobody could ask for it"

REASONS = {
    "data_source": "all cubes ask the one warehouse",
    "drill_members": "each cube has one list for the rows behind its cells (drill_through)",
    "extends": "what it inherits is not copied; write it out",
    "granularities": "only year, quarter, month, week and day are carried over",
    "indexes": "a rollup is sorted by its attributes",
    "meta": "a cube file has no place for it",
    "partition_granularity": "a rollup is one table",
    "refresh_key": "the warehouse is loaded by 'crm load'",
    "sql_alias": "the names in the SQL are the cube's own",
    "views": "a view shows a part of cubes; ask the cubes themselves",
}


def import_cube(path: Path) -> Imported:
    """The Cube data model in a file, or in every file of a folder, as cube files.

    Raises
    ------
    ConfigError : a file cannot be read, or the model has mistakes; one line for each.
    """
    account = Account(REASONS)
    sources: list[Source] = []
    for file in model_files(path, ENDINGS):
        if why := _unreadable(file):
            account.leave(str(file), "the file", why)
        else:
            top = account.open(file)
            sources += top.many("cubes", "cube")
    names: dict[str, str] = {}
    for source in sources:
        raw = source.text("name", required=True)
        if raw in names:
            source.wrong(f"two cubes are called {raw!r}")
        names[raw] = fit_name(raw, names.values())
        if names[raw] != raw:
            source.tell(f"is called {names[raw]} here")
    members = {
        raw: Members(raw, names[raw], source)
        for raw, source in zip(names, sources, strict=False)
        if raw and _table(source)
    }
    datasets = {m.name: _dataset(m, members) for m in members.values()}
    _one_to_many(members, datasets)
    return assemble(datasets, account, path.name)


def _unreadable(file: Path) -> str:
    """Why a file is not read: '' where it is."""
    if file.suffix in _SCRIPTS:
        return "only YAML is read"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # said better when it is opened
    return "it is a Jinja template; render it first" if re.search(r"\{%|\{\{", text) else ""


def _table(source: Source) -> str:
    """The table of a cube; '' (and told) where its rows are a query."""
    text = source.text("sql_table") or source.text("sql")
    if not text:
        source.wrong("it needs 'sql_table' or 'sql'")
        return ""
    everything = re.fullmatch(r"(?is)select\s+\*\s+from\s+(\S+?)\s*;?", text)
    table, before = plain_table(everything[1] if everything else text)
    if not table:
        source.leave(f"its rows are a query; make a table of it in the warehouse and import that: {text[:60]!r}")
    elif before:
        source.tell(f"reads the table {table} of the warehouse, where it was {before}.{table}")
    return table


def _dataset(members: Members, cubes: dict[str, Members]) -> Dataset:
    source = members.source
    dataset = Dataset(
        members.name,
        source,
        _table(source),
        members.key,
        title=source.words("title"),
        description=source.words("description"),
        calendar=source.flag("calendar", False),
    )
    if not source.flag("public", source.flag("shown", True)):
        source.tell("is carried over although it is not public")
    for raw, dimension in members.dimensions.items():
        _attribute(dataset, members, raw, dimension)
    for segment in source.many("segments", "segment"):
        _segment(dataset, members, segment)
    for hierarchy in source.many("hierarchies", "hierarchy"):
        _hierarchy(dataset, members, hierarchy)
    for join in source.many("joins", "join"):
        _join(dataset, members, cubes, join)
    for measure in members.measures.values():
        read_measure(dataset, members, measure)
    read_access(dataset, members, cubes)
    read_rollups(dataset, members, cubes)
    return dataset


def _attribute(dataset: Dataset, members: Members, raw: str, dimension: Source) -> None:
    key, kind = dimension.flag("primary_key", False), dimension.choice("type", _TYPES)
    if not dimension.flag("public", dimension.flag("shown", not key)):
        if not key:
            dimension.leave(_SHOWN)
        return  # a key is carried over as such
    if kind == "geo":
        for part in ("latitude", "longitude"):
            if half := dimension.one(part):
                sql = _sql(members, half)
                name = fit_name(f"{members.names[raw]}_{part}", dataset.attributes)
                if sql:
                    dataset.attributes[name] = attribute_spec(name, sql)
        return
    if kind == "switch" or dimension.flag("sub_query", False) or dimension.flag("multi_stage", False):
        dimension.leave("it is not computed from a row of its own table")
        return
    try:
        sql = members.dimension(raw)
    except Refused as error:
        dimension.leave(str(error))
        return
    name = members.names[raw]
    if kind == "time":
        dataset.times[name] = sql
        if title := dimension.words("title"):
            dimension.tell(f"its title {title!r} is not carried over: it becomes one attribute for each period")
    else:
        format = dimension.text("format") if not isinstance(dimension.data.get("format"), dict) else ""
        if format and format not in FORMATS:
            dimension.leave("a cube file has no such format", "format")
        dataset.attributes[name] = attribute_spec(name, sql, dimension.words("title"), FORMATS.get(format, ""))
    if dimension.words("description"):
        dimension.leave("an attribute has no description", "description")


def _sql(members: Members, source: Source, key: str = "sql") -> str:
    """The expression at a key, over the columns of the cube's own table; '' (and told) where it needs more."""
    text = source.text(key, required=True)
    try:
        return members.expression(text)
    except Refused as error:
        source.leave(str(error))
        return ""


def _segment(dataset: Dataset, members: Members, segment: Source) -> None:
    """A named filter is a yes-or-no attribute: `segment.completed = true`."""
    name = fit_name(segment.text("name", required=True))
    if sql := _sql(members, segment):
        row = dataset.rows.setdefault("segment", {"attributes": {}})
        row["attributes"][name] = attribute_spec("", sql, segment.words("title"))
    if segment.words("description"):
        segment.leave("an attribute has no description", "description")


def _hierarchy(dataset: Dataset, members: Members, hierarchy: Source) -> None:
    name, levels = fit_name(hierarchy.text("name", required=True)), hierarchy.texts("levels")
    found = [members.names.get(level.removeprefix(f"{members.raw}.").removeprefix("CUBE."), "") for level in levels]
    missing = [raw for raw, level in zip(levels, found, strict=True) if level not in dataset.attributes]
    if missing or not levels:
        why = f"{missing[0]!r} is no attribute of this table here" if missing else "it has no levels"
        hierarchy.leave(why)
        return
    dataset.hierarchies[fit_name(name, dataset.hierarchies)] = found
    if hierarchy.words("title"):
        hierarchy.leave("a hierarchy has no title", "title")


def _join(dataset: Dataset, members: Members, cubes: dict[str, Members], join: Source) -> None:
    to = join.text("name", required=True)
    relationship = join.text("relationship", required=True)
    if relationship.lower() not in _ONE | _MANY:
        join.wrong(f"'relationship' is many_to_one, one_to_one or one_to_many, not {relationship!r}", "relationship")
        return
    if relationship.lower() in _MANY:
        return  # read from the other side, by _one_to_many
    if to not in cubes:
        join.leave(f"the cube {to!r} could not be carried over")
        return
    columns = join_columns(join, members, cubes[to])
    if columns:
        dataset.links.append(Link(cubes[to].name, columns[1], columns[0], cubes[to].name, join))


def _one_to_many(cubes: dict[str, Members], datasets: dict[str, Dataset]) -> None:
    """A join declared on the one side is a join of the many side, unless that one says it itself."""
    for members in cubes.values():
        for join in members.source.many("joins", "join"):
            many = cubes.get(join.text("name"))
            if join.text("relationship").lower() not in _MANY:
                continue
            if many is None:
                join.leave(f"the cube {join.text('name')!r} could not be carried over")
                continue
            columns = join_columns(join, members, many)
            links = datasets[many.name].links
            if columns and all(link.to != members.name for link in links):
                links.append(Link(members.name, columns[0], columns[1], members.name, join))
