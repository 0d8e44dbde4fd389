"""A rollup never answers for a star that has changed since, whether a load tells of the change or not."""

from datetime import datetime
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.project import Project

NOW = datetime(2024, 1, 1, 12, 0)
CUBE = """version: 1
cube: sales
fact: {table: fct_sale, key: [order_id, line_id]}
dimensions:
  channel: {table: dim_channel, key: channel_key, unknown: Unknown, attributes: {channel: {}}}
measures:
  revenue: {agg: sum, sql: revenue}
  lines: {agg: count}
rollups:
  money: {by: [channel.channel], measures: [revenue]}
  number: {by: [channel.channel], measures: [lines]}
"""
LINES = "order_id,line_id,channel,sold_at,revenue\na,1,store,2024-01-01,10\nb,1,web,2024-01-01,5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    till = tmp_path / "data" / "till"
    till.mkdir(parents=True)
    (tmp_path / "cubes").mkdir()
    (tmp_path / "cubes" / "sales.yml").write_text(CUBE)
    (till / "source.yml").write_text("version: 1\nfiles:\n  lines: {path: lines.csv}\n")
    (till / "sales.sql").write_text("SELECT * FROM raw_lines")
    (till / "lines.csv").write_text(LINES)
    channels(tmp_path, "store, web")
    with crm.open(tmp_path) as shop:
        shop.load(now=NOW)
        assert sales(shop) == {"store": (10, 1), "web": (5, 1)}
        assert answering(shop) == [1, 1]
    return tmp_path


def channels(folder: Path, listed: str) -> None:
    (folder / "crm.yml").write_text(f"version: 1\nname: Shop\nchannels: [{listed}]\n")


def sales(shop: Project) -> dict[str, tuple[float, int]]:
    """Revenue and lines of each channel as the cube says, from the rollups where they may answer."""
    asked = shop.cube("sales").by("channel.channel")
    money, number = (asked.measures(name).run().frame.rows() for name in ("revenue", "lines"))
    return {str(channel): (float(amount), dict(number)[channel]) for channel, amount in money}


def answering(shop: Project) -> list[int]:
    """Of which load the rollups hold the numbers; -1 where one may not answer."""
    return [int(str(load)) for (load,) in shop.engine.rows("SELECT load_id FROM rollups")]


def test_a_channel_that_crm_yml_takes_away_is_gone_from_the_cube_though_no_file_changed(folder: Path) -> None:
    channels(folder, "store")
    with crm.open(folder) as shop:
        assert shop.load(now=NOW) == ()
        assert sales(shop) == {"store": (10, 1), "Unknown": (5, 1)}
        assert answering(shop) == [1, 1]


def test_taking_a_load_back_and_being_interrupted_then_leaves_no_rollup_of_what_was(folder: Path) -> None:
    with crm.open(folder) as shop:
        (folder / "data" / "till" / "lines.csv").write_text(LINES + "c,1,web,2024-01-02,7\n")
        shop.load(now=NOW)
        assert sales(shop) == {"store": (10, 1), "web": (12, 2)}

        def interrupted(_: str) -> None:
            raise KeyboardInterrupt

        # The load is taken back already, and the first rollup renewed; the second was not come to.
        with pytest.raises(KeyboardInterrupt):
            shop.undo_load(2, interrupted, NOW)
        assert sales(shop) == {"store": (10, 1), "web": (5, 1)}
        assert -1 in answering(shop)
