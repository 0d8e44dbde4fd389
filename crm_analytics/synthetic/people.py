"""Made-up people in households, with everything that a source could know of them.

Names follow the law of real ones: few are common, most are rare.  Households
share an address, often a family name and a landline, and are the trap for whoever
joins records by what families share.  No person exists; mail goes to example domains.

May import: nothing.   Imported by: synthetic.duplicates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

GIVEN = (
    "Michael Thomas Anna Maria Andreas Stefan Christian Peter Sabine Martin Julia Daniel Petra Klaus Susanne Wolfgang "
    "Monika Markus Claudia Frank Alexander Jürgen Laura Sarah Matthias Karin Birgit Uwe Katharina Sebastian Robert "
    "William James Elizabeth Margaret Charlotte Emma Paul Lukas Felix Jonas Leon Max Tim Jan Nina Lisa Lena Hannah Mia "
    "Sophie Emily David Simon Philipp Tobias Florian Dominik Patrick Benjamin Oliver Jörg Heike Anja Silke Ute Renate "
    "Ursula Helga Ingrid Gisela Elke Christa Hildegard Gertrud Heinrich Friedrich Wilhelm Karl Hans Günter Horst "
    "Dieter Helmut Werner Gerhard Manfred Rolf Bernd Ralf Holger Sven Nils Lars Jens Kai Olaf Dirk Volker Axel Achim "
    "Norbert Rainer Reinhard Ludwig Georg Josef Franz Anton Johannes Jakob Samuel Noah Elias Finn Ben Luca Emil Oskar "
    "Moritz Theo Anton Henry Arthur Clara Ida Greta Frieda Mathilda Leni Marlene Paula Johanna Luisa Amelie Zoe Maja "
    "Nele Pia Jule Carla Antonia Victoria Helena Isabella Olivia Alice Edith Harriet Rosalind Beatrice Winifred Agatha "
    "Mehmet Ayşe Fatma Mustafa Elif Emre Yusuf Zeynep Ivan Olga Natalia Dmitri Svetlana Piotr Agnieszka Katarzyna "
    "Giovanni Lorenzo Chiara Giulia José Carmen Pilar Javier Thérèse François Margaux Étienne Nguyen Linh Wei Mei"
)
FAMILY = (
    "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf "
    "Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Smith "
    "Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker Robinson Thompson White Hughes Edwards "
    "Green Hall Wood Harris Köhler Maier Herrmann König Walter Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung "
    "Hahn Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Yılmaz "
    "Kaya Demir Kowalski Nowak Wójcik Rossi Russo Ferrari García Fernández Martínez Nguyễn Ivanov Petrova O'Brien"
)
# Most families have a rare name; put together, these give some nine hundred.
STEMS = "Acker Birken Buch Dorn Eber Eich Falken Feld Gold Grün Hagen Hasel Holz Kirch Linden Lauter Mühl Nieder Ober "
STEMS += "Rosen Rothen Sand Silber Stein Stern Tannen Unter Wald Weiden Winter"
ENDS = (
    "bach baum beck berg brunner bruch dorf eck feld garten hagen haus hof hofer holz kamp kopf land lein mann mayer "
)
ENDS += "müller reuter rieder stätter stein tal thal wald weger wirth"
SPELT_OUT = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}
MAIL = ("mail.example", "post.example", "web.example", "inbox.example", "letters.example", "netz.example")
AREAS = ("30", "40", "89", "221", "69", "711", "341", "351", "421", "511", "911", "201")


@dataclass(frozen=True, slots=True)
class Home:
    """Where people live together: what they share."""

    postcode: str
    city: str
    landline: str
    mailbox: str


@dataclass(frozen=True, slots=True)
class Person:
    """One person; `family_before` is the name before a wedding, lists have the present value first."""

    given: str
    family: str
    family_before: str
    born: date
    home: Home
    home_before: Home
    emails: tuple[str, ...]
    mobiles: tuple[str, ...]
    cards: tuple[str, ...]


def people(random: Random, count: int) -> list[Person]:
    """About `count` people, whole households."""
    names = _weighted(GIVEN.split()), _weighted([*FAMILY.split(), *_rare(random)])
    places = [(f"{random.randrange(1000, 99999):05d}", f"Town {i % 300}") for i in range(2000)]
    found: list[Person] = []
    taken: set[str] = set()
    while len(found) < count:
        found += _household(random, names, places, taken)
    return found[:count]


def draw(random: Random, weighted: tuple[Sequence[str], Sequence[float]]) -> str:
    """One of the names, common ones more often."""
    return random.choices(weighted[0], cum_weights=weighted[1])[0]


Weighted = tuple[Sequence[str], Sequence[float]]


def _weighted(names: Sequence[str]) -> Weighted:
    """Zipf's law, flattened at the head: the tenth name is a third as common as the first."""
    total, sums = 0.0, []
    for i in range(len(names)):
        total += 1 / (i + 5)
        sums.append(total)
    return names, sums


