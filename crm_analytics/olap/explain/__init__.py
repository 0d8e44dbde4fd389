"""Explain the change of a measure between two periods: which members moved, and by how much.

    question    the question as a value
    shapes      what kind of number a measure is: a sum, a ratio of sums, a count of customers
    scope       the question with everything looked up, or the reason why it is refused
    blocks      which attributes are grouped together, so that all pairs cost few passes
    statements  the SQL
    sums, pairs, ratios, bridge   frames out of what the SQL gave
    explanation, words            the answer, and how it reads
    explain     the door: run the statements, put the answer together

It says where a number changed, never why: there is no causal claim in any of it.

May import: nothing.   Imported by: notebook.
"""
