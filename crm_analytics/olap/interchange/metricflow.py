"""Import of dbt's semantic layer (MetricFlow): semantic models and metrics as cube files.

Not MetricFlow: a metric is carried over when a cube file can say the same
thing; filters see only the columns of the metric's own table, as `where` does.

May import: olap.interchange.account, olap.interchange.assemble, olap.interchange.dataset,
olap.interchange.dbt_metrics, olap.interchange.dbt_spec, olap.interchange.dbt_values,
olap.interchange.sqltext.   Imported by: olap.interchange.
"""

from pathlib import Path

from crm_analytics.olap.interchange.account import Account, Imported, model_files
from crm_analytics.olap.interchange.assemble import assemble
from crm_analytics.olap.interchange.dataset import Dataset, Link, attribute_spec, fit_name
from crm_analytics.olap.interchange.dbt_metrics import add_measures
from crm_analytics.olap.interchange.dbt_spec import read_latest, read_legacy, read_metrics
from crm_analytics.olap.interchange.dbt_values import Metric, SemanticModel
from crm_analytics.olap.interchange.sqltext import is_column, parts

ENDINGS = (".yml", ".yaml", ".json")
PARTS = ("semantic_models", "metrics", "models", "saved_queries")
_FINE = ("", "day", "week", "month", "quarter", "year")

REASONS = {
    "config": "settings of dbt",
    "data_tests": "checks of dbt; 'crm check' has its own",
    "description": "an attribute has no description",
    "group": "a cube file has no groups",
    "is_partition": "a cube file has no partitions",
    "meta": "a cube file has no place for it",
    "project_configuration": "the calendar of a cube is its date dimension",
    "role": "a dimension is called as its entity",
    "saved_queries": "a question is asked by 'crm query'",
    "tests": "checks of dbt; 'crm check' has its own",
    "time_granularity": "a question names the period that it is about",
    "validity_params": "a dimension here has one row a member",
    "time_spine": "the calendar of a cube is its date dimension",
}


def import_metricflow(path: Path) -> Imported:
    """The semantic models and metrics in a file, or in every file of a folder, as cube files.

    Raises
    ------
    ConfigError : a file cannot be read, or the model has mistakes; one line for each.
    """
    account = Account(REASONS)
    models: list[SemanticModel] = []
    metrics: list[Metric] = []
    for file in model_files(path, ENDINGS):
        top = account.open(file)
        if not any(part in top for part in PARTS):
            top.account.read(top.file, ())
            account.leave(str(file), "the file", "it holds no semantic models and no metrics")
            continue
        top.text("version")
        models += read_legacy(top)
        for model, own in read_latest(top):
            models.append(model)
            metrics += own
        metrics += read_metrics(top)
    datasets = _datasets(models)
    add_measures(datasets, models, metrics)
    return assemble({d.name: d for d in datasets.values()}, account, path.name)


def _datasets(models: list[SemanticModel]) -> dict[str, Dataset]:
    """One dataset for each semantic model, by the model's name; a dimension is called as its primary entity."""
    names: dict[str, str] = {}
    for model in models:
        if model.name in names:
            model.source.wrong(f"two semantic models are called {model.name!r}")
        keys = [e for e in model.entities if e.kind == "primary"]
        model.primary = keys[0].name if keys else model.primary
        wanted = fit_name(model.primary or model.name)
        names[model.name] = fit_name(model.name if wanted in names.values() else wanted, names.values())
    found = {model.name: _dataset(model, names[model.name]) for model in models}
    for model in models:
        _join(model, models, found)
    return found


def _dataset(model: SemanticModel, name: str) -> Dataset:
    source = model.source
    dataset = Dataset(
        name,
        source,
        model.table,
        tuple(key for e in model.entities if e.kind == "primary" and (key := _column(e.expr))),
        title=source.words("label"),
        description=_plain(source.words("description")),
        cube=fit_name(model.name),
        row=fit_name(model.primary) if model.primary else "row",
    )
    by_day = len(dataset.key) == 1 and any(c.kind == "time" and c.expr in dataset.key for c in model.columns)
    dataset.calendar = model.calendar or by_day
    for column in model.columns:
        attribute = fit_name(column.name, dataset.attributes)
        if column.dated:
            column.source.tell("the rows of this table hold for a time; a dimension here has one row a member")
        if column.kind == "time":
            dataset.times[attribute] = column.expr
            if column.grain.lower() not in _FINE:
                column.source.tell(f"is carried over by day; {column.grain.lower()}s are not")
            if column.title:
                column.source.tell(f"its label {column.title!r} is not carried over: it becomes one attribute a period")
        else:
            dataset.attributes[attribute] = attribute_spec(attribute, column.expr, column.title)
    return dataset


def _join(model: SemanticModel, models: list[SemanticModel], datasets: dict[str, Dataset]) -> None:
    """The entities of a table as its joins, and as attributes where they lead nowhere."""
    dataset = datasets[model.name]
    for entity in model.entities:
        if entity.kind == "natural":
            entity.source.leave("a dimension here has one row a member, and this key has one for each time")
            continue
        column = _column(entity.expr)
        targets = [
            (other, key)
            for other in models
            for key in other.entities
            if other is not model
            and key.name == entity.name
            and key.kind in ("primary", "unique")
            and _column(key.expr)
        ]
        for other, key in targets if column else ():
            role = fit_name(entity.name) if other.primary == entity.name else datasets[other.name].name
            dataset.links.append(Link(datasets[other.name].name, _column(key.expr), column, role, entity.source))
        if not targets or entity.kind in ("primary", "unique"):
            name = fit_name(column or entity.name, dataset.attributes)
            dataset.attributes[name] = attribute_spec(name, entity.expr)
        elif not column:
            entity.source.leave(f"only a column can lead to another table, not {entity.expr!r}")
        if entity.kind == "primary" and not column:
            entity.source.tell(f"its key {entity.expr!r} is no column")
        entity.source.words("label")


def _column(expr: str) -> str:
    return parts(expr)[0] if is_column(expr) else ""


def _plain(text: str) -> str:
    """A description, unless it is a template of dbt."""
    return "" if "{{" in text else text
