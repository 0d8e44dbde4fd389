"""The warehouse as arrays for mining: customers, purchases, labels.  Looks back from `as_of` only, but for `labels`."""
