-- One e-mail address on one mailing list, for each party that has the address.  Times are UTC.
-- Every list is for marketing here.  Where yours are for several purposes, say so in `purpose`:
-- CASE list_name WHEN 'Invoices' THEN 'service' ELSE 'marketing' END
WITH address AS ( -- one row is one e-mail address of one party, one that is no longer in use too
  SELECT party, lower(trim(said)) AS email, in_use, place
  FROM (
    SELECT
      id AS party,
      unnest(contact_mechanisms_type) AS kind,
      unnest(contact_mechanisms_value) AS said,
      unnest(contact_mechanisms_active) AS in_use,
      generate_subscripts(contact_mechanisms_type, 1) AS place
    FROM raw_parties
    WHERE replaced_by IS NULL
  )
  WHERE kind = 'email'
),

reached AS ( -- one row is one party with the address that customers.sql gives it
  SELECT party, arg_min(email, place) AS email
  FROM address
  WHERE in_use
  GROUP BY 1
),

belongs AS ( -- one row is one subscription of one party; Tryton itself knows the parties of web users
  SELECT subscription.id, address.party
  FROM raw_subscriptions AS subscription
  INNER JOIN address ON address.email = lower(subscription.email)
  UNION
  SELECT id, party
  FROM raw_subscriptions
  WHERE party IS NOT NULL
)

SELECT
  concat_ws('/', subscription.id, belongs.party) AS consent_id,
  CAST(belongs.party AS VARCHAR) AS customer_id, -- none where no party has the address
  'email' AS channel,
  'marketing' AS purpose,
  CASE WHEN subscription.active THEN 'granted' ELSE 'withdrawn' END AS status,
  coalesce(subscription.write_date, subscription.create_date) AS recorded_at,
  concat('Tryton marketing.email ', subscription.id, ', list ', subscription.list_name) AS proof
FROM raw_subscriptions AS subscription
LEFT JOIN belongs ON belongs.id = subscription.id
LEFT JOIN reached ON reached.party = belongs.party
WHERE
  CASE
    -- Agreed to for one address, which is not agreed to for another: only the one that would be written to counts.
    WHEN subscription.active THEN belongs.party IS NULL OR reached.email = lower(subscription.email)
    -- Asked for on a web page but never confirmed: nobody agreed, and nobody withdrew.
    ELSE coalesce(subscription.write_date > subscription.create_date, FALSE)
  END