def _rare(random: Random) -> list[str]:
    made = [stem + end for stem in STEMS.split() for end in ENDS.split()]
    random.shuffle(made)
    return made


def _home(random: Random, places: Sequence[tuple[str, str]], family: str) -> Home:
    # Towns differ in size: the product of two draws favours the first places.
    postcode, city = places[int(len(places) * random.random() * random.random())]
    landline = f"0{random.choice(AREAS)}{random.randrange(2_000_000, 9_999_999)}" if random.random() < 0.6 else ""
    return Home(postcode, city, landline, f"familie.{_ascii(family)}{random.randrange(10**4)}@{random.choice(MAIL)}")


def _household(
    random: Random, names: tuple[Weighted, Weighted], places: Sequence[tuple[str, str]], taken: set[str]
) -> list[Person]:
    family = draw(random, names[1])
    home = _home(random, places, family)
    members: list[Person] = []
    for i in range(random.choices((1, 2, 3, 4), (0.62, 0.22, 0.08, 0.08))[0]):
        own = family if i == 0 or random.random() < 0.85 else draw(random, names[1])
        given = draw(random, names[0])
        born = date(1935, 1, 1) + timedelta(days=random.randrange(365 * 72))
        if i and random.random() < 0.01:  # named after a parent; twins
            given = members[0].given
        elif i and random.random() < 0.02:
            born = members[-1].born
        before = draw(random, names[1]) if random.random() < 0.06 else own
        moved = _home(random, places, own) if random.random() < 0.25 else home
        emails = tuple(
            _email(random, given, random.choice((own, before)), taken) for _ in range(1 + (random.random() < 0.6))
        )
        mobiles = tuple(
            f"0{random.choice(('151', '160', '170', '175', '176'))}{random.randrange(10_000_000, 99_999_999)}"
            for _ in range(1 + (random.random() < 0.5))
        )
        cards = tuple(f"C{random.randrange(10**9):09d}" for _ in range(random.choices((0, 1, 2), (45, 54, 1))[0]))
        members.append(Person(given, own, before, born, home, moved, emails, mobiles, cards))
    return members


def _email(random: Random, given: str, family: str, taken: set[str]) -> str:
    """An address that nobody else has: providers see to that, with a number where they must."""
    first, last = _ascii(given), _ascii(family)
    boxes = [f"{first}.{last}", f"{first[0]}.{last}", f"{last}.{first}", f"{first}{random.randrange(100)}"]
    boxes += [f"{last}{random.randrange(1000)}", f"{first}_{last}{random.randrange(30)}"]
    box = random.choice([*boxes, f"star{random.randrange(100000)}"])
    domain, more = random.choice(MAIL), ""
    while f"{box}{more}@{domain}" in taken:
        more = str(random.randrange(1000))
    taken.add(f"{box}{more}@{domain}")
    return f"{box}{more}@{domain}"


def _ascii(name: str) -> str:
    plain = name.lower().translate(SPELT_OUT)
    return "".join(c for c in plain if c.isascii() and c.isalnum()) or "x"
