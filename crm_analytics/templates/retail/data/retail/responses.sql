-- One coupon of a campaign redeemed by one household at the till on one day.
-- A coupon is good for many products, so the redemption names none; see offers.sql.
SELECT
  concat_ws('-', household_id, coupon_upc, campaign_id, strftime(redemption_date, '%Y%m%d')) AS response_id,
  household_id AS customer_id,
  campaign_id,
  'store' AS channel,
  redemption_date AS responded_at,
  'redemption' AS response_kind,
  CAST(coupon_upc AS VARCHAR) AS offer_id
FROM raw_coupon_redemptions
