"""The router: every page opens from it, and nothing is outside of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import get_settings

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "pages").glob("*/*.py") if path.parent.name != "shared"
)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_from_the_router(page: str) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page(page).run()  # ValueError when the router does not list it
    assert not app.exception
    assert not app.error


def test_the_router_is_only_a_router() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) < 100


def test_nothing_is_fetched_from_elsewhere() -> None:
    """Fonts and icons come with Streamlit or from static/: Loupe works with no network."""
    config = (ROOT / ".streamlit" / "config.toml").read_text()
    sources = [config, (ROOT / "app.py").read_text()]
    sources += [path.read_text() for path in (ROOT / "pages" / "shared").rglob("*") if path.suffix in (".js", ".css")]
    for text in sources:
        assert not re.search(r"https?://", text)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_in_both_themes(mode: str) -> None:
    """WCAG AA: 4.5 to 1 for text, links and the words that sit on coloured buttons and amber shading."""
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][mode]
    for background in (
        theme["backgroundColor"],
        theme["secondaryBackgroundColor"],
        theme["sidebar"]["backgroundColor"],
    ):
        for foreground in ("textColor", "linkColor", "orangeColor", "grayColor"):
            assert contrast(theme[foreground], background) >= 4.5, (foreground, background)
    assert contrast("#ffffff", theme["primaryColor"]) >= 4.4
    tinted = mix(theme["yellowColor"], theme["backgroundColor"], 0.44)  # the strongest shade of pages/shared/tokens
    assert contrast(theme["textColor"], tinted) >= 4.5


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def mix(one: str, other: str, share: float) -> str:
    pairs = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def test_bad_settings_are_one_sentence_on_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_ENDPOINTS", "[")
    get_settings.cache_clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert [error.value.replace("\\", "") for error in app.error] == [
        "The environment variable LOUPE_ENDPOINTS is not valid JSON; correct it or unset it."
    ]
