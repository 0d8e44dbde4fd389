-- One row per customer, channel and purpose that somebody spoke of: the word that counts as of one moment.
-- `owner` says whose a subject is; consents.py writes it in.  $asked is the purpose;
-- with $only no other one is looked at.  $customer NULL: all of them.
WITH owner AS (
  {owner}
),

-- What was known, and had been said.  A no counts as soon as it is known, whatever day is written on it; a yes does not
-- count before its time; a refused row has no time to rely on and counts always.
entry AS (
  SELECT
    owner.customer_id,
    owner.record,
    entry.seq,
    entry.kind,
    entry.channel,
    entry.purpose,
    entry.status,
    coalesce(entry.recorded_at, TIMESTAMP 'infinity') AS said_at
  FROM consent_ledger AS entry
  INNER JOIN owner ON owner.subject = entry.subject
  ANTI JOIN consent_ledger AS void
    ON void.voids = entry.seq AND void.noted_at < coalesce(CAST($known AS TIMESTAMP), TIMESTAMP 'infinity')
  WHERE
    entry.kind <> 'void'
    AND entry.noted_at < coalesce(CAST($known AS TIMESTAMP), TIMESTAMP 'infinity')
    AND (
      entry.recorded_at IS NULL
      OR entry.recorded_at < CAST($at AS TIMESTAMP)
      OR (entry.status = 'withdrawn' AND entry.noted_at < CAST($at AS TIMESTAMP))
    )
    -- Who may be meant has said no, and has not said yes.
    AND (owner.sure OR entry.status = 'withdrawn')
    AND (CAST($customer AS VARCHAR) IS NULL OR owner.customer_id = CAST($customer AS VARCHAR))
    AND (NOT CAST($only AS BOOLEAN) OR entry.purpose IS NULL OR entry.purpose = CAST($asked AS VARCHAR))
),

purpose AS (
  SELECT DISTINCT purpose FROM consent_ledger WHERE purpose IS NOT NULL AND NOT CAST($only AS BOOLEAN)
  UNION
  SELECT CAST($asked AS VARCHAR) WHERE CAST($asked AS VARCHAR) IS NOT NULL
),

-- An opt-out and a refused row name no purpose, and are for all of them.
word AS (
  SELECT * FROM entry WHERE purpose IS NOT NULL
  UNION ALL BY NAME
  SELECT entry.* REPLACE (purpose.purpose AS purpose) FROM entry CROSS JOIN purpose WHERE entry.purpose IS NULL
),

-- A no for no channel, or for one that the project does not know, is for all; a grant for such a one opens none.
heard AS (
  SELECT word.*, FALSE AS for_all
  FROM word
  INNER JOIN dim_channel AS channel ON channel.channel = word.channel
  UNION ALL BY NAME
  SELECT word.* REPLACE (channel.channel AS channel), TRUE AS for_all
  FROM word
  ANTI JOIN dim_channel AS known ON known.channel = word.channel
  CROSS JOIN dim_channel AS channel
  WHERE word.status = 'withdrawn' AND channel.channel_key > 0
),

-- The last word wins; of two at the same moment the no.
last_word AS (
  SELECT *
  FROM heard
  QUALIFY row_number() OVER (
    PARTITION BY customer_id, record, channel, purpose
    ORDER BY said_at DESC, status DESC, seq DESC
  ) = 1
),

-- Of several records of one customer the most restrictive wins.
counting AS (
  SELECT *
  FROM last_word
  QUALIFY row_number() OVER (
    PARTITION BY customer_id, channel, purpose
    ORDER BY status DESC, said_at DESC, seq DESC
  ) = 1
)

SELECT
  counting.customer_id,
  counting.channel,
  counting.purpose,
  CASE counting.status WHEN 'granted' THEN 'granted' ELSE 'denied' END AS status,
  entry.recorded_at AS since,
  entry.wording_version,
  entry.source,
  counting.seq AS entry,
  CASE
    WHEN counting.status = 'granted' THEN 'granted'
    WHEN counting.kind = 'refused' THEN 'a refused row may be a withdrawal'
    WHEN counting.kind = 'opt_out' AND counting.for_all THEN 'opted out of a campaign, and of which channel is not known'
    WHEN counting.kind = 'opt_out' THEN 'opted out of a campaign'
    WHEN counting.for_all THEN 'withdrawn for all channels'
    ELSE 'withdrawn'
  END AS reason
FROM counting
INNER JOIN consent_ledger AS entry ON entry.seq = counting.seq
