-- One row per deal of one customer opened before $as_of, as it stood then: one that closed later is still open.
SELECT
  'deal' AS kind,
  deal_id AS reference,
  CAST(coalesce(closed_on, opened_on) AS TIMESTAMP) AS happened_at,
  CASE WHEN closed_on IS NULL AND closes THEN 'open' ELSE status END AS what,
  CASE WHEN closed_on IS NOT NULL OR NOT closes THEN lost_reason END AS outcome,
  opened_on,
  amount,
  product_key,
  channel_key,
  campaign_key,
  unresolved
FROM (
  SELECT
    fact.*,
    fact.closed_date_key > 0 AS closes,
    make_date(fact.date_key // 10000, fact.date_key // 100 % 100, fact.date_key % 100) AS opened_on,
    CASE
      WHEN fact.closed_date_key BETWEEN 1 AND year($as_of) * 10000 + month($as_of) * 100 + day($as_of) - 1
        THEN make_date(fact.closed_date_key // 10000, fact.closed_date_key // 100 % 100, fact.closed_date_key % 100)
    END AS closed_on
  FROM fct_deal AS fact
  WHERE {whose}
)
WHERE opened_on < $as_of
