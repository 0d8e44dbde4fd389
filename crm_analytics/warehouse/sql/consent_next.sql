-- One row per entry that the ledger lacks: first those that take words back, then new words in the order of their time.
-- `said` is what the star says, `content` are the columns that make two words one, `same` compares them;
-- consent_ledger.py writes them in.
WITH said AS MATERIALIZED (
  {said}
),

live AS (
  SELECT entry.*
  FROM consent_ledger AS entry
  ANTI JOIN consent_ledger AS void ON void.voids = entry.seq
  WHERE entry.kind <> 'void'
),

gone AS (
  SELECT live.seq, live.subject, live.source
  FROM live
  -- Entries of a customer who was forgotten are nobody's: nothing is known to have taken them back.
  INNER JOIN consent_subject AS owner ON owner.subject = live.subject
  ANTI JOIN said ON {same}
),

fresh AS (
  SELECT {content} FROM said
  EXCEPT
  SELECT {content} FROM live
),

missing AS (
  SELECT 'void' AS kind, subject, source, seq AS voids FROM gone
  UNION ALL BY NAME
  SELECT {content} FROM fresh
)

SELECT
  CAST($last AS BIGINT) + row_number() OVER (
    -- Nothing here is in the order of customers: where an entry stands must not tell whose it is.
    ORDER BY voids NULLS LAST, recorded_at NULLS FIRST, subject, channel, purpose, status, kind, reference
  ) AS seq,
  CAST($now AS TIMESTAMP) AS noted_at,
  CAST($load_id AS INTEGER) AS load_id,
  *
FROM missing
