-- One row per entry of the ledger about one customer, in its order, with its proof and what became of it.
-- `owner`, `state` and `said` are written in by consents.py; the latter reads the subjects of `about`.
WITH owner AS (
  {owner}
),

mine AS (
  SELECT entry.*, void.seq AS voided_by
  FROM consent_ledger AS entry
  INNER JOIN owner ON owner.subject = entry.subject
  LEFT JOIN consent_ledger AS void ON void.voids = entry.seq
  WHERE owner.customer_id = $customer
),

about AS (
  SELECT subject.*
  FROM consent_subject AS subject
  SEMI JOIN mine ON mine.subject = subject.subject
),

counting AS (
  SELECT DISTINCT entry
  FROM (
    {state}
  ) AS state
),

-- The proof as the star has it, where it still is the one whose hash was noted.
proof AS (
  SELECT subject, kind, reference, evidence_hash, proof
  FROM (
    {said}
  ) AS said
)

SELECT
  mine.seq AS entry,
  mine.kind,
  mine.noted_at,
  mine.load_id,
  mine.recorded_at,
  mine.channel,
  mine.purpose,
  mine.status,
  mine.wording_version,
  mine.source,
  proof.proof,
  mine.evidence_hash,
  CASE
    WHEN mine.kind = 'void' THEN format('takes back entry {:d}', mine.voids)
    WHEN mine.voided_by IS NOT NULL THEN format('taken back by entry {:d}', mine.voided_by)
    WHEN counting.entry IS NOT NULL THEN 'counts'
    WHEN
      mine.recorded_at >= CAST($at AS TIMESTAMP)
      AND (mine.status = 'granted' OR mine.noted_at >= CAST($at AS TIMESTAMP))
      THEN 'not yet'
    ELSE 'superseded'
  END AS standing
FROM mine
LEFT JOIN counting ON counting.entry = mine.seq
LEFT JOIN proof
  -- What was taken back may have been noted once more; the proof stands beside the entry that is left.
  ON mine.voided_by IS NULL AND proof.subject = mine.subject AND proof.kind = mine.kind AND proof.reference = mine.reference
  AND proof.evidence_hash = mine.evidence_hash
ORDER BY mine.seq
