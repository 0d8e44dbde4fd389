-- One row is one line of one order: 6,000,000 x the scale factor.
CREATE OR REPLACE TABLE lineorder (
  lo_orderkey INTEGER,
  lo_linenumber INTEGER,
  lo_custkey INTEGER,
  lo_partkey INTEGER,
  lo_suppkey INTEGER,
  lo_orderdate INTEGER,
  lo_orderpriority VARCHAR,
  lo_shippriority VARCHAR,
  lo_quantity INTEGER,
  lo_extendedprice INTEGER,
  lo_ordtotalprice INTEGER,
  lo_discount INTEGER,
  lo_revenue INTEGER,
  lo_supplycost INTEGER,
  lo_tax INTEGER,
  lo_commitdate INTEGER,
  lo_shipmode VARCHAR
)
