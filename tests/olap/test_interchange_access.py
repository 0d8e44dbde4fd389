"""Access policies of Cube: each role sees the rows that it saw, or none."""

from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.interchange.cube_yaml import import_cube
from crm_analytics.olap.load import load_model
from olap.foreign import CUBE, model_of, rows, written


def left_out(folder: Path, text: str) -> list[str]:
    (folder / "shop.yml").write_text(text)
    found = import_cube(folder / "shop.yml")
    load_model(written(folder, found))
    return list(found.left_out)


POLICIES = """    access_policy:
      - group: north
        row_level: {filters: [{member: customer.region, operator: equals, values: ["{ securityContext.region }"]}]}
      - role: north
        row_level: {filters: [{or: [{member: size, operator: notEquals, values: [small]},
                                    {member: customer.region, operator: notSet}]}]}
      - groups: [boss, owner]
        member_level: {includes: "*"}
        row_level: {allow_all: true}
"""


def with_policies(policies: str) -> str:
    return CUBE.replace("    hierarchies:\n", f"{policies}    hierarchies:\n", 1)


def test_access_policies_become_the_rows_of_each_role(tmp_path: Path, engine: DuckEngine) -> None:
    model, imported = model_of(tmp_path, with_policies(POLICIES), import_cube, engine)
    assert imported.left_out == ()
    assert (
        "where: \"customer.region in (:region) or (not (row.size = 'small') or customer.region is unknown)\""
        in (imported.files["sales.yml"])
    )
    seen = seen_by(model, Viewer("north", {"region": "N"}))
    # All of ann's (N) 380, and of bob's (S) 60, 70 and 30 none is big; the 1000 of nobody known has no region.
    assert rows(engine, seen, "sales", ["revenue"], "customer.region") == [("N", 380), ("Unknown", 1000)]
    assert rows(engine, seen_by(model, Viewer("boss", {})), "sales", ["revenue"]) == [(1540,)]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ('group: "*"', "it is for everybody, and a cube file names its roles"),
        ("group: a, conditions: [{if: x}]", "a cube file has no conditions of a role"),
        ("group: a, member_level: {includes: [revenue]}", "a role sees every member of a cube that it may ask"),
        (
            "group: a, row_level: {filters: [{member: size, operator: contains, values: [b]}]}",
            "its operator 'contains'",
        ),
        (
            "group: a, row_level: {filters: [{member: what, operator: set}]}",
            "it filters by 'what', which is no attribute",
        ),
        ("group: a, row_level: {filters: [{member: sold_at, operator: set}]}", "the cube does not reach sales.sold_at"),
        ('group: a, row_level: {filters: [{member: size, operator: in, values: ["{ x }"]}]}', "'{ x }' is no value"),
    ],
)
def test_a_policy_that_is_not_understood_gives_no_rows(tmp_path: Path, policy: str, told: str) -> None:
    found = left_out(tmp_path, with_policies(f"    access_policy:\n      - {{{policy}}}\n      - {{role: b}}\n"))
    assert any(told in line and "access policy: left out" in line for line in found), found
    assert load_model(tmp_path / "cubes").cube("sales").access == {"b": None}
