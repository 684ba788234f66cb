"""Zips: every member as if given alone; what is refused by name, and what by size."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.extracted import Extracted, Refused
from core.documents.loading.zipped import wrong_name
from core.errors import LoadError
from tests.core.documents.loading import make
from tests.core.documents.loading.conftest import Read

CORPUS = '{"_id": "a", "text": "x"}\n'


def test_members_are_read_and_the_bad_ones_named(read: Read) -> None:
    members: dict[str, bytes | str] = {
        "folder/": "",
        "folder/a.txt": "hello",
        "b.pdf": make.pdf(["page"]),
        "empty.txt": "",
        "picture.png": b"\x89PNG\r\n\x1a\n....",
        "scifact/corpus.jsonl": CORPUS,
        "__MACOSX/._a.txt": b"\0\0",
        "folder/.DS_Store": b"\0",
        "letter.docx": make.docx(lambda document: document.add_paragraph("Dear Ann")),
    }
    found = read("all.zip", make.zipped(members))
    assert [(one.key, one.text) for one in found if isinstance(one, Extracted)] == [
        ("folder/a.txt", "hello"),
        ("b.pdf", "page"),
        ("scifact/corpus.jsonl: a", "x"),
        ("letter.docx", "Dear Ann"),
    ]
    assert [one for one in found if isinstance(one, Refused)] == [
        Refused(key="empty.txt", reason="empty.txt is empty."),
        Refused(key="picture.png", reason="picture.png is a PNG image; turn it into text first (OCR)."),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../x.txt", "leads out of the archive"),
        ("a/../../x.txt", "leads out of the archive"),
        ("..\\x.txt", "leads out of the archive"),
        ("/etc/passwd", "is an absolute path"),
        ("\\\\server\\share\\x", "is an absolute path"),
        ("C:\\x.txt", "is an absolute path"),
        ("CON", "is that of a device"),
        ("folder/con.txt", "is that of a device"),
        ("a/LPT1.md", "is that of a device"),
        ("x" * 256 + ".txt", "longer than 255 bytes"),
        ("🙂" * 300, "longer than 255 bytes"),
        ("a\0b.txt", "control character"),
        ("a\x1b[31m.txt", "control character"),
    ],
)
def test_dangerous_names_are_refused_and_the_others_read(read: Read, name: str, reason: str) -> None:
    found = read("a.zip", make.zipped({name: "evil", "good.txt": "good"}))
    assert len(found) == 2
    refused, good = found
    assert isinstance(refused, Refused) and reason in refused.reason
    assert refused.reason.isprintable()
    assert isinstance(good, Extracted) and good.text == "good"


@pytest.mark.parametrize("name", [";rm -rf", "<img src=x onerror=alert(1)>.txt", "a b/ü.txt", "'; DROP TABLE x;--"])
def test_odd_names_are_only_names(read: Read, name: str) -> None:
    (found,) = read("a.zip", make.zipped({name: "text"}))
    assert isinstance(found, Extracted) and found.key == name


@pytest.mark.parametrize(("mode", "reason"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "no ordinary file")])
def test_links_and_devices_are_refused(read: Read, mode: int, reason: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link.txt")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    (found,) = read("a.zip", out.getvalue())
    assert isinstance(found, Refused) and reason in found.reason


@given(st.text(min_size=1, max_size=30))
def test_a_name_that_is_accepted_stays_below_a_folder(name: str) -> None:
    from pathlib import PurePosixPath, PureWindowsPath

    info = zipfile.ZipInfo("x")
    info.orig_filename = info.filename = name
    if not wrong_name(info):
        for kind in (PurePosixPath, PureWindowsPath):
            path = kind(name)
            assert not path.is_absolute() and not path.drive and ".." not in path.parts


def test_a_name_that_appears_twice_is_read_once(read: Read) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "second")
    first, second = read("a.zip", out.getvalue())
    assert isinstance(first, Extracted) and first.text == "first"
    assert isinstance(second, Refused) and "appears twice" in second.reason


def test_a_zip_in_a_zip_is_read_and_no_deeper(read: Read) -> None:
    inner = make.zipped({"deep.txt": "deep"})
    middle = make.zipped({"inner.zip": inner, "mid.txt": "mid"})
    found = read("a.zip", make.zipped({"middle.zip": middle, "top.txt": "top"}))
    assert [(one.key, one.text) for one in found if isinstance(one, Extracted)] == [
        ("middle.zip/mid.txt", "mid"),
        ("top.txt", "top"),
    ]
    (refused,) = [one for one in found if isinstance(one, Refused)]
    assert refused.key == "middle.zip/inner.zip" and "zip inside a zip inside a zip" in refused.reason


def test_a_bomb_is_refused_by_its_declared_sizes(read: Read) -> None:
    data = make.zipped({f"{number}.txt": b"\0" * 2**20 for number in range(40)})
    assert len(data) < 100_000
    with pytest.raises(LoadError, match="as a zip bomb does; it was not unpacked"):
        read("a.zip", data)
    with pytest.raises(LoadError, match="would unpack to 42 MB, more than the limit of 10 MB"):
        read("a.zip", data, unpacked_bytes=10_000_000)


def test_nested_zips_share_one_budget(read: Read) -> None:
    inner = make.zipped({"a.txt": b"a" * 600_000}, compress=False)
    data = make.zipped({f"{number}.zip": inner for number in range(4)}, compress=False)
    found = read("a.zip", data, unpacked_bytes=4_000_000)
    assert [isinstance(one, Extracted) for one in found] == [True, True, False, False]


def test_too_many_entries_are_refused_before_they_are_listed(read: Read) -> None:
    with pytest.raises(LoadError, match="holds 60 entries, more than the limit of 50"):
        read("a.zip", make.zipped({f"{number}.txt": "x" for number in range(60)}), entries=50)


def test_a_directory_that_lies_about_its_count(read: Read) -> None:
    data = bytearray(make.zipped({f"{number}.txt": "x" for number in range(60)}))
    end = data.rfind(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    with pytest.raises(LoadError, match="entries, more than the limit of 50"):
        read("a.zip", bytes(data), entries=50)


def test_a_member_that_lies_about_its_size(read: Read) -> None:
    data = bytearray(make.zipped({"a.txt": "x" * 100_000, "b.txt": "fine"}))
    directory = data.find(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    refused, good = read("a.zip", bytes(data))
    assert isinstance(refused, Refused) and "damaged in the archive" in refused.reason
    assert isinstance(good, Extracted) and good.text == "fine"


def test_a_locked_member(read: Read) -> None:
    data = bytearray(make.zipped({"a.txt": "secret", "b.txt": "open"}))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    refused, good = read("a.zip", bytes(data))
    assert isinstance(refused, Refused) and "password-protected" in refused.reason
    assert isinstance(good, Extracted)


def test_a_name_in_utf8_without_the_flag(read: Read) -> None:
    data = make.zipped({"Größe.txt": "x"})
    raw = bytearray(data)
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = raw.find(mark) + at
        raw[place : place + 2] = struct.pack("<H", struct.unpack("<H", raw[place : place + 2])[0] & ~0x800)
    (found,) = read("a.zip", bytes(raw))
    assert found.key == "Größe.txt"


@pytest.mark.parametrize("data", [b"PK\x03\x04garbage", b"PK\x05\x06" + bytes(18)])
def test_garbage_and_empty_zips(read: Read, data: bytes) -> None:
    with pytest.raises(LoadError, match=r"^a\.zip is a (damaged or incomplete zip file|zip without files)"):
        read("a.zip", data)


def test_truncated_zips_are_refused(read: Read) -> None:
    whole = make.zipped({"a.txt": "x" * 1000})
    with pytest.raises(LoadError, match="damaged or incomplete"):
        read("a.zip", whole[:-30])
