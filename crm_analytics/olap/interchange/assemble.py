"""Tables of a foreign model as cube files: those with measures are cubes, those they lead to dimensions.

A cube reaches a dimension straight from its fact, over one column.  What needs
a way round, or has no place in a cube file, is told.

May import: yamlfile, olap.load_dimension and olap.load_measure (names), olap.interchange.account,
olap.interchange.dataset, olap.interchange.held, olap.interchange.reach, olap.interchange.sqltext.
Imported by: cube_yaml, metricflow, osi.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from crm_analytics.olap.interchange.account import Account, Imported
from crm_analytics.olap.interchange.dataset import (
    PERIODS,
    Dataset,
    Link,
    Made,
    Spec,
    fit_name,
    period_attributes,
    period_hierarchies,
)
from crm_analytics.olap.interchange.held import drop_what_cannot_be_held
from crm_analytics.olap.interchange.reach import Reach, held_by_reach
from crm_analytics.olap.interchange.sqltext import formula_names, renamed
from crm_analytics.olap.load_dimension import ATTRIBUTE_KEYS, SHARED
from crm_analytics.olap.load_measure import MEASURE_KEYS
from crm_analytics.yamlfile import yaml_text

LEFT_OUT = "left_out.txt"
_HEAD = "# yaml-language-server: $schema=cube.schema.json\n# From {}; what could not be carried over stands in {}.\n"


def assemble(datasets: Mapping[str, Dataset], account: Account, origin: str) -> Imported:
    """The cube files of these tables.

    Raises
    ------
    ConfigError : the foreign model has mistakes; one line for each.
    """
    return imported(cube_files(datasets), account, origin)


def cube_files(datasets: Mapping[str, Dataset]) -> dict[str, Spec]:
    """The cube files of these tables by file name, not yet as text; what has no place in them is told."""
    drop_what_cannot_be_held(datasets)
    facts = [d for d in datasets.values() if d.measures and _has_key(d)]
    _drop_broken_formulas(facts)
    _drop_circles(facts)
    _drop_idle_helpers(facts)
    facts = [d for d in facts if d.measures]
    links = {d.name: _links(d, datasets) for d in facts}
    reached = {link.to for found in links.values() for link in found}
    names = _cube_names(facts, reached)
    files: dict[str, Any] = {}
    shared = {d.name: _dimension(d, _key_of(d, links.values())) for d in datasets.values() if d.name in reached}
    if shared:
        files[SHARED] = {"version": 1, "dimensions": shared}
    for fact in facts:
        cube = _cube(fact, links[fact.name], shared, names)
        files[f"{cube['cube']}.yml"] = cube
    for dataset in datasets.values():
        if dataset not in facts and dataset.name not in reached:
            dataset.source.leave("it has no measure here, and no cube leads to it")
    for dataset in datasets.values():
        for rule in dataset.access.values() if dataset not in facts or dataset.name in reached else ():
            rule.source.tell(
                "holds for the cube of this table alone; a dimension has no rules, so give them to its facts"
            )
    _tell_ways_round(facts, datasets, links, reached)
    return files


def imported(files: Mapping[str, Spec], account: Account, origin: str) -> Imported:
    """Cube files as text, with what stayed behind.

    Raises
    ------
    ConfigError : the foreign model has mistakes; one line for each.
    """
    left_out = account.finish()
    head = _HEAD.format(origin, LEFT_OUT) if left_out else _HEAD.splitlines()[0] + f"\n# From {origin}.\n"
    return Imported({name: head + yaml_text(file) for name, file in files.items()}, left_out)


def _has_key(dataset: Dataset) -> bool:
    if not dataset.key:
        dataset.source.tell(
            "no cube of it, so none of its measures: no primary key says which columns tell one row from another"
        )
    return bool(dataset.key)


def _drop_broken_formulas(facts: Iterable[Dataset]) -> None:
    """Leave out what needs a measure that was left out, and what needs that, and so on."""
    there = {f"{d.name}.{name}" for d in facts for name in d.measures}
    broken = True
    while broken:
        broken = False
        for dataset in facts:
            for name, made in list(dataset.measures.items()):
                lost = next((n for n in needs(dataset, made.spec) if n not in there), "")
                if lost:
                    made.source.tell(
                        f"left out: it needs {lost.removeprefix(f'{dataset.name}.')!r}, which is not there"
                    )
                    del dataset.measures[name]
                    there.discard(f"{dataset.name}.{name}")
                    broken = True


def _drop_circles(facts: Iterable[Dataset]) -> None:
    """Leave out measures that need themselves by way of others: those that nothing solid leads up to."""
    needed = {f"{d.name}.{name}": needs(d, made.spec) for d in facts for name, made in d.measures.items()}
    solid: set[str] = set()
    while more := {name for name, of in needed.items() if name not in solid and solid.issuperset(of)}:
        solid |= more
    for dataset in facts:
        for name, made in list(dataset.measures.items()):
            if f"{dataset.name}.{name}" not in solid:
                made.source.leave("it needs itself, by way of others")
                del dataset.measures[name]


def _drop_idle_helpers(facts: Iterable[Dataset]) -> None:
    """Drop what was only there for a measure that was left out."""
    idle = True
    while idle:
        used = {name for dataset in facts for made in dataset.measures.values() for name in needs(dataset, made.spec)}
        idle = False
        for dataset in facts:
            for name, made in list(dataset.measures.items()):
                if made.helps and f"{dataset.name}.{name}" not in used:
                    del dataset.measures[name]
                    idle = True


def needs(dataset: Dataset, spec: Spec) -> list[str]:
    """The measures that one is made from, each as `table.measure`."""
    names = formula_names(str(spec.get("formula", spec.get("of", ""))))
    return [name if "." in name else f"{dataset.name}.{name}" for name in names]


def _links(fact: Dataset, datasets: Mapping[str, Dataset]) -> list[Link]:
    """The joins of a fact that lead somewhere, one key a dimension."""
    found: list[Link] = []
    for link in fact.links:
        other = next((seen for seen in found if seen.to == link.to and seen.key != link.key), None)
        if link.to not in datasets:
            link.source.leave(f"there is no table {link.to!r} that could be carried over")
        elif link.to == fact.name:
            link.source.leave("a table that leads to itself is no dimension of itself")
        elif other:
            link.source.leave(f"{link.to!r} is already joined by {other.key!r}; a dimension has one key")
        else:
            found.append(link)
    return found


def _key_of(dataset: Dataset, links: Iterable[list[Link]]) -> str:
    return next(link.key for found in links for link in found if link.to == dataset.name)


def _cube_names(facts: Iterable[Dataset], reached: set[str]) -> dict[str, str]:
    """What each fact is called as a cube.

    `contacts.x` must not mean two things: a cube that is called as a dimension leaves it the name.
    """
    names: dict[str, str] = {}
    for fact in facts:
        wanted = fact.cube or fact.name
        both = wanted in reached or f"{wanted}.yml" == SHARED
        names[fact.name] = fit_name(f"{wanted}_cube" if both else wanted, {*names.values(), *reached})
        if both:
            fact.source.tell(f"the cube is called {names[fact.name]}, for a dimension has its name")
    return names


def _dimension(dataset: Dataset, key: str) -> Spec:
    """A table that facts lead to, as a dimension of `dimensions.yml`."""
    attributes, hierarchies = dict(dataset.attributes), dict(dataset.hierarchies)
    plain = dataset.calendar and len(dataset.times) == 1 and not PERIODS.keys() & attributes
    for name, sql in dataset.times.items():
        prefix = "" if plain else f"{name}_"
        attributes |= period_attributes(sql, prefix, dataset.calendar)
        hierarchies |= period_hierarchies(prefix)
    spec: Spec = {"title": dataset.title} if dataset.title else {}
    spec |= {"table": dataset.table, "key": key} | dataset.dimension
    attributes = attributes or {fit_name(key): {} if fit_name(key) == key else {"sql": key}}
    spec["attributes"] = {n: {k: a[k] for k in ATTRIBUTE_KEYS if k in a} for n, a in attributes.items()}
    return spec | ({"hierarchies": hierarchies} if hierarchies else {})


def _cube(fact: Dataset, links: list[Link], shared: Mapping[str, Spec], names: Mapping[str, str]) -> Spec:
    spec: Spec = {"version": 1, "cube": names[fact.name]}
    for key in ("title", "description"):
        if text := getattr(fact, key):
            spec[key] = text
    spec["fact"] = {"table": fact.table, "key": list(fact.key) if len(fact.key) > 1 else fact.key[0]}
    dimensions: Spec = {}
    targets = list(dict.fromkeys(link.to for link in links))
    taken = {*names.values(), *targets, *({fact.name} & shared.keys())}
    reach: dict[str, Spec] = {}  # what questions call a dimension: its attributes
    for to in targets:
        roles: dict[str, str] = {}
        for link in links:
            if link.to == to:
                role = fit_name(link.role, taken - {to} | roles.keys())
                roles[role] = link.column
        taken |= roles.keys()
        reach |= {role: shared[to]["attributes"] for role in roles}
        column = next(iter(roles.values()))
        plain = list(roles) == [to]
        dimensions[to] = {"roles": roles} if not plain else {} if column == shared[to]["key"] else {"key": column}
    if fact.name in shared:
        dimensions.setdefault(fact.name, {})
        reach.setdefault(fact.name, shared[fact.name]["attributes"])
    own = {}
    for name, row in _rows(fact, own=fact.name not in shared).items():
        own[name] = fit_name(name, taken)
        taken.add(own[name])
        dimensions[own[name]], reach[own[name]] = row, row["attributes"]
    if dimensions:
        spec["dimensions"] = dimensions
    spec["measures"] = {name: _measure(made, names, own) for name, made in fact.measures.items()}
    return spec | held_by_reach(fact, Reach(reach, own, fact.name), spec["measures"])


def _rows(fact: Dataset, own: bool) -> dict[str, Spec]:
    """The dimensions that are columns of the fact; `own` where its columns are not in `dimensions.yml`."""
    rows: dict[str, Spec] = {}
    if own and fact.attributes:
        rows[fact.row] = {"attributes": fact.attributes}
        if fact.hierarchies:
            rows[fact.row]["hierarchies"] = fact.hierarchies
    for name, sql in fact.times.items() if own else ():
        rows[name] = {"attributes": period_attributes(sql), "hierarchies": period_hierarchies()}
    return rows | fact.rows


def _measure(made: Made, names: Mapping[str, str], own: Mapping[str, str]) -> Spec:
    """The measure with the names that its cubes and dimensions have now."""

    def cube(name: str) -> str:
        table, dot, measure = name.rpartition(".")
        return f"{names[table]}.{measure}" if dot else measure

    spec = {key: made.spec[key] for key in MEASURE_KEYS if key in made.spec}
    if semi := spec.get("semi_additive"):
        spec["semi_additive"] = semi | {"over": own.get(semi["over"], semi["over"])}
    return {key: renamed(str(value), cube) if key in ("formula", "of") else value for key, value in spec.items()}


def _tell_ways_round(
    facts: Iterable[Dataset], datasets: Mapping[str, Dataset], links: Mapping[str, list[Link]], reached: set[str]
) -> None:
    """Say which tables a fact would reach only through another."""
    for fact in facts:
        straight = {link.to for link in links[fact.name]} | {fact.name}
        for via in sorted(straight - {fact.name}):
            for link in datasets[via].links:
                if link.to not in straight:
                    link.source.tell(
                        f"{fact.name} does not reach {link.to} through {via}: a cube reaches a dimension from its fact"
                    )
                    link.source.account.read(link.source.file, link.source.place)
