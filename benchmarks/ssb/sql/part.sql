-- One row is one part: 200,000 x floor(1 + log2(scale factor)); 5 makers, 25 categories, 1,000 brands.
CREATE OR REPLACE TABLE part AS
WITH lists AS (
  SELECT
    string_split(
      'almond amber antique aquamarine azure beige bisque black blanched blue blush brown burlywood '
      'burnished chartreuse chiffon chocolate coral cornflower cornsilk cream cyan dark deep dim dodger '
      'drab firebrick floral forest frosted gainsboro ghost goldenrod green grey honeydew hot indian ivory '
      'khaki lace lavender lawn lemon light lime linen magenta maroon medium metallic midnight mint misty '
      'moccasin navajo navy olive orange orchid pale papaya peach peru pink plum powder puff purple red '
      'rose rosy royal saddle salmon sandy seashell sienna sky slate smoke snow spring steel tan teal '
      'thistle tomato turquoise violet wheat white yellow',
      ' '
    ) AS colors,
    ['STANDARD', 'SMALL', 'MEDIUM', 'LARGE', 'ECONOMY', 'PROMO'] AS sorts,
    ['ANODIZED', 'BURNISHED', 'PLATED', 'POLISHED', 'BRUSHED'] AS finishes,
    ['TIN', 'NICKEL', 'BRASS', 'STEEL', 'COPPER'] AS metals,
    ['SM', 'LG', 'MED', 'JUMBO', 'WRAP'] AS sizes,
    ['CASE', 'BOX', 'BAG', 'JAR', 'PKG', 'PACK', 'CAN', 'DRUM'] AS packs
), shuffled AS (
  -- As many parts of each brand as of the next, to within one.
  SELECT
    key,
    (row_number() OVER (ORDER BY draw(key, 'p_brand1', $seed, 1000000007), key) - 1) * 1000 // $parts AS brand_no
  FROM range(1, $parts + 1) AS r(key)
), branded AS (
  SELECT
    key,
    'MFGR#' || (1 + brand_no // 200) AS mfgr,
    'MFGR#' || (1 + brand_no // 200) || (1 + brand_no // 40 % 5) AS category,
    1 + brand_no % 40 AS number,
    colors[1 + draw(key, 'p_color', $seed, 94)] AS color,
    colors[1 + draw(key, 'p_name', $seed, 94)] AS second_color,
    sorts[1 + draw(key, 'p_type 1', $seed, 6)] || ' ' || finishes[1 + draw(key, 'p_type 2', $seed, 5)] || ' '
      || metals[1 + draw(key, 'p_type 3', $seed, 5)] AS type,
    sizes[1 + draw(key, 'p_container 1', $seed, 5)] || ' ' || packs[1 + draw(key, 'p_container 2', $seed, 8)]
      AS container
  FROM shuffled, lists
)
SELECT
  CAST(key AS INTEGER) AS p_partkey,
  color || ' ' || second_color AS p_name,
  mfgr AS p_mfgr,
  category AS p_category,
  category || number AS p_brand1,
  color AS p_color,
  type AS p_type,
  1 + draw(key, 'p_size', $seed, 50) AS p_size,
  container AS p_container
FROM branded
ORDER BY key
