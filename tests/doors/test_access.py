"""A project opened for a role: it answers cubes from the rows that the role may see, and does nothing else."""

from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.errors import AccessError
from tests.doors.conftest import Run


def test_a_role_gets_its_own_part_and_the_parts_are_the_whole(folder: Path) -> None:
    with crm.open(folder) as shop:
        by_region = shop.cube("sales").measures("revenue").by("store.region").frame
    revenue = dict(by_region.rows())
    region = max(revenue, key=lambda name: revenue[name])
    with crm.open(folder, role="region_manager", values={"regions": [region]}) as part:
        assert part.cube("sales").measures("revenue").frame["revenue"][0] == revenue[region]


def test_a_role_can_do_nothing_but_ask(folder: Path) -> None:
    with crm.open(folder, role="region_manager", values={"regions": ["North"]}) as shop:
        for work in (
            lambda: shop.engine,
            shop.load,
            shop.score,
            shop.report,
            shop.next_day,
            lambda: list(shop.check()),
        ):
            with pytest.raises(AccessError, match="which may ask cubes and nothing else"):
                work()


def test_the_command_line_asks_as_a_role(folder: Path, run: Run) -> None:
    words = ("sales", "-m", "revenue", "-C", folder, "--role", "region_manager")
    assert run("query", *words, "--let", "regions=North").code == 0
    assert run("query", *words).err == "crm: role 'region_manager' needs a value for 'regions'\n"
    assert run("query", *words, "--let", "regions").err.startswith("crm: --let: 'regions' is not a name and a value")
    assert run("cubes", "-C", folder, "--role", "region_manager", "--let", "regions=North").out.split()[0] == "sales"
    refused = run("query", "deals", "-m", "deals", "-C", folder, "--role", "region_manager", "--let", "regions=North")
    assert (refused.code, "so it may not be asked" in refused.err) == (2, True)


def test_values_without_a_role_are_a_role_forgotten(folder: Path, run: Run) -> None:
    ran = run("query", "sales", "-m", "revenue", "--let", "regions=North", "-C", folder)
    assert (ran.code, ran.err) == (2, "crm: a value for 'regions' is given, and no role that it belongs to\n")
