-- One sales opportunity.  A cancelled one was not won, so it counts as lost, for the reason "cancelled".
SELECT
  CAST(id AS VARCHAR) AS deal_id,
  CAST(coalesce(party_replaced_by, party) AS VARCHAR) AS customer_id,
  start_date AS opened_on,
  -- While a deal is open, Tryton's end date is what the seller expects.
  CASE WHEN state IN ('won', 'lost', 'cancelled') THEN end_date END AS closed_on,
  CASE WHEN state = 'won' THEN 'won' WHEN state IN ('lost', 'cancelled') THEN 'lost' ELSE 'open' END AS status,
  -- A deal that was lost and is taken up again keeps its reason in Tryton.
  CASE state WHEN 'lost' THEN lost_reason WHEN 'cancelled' THEN coalesce(lost_reason, 'cancelled') END AS lost_reason,
  coalesce(amount, 0) AS amount, -- a lead may have none yet
  number AS deal_number,
  state AS stage, -- lead, opportunity, converted (there is a quotation), won, lost, cancelled
  currency_code AS currency -- amounts are not converted
FROM raw_opportunities
