"""Tryton, an ERP with a CRM in it, read over its own API.

    source.yml --entry--> TrytonModel --open--> Session --wire--> the server
                                        fields: what a path such as party.lang.code is

Only Python's standard library is used; Tryton itself is needed on the server alone.
"""
