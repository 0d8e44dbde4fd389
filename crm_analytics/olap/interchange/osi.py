"""Import of the Open Semantic Interchange (Apache Ossie), version 0.1.1: datasets and metrics as cube files.

May import: errors, olap.interchange.account, olap.interchange.assemble, olap.interchange.dataset,
olap.interchange.osi_reading, olap.interchange.osi_whole, olap.interchange.osi_words, olap.interchange.sqltext.
Imported by: olap.interchange.
"""

import re
from dataclasses import replace
from pathlib import Path

from crm_analytics.errors import ConfigError
from crm_analytics.olap.interchange.account import Account, Imported, Source
from crm_analytics.olap.interchange.assemble import cube_files, imported
from crm_analytics.olap.interchange.dataset import (
    Dataset,
    Link,
    Made,
    Spec,
    aggregate_spec,
    attribute_spec,
    fit_name,
    plain_table,
)
from crm_analytics.olap.interchange.osi_reading import (
    exported_files,
    mapping,
    read_expression,
    read_extension,
    tell_lost,
    whole_hierarchies,
)
from crm_analytics.olap.interchange.osi_whole import with_whole
from crm_analytics.olap.interchange.osi_words import DIALECT, VERSION, fingerprint, resolved
from crm_analytics.olap.interchange.sqltext import (
    Aggregate,
    Refused,
    formula_of,
    is_column,
    parts,
    renamed,
    tokens,
    unwrapped,
)

_MARK = "aggregate__"  # tells an aggregate from a bare column while its formula is read

REASONS = {
    "ai_context": "a cube file has no words for AI tools",
    "custom_extensions": "made by another program for itself",
    "label": "a category of fields, which a cube file does not have",
    "unique_keys": "a cube file names one key",
}


def import_osi(path: Path) -> Imported:
    """The one semantic model of an OSI document as cube files.

    Raises
    ------
    ConfigError : the file cannot be read, is of another version, or has mistakes; one line for each.
    """
    account = Account(REASONS)
    top = account.open(path)
    if (version := top.text("version")) != VERSION:
        found = f"version {version!r}" if version else "no version"
        raise ConfigError(f"{top.file.where('version')}: {found}; this program reads OSI {VERSION}, the released one")
    for key in ("dialects", "vendors"):
        account.read(top.file, (key,))
    models = top.many("semantic_model", "semantic model")
    if len(models) != 1:
        account.problems.raise_any()
        raise ConfigError(f"{top.file.where('semantic_model')}: needs one semantic model, and has {len(models)}")
    ours = read_extension(models[0])
    files = exported_files(models[0], ours)
    if files and ours.get("fingerprint") == fingerprint(models[0].data):
        account.read(top.file, ())
        return imported(files, account, path.name)
    reading = _Import(models[0])
    reading.read()
    if files:
        tell_lost(models[0], files, reading.datasets)
    made = cube_files({d.name: d for d in reading.datasets.values()})
    return imported(with_whole(models[0], files, made) if files else made, account, path.name)


