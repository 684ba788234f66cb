"""A request says in one sentence what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from core.compression import CompressRequest, all_methods
from core.compression.measuring import MeasureRequest
from core.errors import InvalidInput


@pytest.mark.parametrize(
    "name", ["../x", "--flag", "$(touch x)", "", "a/b", ".hidden", "a" * 65, "x.gguf", "a\n", "a..b"]
)
def test_a_name_that_could_be_a_path_or_an_option_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="a name begins with a letter or digit"):
        CompressRequest.parse(method="nf4", name=name)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"method": "q2"}, "method is 'q2': input should be 'int8'"),
        ({"method": "nf4", "sparsity": 0.3}, "sparsity is given, and nf4 does not read it"),
        ({"method": "nf4", "colour": 1}, "colour is not one of the settings"),
        ({"method": "prune", "structure": "2:4", "sparsity": 0.6}, "2:4 always takes half"),
        ({"method": "prune", "structure": "heads", "criterion": "sparsegpt"}, "Sparsegpt is about single weights"),
        ({"method": "prune", "sparsity": 1}, "sparsity is 1"),
        ({"method": "distill", "layers": "3,1"}, "ascending order"),
        ({"method": "distill", "student": "smollm2", "layers": "0"}, "layers is given, and a student is named"),
        ({"method": "distill", "student": "smollm2", "keep": 0.3}, "keep is given, and a student is named"),
        ({"method": "distill", "layers": "0", "keep": 0.3}, "keep is given, and layers says which ones"),
        ({"method": "distill", "hard_only": True, "temperature": 9}, "temperature is given, and hard_only trains"),
        ({"method": "distill", "hard_only": True, "alpha": 0.1}, "alpha is given, and hard_only trains"),
        ({"method": "gptq", "calibrated": False, "calibration": "x.txt"}, "rounding to nearest looks at no text"),
        ({"method": "gptq", "calibrated": False, "samples": 3}, "samples is given, and rounding to nearest"),
        ({"method": "gptq", "calibrated": False, "dampening": 0.5}, "dampening is given, and rounding to nearest"),
        ({"method": "prune", "criterion": "magnitude", "calibration": "x"}, "calibration is given, and magnitude"),
        ({"method": "prune", "dampening": 0.5}, "dampening is given, and only sparsegpt inverts a Hessian; leave it"),
        ({"method": "gptq", "bits": 3}, "bits is 3"),
        ({"method": "distill", "learning_rate": float("nan")}, "learning_rate is nan"),
    ],
)
def test_one_sentence(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CompressRequest.parse(name="made", **values)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_settings_of_defaults_may_be_written_out() -> None:
    """A page sends every field of its form."""
    assert CompressRequest.parse(method="nf4", name="made", sparsity=0.5).sparsity == 0.5


def test_every_setting_has_a_help_text_and_belongs_to_a_method() -> None:
    fields = CompressRequest.model_fields
    assert [name for name, field in fields.items() if not field.description] == []
    assert [name for name, field in MeasureRequest.model_fields.items() if not field.description] == []
    read = {option for method in all_methods() for option in method.options}
    assert read == set(fields) - {"method", "model", "name"}
    for method in all_methods():
        assert method.title and method.does and method.choose and method.source


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"models": []}, "models is []"),
        ({"models": ["smollm2", "smollm2"]}, "named twice"),
        ({"models": ["smollm2"], "window": 64, "stride": 65}, "would be left out"),
        ({"models": ["smollm2"], "window": 4}, "window is 4"),
    ],
)
def test_what_is_measured_is_checked_too(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        MeasureRequest.parse(**values)
    assert sentence in str(caught.value)
