-- One row per word on consent that the star holds: a row of the register, an opt-out, or a refused row that may be a no.
-- `refused_...` are the refused rows of an entity; consent_words.py writes them in.
SELECT
  'register' AS kind,
  consent.source,
  coalesce(consent.unresolved ->> '$.customer_id', customer.customer_id) AS customer_id,
  consent.consent_id AS reference,
  coalesce(consent.unresolved ->> '$.channel', channel.channel) AS channel,
  consent.purpose,
  consent.status,
  consent.recorded_at,
  consent.wording_version,
  consent.proof,
  consent.evidence
FROM fct_consent AS consent
LEFT JOIN dim_customer AS customer ON customer.customer_key = consent.customer_key
LEFT JOIN dim_channel AS channel ON channel.channel_key = consent.channel_key
UNION ALL
-- No purpose: who opts out of a campaign did not think of purposes, so it is for all of them.
SELECT
  'opt_out',
  response.source,
  coalesce(response.unresolved ->> '$.customer_id', customer.customer_id),
  response.response_id,
  coalesce(response.unresolved ->> '$.channel', channel.channel),
  NULL,
  'withdrawn',
  response.responded_at,
  NULL,
  NULL,
  NULL
FROM fct_response AS response
LEFT JOIN dim_customer AS customer ON customer.customer_key = response.customer_key
LEFT JOIN dim_channel AS channel ON channel.channel_key = response.channel_key
WHERE response.response_kind = 'opt_out'
UNION ALL
-- A refused row has no purpose, channel or time to rely on: unless it is clearly no withdrawal it counts for all, always.
SELECT
  'refused',
  refused.source,
  nullif(trim(refused.row_json ->> '$.customer_id'), ''),
  refused.row_json,
  NULL,
  NULL,
  'withdrawn',
  NULL,
  NULL,
  NULL,
  NULL
FROM (
  SELECT *
  FROM ({refused_consents}) AS of_register
  WHERE coalesce(lower(trim(row_json ->> '$.status')), '') <> 'granted'
  UNION ALL
  SELECT *
  FROM ({refused_responses}) AS of_responses
  WHERE
    coalesce(lower(trim(row_json ->> '$.response_kind')), '')
    NOT IN ('redemption', 'reply', 'click', 'order', 'complaint')
) AS refused
