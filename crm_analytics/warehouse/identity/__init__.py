"""Several source records are one customer: keys, a score, a review queue, decisions of people, golden records."""
