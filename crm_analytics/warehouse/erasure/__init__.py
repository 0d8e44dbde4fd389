"""Erasure and access: one person taken out of everything the warehouse knows of, or written out for them.

    registry ─ which table holds persons, and how        needles ─ the texts that name the person
    person   ─ who it is, from every place               door    ─ a later load does not bring them back
    tables   ─ the database                              files   ─ the folder of the project
    proof    ─ what was done, without a personal word

May import: errors, sql, yamlfile, engines, warehouse.*.   Imported by: warehouse.load, pipeline, project.
"""
