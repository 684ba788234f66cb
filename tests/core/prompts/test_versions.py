"""Versions: what a file held, labels that point at one, and the way back."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput, NotFound
from core.prompts import library, versions
from core.prompts.library import PromptConflict

TEXT = "messages:\n  - content: Hello {{name}}\n"


@pytest.fixture(autouse=True)
def three() -> None:
    """The prompt `a` in three versions."""
    first = library.save_text("a", TEXT, message="one")
    second = library.save_text("a", TEXT.replace("Hello", "Hi"), digest=first.digest, message="two")
    library.save_text("a", TEXT.replace("Hello", "Hey"), digest=second.digest, message="three")


def test_the_history_is_complete_and_newest_first() -> None:
    found = versions.history("a")
    assert [(each.number, each.message) for each in found] == [(3, "three"), (2, "two"), (1, "one")]
    assert [versions.get("a", number)[1] for number in (1, 2, 3)] == [
        TEXT.replace("Hello", word) for word in ("Hello", "Hi", "Hey")
    ]
    assert found[0].size == len(TEXT.replace("Hello", "Hey").encode())
    with pytest.raises(NotFound, match="no version 9"):
        versions.get("a", 9)


def test_a_reference_may_name_a_version_or_a_label() -> None:
    versions.set_label("a", "production", 2)
    assert library.load("a").version == 3
    assert library.load("a@1").text == TEXT
    assert library.load("a@production").version == 2
    assert library.load("a", label="production").text == library.load("a", version=2).text
    assert library.load("a@latest").version == 3
    for wrong in ("a@9", "a@absent", "b@1"):
        with pytest.raises(NotFound):
            library.load(wrong)
    with pytest.raises(InvalidInput, match="once"):
        library.load("a@1", version=2)


def test_a_label_is_on_one_version_and_moves() -> None:
    versions.set_label("a", "production", 1)
    versions.set_label("a", "staging", 1)
    versions.set_label("a", "production", 3)
    assert versions.labels("a") == {"production": 3, "staging": 1}
    assert [each.labels for each in versions.history("a")] == [("production",), (), ("staging",)]
    assert [each.labels for each in library.list_prompts() if each.name == "a"] == [("production", "staging")]
    versions.remove_label("a", "production")
    with pytest.raises(NotFound):
        versions.remove_label("a", "production")
    with pytest.raises(NotFound, match="no version 9"):
        versions.set_label("a", "production", 9)


@pytest.mark.parametrize("label", ["", "latest", "12", "Production", "a b", "a/b", "x" * 41, "é", "-a", "a\n"])
def test_what_cannot_be_a_label_is_refused(label: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a label"):
        versions.set_label("a", label, 1)


def test_restoring_is_a_new_version_and_loses_none() -> None:
    now = library.load("a")
    back = versions.restore("a", 1, digest=now.digest)
    assert (back.text, back.version, back.file.read_text(encoding="utf-8")) == (TEXT, 4, TEXT)
    assert [each.message for each in versions.history("a")] == ["Restored version 1", "three", "two", "one"]
    with pytest.raises(PromptConflict):
        versions.restore("a", 2, digest=now.digest)
    with pytest.raises(NotFound):
        versions.restore("a", 99, digest=back.digest)


def test_an_edit_on_disk_is_noted_before_it_is_restored_over() -> None:
    now = library.load("a")
    now.file.write_text(TEXT.replace("Hello", "Git"), encoding="utf-8")
    with pytest.raises(PromptConflict) as caught:
        versions.restore("a", 1, digest=now.digest)
    versions.restore("a", 1, digest=caught.value.theirs_digest)
    assert "Git" in versions.get("a", 4)[1]
    assert versions.history("a")[1].origin == "disk"


def test_a_restored_version_comes_back_in_the_format_it_had() -> None:
    now = library.load("a")
    now.file.unlink()
    now.file.with_name("a.prompty").write_text("user:\nHello {{name}}\n", encoding="utf-8")
    assert library.load("a").version == 4
    back = versions.restore("a", 3, digest=library.load("a").digest)
    assert back.file.name == "a.prompt.yml"
    assert [each.name for each in back.file.parent.iterdir() if not each.name.startswith(".")] == ["a.prompt.yml"]
    assert library.load("a@4").format == "prompty"


def test_a_name_used_again_continues_the_history() -> None:
    library.delete("a")
    again = library.save_text("a", TEXT.replace("Hello", "Again"))
    assert again.version == 4
    library.save_text("b", TEXT)
    library.delete("a")
    moved = library.rename("b", "a")
    assert [each.number for each in versions.history("a")] == [5, 4, 3, 2, 1]
    assert moved.text == versions.get("a", 5)[1] == TEXT


def test_shipped_prompts_have_a_history_too() -> None:
    [only] = versions.history("everyday/summarise")
    assert (only.origin, only.number) == ("shipped", 1)
    versions.set_label("everyday/summarise", "production", 1)
    assert library.load("everyday/summarise@production").shipped


def test_versions_side_by_side() -> None:
    rows = versions.diff(versions.get("a", 1)[1], versions.get("a", 3)[1])
    assert [row.kind for row in rows] == ["same", "changed", "same"]
    assert [str(rows[1].left)[slice(*span)] for span in rows[1].left_spans] == ["Hello"]
    assert [str(rows[1].right)[slice(*span)] for span in rows[1].right_spans] == ["Hey"]
