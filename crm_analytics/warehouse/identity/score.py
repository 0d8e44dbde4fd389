"""The score of a pair as SQL, from the numbers in `weights`.  Text in, text out.

May import: warehouse.identity.weights.   Imported by: warehouse.identity.pairs.
"""

from crm_analytics.warehouse.identity.weights import (
    COMPARISONS,
    NAME_ALONE,
    NAMES,
    OTHERS_HOUSEHOLD,
    OTHERS_SAME,
    PSEUDO_RECORDS,
    Comparison,
    Level,
)

# 'Meyer Anna' and 'Anna Meyer': what is first in one is last in the other.
_SWAPPED = (
    "jaro_winkler_similarity(a.first_word, b.family) >= 0.88 "
    "AND jaro_winkler_similarity(a.family, b.first_word) >= 0.88 "
    "AND jaro_winkler_similarity(a.family, b.family) < 0.88"
)
_TURNED = {"given": "family_as_given", "family": "first_word", "first_word": "family"}
_COMPARED = (
    *("given", "family", "first_word", "family_as_given", "birth_date", "born", "born_swapped"),
    *("email", "mailbox", "phone", "postcode", "city"),
)


def scored(work: str, candidates: str, keys: int) -> str:
    """SELECT of a, b, score, the level `l_<field>` of each comparison, and `same_<i>` for each exact rule.

    `score` is the probability, 0 to 1, that a and b are one person.  Where a comparison lacks a
    value it says nothing, and its level is NULL.
    """
    levels = ", ".join(f"{_level(c)} AS l_{c.name}" for c in COMPARISONS)
    as_same = " + ".join(_bits(c, "same") for c in COMPARISONS)
    as_household = " + ".join(_bits(c, "household") for c in COMPARISONS)
    # The number of all records decides how likely any two of them are the same person before one looks.
    others = f"((SELECT count(*) FROM {work}) + {PSEUDO_RECORDS})"
    return f"""
SELECT *, least(odds / (1 + odds), CASE WHEN {_beyond_names()} THEN 1 ELSE {NAME_ALONE} END) AS score FROM (
  SELECT *, {OTHERS_SAME} / {others} * pow(2, bits_same)
    / (1 + {OTHERS_HOUSEHOLD} / {others} * pow(2, bits_household)) AS odds
  FROM (
    SELECT *, {as_same} AS bits_same, {as_household} AS bits_household
    FROM (SELECT *, {levels} FROM ({_side_by_side(work, candidates, keys)}))
  )
)"""


def _side_by_side(work: str, candidates: str, keys: int) -> str:
    """The two records of each pair in one row, the name of b turned round where it was written the other way."""
    columns = [f"{side}.{name} AS {side}_{name}" for side in ("a", "b") for name in _COMPARED]
    columns += [f"a.u_{c.name}" for c in COMPARISONS]
    columns += [f"coalesce(a.key_{i} = b.key_{i}, FALSE) AS same_{i}" for i in range(keys)]
    turned = ", ".join(
        f"CASE WHEN swapped THEN b_{other} ELSE b_{name} END AS b_{name}" for name, other in _TURNED.items()
    )
    return f"""SELECT * REPLACE ({turned}) FROM (
  SELECT c.a, c.b, c.trained, {", ".join(columns)}, coalesce({_SWAPPED}, FALSE) AS swapped
  FROM {candidates} c JOIN {work} a ON a.r = c.a JOIN {work} b ON b.r = c.b)"""


def agreement() -> str:
    """SQL for what agrees and what does not, in words: `given equal, family near, ...`."""
    words = ", ".join(f"'{c.name} ' || l_{c.name}" for c in COMPARISONS)
    return f"concat_ws(', ', {words})"


def _beyond_names() -> str:
    """SQL that is true where the records agree in more than a name."""
    others = (c for c in COMPARISONS if c.name not in NAMES)
    return " OR ".join(f"coalesce(l_{c.name} <> '{c.levels[-1].name}', FALSE)" for c in others)


def _level(comparison: Comparison) -> str:
    cases = " ".join(f"WHEN {level.when} THEN '{level.name}'" for level in comparison.levels)
    return f"CASE WHEN {comparison.both} THEN CASE {cases} END END"


def _bits(comparison: Comparison, hypothesis: str) -> str:
    cases = " ".join(f"WHEN '{lv.name}' THEN {_weight(comparison, lv, hypothesis)}" for lv in comparison.levels)
    return f"CASE l_{comparison.name} {cases} ELSE 0 END"


def _weight(comparison: Comparison, level: Level, hypothesis: str) -> str:
    share = level.same if hypothesis == "same" else level.household
    chance = f"u_{comparison.name}" if level.stranger is None else repr(level.stranger)
    return f"log2({share!r} / {chance})"
