"""The Star Schema Benchmark: its data from a seed, and its 13 queries by hand and through the cube."""
