-- draw(key, column_name, seed, n): a whole number from 0 to n - 1, the same for the same key, column and seed.
-- Key and column go into one number before it is hashed: of hash(key, column) the low bits of two columns are not
-- independent of each other (correlation 0.6 modulo 8 in DuckDB 2.0).
CREATE OR REPLACE TEMP MACRO draw(key, column_name, seed, n) AS
  CAST(hash(xor(CAST(key AS UBIGINT), hash(column_name || ' ' || seed))) % n AS INTEGER)
