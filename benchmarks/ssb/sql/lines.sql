-- One row is one line of one order, of the lines $first to $end - 1; money in cents.
INSERT INTO lineorder
WITH numbered AS (
  -- Orders of 1, 2, ... 7 lines in turn: 28 lines are 7 orders, as many lines an order (4) as in the paper.
  SELECT
    line,
    line // 28 * 7 + CAST(floor((sqrt(8 * (line % 28) + 1) - 1) / 2) AS BIGINT) AS order_no,
    line % 28 AS place
  FROM range($first, $end) AS r(line)
), drawn AS (
  SELECT
    line,
    -- Only the first 8 of 32 order keys are in use.
    order_no // 8 * 32 + order_no % 8 + 1 AS orderkey,
    place - (order_no % 7) * (order_no % 7 + 1) // 2 + 1 AS linenumber,
    1 + draw(order_no, 'lo_custkey', $seed, $customers) AS custkey,
    1 + draw(line, 'lo_partkey', $seed, $parts) AS partkey,
    1 + draw(line, 'lo_suppkey', $seed, $suppliers) AS suppkey,
    -- Over all seven years alike, as the paper's filter factors have it.
    DATE '1992-01-01' + draw(order_no, 'lo_orderdate', $seed, 2557) AS orderdate,
    ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'][1 + draw(order_no, 'lo_orderpriority', $seed, 5)]
      AS orderpriority,
    1 + draw(line, 'lo_quantity', $seed, 50) AS quantity,
    draw(line, 'lo_discount', $seed, 11) AS discount,
    draw(line, 'lo_tax', $seed, 9) AS tax,
    30 + draw(line, 'lo_commitdate', $seed, 61) AS days_to_commit,
    ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'][1 + draw(line, 'lo_shipmode', $seed, 7)] AS shipmode
  FROM numbered
), priced AS (
  -- The price of a part follows from its key, as in TPC-H.
  SELECT *, 90000 + partkey // 10 % 20001 + 100 * (partkey % 1000) AS price FROM drawn
), dated AS (
  -- The calendar ends with 1998; a later commit date is its last day.
  SELECT *, least(orderdate + days_to_commit, DATE '1998-12-31') AS commitdate FROM priced
)
SELECT
  orderkey,
  linenumber,
  custkey,
  partkey,
  suppkey,
  year(orderdate) * 10000 + month(orderdate) * 100 + day(orderdate),
  orderpriority,
  '0',
  quantity,
  quantity * price,
  sum(quantity * price * (100 - discount) // 100 * (100 + tax) // 100) OVER (PARTITION BY orderkey),
  discount,
  quantity * price * (100 - discount) // 100,
  6 * price // 10,
  tax,
  year(commitdate) * 10000 + month(commitdate) * 100 + day(commitdate),
  shipmode
FROM dated
