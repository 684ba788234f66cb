"""House rule of the pages: a message never renders what somebody else wrote.

Streamlit reads the text of its message boxes as Markdown, which can load a picture from a stranger's server. So each
gets a literal, or text that went through `plain`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
BOXES = {"error", "warning", "info", "success", "toast"}


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def boxes(source: str) -> list[ast.Call]:
    """Every call of a message box, `st.error(...)` or `column.error(...)`."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in BOXES
        and not (isinstance(node.func.value, ast.Call) and ast.unparse(node.func.value) == "get_log()")
    ]


def harmless(text: ast.expr) -> bool:
    """A literal, `plain(...)`, or a string put together of these."""
    match text:
        case ast.Constant():
            return True
        case ast.Call(func=ast.Name(id="plain")):
            return True
        case ast.JoinedStr(values=parts):
            return all(harmless(part) for part in parts)
        case ast.FormattedValue(value=value):
            return harmless(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return harmless(left) and harmless(right)
        case ast.IfExp(body=body, orelse=otherwise):
            return harmless(body) and harmless(otherwise)
        case _:
            return False


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_message_boxes_get_plain_text(file: Path) -> None:
    for call in boxes(file.read_text("utf-8")):
        assert call.args and harmless(call.args[0]), f"{name_of(file)} line {call.lineno}: wrap the text in plain(...)"


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ('st.error("No.")', True),
        ("st.error(plain(str(error)))", True),
        ('st.warning(f"No {plain(name)}.")', True),
        ("st.error(error)", False),
        ("st.error(str(error))", False),
        ('st.info(f"No {name}.")', False),
        ('st.toast("No " + name)', False),
    ],
)
def test_the_rule_sees_the_difference(source: str, fine: bool) -> None:
    [call] = boxes(source)
    assert harmless(call.args[0]) is fine
