"""Cube files: every mistake is told at once with its line; the shipped ones load and fit their schema."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from crm_analytics.errors import ConfigError
from crm_analytics.olap import (
    load,
    load_access,
    load_additivity,
    load_assertions,
    load_dimension,
    load_drill,
    load_kinds,
    load_measure,
    load_rollup,
)
from crm_analytics.olap.load import load_model
from crm_analytics.olap.measure import AGGREGATES, TAKES

TEMPLATES = Path(load.__file__).parents[1] / "templates"
SHIPPED = sorted(TEMPLATES.glob("*/cubes"))
SCHEMA = json.loads((SHIPPED[0] / "cube.schema.json").read_text())

CUBE = """version: 1
cube: sales
fact: {table: fct_sale, key: order_id}
dimensions: {product: {}}
measures: {revenue: {agg: sum, sql: revenue}}
"""
SHARED = """version: 1
dimensions:
  product: {table: dim_product, key: product_key, attributes: {department: {}}}
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in {"dimensions": SHARED, **files}.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_model(folder)
    return [line.removeprefix(f"{folder}/") for line in str(error.value).splitlines()]


def test_the_smallest_cube_has_titles_formats_and_keys_by_default(tmp_path: Path) -> None:
    cube = load_model(write(tmp_path, sales=CUBE)).cube("sales")
    assert (cube.title, cube.key, cube.role("product").column) == ("Sales", ("order_id",), "product_key")
    assert cube.attribute("product.department")[1].sql == '"department"'
    assert cube.measure("revenue").format == "number"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("agg: sum", "agg: summ", "sales.yml:5: no aggregate 'summ'. Did you mean 'sum'?"),
        ("agg: sum", "aggr: sum", "sales.yml:5: unknown key 'aggr'. Did you mean 'agg'?"),
        ("agg: sum, sql: revenue", "agg: sum", "sales.yml:5: measure 'revenue': sum needs 'sql'"),
        ("sql: revenue", "sql: revenue, format: euro", "sales.yml:5: no format 'euro'."),
        ("sql: revenue", "formula: a + b", "sales.yml:5: measure 'revenue' needs either 'agg', 'formula' or 'of'"),
        ("agg: sum, sql: revenue", "formula: a +", "sales.yml:5: measure 'revenue': formula 'a +' does not parse"),
        ("agg: sum, sql: revenue", "formula: orders / 2", "'revenue': cube 'sales' has no measure 'orders'"),
        ("agg: sum, sql: revenue", "formula: sale.x", "'revenue': no cube 'sale'. Did you mean 'sales'?"),
        ("agg: sum, sql: revenue", "formula: revenue + 1", "it needs itself: sales.revenue needs sales.revenue"),
        ("agg: sum, sql: revenue", "formula: '1', where: x > 1", "sales.yml:5: a formula takes no 'where'"),
        ("revenue: {", "Revenue: {", "sales.yml:5: 'Revenue' cannot be a name: small letters"),
        ("revenue: {", "total: {", "sales.yml:5: 'total' means something else in questions"),
        ("revenue: {agg: sum, sql: revenue}", "", "sales.yml:5: a cube needs 'measures', at least one"),
        (
            "agg: sum, sql: revenue",
            "of: revenu, shift: 1 year",
            "sales.yml:5: measure 'revenue': cube 'sales' has no measure",
        ),
        ("agg: sum, sql: revenue", "of: revenue, shift: 1 year", "it needs itself: sales.revenue needs sales.revenue"),
        ("agg: sum, sql: revenue", "shift: 1 year", "sales.yml:5: measure 'revenue': 'shift' needs 'of', the measure"),
        ("agg: sum, sql: revenue", "of: a, shift: a year", "'a year' is no length of time, such as 1 year or 90 days"),
        ("agg: sum, sql: revenue", "of: a, to_date: yaer", "no period 'yaer'. Did you mean 'year'?"),
        ("agg: sum, sql: revenue", "of: a", "measure 'revenue' needs one of shift, change, growth, to_date, trailing,"),
        ("agg: sum, sql: revenue", "of: a, cumulative: false", "measure 'revenue': 'cumulative' takes only true"),
        ("agg: sum, sql: revenue", "of: a, cumulative: true, to_date: year", "only one window and one comparison"),
        (
            "agg: sum, sql: revenue",
            "of: a, shift: 1 day, where: x",
            "a calculation takes no 'where'; put it on the measure",
        ),
        ("product: {}", "p: {attributes: {a: {period: fortnight}}}", "sales.yml:4: no period 'fortnight'. Known: "),
        ("product: {}", "prodct: {}", "called 'prodct'. Did you mean 'product'?"),
        ("product: {}", "product: {table: t}", "sales.yml:4: dimension 'product' needs 'attributes'"),
        ("product: {}", "product: [a]", "sales.yml:4: 'product' needs names with values, not ['a']"),
        ("product: {}", "product: {}, other: {attributes: {a: {}}, roles: {product: x}}", "two dimensions are called"),
        ("table: fct_sale, ", "", "sales.yml:3: 'fact.table' is missing"),
        ("key: order_id", "key: {a: b}", "sales.yml:3: 'key' needs a list of names"),
        ("version: 1", "version: 2", "sales.yml:1: 'version' is 2; this program reads version 1"),
        ("agg: sum, sql: revenue", "formula: '10'", "sales.yml:5: measure 'revenue': formula '10' names no measure"),
        ("product: {}", "product: {key: k, roles: {a: b}}", "sales.yml:4: 'key' and 'roles' exclude each other"),
        ("product: {}", "x: {attributes: {a: {}}, roles: {y: z}}", "sales.yml:4: dimension 'x' has no 'table', so"),
        ("product: {}", "sales: {attributes: {a: {}}}", "sales.yml:4: 'sales' is a cube too, so sales.x could mean"),
        ("version: 1", "version: 1\ndrill_through: {limit: 0}", "sales.yml:2: 'limit' needs a whole number of rows"),
        ("version: 1", "version: 1\ndrill_through: {columns: [prodct.department]}", "Did you mean 'product'?"),
        ("version: 1", "version: 1\ndrill_through: {columns: [product.departmnt]}", "Did you mean 'department'?"),
        ("cube: sales", "cube: [sales]", "sales.yml:2: 'cube' needs a text, not ['sales']"),
        ("cube: sales", "cube: sales\ncube: sales", "sales.yml:3: 'cube' stands twice"),
        ("cube: sales", "cube: {", "sales.yml:"),
        (
            "revenue}}",
            "revenue}}\nrollups: {r: {by: [product.x], measures: [revenue]}}",
            "6: no attribute of 'product' 'x'",
        ),
        (
            "revenue}}",
            "revenue}}\nrollups: {r: {by: [prod.x], measures: [revenue]}}",
            "6: no dimension of this cube 'prod'",
        ),
        (
            "revenue}}",
            "revenue}}\nrollups: {r: {by: [product.department], measures: [r]}}",
            "no measure of this cube 'r'",
        ),
        ("revenue}}", "revenue}}\nrollups: {r: {measures: [revenue]}}", "sales.yml:6: 'by' needs a list of names"),
        ("agg: sum,", "agg: sum, sketch: hll,", "5: measure 'revenue': only agg: count_distinct takes 'sketch'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in CUBE
    found = mistakes(write(tmp_path, sales=CUBE.replace(old, new)))
    assert any(told in line for line in found), found


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    shared = SHARED.replace("department: {}}", "department: {titel: x}}, hierarchies: {h: [departmnt]}")
    found = mistakes(
        write(tmp_path, dimensions=shared, sales=CUBE.replace("sum", "summ"), b=CUBE.replace("fact", "fct"))
    )
    assert [line.split(":")[0] for line in found] == [
        "dimensions.yml",
        "dimensions.yml",
        *["b.yml"] * 3,
        *["sales.yml"] * 2,
    ]
    assert "no attribute 'departmnt'. Did you mean 'department'?" in found[1]
    assert "cube 'sales' stands already at" in found[-1]


@pytest.mark.parametrize(
    ("measure", "why"),
    [
        ("{agg: count_distinct, sql: x}", "is a distinct count, which does not follow from its parts"),
        ("{agg: median, sql: x}", "is a median, which does not follow from its parts"),
        ("{formula: revenue / n}", "n is a distinct count"),
    ],
)
def test_a_rollup_of_what_has_no_parts_is_refused(tmp_path: Path, measure: str, why: str) -> None:
    more = (
        f"n: {{agg: count_distinct, sql: x}}, x: {measure}}}\nrollups: {{r: {{by: product.department, measures: [x]}}}}"
    )
    [line] = mistakes(write(tmp_path, sales=CUBE.replace("revenue}}", f"revenue}}, {more}")))
    assert line.startswith("sales.yml:6: rollup 'r': ")
    assert why in line


def test_two_rollups_of_one_table_are_refused(tmp_path: Path) -> None:
    # Cube a_b with rollup c, and cube a with rollup b_c: both would be rollup_a_b_c.
    rollups = "rollups: {%s: {by: product.department, measures: [revenue]}}"
    one = CUBE.replace("cube: sales", "cube: a_b") + rollups % "c"
    other = CUBE.replace("cube: sales", "cube: a") + rollups % "b_c"
    [line] = mistakes(write(tmp_path, one=one, other=other))
    assert line == "other.yml:6: table rollup_a_b_c is that of rollup 'c' of cube 'a_b' too"


def test_a_shared_dimension_without_a_table_is_refused(tmp_path: Path) -> None:
    shared = SHARED.replace("table: dim_product, key: product_key, ", "")
    assert mistakes(write(tmp_path, dimensions=shared, sales=CUBE)) == [
        "dimensions.yml:3: shared dimension 'product' needs 'table'; "
        "one of columns of the fact stands in the cube's own file"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 1, "dimensions": {"d": {"attributes": {"a": {}}}}},
        {"dimensions": {"d": {"key": "k", "roles": {"a": "b"}}}},
        {"dimensions": {"d": {"attributes": {"a": {}}, "roles": {"a": "b"}}}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(wrong: dict[str, object]) -> None:
    cube = yaml.safe_load(CUBE)
    jsonschema.validate(cube, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong if "version" in wrong else cube | wrong, SCHEMA)


def test_a_folder_without_cubes_says_so(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "cubes")[0].endswith("cubes: no such folder; cubes stand there, one .yml file each")
    assert mistakes(write(tmp_path))[0].endswith("no cube here; write one .yml file for each")


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda f: f.parent.name)
def test_shipped_cubes_load_and_fit_the_schema(folder: Path) -> None:
    retailer = {"sales", "contacts", "responses", "promotions"}
    wanted = {"tryton": {"customers", "deals", "consents"}}.get(folder.parent.name, retailer)
    assert wanted <= load_model(folder).cubes.keys()
    assert json.loads((folder / "cube.schema.json").read_text()) == SCHEMA
    for path in folder.glob("*.yml"):
        jsonschema.validate(yaml.safe_load(path.read_text()), SCHEMA)
        assert path.read_text().startswith("# yaml-language-server: $schema=cube.schema.json\n")


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda f: f.parent.name)
def test_shipped_cubes_show_no_private_column(folder: Path) -> None:
    cubes = [cube for cube in load_model(folder).cubes.values() if "customer" in cube.roles]
    assert cubes
    for cube in cubes:
        assert not {"name", "email", "phone"} & cube.role("customer").dimension.attributes.keys()


