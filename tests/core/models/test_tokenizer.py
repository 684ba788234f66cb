"""A tokenizer without its weights says what the loaded model would say."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import LoupeError, UnsafeModel
from core.models.pool import get_pool
from core.models.tokenizer import TokenizerOnly, tokenizer_of
from tests.conftest import make_tiny_model

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Größe <|im_end|> 🙂"}]


def test_it_counts_and_renders_like_the_loaded_model_and_loads_nothing(tiny_model: Path) -> None:
    ref = f"path:{tiny_model}?dtype=fp32"
    with tokenizer_of(ref) as alone:
        assert isinstance(alone, TokenizerOnly)
        assert not [entry for entry in get_pool().status() if str(tiny_model) in entry.ref]
        with get_pool().lease(ref) as loaded:
            assert alone.encode_chat(CHAT) == loaded.encode_chat(CHAT)  # type: ignore[attr-defined, arg-type]
            assert alone.encode_text("a lens") == loaded.encode_text("a lens")  # type: ignore[attr-defined]
            assert alone.render_chat(CHAT) == loaded.render_chat(CHAT)  # type: ignore[attr-defined, arg-type]
            assert alone.context_length == loaded.context_length
    with tokenizer_of(ref) as ready:  # the weights are there: they are what is used
        assert not isinstance(ready, TokenizerOnly)
    get_pool().unload(ref)


def test_a_folder_that_asks_for_its_own_code_is_refused(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "evil")
    config = folder / "config.json"
    config.write_text(config.read_text().replace("{", '{"auto_map": {"AutoTokenizer": "evil.Tokenizer"},', 1))
    with pytest.raises(UnsafeModel), tokenizer_of(f"path:{folder}"):
        pass


@pytest.mark.parametrize("spoiled", ["tokenizer.json", "tokenizer_config.json"])
def test_a_spoiled_tokenizer_is_one_sentence(tmp_path: Path, spoiled: str) -> None:
    folder = make_tiny_model(tmp_path / "spoiled")
    (folder / spoiled).write_text("{")
    with pytest.raises(LoupeError) as caught, tokenizer_of(f"path:{folder}"):
        pass
    assert "\n" not in str(caught.value)
