"""Which records to compare, and how much each pair agrees: `identity_work` to `identity_pair`.

Comparing each record with each other would be five thousand million pairs for
100,000; only records that share a *block* are: an e-mail, a phone, a birth date
with a name, a postcode with a name, the whole name.  A block of more than
`LARGEST_BLOCK` records says nothing and costs much; it is passed over.

May import: sql, engines, identity_rules, warehouse.identity.{records,score,trained}.
Imported by: warehouse.identity.resolve.
"""

from crm_analytics.engines import Engine
from crm_analytics.identity_rules import IdentityRules, Names
from crm_analytics.warehouse.identity.records import WORK, drop_work, write_work
from crm_analytics.warehouse.identity.score import agreement, scored

LARGEST_BLOCK = 100
BLOCKS = (
    "'m' || mailbox",
    "'b' || born || left(first_word, 3)",
    "'b' || born || left(family, 3)",
    "'p' || postcode || given",
    "'p' || postcode || family_as_given",
    "'d' || postcode || born",
    "'n' || least(given, family_as_given) || ' ' || greatest(given, family_as_given)",
)
CANDIDATES = "identity_candidate"
# What a rule asks of the names; an initial alone is too little where the family names differ.
_DIFFERENT = "(l_given = 'different' OR (l_given = 'initial' AND l_family = 'different'))"
_NAMES: dict[Names, str] = {
    "any": "",
    "not_different": f" AND coalesce(NOT {_DIFFERENT}, TRUE)",
    "alike": f" AND coalesce(NOT {_DIFFERENT}, FALSE)",
}


def write_pairs(engine: Engine, rules: IdentityRules) -> None:
    """Write the pairs that share a key of an exact rule, or whose score is worth a look, and the contact points."""
    write_work(engine, rules)
    engine.execute(_candidates(rules))
    if rules.matcher == "splink":
        from crm_analytics.warehouse.identity.trained import write_trained

        write_trained(engine, WORK, CANDIDATES)
    engine.execute("DELETE FROM identity_pair")
    engine.execute(_kept(rules))
    engine.execute("DELETE FROM customer_contact_point")
    engine.execute(
        "INSERT INTO customer_contact_point SELECT '', kind, value, source, record_id FROM ("
        f"FROM {WORK} UNPIVOT (value FOR kind IN (email, phone))) ORDER BY source, record_id, kind"
    )
    drop_work(engine)
    engine.execute(f"DROP TABLE {CANDIDATES}")


def _candidates(rules: IdentityRules) -> str:
    """The pairs to compare, each once, the more trusted record first."""
    keys = [f"'{i} ' || key_{i}" for i in range(len(rules.keys))]
    # A word may be first or last; both blocks of a record may be the same one.
    blocks = [*keys, *(BLOCKS if rules.matcher == "builtin" else ())]
    return f"""CREATE OR REPLACE TEMP TABLE {CANDIDATES} AS
WITH block AS (SELECT DISTINCT r, unnest([{", ".join(f"hash({b})" for b in blocks)}]) AS block FROM {WORK}),
small AS (
  SELECT r, block FROM block WHERE block <> hash(CAST(NULL AS VARCHAR))
  QUALIFY count(*) OVER (PARTITION BY block) BETWEEN 2 AND {LARGEST_BLOCK}
)
SELECT DISTINCT x.r AS a, y.r AS b, CAST(NULL AS DOUBLE) AS trained
FROM small x JOIN small y ON y.block = x.block AND y.r > x.r"""


def _kept(rules: IdentityRules) -> str:
    """`INSERT` of the scored pairs that matter, with the first exact rule that joins them."""
    cases = []
    for i, rule in enumerate(rules.keys):
        cases.append(f"WHEN same_{i}{_NAMES[rule.names]} THEN '{i}'")
    found = f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"
    enough = "FALSE" if rules.matcher == "none" else f"score >= {rules.review_above!r}"
    score = "coalesce(trained, 0)" if rules.matcher == "splink" else "score"
    return f"""INSERT INTO identity_pair
WITH scored AS ({scored(WORK, CANDIDATES, len(rules.keys))}),
judged AS (SELECT * EXCLUDE (score), {score} AS score, {found} AS rule FROM scored)
SELECT x.source, x.record_id, y.source, y.record_id, rule, score, {agreement()}
FROM judged JOIN {WORK} x ON x.r = judged.a JOIN {WORK} y ON y.r = judged.b
WHERE rule IS NOT NULL OR {enough}
ORDER BY judged.a, judged.b"""