def test_the_schema_knows_the_keys_that_the_loader_knows() -> None:
    keys = {name: tuple(part.get("properties", ())) for name, part in SCHEMA["$defs"].items()}
    assert {name: set(k) for name, k in keys.items() if k} == {
        "shared": set(load.SHARED_KEYS),
        "cube": set(load.CUBE_KEYS),
        "fact": set(load.FACT_KEYS),
        "drill_through": set(load_drill.DRILL_KEYS),
        "dimension": set(load_dimension.SHARED_DIMENSION_KEYS),
        "first": set(load_dimension.FIRST_KEYS),
        "own": set(load_dimension.OWN_KEYS),
        "use": set(load_dimension.USE_KEYS),
        "attribute": set(load_dimension.ATTRIBUTE_KEYS),
        "access": set(load_access.ACCESS_KEYS),
        "history": set(load_kinds.HISTORY_KEYS),
        "bridge": set(load_kinds.BRIDGE_KEYS),
        "tree": set(load_kinds.TREE_KEYS),
        "measure": set(load_measure.MEASURE_KEYS),
        "rollup": set(load_rollup.ROLLUP_KEYS),
        "additive": set(load_additivity.ADDITIVE_KEYS),
        "semi_additive": set(load_additivity.SEMI_KEYS),
        "golden": set(load_assertions.GOLDEN_KEYS),
        "reconcile": set(load_assertions.RECONCILE_KEYS),
    }
    assert tuple(SCHEMA["$defs"]["measure"]["properties"]["agg"]["enum"]) == AGGREGATES
    assert tuple(SCHEMA["$defs"]["semi_additive"]["properties"]["take"]["enum"]) == TAKES
