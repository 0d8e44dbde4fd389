-- One deal.  The stage is capitalised in the export; `closed` is empty while a deal is open.
SELECT
  deal_no AS deal_id,
  customer_no AS customer_id,
  article AS product_id,
  source_channel AS channel,
  campaign_code AS campaign_id,
  opened AS opened_on,
  closed AS closed_on,
  lower(stage) AS status,
  reason AS lost_reason,
  value AS amount
FROM raw_deals
