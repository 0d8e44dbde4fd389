"""The engine's own promises: one sentence for every failure, all or nothing, no network."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.engines import connect
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.engines.scans import Scan
from crm_analytics.errors import DataError, WarehouseError
from crm_analytics.sql import Query


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


def test_a_frame_has_the_types_and_the_bound_values_of_the_query(engine: DuckEngine) -> None:
    frame = engine.frame(Query("SELECT $n::INTEGER AS n, $t AS t", {"n": 1, "t": "x"}))
    assert frame.equals(pl.DataFrame({"n": [1], "t": ["x"]}, schema={"n": pl.Int32, "t": pl.String}))


def test_a_frame_is_written_and_replaced(engine: DuckEngine) -> None:
    engine.write_frame('odd "name"', pl.DataFrame({"a": [1, 2]}))
    engine.write_frame('odd "name"', pl.DataFrame({"b": ["x"]}))
    assert engine.tables() == {'odd "name"'}
    assert engine.columns('"odd ""name"""') == {"b": "VARCHAR"}


def test_an_error_is_one_sentence_without_the_drawing_of_the_statement(engine: DuckEngine) -> None:
    with pytest.raises(DataError) as caught:
        engine.rows("SELECT nmae FROM (SELECT 1 AS name)")
    assert "nmae" in str(caught.value)
    assert not {"\n", "^", "LINE 1"} & {c for c in ("\n", "^", "LINE 1") if c in str(caught.value)}


def test_a_transaction_that_fails_leaves_nothing_behind(engine: DuckEngine) -> None:
    def build() -> None:
        with engine.transaction():
            engine.execute("CREATE TABLE t AS SELECT 1 AS a")
            engine.execute("SELECT nonsense")

    with pytest.raises(DataError, match="nonsense"):
        build()
    assert engine.tables() == frozenset()


def test_a_transaction_that_is_interrupted_leaves_nothing_behind(engine: DuckEngine) -> None:
    def build() -> None:
        with engine.transaction():
            engine.execute("CREATE TABLE t AS SELECT 1 AS a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build()
    assert engine.tables() == frozenset()
    with engine.transaction():
        engine.execute("CREATE TABLE t AS SELECT 1 AS a")
    assert engine.tables() == {"t"}


def test_columns_are_told_without_running_the_query(engine: DuckEngine) -> None:
    # Running it would fail: the text is no number.
    assert engine.columns("(SELECT CAST('x' AS INTEGER) AS n)") == {"n": "INTEGER"}


def test_nothing_is_fetched_from_the_network(engine: DuckEngine) -> None:
    with pytest.raises((DataError, WarehouseError)):
        engine.rows("SELECT * FROM read_parquet('https://127.0.0.1:9/x.parquet')")
    found = dict(engine.rows("SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'"))
    assert found == {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def test_times_are_read_in_utc_wherever_the_machine_stands(engine: DuckEngine) -> None:
    assert engine.rows("SELECT CAST(TIMESTAMPTZ '2017-01-01 00:30:00+02:00' AS DATE)::VARCHAR") == [("2016-12-31",)]


NOT_A_WAREHOUSE = {"a text": b"hello\n" * 1000, "a cut off file": b"\0" * 5, "zeros": b"\0" * 20_000}


@pytest.mark.parametrize("case", NOT_A_WAREHOUSE)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_warehouse_is_named_and_left_alone(case: str, read_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(NOT_A_WAREHOUSE[case])
    with pytest.raises(WarehouseError) as caught:
        connect(path, read_only=read_only)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == NOT_A_WAREHOUSE[case]


def test_a_folder_or_a_missing_folder_is_no_warehouse(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "warehouse.duckdb"):
        with pytest.raises(WarehouseError, match=str(path)):
            connect(path)


def test_a_warehouse_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with pytest.raises(WarehouseError, match=str(path)):
        connect(path, read_only=True)
    assert not path.exists()


def test_reading_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    connect(path).close()
    engine = connect(path, read_only=True)
    with pytest.raises(DataError, match="read-only"):
        engine.execute("CREATE TABLE t AS SELECT 1 AS a")
    engine.close()


def test_a_memory_limit_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb: .*Memory must have a number"):
        connect(tmp_path / "warehouse.duckdb", memory_limit="lots")


def test_running_out_of_memory_says_which_setting_to_raise(tmp_path: Path) -> None:
    engine = DuckEngine.open(None, memory_limit="10MB", threads=1)
    engine.execute("SET temp_directory = ''")
    with pytest.raises(WarehouseError, match=r"^Out of Memory.* Raise memory_limit in crm\.yml\.$"):
        engine.execute("CREATE TABLE t AS SELECT md5(range::VARCHAR) AS a FROM range(2_000_000) ORDER BY 1")
    engine.close()


def test_an_estimate_plans_the_statement_and_does_not_run_it(engine: DuckEngine) -> None:
    engine.execute("CREATE SEQUENCE numbers")
    engine.execute("CREATE TABLE t AS SELECT range AS n FROM range(1000)")
    query = Query("SELECT nextval('numbers') AS a FROM t WHERE n = $n", {"n": 7})
    planned = engine.estimate(query)
    assert [(scan.table, scan.rows) for scan in planned.scans] == [("t", 1000)]
    assert planned.rows == planned.scans[0].passed < 1000
    assert planned.plan.startswith("seq scan: t; (n = 7)")
    assert engine.rows("SELECT nextval('numbers')") == [(1,)]
    # Measuring does run it, and of the thousand rows one goes on.
    assert engine.scans(query) == (Scan("t", 1000, 1),)
    assert engine.rows("SELECT nextval('numbers')") == [(3,)]


def test_the_tables_of_a_plan_have_the_names_that_they_were_given(engine: DuckEngine) -> None:
    engine.execute('CREATE TABLE "odd ""na.me" AS SELECT 1 AS n')
    engine.execute('CREATE VIEW seen AS SELECT n FROM "odd ""na.me" UNION ALL SELECT 2')
    query = Query("SELECT n FROM seen")
    assert engine.estimate(query).scans == engine.scans(query) == (Scan('odd "na.me', 1, 1),)


@pytest.mark.parametrize("text", ["SELECT 1 AS n", "SELECT 1 AS n WHERE FALSE", "SELECT range AS n FROM range(3)"])
def test_a_statement_may_read_no_table(engine: DuckEngine, text: str) -> None:
    assert engine.estimate(Query(text)).scans == engine.scans(Query(text)) == ()


def test_a_statement_that_cannot_be_planned_is_one_sentence(engine: DuckEngine) -> None:
    for refuse in (engine.estimate, engine.scans):
        with pytest.raises(DataError, match="nonsense"):
            refuse(Query("SELECT nonsense"))
