"""Conditions on who may see what: written out and read again they are the same."""

from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.olap.filters import And, Compare, Condition, Not, Number, Or, Placeholder, parse_filter
from crm_analytics.olap.interchange.conditions import condition_text, renamed_condition

NAMES = st.sampled_from(["store.region", "customer.age"])
VALUES = st.one_of(
    st.text(alphabet="ab'%_ ", max_size=4),
    st.booleans(),
    st.sampled_from([Number("7"), Number("-2.5"), Placeholder(":x")]),
)
COMPARISONS = st.one_of(
    st.builds(Compare, NAMES, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "like"]), st.tuples(VALUES)),
    st.builds(Compare, NAMES, st.just("in"), st.lists(VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Compare, NAMES, st.just("between"), st.tuples(VALUES, VALUES)),
    st.builds(Compare, NAMES, st.just("unknown")),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_a_condition_written_out_and_read_again_is_the_same(condition: Condition) -> None:
    read = parse_filter(condition_text(condition), places=True)
    assert read == condition
    assert kinds(read) == kinds(condition)


@given(CONDITIONS)
def test_renaming_there_and_back_changes_nothing(condition: Condition) -> None:
    there = renamed_condition(condition, lambda name: f"x{name}")
    assert renamed_condition(there, lambda name: name.removeprefix("x")) == condition


def kinds(condition: Condition) -> list[type]:
    """The types of the values, which equality does not tell apart: '7' and 7."""
    match condition:
        case Compare(values=values):
            return [type(value) for value in values]
        case Not(part):
            return kinds(part)
        case And(parts) | Or(parts):
            return [kind for part in parts for kind in kinds(part)]
    return []
