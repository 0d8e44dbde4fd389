-- One entry of the consent register: a grant or a withdrawal for one channel and one purpose.
SELECT
  entry_no AS consent_id,
  customer_no AS customer_id,
  channel,
  purpose,
  status,
  recorded_at,
  regexp_extract(proof, 'wording (v[0-9]+)', 1) AS wording_version, -- recorded calls and text messages have none
  proof,
  -- What the customer texted is the proof itself; of the other channels there is only where to find it.
  CASE WHEN channel = 'sms' THEN if(status = 'granted', 'START', 'STOP') END AS evidence
FROM raw_consents
