"""What the agreement of two records is worth: the numbers behind the score, and nothing else.

The score is that of Fellegi & Sunter with one class more.  A pair is the *same*
person, two people of one *household*, or two *strangers*.  Each comparison has
levels; a level says how often a pair of each class lands on it.  Households
matter: relatives share family name, phone and postcode, so that three
agreements are no three proofs.  With the likelihood ratios of all comparisons
against strangers multiplied up,

    odds = prior * same / (1 + household_prior * household)

How often strangers agree is counted in the data, value by value: an equal
postcode says little where everybody lives in one, and `Kowalczyk` says more than
`Meyer`.  Few records say little about that, so `PSEUDO_RECORDS` records of a
typical country stand beside them.  How often the records of one person agree is
set here, not learnt, so that a pair keeps its score when others arrive.

Source: Fellegi & Sunter (1969), "A Theory for Record Linkage", JASA 64(328);
Winkler (2000), "Frequency-Based Matching in the Fellegi-Sunter Model".

May import: nothing.   Imported by: warehouse.identity.{records,score}.
"""

from dataclasses import dataclass

PSEUDO_RECORDS = 1000
# How many other records a record has of the same customer, and of the people it lives with, on average.
OTHERS_SAME = 0.8
OTHERS_HOUSEHOLD = 1.0
# Two people may have the same name.  Where nothing but the name agrees, the score stops here.
NAME_ALONE = 0.5
NAMES = ("given", "family")

# How often two strangers of a typical country agree.
TYPICAL = {
    "given": 0.004,
    "family": 0.0005,
    "birth_date": 0.00005,
    "email": 1e-6,
    "phone": 2e-6,
    "postcode": 0.0005,
    "city": 0.005,
}


@dataclass(frozen=True, slots=True)
class Level:
    """One way in which two values compare, and the share of pairs of each class that land on it.

    `when` is SQL over the columns `a_<field>` and `b_<field>`.  `stranger` is None where it is
    counted in the data: the frequency of the value that the two share.
    """

    name: str
    when: str
    same: float
    household: float
    stranger: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The levels of one field, first match wins; the last takes the rest.  `both` says that both records have it."""

    name: str
    both: str
    levels: tuple[Level, ...]


def _both(column: str) -> str:
    return f"a_{column} IS NOT NULL AND b_{column} IS NOT NULL"


_INITIAL = (
    "(length(a_first_word) = 1 OR length(b_first_word) = 1) "
    "AND (a_given[1] = b_given[1] OR a_first_word[1] = b_first_word[1])"
)
# Olli for Oliver: a short form that is in no list begins as the long one does.
_NEAR_GIVEN = (
    "greatest(jaro_winkler_similarity(a_given, b_given), jaro_winkler_similarity(a_first_word, b_first_word)) >= 0.88 "
    "OR left(a_first_word, 3) = left(b_first_word, 3)"
)

COMPARISONS = (
    Comparison(
        "given",
        _both("given"),
        (
            Level("initial", _INITIAL, 0.05, 0.008, 0.007),
            Level("equal", "a_given = b_given", 0.85, 0.01, None),
            Level("slip", "damerau_levenshtein(a_first_word, b_first_word) = 1", 0.04, 0.006, 0.003),
            Level("near", _NEAR_GIVEN, 0.04, 0.012, 0.009),
            Level("different", "TRUE", 0.02, 0.96, 0.97),
        ),
    ),
    Comparison(
        "family",
        _both("family"),
        (
            Level("equal", "a_family = b_family", 0.88, 0.75, None),
            Level("slip", "damerau_levenshtein(a_family, b_family) = 1 AND length(a_family) > 5", 0.04, 0.03, 0.001),
            Level("near", "jaro_winkler_similarity(a_family, b_family) >= 0.88", 0.03, 0.03, 0.003),
            Level("different", "TRUE", 0.05, 0.19, 0.99),
        ),
    ),
    Comparison(
        "birth_date",
        _both("birth_date"),
        (
            Level("equal", "a_birth_date = b_birth_date", 0.96, 0.004, None),
            Level("near", "damerau_levenshtein(a_born, b_born) <= 1 OR a_born_swapped = b_born", 0.03, 0.002, 0.002),
            Level("different", "TRUE", 0.01, 0.994, 0.998),
        ),
    ),
    Comparison(
        "email",
        _both("email"),
        (
            Level("equal", "a_email = b_email", 0.45, 0.03, None),
            # Names make up most of what stands before the @, so this proves little beyond them.
            Level("near", "a_mailbox = b_mailbox OR damerau_levenshtein(a_email, b_email) <= 2", 0.15, 0.01, 0.01),
            Level("different", "TRUE", 0.4, 0.96, 0.99),
        ),
    ),
    Comparison(
        "phone",
        _both("phone"),
        (
            Level("equal", "a_phone = b_phone", 0.55, 0.4, None),
            Level("near", "damerau_levenshtein(a_phone, b_phone) <= 1", 0.04, 0.03, 0.0005),
            Level("different", "TRUE", 0.41, 0.57, 0.999),
        ),
    ),
    Comparison(
        "postcode",
        _both("postcode"),
        (
            Level("equal", "a_postcode = b_postcode", 0.82, 0.9, None),
            Level("near", "damerau_levenshtein(a_postcode, b_postcode) <= 1", 0.04, 0.02, 0.01),
            Level("different", "TRUE", 0.14, 0.08, 0.99),
        ),
    ),
    Comparison(
        "city",
        # A postcode lies in one town: where both have one, the town says nothing more.
        f"{_both('city')} AND (a_postcode IS NULL OR b_postcode IS NULL)",
        (
            Level("equal", "a_city = b_city", 0.85, 0.92, None),
            Level("different", "TRUE", 0.15, 0.08, 0.99),
        ),
    ),
)
