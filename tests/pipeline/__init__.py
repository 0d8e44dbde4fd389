"""The steps from warehouse to warehouse, on a whole synthetic project."""
