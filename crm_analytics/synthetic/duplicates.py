"""Customer records with planted duplicates: the same people as three sources wrote them down, and who is who.

Each record is drawn from its person on its own, with what goes wrong in practice:
slips of the finger, short names, first and last name in the wrong field, names
before a wedding, second e-mails, old and shared phones, addresses before a move,
fields left empty, placeholders.  Nothing looks at how records are matched.

May import: synthetic.people.   Imported by: tests, benchmarks.
"""

from datetime import date, datetime, timedelta
from random import Random

import polars as pl

from crm_analytics.synthetic.people import SPELT_OUT, Home, Person, people

SOURCES = {  # how often each source knows what
    "crm": {"email": 0.8, "phone": 0.85, "born": 0.9, "home": 0.97, "card": 0.3},
    "shop": {"email": 0.97, "phone": 0.7, "born": 0.85, "home": 0.97, "card": 0.15},
    "till": {"email": 0.5, "phone": 0.6, "born": 0.9, "home": 0.9, "card": 0.95},
}
SHORT = {
    "Michael": "Mike Michi Micha",
    "Thomas": "Tom Tommy",
    "Andreas": "Andi Andy",
    "Alexander": "Alex Sascha",
    "Christian": "Chris",
    "Katharina": "Kathi Katja Käthe",
    "Robert": "Bob Rob Robbie",
    "William": "Bill Will Billy",
    "James": "Jim Jimmy",
    "Elizabeth": "Liz Beth Betty Lilibet",
    "Margaret": "Peggy Maggie Daisy",
    "Susanne": "Susi Sanne",
    "Wolfgang": "Wolfi Wolf",
    "Johannes": "Hans Hannes",
    "Friedrich": "Fritz",
    "Heinrich": "Heinz Heiner",
    "Wilhelm": "Willi",
    "Maria": "Mia Mitzi",
    "Sebastian": "Basti",
    "Victoria": "Vicky",
    "Günter": "Günni",
    "Giovanni": "Gianni",
    "José": "Pepe",
    "Hildegard": "Hilde",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_DAY = date(2015, 1, 1)


def duplicates(records: int, seed: int = 1) -> pl.DataFrame:
    """`records` rows as `customer_record` has them, shuffled, with the column `person`: who it is in truth."""
    random = Random(seed)
    rows: list[dict[str, object]] = []
    for number, person in enumerate(people(random, records)):
        if len(rows) >= records:
            break
        for _ in range(random.choices((1, 2, 3, 4), (58, 27, 11, 4))[0]):
            rows.append({"person": number, **_record(random, person)})
    random.shuffle(rows)
    rows = rows[:records]
    ids = [f"{random.randrange(10)}{i:06d}" for i in range(len(rows))]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(customer_id=pl.Series(ids))


def slip(random: Random, text: str) -> str:
    """One slip of the finger: a letter wrong, missing, too many, or two changed about."""
    if len(text) < 3:
        return text
    i = random.randrange(len(text) - 1)
    letter = random.choice("0123456789" if text[i].isdigit() else LETTERS)
    return random.choice(
        (
            text[:i] + letter + text[i + 1 :],
            text[:i] + text[i + 1 :],
            text[:i] + letter + text[i:],
            text[:i] + text[i + 1] + text[i] + text[i + 2 :],
        )
    )


def _record(random: Random, person: Person) -> dict[str, object]:
    source = random.choices(list(SOURCES), (40, 40, 20))[0]
    knows = {what for what, share in SOURCES[source].items() if random.random() < share}
    home = person.home_before if random.random() < 0.25 else person.home
    registered = FIRST_DAY + timedelta(days=random.randrange(3000))
    changed = datetime.combine(registered, datetime.min.time()) + timedelta(hours=random.randrange(8000))
    return {
        "source": source,
        "name": _name(random, person),
        "email": _email(random, person) if "email" in knows else None,
        "phone": _phone(random, person) if "phone" in knows else None,
        "country": "DE" if random.random() < 0.9 else None,
        "registered_on": registered,
        "loyalty_id": random.choice(person.cards) if person.cards and "card" in knows else None,
        "birth_date": _born(random, person.born) if "born" in knows else None,
        "postcode": _postcode(random, home) if "home" in knows else None,
        "city": home.city if "home" in knows else None,
        "changed_at": changed if random.random() < 0.8 else None,
    }


def _name(random: Random, person: Person) -> str | None:
    if random.random() < 0.005:
        return None
    given, family = person.given, random.choice((person.family, person.family, person.family_before))
    if random.random() < 0.1:
        # A short form that is in nobody's list is made as people make them: Gabi, Olli.
        short = SHORT[given].split() if given in SHORT else [given[:3] + "i"] if len(given) > 5 else [given]
        given = random.choice(short)
    elif random.random() < 0.03:
        given = given[0] + random.choice(("", "."))
    if random.random() < 0.04:
        given = slip(random, given)
    if random.random() < 0.04:
        family = slip(random, family)
    if random.random() < 0.3:
        given, family = given.translate(SPELT_OUT), family.translate(SPELT_OUT)
    way = random.random()
    if way < 0.06:
        return f"{family}, {given}"
    if way < 0.09:
        return f"{family} {given}"
    if way < 0.13:
        return f"{given} {family}".upper()
    if way < 0.16:
        return f"{random.choice(('Herr', 'Frau', 'Dr.'))} {given} {family}"
    return f"{given} {family}"


def _email(random: Random, person: Person) -> str:
    way = random.random()
    if way < 0.01:
        return random.choice(("none@shop.example", "info@shop.example"))
    if way < 0.04:
        return person.home.mailbox
    email = random.choice(person.emails)
    if way < 0.065:
        box, at, domain = email.partition("@")
        email = slip(random, box) + at + domain
    return email.upper() if way > 0.95 else email


def _phone(random: Random, person: Person) -> str:
    if random.random() < 0.01:
        return "030 1111111"
    number = random.choice(person.mobiles)
    if person.home.landline and random.random() < 0.35:
        number = person.home.landline
    if random.random() < 0.02:
        number = number[:4] + slip(random, number[4:])
    way = random.random()
    if way < 0.3:
        return f"+49 {number[1:4]} {number[4:]}"
    if way < 0.45:
        return f"0049{number[1:]}"
    return f"{number[:4]} / {number[4:7]} {number[7:]}" if way < 0.7 else number


def _born(random: Random, born: date) -> date:
    way = random.random()
    if way < 0.003 and born.day <= 12:
        return date(born.year, born.day, born.month)
    if way < 0.008:
        return date(born.year + random.choice((-10, -1, 1, 10)), born.month, min(born.day, 28))
    return born


def _postcode(random: Random, home: Home) -> str:
    return slip(random, home.postcode) if random.random() < 0.01 else home.postcode
