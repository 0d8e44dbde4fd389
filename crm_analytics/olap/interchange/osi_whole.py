"""Dimensions for which the Open Semantic Interchange has no words, back in the cube files of a changed document.

A cohort and a dimension with history, bridge or tree is no part of the document;
it stands only in the cube files that an export leaves beside it.  Where the rest
still fits it comes back whole, otherwise it is told: half of it would count
something else, and a cube file that leans on what is gone does not load.

May import: olap.load_dimension (names), olap.interchange.account, olap.interchange.dataset,
olap.interchange.osi_reading, olap.interchange.osi_words.   Imported by: osi.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.dataset import Spec
from crm_analytics.olap.interchange.osi_reading import mapping
from crm_analytics.olap.interchange.osi_words import unsaid
from crm_analytics.olap.load_dimension import SHARED


@dataclass(frozen=True, slots=True)
class _Use:
    """A dimension as a cube file of the export used it; `spec` is all of it, `shared` where `dimensions.yml` has it."""

    cube: Spec
    name: str
    use: Spec
    spec: Spec
    shared: bool


def with_whole(model: Source, files: Mapping[str, Spec], made: Mapping[str, Spec]) -> dict[str, Spec]:
    """The cube files `made` of a document, with what of the exported `files` it has no words for."""
    known = mapping(files.get(SHARED, {}), "dimensions")
    shared = mapping(made.get(SHARED, {}), "dimensions")
    cubes = {name: {**file} for name, file in made.items() if name != SHARED}
    by_name = {str(cube["cube"]): cube for cube in cubes.values()}
    uses = [use for file in files.values() if str(file.get("cube")) in by_name for use in _uses(file, known)]
    # Cohorts last: they lean on a customer and a date, which may have come back themselves.
    for use in sorted(uses, key=lambda use: "first" in use.spec):
        cube = by_name[str(use.cube["cube"])]
        if why := _misfit(use, cube, by_name, shared):
            model.account.leave(model.where, f"cube {cube['cube']!r}, dimension {use.name!r}", why)
            continue
        cube["dimensions"] = mapping(cube, "dimensions") | {use.name: use.use}
        if use.shared:
            shared[use.name] = use.spec
    # What no cube used is in no part of the document, so nothing of it can have changed.
    used = {name for file in files.values() if "cube" in file for name in mapping(file, "dimensions")}
    taken = {*by_name, *shared}
    shared |= {name: spec for name, spec in known.items() if name not in used and name not in taken}
    return ({SHARED: {"version": 1, "dimensions": shared}} if shared else {}) | cubes


def _uses(file: Spec, known: Spec) -> Iterator[_Use]:
    for name in mapping(file, "dimensions"):
        use = mapping(mapping(file, "dimensions"), name)
        own = "table" in use or "attributes" in use
        spec = use if own else mapping(known, name)
        if unsaid(spec):
            yield _Use(file, name, use, spec, not own)


def _misfit(use: _Use, cube: Spec, cubes: Mapping[str, Spec], shared: Spec) -> str:
    """Why a dimension cannot come back to a cube, '' where it can."""
    table = mapping(cube, "fact")["table"]
    if table != mapping(use.cube, "fact").get("table"):
        return f"the cube was changed since it was exported, and reads {table} now"
    roles = mapping(use.use, "roles") or {use.name: ""}
    taken = {*cubes, *_reached(cube, shared), *mapping(cube, "dimensions")}
    other = use.shared and shared.get(use.name, use.spec) != use.spec
    if clash := next((name for name in (*roles, use.name) if name in taken), use.name if other else ""):
        return f"the document was changed since it was exported, and something else is called {clash!r} now"
    return _misfit_cohort(use.spec, cube, cubes, shared) if "first" in use.spec else ""


def _misfit_cohort(spec: Spec, cube: Spec, cubes: Mapping[str, Spec], shared: Spec) -> str:
    """Why a cube cannot be split by a cohort, as `olap.cohort.misfit` will see it."""
    wanted = {"customer": "customer", "date": "date"} | mapping(spec, "first")
    first = cubes.get(wanted["cube"])
    if first is None:
        return f"the cohort is taken from cube {wanted['cube']!r}, which is not there any more"
    here, there = _reached(cube, shared), _reached(first, shared)
    for name in (wanted["customer"], wanted["date"]):
        if name not in here or name not in there:
            lost = cube if name not in here else first
            return f"a cohort needs dimension {name!r}, which cube {lost['cube']!r} does not reach any more"
        if here[name] != there[name]:
            return f"a cohort needs cubes {cube['cube']!r} and {first['cube']!r} to share dimension {name!r}"
    date = there[wanted["date"]][1]
    if not any(mapping(mapping(date, "attributes"), name).get("period") == "day" for name in date["attributes"]):
        return f"a cohort needs a day, and no attribute of dimension {wanted['date']!r} says 'period: day' any more"
    return ""


def _reached(cube: Spec, shared: Spec) -> dict[str, tuple[str, Spec]]:
    """What a cube calls each dimension with a table: which it is, and its spec."""
    found: dict[str, tuple[str, Spec]] = {}
    for name in mapping(cube, "dimensions"):
        use = mapping(mapping(cube, "dimensions"), name)
        spec = use if "attributes" in use else mapping(shared, name)
        if "attributes" in spec or "tree" in spec:
            found |= {role: (name, spec) for role in mapping(use, "roles") or {name: ""}}
    return found
