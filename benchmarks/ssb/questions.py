"""The 13 queries, each as a question to the cube and as the paper's SQL, read from `queries.yml`."""

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.yamlfile import read_yaml

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Question:
    """One query; `fraction` is the part of lineorder that the paper says it reads."""

    name: str
    asked: CubeQuery
    by_hand: str
    fraction: float

    @property
    def lines(self) -> CubeQuery:
        """How many lines of lineorder it reads."""
        return CubeQuery("lineorder", ("lines",), conditions=self.asked.conditions)


def questions() -> tuple[Question, ...]:
    """All 13, in the paper's order."""
    return tuple(_question(name, spec) for name, spec in read_yaml(HERE / "queries.yml").data.items())


def _question(name: str, spec: dict[str, Any]) -> Question:
    asked = CubeQuery("lineorder").measures(*spec["measures"]).by(*spec.get("by", ())).dice(*spec["where"])
    for key in spec.get("sort", ()):
        asked = asked.sort(key)
    return Question(name, asked, spec["by_hand"], float(prod(Fraction(factor) for factor in spec["factors"])))


def cube(engine: Engine) -> Model:
    """The cube of lineorder, bound to the tables of `engine`."""
    return bind_model(load_model(HERE / "cubes"), engine)
