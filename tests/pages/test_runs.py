"""The page Runs: what is listed, found, shown, deleted; other people's text stays text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import StoreError
from core.settings import get_settings
from core.store import runs
from tests.core.store.records import record

ROOT = Path(__file__).parents[2]
XSS = "<script>alert(1)</script> ![x](https://evil.example/x.png) **bold** $x$"


def page(**query: str) -> AppTest:
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).switch_page("pages/work/runs.py")
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def titles(test: AppTest) -> list[str]:
    return list(test.dataframe[0].value["Prompt"]) if test.dataframe else []


def tick(test: AppTest, *places: int) -> AppTest:
    test.session_state[test.dataframe[0].key] = {"selection": {"rows": list(places), "columns": [], "cells": []}}
    test.run()
    assert not test.exception
    return test


def test_without_runs_it_says_where_they_come_from() -> None:
    test = page()
    assert "Every answer is kept here" in test.info[0].value
    assert not test.dataframe


def test_runs_are_listed_newest_first() -> None:
    for number, prompt in enumerate(["first", "second"]):
        runs.save(record(number, prompt=prompt))
    assert titles(page()) == ["second", "first"]


def test_the_tables_own_download_runs_no_formula() -> None:
    runs.save(record(prompt="=cmd|'/C calc'!A0"))
    assert titles(page()) == ["'=cmd|'/C calc'!A0"]


def test_search_and_filters_narrow_the_list() -> None:
    runs.save(record(1, prompt="apples"))
    runs.save(record(2, prompt="pears", status="failed"))
    test = page()
    test.text_input(key="runs_search").set_value("APPLES").run()
    assert titles(test) == ["apples"]
    test.text_input(key="runs_search").set_value("").run()
    test.selectbox(key="runs_status").set_value("failed").run()
    assert titles(test) == ["pears"]
    test.text_input(key="runs_search").set_value("apples").run()
    assert titles(test) == []
    assert "No run matches" in test.info[0].value


def test_a_filter_comes_from_the_url_and_a_bad_one_is_ignored() -> None:
    runs.save(record(1, prompt="apples"))
    runs.save(record(2, prompt="pears", status="failed"))
    assert titles(page(runs_status="failed")) == ["pears"]
    assert titles(page(runs_status="'; DROP TABLE runs")) == ["pears", "apples"]


def test_a_run_of_a_dead_process_shows_as_interrupted() -> None:
    runs.save(record(status="running", owner=" ".join([*runs.this_process().split()[:2], "1.00"])))
    assert list(page().dataframe[0].value["Status"]) == ["interrupted"]


def test_more_than_a_page_of_runs_has_pages() -> None:
    for number in range(103):
        runs.save(record(number, prompt=f"run {number}"))
    test = page()
    assert len(titles(test)) == 100
    test.number_input(key="runs_page").set_value(2).run()
    assert titles(test) == ["run 2", "run 1", "run 0"]
    test.text_input(key="runs_search").set_value("102").run()  # one page is left
    assert titles(test) == ["run 102"]


def test_a_store_that_cannot_be_read_is_one_sentence(loupe_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_DATABASE_URL", "sqlite:////no/such/folder/x.db")
    get_settings.cache_clear()
    test = page()
    assert "cannot be used" in test.error[0].value


@pytest.mark.parametrize("search", ["word " * 1500, "x" * 60_000, "%_\\"])
def test_a_search_of_any_length_is_no_failure(search: str) -> None:
    runs.save(record(prompt="apples"))
    test = page()
    test.text_input(key="runs_search").set_value(search).run()
    assert not test.exception
    assert test.error or test.info or titles(test)
    assert test.text_input(key="runs_search").max_chars == 500


@pytest.mark.parametrize("name", ["mark_interrupted", "models", "count_runs", "list_runs", "get"])
def test_a_store_that_fails_anywhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    runs.save(record(prompt="apples"))
    test = tick(page(), 0)

    def fail(*_: object, **__: object) -> None:
        raise StoreError("The *disk* is gone.")

    monkeypatch.setattr(f"core.store.runs.{name}", fail)
    test.run()
    assert not test.exception
    assert [error.value for error in test.error] == [r"The \*disk\* is gone\."]


def test_an_error_that_quotes_a_run_is_not_markdown() -> None:
    runs.save(record(prompt=XSS, status="running", owner=runs.this_process()))
    test = tick(page(), 0)
    test.button(key="runs_delete").click().run()
    assert r"\!\[x\]" in test.error[0].value and "![x]" not in test.error[0].value


def test_a_fork_is_shown_with_what_it_began_with() -> None:
    fork = record(answer=" seven.")
    request = {**json.loads(fork.request), "answer_ids": [1], "answer_text": "There are"}
    runs.save(replace(fork, request=json.dumps(request)))
    assert "There are seven." in [block.value for block in tick(page(), 0).code]


def test_a_ticked_run_is_shown_in_full_and_letter_by_letter() -> None:
    runs.save(record(prompt=XSS, answer=XSS))
    test = tick(page(), 0)
    assert [block.value for block in test.code][:2] == [XSS, XSS]
    assert "tokens out" in test.caption[0].value
    for rendered in (*test.markdown, *test.subheader, *test.caption):
        assert not {"<script>", "![x]", "**bold**"} & {part for part in rendered.value.split() if "\\" not in part}


def test_ticked_runs_are_deleted_and_the_others_stay() -> None:
    for number in range(3):
        runs.save(record(number, prompt=f"run {number}"))
    test = tick(page(), 0, 2)
    test.button(key="runs_delete").click().run()
    assert titles(test) == ["run 1"]
    assert runs.count_runs() == 1


def test_a_running_run_is_not_deleted() -> None:
    runs.save(record(prompt="Still at it", status="running", owner=runs.this_process()))
    test = tick(page(), 0)
    test.button(key="runs_delete").click().run()
    assert "Still at it" in test.error[0].value
    assert titles(test) == ["Still at it"]


def test_nothing_is_deleted_by_opening_the_page() -> None:
    runs.save(record())
    test = page()
    assert test.button(key="runs_delete") is not None
    test.run()
    assert runs.count_runs() == 1
