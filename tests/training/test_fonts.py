"""Fonts: a drawing process asks for every font in every size, and opens each file once."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageFont
from training.draw import Canvas

from training import fonts, glyphs

pytestmark = pytest.mark.skipif(not fonts.available("en", False), reason="needs the fonts named in training/README.md")


@pytest.fixture
def forgotten() -> None:
    for cached in (fonts.font, fonts._content, glyphs._glyph, glyphs._advances):
        cached.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_a_file_is_opened_once_for_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    plain = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        opened.append(path)
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    names = [name for name in fonts.available("en", False) if fonts._paths()[name].stat().st_size < fonts._SMALL]
    for size in range(10, 30):
        for name in names:
            assert isinstance(fonts.font(name, size), ImageFont.FreeTypeFont)
    assert sorted(opened) == sorted(fonts._paths()[name] for name in names)
    assert fonts.font.cache_info().currsize <= fonts._FACES < 20 * len(names)


@pytest.mark.usefixtures("forgotten")
def test_what_was_drawn_once_is_drawn_again_after_its_font_was_given_up() -> None:
    name = fonts.available("en", False)[0]
    pictures = []
    for _ in range(2):
        canvas = Canvas(200, 40, (255, 255, 255))
        canvas.text(10, 20, "Twice the same", name, 18, (0, 0, 0))
        pictures.append(canvas.array().tobytes())
        fonts.font.cache_clear()
    assert pictures[0] == pictures[1]
