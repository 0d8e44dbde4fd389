"""The card of one customer: everything the warehouse knows of them on one page.

Receives values and words them; asks nothing.

    contents     what a card is made of
    words        one thing in words: an interaction, a score, a habit
    masking      a card that does not say who it is
    text, data, html   the card as lines, as JSON, as HTML
    card         `Card`: the contents that show themselves

Import the modules themselves: Jinja and Plotly are loaded with `html`, and only then.
"""
