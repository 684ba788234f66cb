"""The Models page: what it lists, loads, unloads, refuses."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.models.pool import get_pool
from core.models.registry import local_dir
from core.settings import get_settings

PAGE = str(Path(__file__).parents[2] / "pages" / "models" / "models.py")


def opened() -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=30).run()
    assert not page.exception
    return page


def until_loaded(page: AppTest, state: str) -> AppTest:
    deadline = time.monotonic() + 30
    while state not in set(page.dataframe[0].value["State"]):
        assert time.monotonic() < deadline, page.dataframe[0].value
        time.sleep(0.05)
        page = page.run()
    return page


@pytest.fixture
def local(tiny_model: Path) -> Path:
    return Path(shutil.copytree(tiny_model, local_dir() / "tiny"))


def test_lists_what_can_run_here(local: Path) -> None:
    table = opened().dataframe[0].value
    assert list(table["Reference"]) == ["smollm2", f"path:{local}"]
    assert table["Parameters"][0] == 134_515_008
    assert list(table["Source"]) == ["bundled", "local folder"]


def test_loads_and_unloads_by_reference(local: Path) -> None:
    page = opened()
    page.text_input[1].set_value(f"path:{local}")
    page = (
        next(button for button in page.button if button.label == "Load" and button.key != "models_load").click().run()
    )
    page = until_loaded(page, "loaded")
    row = page.dataframe[0].value.set_index("Reference").loc[f"path:{local}"]
    assert row["In memory"] > 0
    get_pool().unload(f"path:{local}")
    assert "loaded" not in set(opened().dataframe[0].value["State"])


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("text", ["", "../../etc", "http://x/y", "x" * 10_000, "<img src=x onerror=alert(1)>"])
def test_bad_input_is_one_sentence_on_the_page(place: int, text: str) -> None:
    page = opened()
    page.text_input[place].set_value(text)
    submit = [button for button in page.button if button.label == ("Download", "Load")[place]][-1]
    page = submit.click().run()
    assert not page.exception
    assert len(page.error) == 1 and "Traceback" not in page.error[0].value


def test_a_model_that_cannot_be_loaded_says_why(local: Path) -> None:
    (local / "model.safetensors").write_bytes(b"nonsense")
    page = opened()
    page.text_input[1].set_value(f"path:{local}")
    page = [button for button in page.button if button.label == "Load"][-1].click().run()
    page = until_loaded(page, "failed")
    assert any("safetensors" in error.value for error in page.error)
    page = next(button for button in page.button if button.label == "Dismiss").click().run()
    assert "failed" not in set(page.dataframe[0].value["State"])


def test_endpoints_show_where_the_key_comes_from_and_never_the_key(
    loupe_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loupe_home.mkdir(parents=True, exist_ok=True)
    (loupe_home / "settings.toml").write_text(
        '[[endpoints]]\nname = "hosted"\nbase_url = "https://example.org/v1"\nkey_env = "HOSTED_KEY"\nmodels = ["m"]\n'
    )
    monkeypatch.setenv("HOSTED_KEY", "sk-canary")
    get_settings.cache_clear()
    page = opened()
    table = page.dataframe[1].value
    assert list(table["Key"]) == ["environment variable HOSTED_KEY"]
    assert "api:hosted/m" in set(page.dataframe[0].value["Reference"])
    assert "sk-canary" not in str(page.main) and "sk-canary" not in table.to_json()


def test_without_endpoints_it_teaches() -> None:
    assert any("[[endpoints]]" in code.value for code in opened().code)


def test_an_endpoint_that_does_not_answer_is_one_sentence(loupe_home: Path) -> None:
    loupe_home.mkdir(parents=True, exist_ok=True)
    (loupe_home / "settings.toml").write_text('[[endpoints]]\nname = "silent"\nbase_url = "http://127.0.0.1:9/v1"\n')
    get_settings.cache_clear()
    page = opened()
    page = page.button(key="ask_silent").click().run()
    assert not page.exception and len(page.error) == 1
