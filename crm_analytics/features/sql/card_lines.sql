-- One row per sale line of one customer before $as_of, with the names of what it points to.
-- {whose} says which rows of fct_sale are theirs and {item} is the attribute of dim_product that is "the item";
-- card.py writes them in, since neither can be bound.  An id that did not resolve stands for the name it lacks.
WITH sale_line AS (
  SELECT
    fact.order_id,
    fact.sold_at,
    fact.quantity,
    fact.revenue,
    coalesce(fact.discount, 0) AS discount,
    fact.product_key,
    fact.store_key,
    fact.channel_key,
    fact.campaign_key,
    fact.unresolved
  FROM fct_sale AS fact
  WHERE {whose} AND fact.sold_at < CAST($as_of AS TIMESTAMP)
)

SELECT
  line.order_id,
  line.sold_at,
  line.quantity,
  line.revenue,
  line.discount,
  -- Where products have no names, what kind it is says more than its number.
  coalesce(
    product.product_name,
    nullif(concat_ws(' ', CAST(product."{item}" AS VARCHAR), product.product_id), ''),
    line.unresolved ->> '$.product_id'
  ) AS product,
  CAST(product."{item}" AS VARCHAR) AS item,
  coalesce(store.store_name, store.store_id, line.unresolved ->> '$.store_id') AS store,
  coalesce(channel.channel, line.unresolved ->> '$.channel') AS channel,
  coalesce(campaign.campaign_name, campaign.campaign_id, line.unresolved ->> '$.campaign_id') AS campaign
FROM sale_line AS line
LEFT JOIN dim_product AS product ON product.product_key = line.product_key
LEFT JOIN dim_store AS store ON store.store_key = line.store_key
LEFT JOIN dim_channel AS channel ON channel.channel_key = line.channel_key
LEFT JOIN dim_campaign AS campaign ON campaign.campaign_key = line.campaign_key
