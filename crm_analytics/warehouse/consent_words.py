"""What the star says of consent now: rows of the register, opt-outs, and refused rows that may be somebody's no.

A refused row that says exactly what a row of the star says is no further word:
it is the same one, sent twice; and one that a newer row of its source corrected
says nothing any more.  It composes SQL and runs nothing.

May import: sql, warehouse.build, warehouse.consent_chain, warehouse.ledger, warehouse.tables.
Imported by: warehouse.consent_ledger, warehouse.consents, warehouse.checks.
"""

from collections.abc import Sequence

from crm_analytics.sql import ident, literal, statement
from crm_analytics.warehouse import build, ledger
from crm_analytics.warehouse.consent_chain import SUBJECTS, lines
from crm_analytics.warehouse.tables import ENTITIES, Column, Entity

# What makes two words one: an entry of the ledger says all of it.
CONTENT = (
    "kind",
    "subject",
    "source",
    "reference",
    "channel",
    "purpose",
    "status",
    "recorded_at",
    "wording_version",
    "evidence_hash",
)


def words() -> str:
    """One row per word: whose it is (`source`, `customer_id`), what it says, and its proof in plain text."""
    text = statement("crm_analytics.warehouse", "consent_words")
    for name in ("consents", "responses"):
        text = text.replace(f"{{refused_{name}}}", refused_rows(ENTITIES[name]))
    return text


def said(subjects: str = SUBJECTS, plain: Sequence[str] = ()) -> str:
    """The words as the ledger would hold them: the same columns as `CONTENT`, each word once.

    Everything that could tell whose word it is goes through the salt of its customer.
    `plain` are columns of `words` to show as they are, `subjects` the customers to look at.
    """
    proof = lines(("word.proof", "word.evidence"))
    evidence = f"CASE WHEN coalesce(word.proof, word.evidence) IS NOT NULL THEN sha256(owner.salt || {proof}) END"
    shown = "".join(f", word.{name}" for name in plain)
    return f"""SELECT DISTINCT word.kind, owner.subject, word.source, sha256(owner.salt || word.reference) AS reference,
  word.channel, word.purpose, word.status, word.recorded_at, word.wording_version,
  {evidence} AS evidence_hash{shown}
FROM ({words()}) AS word
INNER JOIN {subjects} AS owner ON owner.source = word.source AND owner.customer_id = word.customer_id"""


def refused_rows(entity: Entity) -> str:
    """The rejects of one entity, without those that say exactly what a row of the star says, or what one has mended."""
    given = ", ".join(f"{_given(column)} AS {ident('_' + column.name)}" for column in entity.columns)
    same = " AND ".join(
        f"kept.{ident(c.name)} IS NOT DISTINCT FROM refused.{ident('_' + c.name)}" for c in entity.columns
    )
    mended = f"starts_with(reason, {literal(ledger.OLDER)})"
    return f"""SELECT refused.source, refused.reason, refused.row_json
FROM (SELECT *, {given} FROM rejects WHERE entity = {literal(entity.name)} AND NOT {mended}) AS refused
ANTI JOIN ({build.contract_rows(entity, ())}) AS kept ON {same}"""


def _given(column: Column) -> str:
    """SQL for a value of the row as it was kept, in the form of the contract."""
    value = f"nullif(trim(row_json ->> {literal('$.' + column.name)}), '')"
    if column.type != "VARCHAR":
        return f"TRY_CAST({value} AS {column.type})"
    return f"lower({value})" if column.folded else value
