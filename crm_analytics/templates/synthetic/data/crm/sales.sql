-- One line of one order.  The time and the customer stand on the order, the money on its lines.
SELECT
  line.order_no AS order_id,
  line.line_no AS line_id,
  head.customer_no AS customer_id, -- none for a guest
  line.article AS product_id,
  head.store_no AS store_id, -- none unless bought in a store
  head.channel,
  head.campaign_code AS campaign_id,
  head.ordered_at AS sold_at, -- text; a day that does not exist rejects the line
  line.units AS quantity,
  line.paid AS revenue, -- after the rebate
  line.rebate AS discount,
  line.goods_cost AS cost
FROM raw_order_lines AS line
LEFT JOIN raw_orders AS head ON head.order_no = line.order_no
