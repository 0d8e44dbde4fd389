"""The law of every import: what it does not carry over is listed, wherever in the model it stands."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.errors import CrmError
from crm_analytics.olap.interchange import IMPORTERS
from crm_analytics.olap.interchange.account import Imported
from crm_analytics.olap.load import load_model
from olap.foreign import CUBE, LATEST, LEGACY, OSI, written

MODELS = {"cube": CUBE, "metricflow": LEGACY, "metricflow latest": LATEST, "osi": OSI}
# What has no part in the semantic layer is not listed key by key: columns and tables of dbt that are only described.
NO_PART = {"metricflow latest": {"stg_tills", "quantity"}}


def mappings(value: Any, no_part: set[str]) -> Iterator[dict[str, Any]]:
    """Every mapping of a model, except those that have no part in it and whatever an expression holds."""
    if isinstance(value, dict):
        if value.get("name") in no_part or "dialect" in value:
            return
        yield value
        for inner in value.values():
            yield from mappings(inner, no_part)
    elif isinstance(value, list):
        for inner in value:
            yield from mappings(inner, no_part)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=30)
@given(data=st.data())
def test_a_key_that_nobody_knows_is_listed_wherever_it_stands(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = yaml.safe_load(MODELS[name])
    places = list(mappings(model, NO_PART.get(name, set())))
    places[data.draw(st.integers(0, len(places) - 1))]["whatever"] = data.draw(st.sampled_from([1, "x", [1], {"a": 1}]))
    folder = tmp_path_factory.mktemp("planted")
    (folder / "model.yml").write_text(yaml.safe_dump(model, sort_keys=False))
    read: Callable[[Path], Imported] = IMPORTERS[name.split()[0]]
    imported = read(folder / "model.yml")
    assert any("'whatever': left out" in line for line in imported.left_out), imported.left_out
    load_model(written(folder, imported))


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a model."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*place, key)
        yield from places(inner, (*place, key))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_model_with_anything_in_any_place_is_imported_or_refused_in_words(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = yaml.safe_load(MODELS[name])
    *way, last = data.draw(st.sampled_from(list(places(model))))
    around = model
    for step in way:
        around = around[step]
    around[last] = data.draw(
        st.sampled_from([None, "", "x", "{x.y}", "a.b", "SUM(", 7, True, [], ["x"], [1], {}, {"a": 1}])
    )
    folder = tmp_path_factory.mktemp("broken")
    (folder / "model.yml").write_text(yaml.safe_dump(model, sort_keys=False))
    try:
        imported = IMPORTERS[name.split()[0]](folder / "model.yml")
    except CrmError:
        return
    if imported.files:
        load_model(written(folder, imported))


@pytest.mark.parametrize("name", MODELS)
def test_the_cube_files_of_every_model_load_and_say_where_they_are_from(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.yml").write_text(MODELS[name])
    imported = IMPORTERS[name.split()[0]](tmp_path / "model.yml")
    assert "sales" in load_model(written(tmp_path, imported)).cubes
    for text in imported.files.values():
        assert text.startswith("# yaml-language-server: $schema=cube.schema.json\n# From model.yml.\n")
