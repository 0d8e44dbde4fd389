-- One row per event of one customer: deals, contacts, answers and consents, with the names of what they point to.
-- card.py writes in a SELECT for each of these facts that the warehouse has.
WITH event AS (
  SELECT
    CAST(NULL AS VARCHAR) AS kind,
    CAST(NULL AS VARCHAR) AS reference,
    CAST(NULL AS TIMESTAMP) AS happened_at,
    CAST(NULL AS VARCHAR) AS what,
    CAST(NULL AS VARCHAR) AS direction,
    CAST(NULL AS VARCHAR) AS outcome,
    CAST(NULL AS VARCHAR) AS purpose,
    CAST(NULL AS VARCHAR) AS proof,
    CAST(NULL AS DATE) AS opened_on,
    CAST(NULL AS DECIMAL(18,2)) AS amount,
    CAST(NULL AS INTEGER) AS product_key,
    CAST(NULL AS INTEGER) AS channel_key,
    CAST(NULL AS INTEGER) AS campaign_key,
    CAST(NULL AS VARCHAR) AS unresolved
  WHERE FALSE
{events}
)

SELECT
  event.* EXCLUDE (product_key, channel_key, campaign_key, unresolved),
  coalesce(product.product_name, product.product_id, event.unresolved ->> '$.product_id') AS product,
  coalesce(channel.channel, event.unresolved ->> '$.channel') AS channel,
  coalesce(campaign.campaign_name, campaign.campaign_id, event.unresolved ->> '$.campaign_id') AS campaign
FROM event
LEFT JOIN dim_product AS product ON product.product_key = event.product_key
LEFT JOIN dim_channel AS channel ON channel.channel_key = event.channel_key
LEFT JOIN dim_campaign AS campaign ON campaign.campaign_key = event.campaign_key
