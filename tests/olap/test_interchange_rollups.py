"""Pre-aggregations of Cube: a rollup where a cube file has them, with what can be stored; told otherwise."""

from pathlib import Path

import pytest
import yaml

from crm_analytics.olap.interchange.cube_yaml import import_cube
from crm_analytics.olap.load import CUBE_KEYS, load_model
from olap.foreign import CUBE, written


def left_out(folder: Path, text: str) -> list[str]:
    (folder / "shop.yml").write_text(text)
    found = import_cube(folder / "shop.yml")
    load_model(written(folder, found))
    return list(found.left_out)


PRE_AGGREGATIONS = """    pre_aggregations:
      - name: main
        measures: [CUBE.revenue, orders, order_value, lines]
        dimensions: [CUBE.size, customer.region]
        time_dimension: CUBE.sold_at
        granularity: month
"""


def test_a_pre_aggregation_is_told_or_a_rollup(tmp_path: Path) -> None:
    text = CUBE.replace("    segments:\n", f"{PRE_AGGREGATIONS}    segments:\n", 1)
    told = {line.rpartition("pre-aggregation 'main': ")[2] for line in left_out(tmp_path, text)}
    cubes = yaml.safe_load((tmp_path / "cubes" / "sales.yml").read_text())
    if "rollups" not in CUBE_KEYS:
        assert told == {"left out: a cube file has no 'rollups'"}
        return
    # A distinct count does not follow from its parts, and neither does what is made from it.
    assert told == {"does not store orders, order_value, which does not follow from its parts"}
    by = ["row.size", "customer.region", "sold_at.year", "sold_at.quarter", "sold_at.month"]
    assert cubes["rollups"] == {"main": {"by": by, "measures": ["revenue", "lines"]}}


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("name: main\n", "name: main\n        type: original_sql\n", "a cube file has no original_sql"),
        ("granularity: month", "granularity: hour", "only years, quarters, months, weeks and days are carried over"),
        ("customer.region", "customer.n", "'customer.n' is no dimension that could be carried over"),
        ("CUBE.revenue,", "contacts.minutes,", "'contacts.minutes' is no measure of the cube itself"),
    ],
)
def test_a_pre_aggregation_of_another_kind_is_told(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = CUBE.replace("    segments:\n", f"{PRE_AGGREGATIONS.replace(old, new)}    segments:\n", 1)
    assert any(f"pre-aggregation 'main': left out: {why}" in line for line in left_out(tmp_path, text))
