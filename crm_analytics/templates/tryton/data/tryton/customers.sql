-- One party of Tryton, be it a person or a company.
WITH contact AS ( -- one row is one contact mechanism in use; `place` is its place in the party's own order
  SELECT *
  FROM (
    SELECT
      id AS party,
      unnest(contact_mechanisms_type) AS kind,
      unnest(contact_mechanisms_value) AS said,
      unnest(contact_mechanisms_active) AS in_use,
      generate_subscripts(contact_mechanisms_type, 1) AS place
    FROM raw_parties
  )
  WHERE in_use
),

reached AS ( -- one row is one party with its first address of each kind
  SELECT
    party,
    arg_min(said, place) FILTER (WHERE kind = 'email') AS email,
    -- A mobile number before any other: it can take a text message too.
    arg_min(said, (CASE kind WHEN 'mobile' THEN 1 ELSE 2 END, place)) FILTER (WHERE kind IN ('mobile', 'phone')) AS phone
  FROM contact
  GROUP BY 1
),

place AS ( -- one row is one party with the country of its first address in use
  SELECT party, arg_min(country, place) AS country
  FROM (
    SELECT
      id AS party,
      unnest(addresses_country_code) AS country,
      unnest(addresses_active) AS in_use,
      generate_subscripts(addresses_active, 1) AS place
    FROM raw_parties
  )
  WHERE in_use AND country IS NOT NULL
  GROUP BY 1
)

SELECT
  CAST(parties.id AS VARCHAR) AS customer_id,
  parties.name,
  reached.email,
  reached.phone,
  place.country,
  CAST(parties.create_date AS DATE) AS registered_on,
  parties.code AS party_code,
  parties.lang_code AS language
FROM raw_parties AS parties
LEFT JOIN reached ON reached.party = parties.id
LEFT JOIN place ON place.party = parties.id
WHERE
  -- Merged into another party, which has its deals and addresses now.
  parties.replaced_by IS NULL
  -- The company itself and its people are parties too.
  AND parties.id NOT IN (SELECT party FROM raw_companies UNION ALL SELECT party FROM raw_employees)
