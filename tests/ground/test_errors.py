import pytest

from crm_analytics import errors
from crm_analytics.errors import CrmError, UnknownName, did_you_mean, shortened


def test_an_unknown_name_says_where_what_the_nearest_and_the_known() -> None:
    error = UnknownName("cubes/sales.yml: cube 'sales'", "measure", "revenu", ["revenue", "orders"])
    assert str(error) == (
        "cubes/sales.yml: cube 'sales': no measure 'revenu'. Did you mean 'revenue'? Known: orders, revenue."
    )


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    assert str(UnknownName("x", "cube", "zzz", ["sales"])) == "x: no cube 'zzz'. Known: sales."


def test_where_nothing_is_known_it_says_none() -> None:
    assert str(UnknownName("x", "cube", "sales", [])) == "x: no cube 'sales'. Known: none."


@pytest.mark.parametrize(("name", "nearest"), [("REVENUE", "Revenue"), ("revenu", "Revenue"), ("Odrers", "orders")])
def test_the_nearest_name_is_given_as_it_is_written_whatever_the_case(name: str, nearest: str) -> None:
    assert did_you_mean(name, ["Revenue", "orders"]) == f" Did you mean {nearest!r}?"


def test_a_long_list_of_names_is_cut_after_a_dozen() -> None:
    names = [f"n{i}" for i in range(14)]
    assert shortened(names) == ", ".join(names[:12]) + ", and 2 more"
    assert shortened(names[:12]) == ", ".join(names[:12])


def test_every_error_is_one_family() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) == 8
    assert all(issubclass(kind, CrmError) for kind in kinds)
