-- One row per source record: what is compared of it, numbered in order of trust.
CREATE OR REPLACE TEMP TABLE identity_plain AS
WITH cleaned AS (
  SELECT
    r.source,
    r.customer_id AS record_id,
    r.birth_date,
    row_number() OVER (
      ORDER BY
        coalesce(list_position(string_split($sources, chr(10)), r.source), 1000000),
        r.registered_on NULLS LAST, r.source, r.customer_id
    ) AS r,
    lower(trim(r.email)) AS email,
    p.e164 AS phone,
    nullif(regexp_replace(upper(r.postcode), '[^\p{L}\p{N}]+', '', 'g'), '') AS postcode,
    nullif(regexp_replace(lower(strip_accents(r.city)), '[^\p{L}]+', '', 'g'), '') AS city,
    -- 'Meyer, Anna' is Anna Meyer; what stands for ü is written u or ue, what stands for ß is written ss.
    regexp_replace(
      regexp_replace(replace(lower(strip_accents(r.name)), 'ß', 'ss'), '^([^,]+),(.+)$', '\2 \1'),
      '([aou])e', '\1', 'g'
    ) AS name
  FROM customer_record AS r
  LEFT JOIN identity_phone AS p ON p.phone = r.phone AND p.country = coalesce(upper(trim(r.country)), '')
),

addressed AS (
  SELECT
    * EXCLUDE (email, name),
    CASE WHEN regexp_full_match(email, '[^@\s]+@[^@\s]+\.[^@\s]+') THEN email END AS email,
    -- Titles and legal forms are no names.
    list_filter(
      string_split(trim(regexp_replace(replace(name, '''', ''), '[^\p{L}]+', ' ', 'g')), ' '),
      lambda word: word NOT IN (
        '', 'mr', 'mrs', 'ms', 'miss', 'dr', 'prof', 'herr', 'frau', 'sir', 'jr', 'sr', 'mme', 'monsieur', 'madame',
        'gmbh', 'ltd', 'inc', 'llc', 'ag', 'bv', 'sarl', 'sa', 'plc', 'kg', 'co'
      )
    ) AS words
  FROM cleaned
),

unified AS (
  SELECT
    * EXCLUDE (email),
    -- Google reads anna.meyer+shop@gmail.com as annameyer@gmail.com.
    CASE
      WHEN $gmail AND regexp_matches(email, '@(gmail|googlemail)\.com$')
        THEN replace(regexp_extract(email, '^[^@+]+'), '.', '') || '@gmail.com'
      ELSE email
    END AS email,
    CASE WHEN len(words) > 1 THEN words[1] END AS first_word,
    words[-1] AS last_word
  FROM addressed
)

SELECT
  u.r,
  u.source,
  u.record_id,
  u.email,
  u.phone,
  u.birth_date,
  strftime(u.birth_date, '%Y%m%d') AS born,
  strftime(u.birth_date, '%Y%d%m') AS born_swapped,
  u.postcode,
  u.city,
  u.first_word,
  u.last_word AS family,
  coalesce(g.name, u.first_word) AS given,
  coalesce(f.name, u.last_word) AS family_as_given,
  CASE WHEN length(regexp_extract(u.email, '^[^@]+')) >= 5 THEN regexp_extract(u.email, '^[^@]+') END AS mailbox
FROM unified AS u
LEFT JOIN identity_nickname AS g ON g.nickname = u.first_word
LEFT JOIN identity_nickname AS f ON f.nickname = u.last_word
ORDER BY u.r
