"""The score by Splink, which learns its weights from the records: `matcher: splink`, from the [identity] extra.

Splink works in a DuckDB of its own, in memory, on the normalised records; what comes
back is one probability a pair.  Keys, contradictions, decisions and the review
queue stay as they are.  Because it learns, a pair's score moves when records are
added; the built-in score does not.

The one place that imports splink.

Source: Linacre et al. (2022), "Splink: Free software for probabilistic record linkage at scale", IJPDS 7(3).

May import: splink, errors, sql, engines.   Imported by: warehouse.identity.pairs.
"""

import logging
from importlib.util import find_spec
from typing import Any

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, DataError
from crm_analytics.sql import Query

FEWEST_RECORDS = 1000
SEED = 1
MAX_PAIRS = 2e6
_COLUMNS = "r AS unique_id, given, family, born, email, phone, postcode, city"
_BLOCKS = (("email",), ("phone",), ("born", "family"), ("born", "given"), ("postcode", "family"), ("postcode", "given"))


def write_trained(engine: Engine, work: str, candidates: str) -> None:
    """Give each candidate pair Splink's probability as `trained`, and add the pairs that Splink finds besides.

    Raises
    ------
    ConfigError : Splink is not installed.
    DataError : too few records to learn from.
    """
    if find_spec("splink") is None:
        raise ConfigError(
            "crm.yml: identity: matcher 'splink' needs a package that is not installed; "
            "run: pip install 'crm_analytics[identity]', or set matcher: builtin"
        )
    frame = engine.frame(Query(f"SELECT {_COLUMNS} FROM {work} ORDER BY r"))
    if frame.height < FEWEST_RECORDS:
        raise DataError(
            f"identity: matcher 'splink' learns from the records and needs {FEWEST_RECORDS:,} of them, "
            f"there are {frame.height:,}; set matcher: builtin in crm.yml"
        )
    engine.write_frame("identity_trained", _scores(frame))
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE {candidates} AS SELECT coalesce(c.a, t.a) AS a, coalesce(c.b, t.b) AS b, "
        f"t.score AS trained FROM {candidates} c FULL JOIN identity_trained t ON t.a = c.a AND t.b = c.b"
    )
    engine.execute("DROP TABLE identity_trained")


def _scores(frame: pl.DataFrame) -> pl.DataFrame:
    """a, b and score of each pair that Splink finds likelier than one in a hundred."""
    from splink import Linker, block_on
    from splink.backends.duckdb import DuckDBAPI

    level = logging.getLogger("splink").level
    linker = Linker(DuckDBAPI().register(frame.to_arrow()), _settings(), log_level=logging.ERROR)
    try:
        certain: list[Any] = [block_on("email"), block_on("phone", "given"), block_on("born", "family", "given")]
        linker.training.estimate_probability_two_random_records_match(certain, recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=MAX_PAIRS, seed=SEED)
        # Each training holds what it blocks on fixed; between them every comparison is learnt.
        for block in (block_on("born"), block_on("given", "family"), block_on("email")):
            linker.training.estimate_parameters_using_expectation_maximisation(block)
        found = linker.inference.predict(threshold_match_probability=0.01)
        pairs: Any = pl.from_arrow(found.as_duckdbpyrelation().to_arrow_table())
    finally:
        logging.getLogger("splink").setLevel(level)
    left, right = pl.col("unique_id_l"), pl.col("unique_id_r")
    scored: pl.DataFrame = pairs.select(
        pl.min_horizontal(left, right).alias("a"),
        pl.max_horizontal(left, right).alias("b"),
        pl.col("match_probability").alias("score"),
    )
    return scored.sort("a", "b")


def _settings() -> Any:
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in _BLOCKS],
        comparisons=[
            cl.JaroWinklerAtThresholds("given", [0.88]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("family", [0.88]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("born", [1]),
            cl.DamerauLevenshteinAtThresholds("email", [2]),
            cl.DamerauLevenshteinAtThresholds("phone", [1]),
            cl.DamerauLevenshteinAtThresholds("postcode", [1]),
        ],
    )
