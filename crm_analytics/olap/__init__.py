"""Cubes: what can be asked (`model`, `load`, `bind`), a question (`query`), its SQL (`plan`, `compile`), its answer."""
