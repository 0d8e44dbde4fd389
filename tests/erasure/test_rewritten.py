"""What is deleted from a DuckDB file stays in its blocks until the file is written anew."""

from pathlib import Path

from crm_analytics.config import ProjectConfig
from crm_analytics.opened import Opened

EMAIL = b"zoe@example.com"


def deleted(folder: Path, *, rewrite: bool) -> bytes:
    """A table in which a row among many was deleted, without compression, so that its bytes can be read."""
    opened = Opened(folder, ProjectConfig(name="test"))
    with opened.writing("making", new=True) as engine:
        engine.execute("SET force_compression = 'uncompressed'")
        engine.execute(
            "CREATE TABLE t AS SELECT i, CASE WHEN i = 5000 THEN 'zoe@example.com' ELSE 'c' || i || '@x.de' END "
            "AS email FROM range(10_000) r(i)"
        )
    assert EMAIL in opened.file.read_bytes()
    with opened.writing("deleting", rewrite=rewrite) as engine:
        engine.execute("SET force_compression = 'uncompressed'")
        engine.execute("DELETE FROM t WHERE i = 5000")
        engine.execute("CHECKPOINT")
        engine.execute("VACUUM")
    assert opened.reading().rows("SELECT count(*), sum(i) FROM t") == [(9_999, 10_000 * 9_999 // 2 - 5_000)]
    opened.close()
    return opened.file.read_bytes()


def test_deleting_alone_leaves_the_bytes(tmp_path: Path) -> None:
    # Where this fails DuckDB has learned to empty its free blocks, and the rewriting can go.
    assert EMAIL in deleted(tmp_path, rewrite=False)


def test_rewriting_leaves_none(tmp_path: Path) -> None:
    left = deleted(tmp_path, rewrite=True)
    assert EMAIL not in left
    assert b"c4999@x.de" in left
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["warehouse.duckdb"]
