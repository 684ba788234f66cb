"""Presets: shipped ones are good, a person's own survive, and a hostile file is one sentence."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from core.prompts import files, presets
from core.prompts.presets import SHIPPED, Preset, delete_preset, list_presets, load_preset, save_preset


@pytest.fixture
def own(loupe_home: Path) -> Path:
    folder = loupe_home / "presets"
    folder.mkdir(parents=True)
    return folder


def test_shipped_presets_load_and_say_what_they_are_for() -> None:
    found, problems = list_presets()
    assert problems == []
    assert [preset.name for preset in found] == ["neutral", "precise", "balanced", "creative"]
    assert {file.stem for file in SHIPPED.iterdir()} == {preset.name for preset in found}
    for preset in found:
        assert preset.shipped
        assert preset.description.endswith(".")
    assert load_preset("precise").sampling.greedy


def test_what_is_saved_comes_back() -> None:
    saved = save_preset(
        Preset(
            name="My style 2", description="d: [x]", system="Größe\n{{x}} 🙂", params={"top_k": 5, "stop": ["\n", "a"]}
        )
    )
    assert load_preset("My style 2") == saved
    assert (saved.system, saved.sampling.stop, saved.shipped) == ("Größe\n{{x}} 🙂", ("\n", "a"), False)
    assert list_presets()[0][-1] == saved


def test_a_preset_is_changed_by_whoever_read_it_last() -> None:
    first = save_preset(Preset(name="shared", params={"top_k": 1}))
    second = save_preset(first.model_copy(update={"params": {"top_k": 2}}))
    with pytest.raises(Conflict, match="changed by somebody else"):
        save_preset(first.model_copy(update={"params": {"top_k": 3}}))
    assert load_preset("shared") == second


def test_a_new_preset_never_replaces_an_old_one() -> None:
    save_preset(Preset(name="mine"))
    with pytest.raises(Conflict, match="already"):
        save_preset(Preset(name="mine", params={"top_k": 3}))


def test_of_many_who_save_one_name_at_once_one_wins() -> None:
    won: list[int] = []

    def save(number: int) -> None:
        try:
            save_preset(Preset(name="race", params={"top_k": number}))
            won.append(number)
        except Conflict:
            pass

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [load_preset("race").sampling.top_k] == won


def test_shipped_presets_stay() -> None:
    with pytest.raises(Conflict, match="ships with Loupe"):
        save_preset(load_preset("neutral"))
    with pytest.raises(Conflict, match="ships with Loupe"):
        delete_preset("neutral")


def test_deleting(own: Path) -> None:
    save_preset(Preset(name="mine"))
    delete_preset("mine")
    with pytest.raises(NotFound, match="no preset “mine”"):
        delete_preset("mine")
    with pytest.raises(NotFound):
        load_preset("mine")


BAD_NAMES = ["", " x", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", "x\n", ".hidden", "x.yml", "a" * 61, "ünï", "C:x"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_leaves_its_folder_is_refused(name: str, own: Path) -> None:
    for action in (load_preset, delete_preset, lambda each: save_preset(Preset(name=each))):
        with pytest.raises(InvalidInput, match="cannot be a preset's name"):
            action(name)
    assert list(own.iterdir()) == []


BAD_FILES = [
    (b"!!python/object/apply:os.system ['touch /tmp/canary']", "not allowed"),
    (b"params: !!python/name:os.system", "not allowed"),
    (b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", "aliases"),
    (b"params: {top_k: 1, top_k: 2}", "occurs twice"),
    (b"params: {temperature: 3}", "temperature is 3"),
    (b"params: {temperature: .nan}", "temperature is nan"),
    (b"params: {temperature: hot}", "temperature is 'hot'"),
    (b"params: {heat: 1}", "heat is not one of the sampling settings"),
    (b"params: [1]", "params"),
    (b"params: {1: 2}", "params"),
    (b"colour: red", "colour is not one of the fields"),
    (b"shipped: true", "field shipped"),
    (b"name: other", "field name"),
    (b"[1, 2]", "must hold"),
    (b"", "must hold"),
    (b"{" * 3000, "nested too deeply"),
    (b"a: b: c", "not allowed"),
    (b"\xff\xfe\xfd", "not UTF-8"),
    (b"description: \x00", "not YAML"),
    (b"#" * (presets.MAX_BYTES + 1), "larger than 64 kB"),
]


@pytest.mark.parametrize(("content", "says"), BAD_FILES)
def test_a_bad_file_is_one_sentence_and_hides_nothing_else(content: bytes, says: str, own: Path) -> None:
    (own / "bad.yml").write_bytes(content)
    save_preset(Preset(name="good"))
    with pytest.raises(InvalidInput, match=says) as caught:
        load_preset("bad")
    assert "\n" not in str(caught.value)
    found, problems = list_presets()
    assert [preset.name for preset in found][-1] == "good"
    assert problems == [str(caught.value)]
    assert (own / "bad.yml").read_bytes() == content


def test_a_file_with_a_byte_order_mark_and_windows_lines_is_read(own: Path) -> None:
    (own / "windows.yml").write_bytes(b"\xef\xbb\xbfdescription: x\r\nparams:\r\n  top_k: 4\r\n")
    assert load_preset("windows").sampling.top_k == 4


def test_a_link_is_not_followed(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yml"
    secret.write_text("description: secret")
    (own / "link.yml").symlink_to(secret)
    with pytest.raises(InvalidInput, match="is a link"):
        load_preset("link")
    with pytest.raises((InvalidInput, Conflict)):
        save_preset(Preset(name="link"))
    assert secret.read_text() == "description: secret"


def test_a_preset_that_is_no_good_is_not_written(own: Path) -> None:
    with pytest.raises(InvalidInput, match="temperature is 9"):
        save_preset(Preset(name="hot", params={"temperature": 9}))
    with pytest.raises(InvalidInput, match="larger than 64 kB"):
        save_preset(Preset(name="long", system="東" * 40_000))
    assert [file.suffix for file in own.glob("*")] in ([], [""])


def test_a_write_that_fails_keeps_the_old_file(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = save_preset(Preset(name="mine", params={"top_k": 1}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(InvalidInput, match="No space left"):
        save_preset(old.model_copy(update={"params": {"top_k": 2}}))
    monkeypatch.undo()
    monkeypatch.setenv("LOUPE_HOME", str(own.parent))
    assert load_preset("mine") == old
    assert not list(own.glob("*.tmp"))


def test_a_file_where_the_folder_belongs_is_one_sentence(loupe_home: Path) -> None:
    loupe_home.mkdir()
    (loupe_home / "presets").write_text("")
    with pytest.raises(InvalidInput, match="cannot be written: "):
        save_preset(Preset(name="mine"))
    with pytest.raises(InvalidInput, match="cannot be deleted: "):
        delete_preset("mine")
    with pytest.raises(InvalidInput, match="cannot be read: "):
        load_preset("mine")
    assert len(list_presets()[0]) == 4


@pytest.mark.parametrize("name", ["mine.yml", ".lock"])
def test_a_folder_where_a_file_belongs_is_one_sentence(own: Path, name: str) -> None:
    (own / name).mkdir()
    with pytest.raises((InvalidInput, Conflict)):
        save_preset(Preset(name="mine"))
    with pytest.raises((InvalidInput, NotFound)):
        delete_preset("mine")


def test_a_disk_that_takes_no_file_is_one_sentence(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def full(path: Any, flags: int, *rest: Any) -> int:
        if str(path).endswith(".tmp"):
            raise OSError(28, "No space left on device")
        return real(path, flags, *rest)

    monkeypatch.setattr(files.os, "open", full)
    with pytest.raises(InvalidInput, match=r"cannot be written: No space left on device\."):
        save_preset(Preset(name="mine"))
