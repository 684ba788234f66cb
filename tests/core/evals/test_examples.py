"""The eval files that ship with Loupe."""

from __future__ import annotations

import pytest

from core.evals.datasets import check
from core.evals.examples import Example, examples
from core.evals.formats import parse_eval, read_eval, write_eval
from tests.core.evals.formats.writing import bare


def test_the_one_to_begin_with_comes_first() -> None:
    assert [each.name for each in examples()][:3] == ["capitals", "sentiment", "arithmetic"]
    assert all(each.description and each.path.is_file() for each in examples())


@pytest.mark.parametrize("example", examples(), ids=lambda each: each.name)
def test_each_reads_without_a_note_on_the_bundled_model(example: Example) -> None:
    file = read_eval(example.path)
    assert file.notes == () and file.description == example.description
    assert {each.model for each in file.variants} == {"smollm2"}
    checked = check(file)
    assert 5 <= checked.rows <= 20 and checked.broken == 0 and checked.notes == ()
    assert bare(parse_eval(write_eval(file), "again.yaml", file.folder)) == bare(file)
