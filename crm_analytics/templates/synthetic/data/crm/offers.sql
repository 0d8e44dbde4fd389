-- One article that one coupon of one campaign is good for.
SELECT
  coupon_no AS offer_id,
  campaign_code AS campaign_id,
  article AS product_id
FROM raw_coupons
