"""A document of ours that somebody changed: what OSI has no words for comes back whole or is told, and all loads."""

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.errors import CrmError
from crm_analytics.olap.interchange.osi import import_osi
from crm_analytics.olap.interchange.osi_export import export_osi
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.conftest import CUBES
from olap.foreign import written
from olap.test_interchange_lists import places

KINDS = CUBES.parent / "kinds"
Semantic = dict[str, Any]


def changed(cubes: Path, folder: Path, change: Callable[[Semantic], None]) -> tuple[Model, list[str]]:
    """The cubes after somebody changed the one semantic model, and what the import says of dimensions."""
    document = json.loads(export_osi(cubes, "shop").text(as_json=True))
    change(document["semantic_model"][0])
    (folder / "shop.json").write_text(json.dumps(document))
    imported = import_osi(folder / "shop.json")
    return load_model(written(folder, imported)), [
        line.partition(": ")[2] for line in imported.left_out if "dimension '" in line or "hierarchy '" in line
    ]


def described(semantic: Semantic) -> None:
    """A change that touches no dimension."""
    semantic["metrics"][0]["description"] = "New."


def called(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


@pytest.mark.parametrize("folder", [CUBES, KINDS], ids=["cohort", "history, bridge and tree"])
def test_a_dimension_without_words_comes_back_whole_where_its_part_is_unchanged(folder: Path, tmp_path: Path) -> None:
    back, told = changed(folder, tmp_path, described)
    assert told == []
    for cube in load_model(folder).cubes.values():
        assert back.cube(cube.name).roles == cube.roles  # `date` too, which is not the first of its two roles


def test_it_is_no_part_of_the_document() -> None:
    exported = export_osi(KINDS, "shop")
    [semantic] = exported.document["semantic_model"]
    assert [dataset["name"] for dataset in semantic["datasets"]] == ["contacts", "sales", "date"]
    told = [line.partition(": ")[2] for line in exported.left_out]
    for name, key in (("customer", "history"), ("club", "bridge"), ("range", "tree")):
        assert f"dimension {name!r}: left out: the format has no word for {key}" in told


def move(semantic: Semantic) -> None:
    called(semantic["datasets"], "contacts")["source"] = "fct_talk"


def test_it_is_left_out_and_told_where_the_cube_reads_another_table(tmp_path: Path) -> None:
    back, told = changed(KINDS, tmp_path, move)
    why = "left out: the cube was changed since it was exported, and reads fct_talk now"
    assert told == [f"cube 'contacts', dimension {name!r}: {why}" for name in ("customer", "club")]
    assert list(back.cube("contacts").roles) == ["date"]
    assert {"customer", "club", "range"} <= back.cube("sales").roles.keys()


def without_customer(semantic: Semantic) -> None:
    semantic["relationships"] = [r for r in semantic["relationships"] if r["name"] != "contacts_to_customer"]


def without_sales(semantic: Semantic) -> None:
    semantic["datasets"] = [d for d in semantic["datasets"] if d["name"] != "sales"]


def without_day(semantic: Semantic) -> None:
    days = called(semantic["datasets"], "date")
    days["fields"] = [f for f in days["fields"] if f["name"] != "date"]


def with_another(semantic: Semantic) -> None:
    described(semantic)
    called(semantic["relationships"], "contacts_to_score").update(
        {"custom_extensions": [{"vendor_name": "CRM_ANALYTICS", "data": '{"role": "cohort"}'}]}
    )


@pytest.mark.parametrize(
    ("change", "cubes", "why"),
    [
        (without_customer, ["contacts"], "a cohort needs dimension 'customer', which cube 'contacts' does not reach"),
        (without_sales, ["contacts"], "the cohort is taken from cube 'sales', which is not there any more"),
        (without_day, ["contacts", "sales"], "a cohort needs a day, and no attribute of dimension 'date' says 'period"),
        (with_another, ["contacts"], "since it was exported, and something else is called 'cohort' now"),
    ],
)
def test_a_cohort_is_told_where_what_it_leans_on_is_gone(
    change: Callable[[Semantic], None], cubes: list[str], why: str, tmp_path: Path
) -> None:
    back, told = changed(CUBES, tmp_path, change)
    lost = [line for line in told if why in line]
    assert [line.partition(":")[0] for line in lost] == [f"cube {cube!r}, dimension 'cohort'" for cube in cubes]
    for cube in back.cubes.values():
        first = cube.roles["cohort"].dimension.first if "cohort" in cube.roles else None
        assert (first is None) == (cube.name in cubes)


def test_a_hierarchy_that_lost_a_level_is_told(tmp_path: Path) -> None:
    back, told = changed(CUBES, tmp_path, without_day)
    for name in ("calendar", "weeks"):
        why = "is left out, for its level 'date' is no field any more"
        assert f"semantic model 'shop', dataset 'date': hierarchy {name!r} {why}" in told
    assert back.cube("sales").roles["date"].dimension.hierarchies == {}


def without_columns(semantic: Semantic) -> None:
    contacts = called(semantic["datasets"], "contacts")
    contacts["fields"] = [f for f in contacts["fields"] if f["name"] not in ("direction", "kind")]


def test_a_dimension_of_columns_without_fields_is_none(tmp_path: Path) -> None:
    back, _ = changed(CUBES, tmp_path, without_columns)
    assert "contact" not in back.cube("contacts").roles


def test_a_dimension_that_no_cube_uses_comes_back(tmp_path: Path) -> None:
    cubes = tmp_path / "own"
    shutil.copytree(CUBES, cubes)
    with (cubes / "dimensions.yml").open("a") as file:
        file.write("  idle: {first: {cube: contacts}}\n  store: {table: dim_store, key: k, attributes: {town: {}}}\n")
    changed(cubes, tmp_path, described)
    text = (tmp_path / "cubes" / "dimensions.yml").read_text()
    assert "idle:" in text
    assert "store:" in text


DOCUMENTS: Mapping[str, Any] = {
    folder.name: json.loads(export_osi(folder, "shop").text(as_json=True)) for folder in (CUBES, KINDS)
}


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_is_taken_away_or_renamed_the_cube_files_load_or_it_is_refused_in_words(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = copy.deepcopy(DOCUMENTS[name])
    *way, last = data.draw(st.sampled_from(list(places(document))))
    around = document
    for step in way:
        around = around[step]
    if isinstance(around[last], str) and data.draw(st.booleans()):
        around[last] = data.draw(st.sampled_from(["customer", "cohort", "date", "sales", "contacts", "x"]))
    else:
        del around[last]
    folder = tmp_path_factory.mktemp("changed")
    (folder / "shop.json").write_text(json.dumps(document))
    try:
        imported = import_osi(folder / "shop.json")
    except CrmError:
        return
    if imported.files:
        load_model(written(folder, imported))
