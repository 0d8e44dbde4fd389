"""How raw things are read: one module a kind, each a `Raw`; `readers.entry` chooses."""