class _Import:
    def __init__(self, model: Source) -> None:
        self.model = model
        self.fields: dict[str, dict[str, str]] = {}
        self.inputs: dict[tuple[str, str], Source] = {}
        self.used: set[tuple[str, str]] = set()
        self.datasets: dict[str, Dataset] = {}
        self.formulas: list[tuple[str, str, list[tuple[Dataset, Aggregate]], Spec, Source]] = []
        self.names = {str(metric.data.get("name")) for metric in model.many("metrics", "metric")}
        model.text("name", required=True)
        if model.words("description"):
            model.leave("the description of a cube stands with each cube", "description")

    def read(self) -> None:
        """Fill the datasets, and say what has no place in them."""
        for source in self.model.many("datasets", "dataset"):
            self._dataset(source)
        for source in self.model.many("relationships", "relationship"):
            self._relationship(source)
        for source in self.model.many("metrics", "metric"):
            try:
                self._metric(source)
            except Refused as error:
                source.leave(str(error))
        for formula in self.formulas:
            try:
                self._formula(*formula)
            except Refused as error:
                formula[-1].leave(str(error))
        for place, source in self.inputs.items():
            if place not in self.used:
                source.leave("no metric uses it, and it is no dimension")

    def _dataset(self, source: Source) -> None:
        raw, text = source.text("name", required=True), source.text("source", required=True)
        if raw in self.datasets:
            source.wrong(f"two datasets are called {raw!r}")
        table, before = plain_table(text)
        if not table:
            source.leave(f"its rows are a query; make a table of it in the warehouse and import that: {text[:60]!r}")
            return
        if before:
            source.tell(f"reads the table {table} of the warehouse, where it was {text}")
        name = fit_name(raw, [d.name for d in self.datasets.values()])
        if name != raw:
            source.tell(f"is called {name} here")
        ours = read_extension(source)
        cube, dimension = mapping(ours, "cube"), mapping(ours, "dimension")
        dataset = Dataset(
            name,
            source,
            table,
            tuple(source.texts("primary_key")),
            title=cube.get("title", "") or dimension.get("title", ""),
            description=source.words("description"),
            hierarchies=mapping(dimension, "hierarchies"),
            dimension={"unknown": dimension["unknown"]} if "unknown" in dimension else {},
            rows={
                row: {**spec, "attributes": {}} for row, spec in mapping(cube, "rows").items() if isinstance(spec, dict)
            },
        )
        self.datasets[raw] = dataset
        self.fields[raw] = {}
        for inner in source.many("fields", "field"):
            self._field(dataset, raw, inner)
        dataset.hierarchies = whole_hierarchies(source, dataset.hierarchies, dataset.attributes)
        # A dimension of columns whose fields were all taken away is none any more.
        dataset.rows = {row: spec for row, spec in dataset.rows.items() if spec["attributes"]}
        for spec in dataset.rows.values():
            if levels := whole_hierarchies(source, mapping(spec, "hierarchies"), spec["attributes"]):
                spec["hierarchies"] = levels
            else:
                spec.pop("hierarchies", None)

    def _field(self, dataset: Dataset, raw: str, source: Source) -> None:
        name, sql = source.text("name", required=True), read_expression(source)
        ours = mapping(read_extension(source), "attribute")
        if source.words("description"):
            source.leave("an attribute has no description", "description")
        if not sql:
            source.leave(f"it has no expression in {DIALECT}")
            return
        self.fields[raw][name] = sql
        dimension = source.one("dimension")
        if dimension is None:
            self.inputs[raw, name] = source
            return
        if dimension.flag("is_time", False) and not ours:
            dimension.leave("an attribute does not say that it is a time, nor of which kind", "is_time")
        row = dataset.rows.get(ours.get("dimension", ""), {}).get("attributes", dataset.attributes)
        called = ours.get("name") or fit_name(name, row)
        spec = {key: value for key, value in ours.items() if key not in ("dimension", "name")}
        row[called] = attribute_spec(called, sql) | spec
        dataset.calendar |= spec.get("period") == "day"

    def _relationship(self, source: Source) -> None:
        source.text("name", required=True)
        ends = [source.text(key, required=True) for key in ("from", "to")]
        columns = [source.texts(key) for key in ("from_columns", "to_columns")]
        if not all(ends):
            return
        if missing := next((end for end in ends if end not in self.datasets), ""):
            source.leave(f"there is no dataset {missing!r} that could be carried over")
        elif [len(c) for c in columns] != [1, 1]:
            source.leave("a dimension has one key, of one column")
        else:
            to = self.datasets[ends[1]].name
            others = [link for link in self.datasets[ends[0]].links if link.to == to]
            role = read_extension(source).get("role") or (to if not others else fit_name(source.text("name")))
            self.datasets[ends[0]].links.append(Link(to, columns[1][0], columns[0][0], role, source))

    def _metric(self, source: Source) -> None:
        """Add a metric that is one aggregate, or one that an export of ours left as it was; others wait for these."""
        name, expression = source.text("name", required=True), read_expression(source)
        if not expression:
            raise Refused(f"it has no expression in {DIALECT}")
        self._use(expression)
        spec: Spec = {"description": text} if (text := source.words("description")) else {}
        ours = mapping(read_extension(source), "measure")
        if ours and ours.get("cube") in self.datasets:
            if ours.get("means") == resolved(expression, self.fields):
                self.datasets[ours["cube"]].measures[str(ours.get("name"))] = Made(mapping(ours, "spec") | spec, source)
                return
            source.tell("was changed since it was exported: its expression holds, not its title and format")
        made: list[tuple[Dataset, Aggregate]] = []

        def name_of(aggregate: Aggregate) -> str:
            made.append(self._aggregate(aggregate))
            return f"{_MARK}{len(made)}"

        text, names = formula_of(expression, name_of)
        if list(names) != [f"{_MARK}{i + 1}" for i in range(len(made))]:
            raise Refused("something that is no aggregate stands in it")
        if text.strip("()") == f"{_MARK}1":
            dataset, aggregate = made[0]
            dataset.measures[fit_name(name, dataset.measures)] = Made(spec | aggregate_spec(aggregate), source)
        else:
            self.formulas.append((name, text, made, spec, source))

    def _formula(self, name: str, text: str, made: list[tuple[Dataset, Aggregate]], spec: Spec, source: Source) -> None:
        home = made[0][0]
        for dataset, _ in made:
            _check_apart(home, dataset)
        called = {}
        for i, (dataset, aggregate) in enumerate(made):
            measure = dataset.measure_of(aggregate, source, self.names)
            called[f"{_MARK}{i + 1}"] = measure if dataset is home else f"{dataset.name}.{measure}"
        spec["formula"] = renamed(text, lambda placeholder: called[placeholder])
        home.measures[fit_name(name, home.measures)] = Made(spec, source)

    def _aggregate(self, aggregate: Aggregate) -> tuple[Dataset, Aggregate]:
        """The dataset that an aggregate is over, and the aggregate over columns of its table.

        Raises
        ------
        Refused : it is over several, or nothing says over which.
        """
        if rows := re.fullmatch(r"(\w+)\s*\.\s*\*", aggregate.sql):
            aggregate, raws = replace(aggregate, sql=""), {rows[1]}
        else:
            text = f"{aggregate.sql} {aggregate.where}"
            names = [parts(t.text) for t in tokens(text) if t.kind == "name"]
            raws = {found[0] for found in names if len(found) == 2}
            raws = raws or {raw for raw, own in self.fields.items() if any(found[-1] in own for found in names)}
            raws = raws or set(self.datasets)
        if len(raws) != 1:
            raise Refused("it does not name one dataset: write dataset.field, or COUNT(dataset.*)")
        raw = raws.pop()
        if raw not in self.datasets:
            raise Refused(f"there is no dataset {raw!r} that could be carried over")
        own = self.fields[raw]
        sql, where = (_inlined(part, raw, own) for part in (aggregate.sql, aggregate.where))
        return self.datasets[raw], replace(aggregate, sql=sql, where=where)

    def _use(self, expression: str) -> None:
        for token in tokens(expression):
            if token.kind == "name":
                found = parts(token.text)
                self.used |= {(raw, found[-1]) for raw in self.fields if len(found) == 1 or found[0] == raw}


def _check_apart(home: Dataset, other: Dataset) -> None:
    """Refuse to count rows of a table that the fact is joined to: all of them, or only those with facts?"""
    for one, two in ((home, other), (other, home)):
        if any(link.to == two.name for link in one.links):
            raise Refused(
                f"it counts rows of {two.name}, and nothing says whether those that no {one.name} has count too"
            )


def _inlined(sql: str, raw: str, own: dict[str, str]) -> str:
    """SQL over fields of one dataset as SQL over the columns of its table."""
    found = tokens(sql)
    out = []
    for i, token in enumerate(found):
        call = i + 1 < len(found) and found[i + 1].text == "("
        name = parts(token.text) if token.kind == "name" and not call else ()
        inner = own.get(name[-1], name[-1] if len(name) == 2 else token.text) if name else token.text
        out.append(inner if not name or is_column(inner) else f"({inner})")
    return unwrapped("".join(out))
