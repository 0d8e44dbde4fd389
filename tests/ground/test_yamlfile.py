import contextlib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.errors import ConfigError
from crm_analytics.yamlfile import Problems, read_yaml, yaml_text


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    file = read_yaml(written(tmp_path, "# a comment\na:\n  - x: 1\n  - {y: 2, z: 3}\n\nb: c\n3: d\n"))
    assert file.data == {"a": [{"x": 1}, {"y": 2, "z": 3}], "b": "c", 3: "d"}
    path = file.path
    assert file.where("a") == f"{path}:2"
    assert file.where("a", 0, "x") == f"{path}:3"
    assert file.where("a", 1, "z") == f"{path}:4"
    assert file.where("b") == f"{path}:6"
    assert file.where(3) == f"{path}:7"


def test_what_is_not_there_is_pointed_at_by_what_is_around_it(tmp_path: Path) -> None:
    file = read_yaml(written(tmp_path, "\na:\n  b: 1\n"))
    assert file.where("a", "missing", "deeper") == f"{file.path}:2"
    assert file.where("missing") == f"{file.path}:2"  # the whole mapping begins there


BROKEN = {
    "not YAML": ("a: 1\nb: [1, 2\n", r"file\.yml:3: not YAML: "),
    "a tab as indentation": ("a:\n\tb: 1\n", r"file\.yml:2: not YAML: "),
    "a list": ("- a\n", r"file\.yml:1: expected names with values"),
    "nothing": ("", r"file\.yml:1: expected names with values"),
    "a text": ("hello", r"file\.yml:1: expected names with values"),
    "two documents": ("a: 1\n---\nb: 2\n", r"file\.yml:2: not YAML: "),
    "a key twice": ("a: 1\nb: 2\na: 3\n", r"file\.yml:3: 'a' stands twice$"),
    "a key twice further in": ("a:\n  b: 1\n  c: {d: 1, d: 2}\n", r"file\.yml:3: 'd' stands twice$"),
    "a tag that would run code": (
        "a: !!python/object/apply:os.getcwd []\n",
        r"file\.yml:1: not YAML: could not determine",
    ),
    "a day that is none": ("a: 2017-13-45\n", r"file\.yml: a value cannot be read: month must be in 1\.\.12"),
    "a value that holds itself": ("a: &x [*x]\n", r"file\.yml: is nested too deep, or a value holds itself"),
    "depth without end": ("a: " + "[" * 2000 + "]" * 2000, r"file\.yml: is nested too deep"),
    "a list as a key": ("? [a, b]\n: 1\n", r"file\.yml:1: not YAML: "),
    "a control character": ("a: \x00\n", r"file\.yml: not YAML: "),
    "bytes that are not UTF-8": (b"a: \xe4\n", r"file\.yml: cannot be read: "),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_cannot_be_used_says_where_and_why(case: str, tmp_path: Path) -> None:
    text, says = BROKEN[case]
    with pytest.raises(ConfigError, match=says) as caught:
        read_yaml(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_all_repeated_keys_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a: 1\na: 2\nb:\n  c: 1\n  c: 2\n")
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert str(caught.value) == f"{path}:2: 'a' stands twice\n{path}:5: 'c' stands twice"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yml: no such file$"):
        read_yaml(tmp_path / "none.yml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)


def test_unknown_keys_are_told_with_the_nearest_right_one(tmp_path: Path) -> None:
    file = read_yaml(written(tmp_path, "measure: 1\nx:\n  nmae: 2\ntext: abc\n"))
    problems = Problems()
    problems.unknown_keys(file, (), ("measures", "x", "text"))
    problems.unknown_keys(file, ("x",), ("name",))
    problems.unknown_keys(file, ("text",), ("name",))  # no mapping, so it has no keys
    with pytest.raises(ConfigError) as caught:
        problems.raise_any()
    assert str(caught.value).splitlines() == [
        f"{file.path}:1: unknown key 'measure'. Did you mean 'measures'? Known: measures, x, text.",
        f"{file.path}:3: unknown key 'nmae'. Did you mean 'name'? Known: name.",
    ]


def test_no_problems_raise_nothing() -> None:
    Problems().raise_any()


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(text, encoding="utf-8", errors="replace")
    # Whatever is not a mapping is refused with the one kind of error, never with another.
    with contextlib.suppress(ConfigError):
        assert isinstance(read_yaml(path).data, dict)


TEXTS = st.text(alphabet=st.sampled_from("ab 'x\":,#-{}[]\\%\n\u00e9"), max_size=20)
PLAIN = st.one_of(TEXTS, st.integers(), st.booleans(), st.none(), st.floats(-1e6, 1e6))
NESTED = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)), max_leaves=8
)


@given(st.dictionaries(TEXTS.filter(bool), NESTED, min_size=1, max_size=3))
def test_what_is_written_is_read_again(data: dict[str, object]) -> None:
    text = yaml_text(data)
    assert yaml.safe_load(text) == data
    assert list(yaml.safe_load(text)) == list(data)


def test_short_mappings_stand_on_one_line_and_sql_keeps_its_quotes() -> None:
    attribute = {"size": {"sql": "CASE WHEN a > 1 THEN 'big' END"}, "other": {}}
    long = {"formula": "a" * 60, "description": "b" * 60}
    data = {"key": ["a", "b"], "attributes": attribute, "measures": {"m": long}}
    assert yaml_text(data) == (
        "key: [a, b]\n"
        "attributes:\n"
        "  size: {sql: \"CASE WHEN a > 1 THEN 'big' END\"}\n"
        "  other: {}\n"
        "measures:\n"
        "  m:\n"
        f"    formula: {'a' * 60}\n"
        f"    description: {'b' * 60}\n"
    )
