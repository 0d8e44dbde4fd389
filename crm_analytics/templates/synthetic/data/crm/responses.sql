-- One answer to a campaign; the kinds already bear the star's names.
SELECT
  response_no AS response_id,
  customer_no AS customer_id,
  campaign_code AS campaign_id,
  article AS product_id, -- what the coupon was redeemed for; none for other kinds
  channel,
  "at" AS responded_at,
  kind AS response_kind
FROM raw_responses
