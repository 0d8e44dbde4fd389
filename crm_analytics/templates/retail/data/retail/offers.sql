-- One product that one coupon of one campaign is good for.  4,872 lines of the file stand there twice.
SELECT coupon_upc AS offer_id, campaign_id, product_id
FROM raw_coupons
