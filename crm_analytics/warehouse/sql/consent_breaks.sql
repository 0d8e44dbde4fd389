-- One row per place where the chain of the consent ledger breaks, the first few; broken counts them all.
-- `text` is the text of an entry; consent_chain.py writes it in, from the list of columns that the hash covers.
WITH chain AS (
  SELECT
    seq,
    previous_hash,
    hash,
    sha256(previous_hash || chr(10) || {text}) AS due_hash,
    lag(seq, 1, CAST(0 AS BIGINT)) OVER (ORDER BY seq, hash) AS seq_before,
    lag(hash, 1, $beginning) OVER (ORDER BY seq, hash) AS hash_before
  FROM consent_ledger
),

break AS (
  SELECT
    seq,
    CASE
      WHEN seq IS NULL THEN 'an entry has no number'
      WHEN seq = seq_before THEN format('entry {:d} stands twice', seq)
      WHEN seq < 1 THEN format('entry {:d} has a number that none can have', seq)
      WHEN seq = seq_before + 2 THEN format('entry {:d} is missing', seq - 1)
      WHEN seq <> seq_before + 1 THEN format('entries {:d} to {:d} are missing', seq_before + 1, seq - 1)
      WHEN hash IS DISTINCT FROM due_hash THEN format('entry {:d} is not what was written', seq)
      WHEN previous_hash IS DISTINCT FROM hash_before THEN format('entry {:d} does not follow from entry {:d}', seq, seq - 1)
    END AS says
  FROM chain
  UNION ALL
  -- A head of each load; the last of them says where the ledger has to end.
  SELECT
    head.entries,
    format('entry {:d} is not the one that load {:d} ended with', head.entries, head.load_id)
  FROM consent_head AS head
  LEFT JOIN consent_ledger AS entry ON entry.seq = head.entries
  WHERE entry.hash IS DISTINCT FROM head.hash
  UNION ALL
  SELECT
    ends.seq,
    format('the ledger ends with entry {:d}, and the last head with entry {:d}', ends.seq, ends.entries)
  FROM (
    SELECT
      (SELECT coalesce(max(seq), 0) FROM consent_ledger) AS seq,
      (SELECT coalesce(max(entries), 0) FROM consent_head) AS entries
  ) AS ends
  WHERE ends.seq <> ends.entries
  UNION ALL
  -- An entry is about the customer whose id and salt give its subject, and about nobody else.
  SELECT
    min(entry.seq),
    format('{:d} entries are said to be of a customer whose id does not give their subject', count(*))
  FROM consent_subject AS owner
  INNER JOIN consent_ledger AS entry ON entry.subject = owner.subject
  WHERE owner.subject IS DISTINCT FROM sha256(owner.salt || owner.customer_id)
  HAVING count(*) > 0
)

SELECT
  count(*) OVER () AS broken,
  says
FROM break
WHERE says IS NOT NULL
ORDER BY seq NULLS FIRST, says
LIMIT $shown
