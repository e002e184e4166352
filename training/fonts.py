"""Fonts: which ones the pictures use, where they come from, and the small subsets that travel to the training machine.

All of them come from Debian 12's packages: fonts-dejavu-core/-extra (Bitstream Vera licence), fonts-liberation (GPL-2 with font exception), fonts-noto-cjk (OFL 1.1),
fonts-noto-mono (OFL 1.1), fonts-roboto-unhinted (Apache-2.0), fonts-open-sans (Apache-2.0), fonts-lato (OFL 1.1), fonts-inter (OFL 1.1),
fonts-cantarell (OFL 1.1), fonts-firacode (OFL 1.1), fonts-crosextra-carlito (OFL 1.1), fonts-crosextra-caladea (Apache-2.0),
fonts-arphic-ukai and fonts-arphic-uming (Arphic Public License), fonts-noto-cjk-extra (OFL 1.1), fonts-wqy-zenhei and fonts-wqy-microhei (GPL-2 with font exception; Apache-2.0 / GPL-3 with font exception).
No font file is part of the project; the packages' licence texts are in `fonts/licences`, to travel with subsets. `python -m training.fonts OUT [FOLDER ...]` writes subsets of those that it finds; missing ones are skipped.
"""

from __future__ import annotations

import argparse
import os
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import ImageFont

LATIN = """DejaVuSans DejaVuSans-Bold DejaVuSans-Oblique DejaVuSerif DejaVuSerif-Bold DejaVuSansMono DejaVuSansCondensed DejaVuSansCondensed-Bold
LiberationSans-Regular LiberationSans-Bold LiberationSans-Italic LiberationSerif-Regular LiberationSerif-Bold LiberationSerif-Italic LiberationMono-Regular
LiberationMono-Bold LiberationSansNarrow-Regular Roboto-Regular Roboto-Medium Roboto-Bold Roboto-Light Roboto-Italic Roboto-Black RobotoCondensed-Regular
OpenSans-Regular OpenSans-Semibold OpenSans-Bold OpenSans-Light OpenSans-Italic Inter-Regular Inter-Medium Inter-SemiBold Inter-Bold Inter-Light Inter-Italic
FiraCode-Regular FiraCode-Bold NotoSansMono-Regular Carlito-Regular Carlito-Bold Carlito-Italic Caladea-Regular Caladea-Bold""".split()
LATIN_HELD_OUT = "Lato-Regular Lato-Bold Cantarell-Regular".split()
CHINESE = "NotoSansCJK-Regular NotoSansCJK-Bold NotoSansCJK-Light NotoSansCJK-Medium NotoSansCJK-Black NotoSerifCJK-Regular wqy-zenhei ukai uming".split()
CHINESE_HELD_OUT = "wqy-microhei NotoSerifCJK-Bold".split()
_SIMPLIFIED = 2  # face of the Noto collections
_SMALL = 2_000_000  # bytes of a file that is kept in memory; FreeType copies it for every size
_FACES = 160  # fonts of one size that are kept; what they drew is remembered longer (`glyphs`)


def folder() -> Path:
    return Path(os.environ.get("QWEN3VL_FONTS", Path(__file__).parent / "fonts"))


@cache
def _paths() -> dict[str, Path]:
    places = [folder(), Path("/usr/share/fonts")]
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*.[to]t[fc]")) if place.is_dir() else ():
            found.setdefault(path.stem, path)
    return found


@cache
def available(lang: str, held_out: bool) -> tuple[str, ...]:
    """Names of the fonts that are really there."""
    wanted = {
        ("en", False): LATIN,
        ("en", True): LATIN_HELD_OUT,
        ("zh", False): CHINESE,
        ("zh", True): CHINESE_HELD_OUT,
    }[lang, held_out]
    return tuple(name for name in wanted if name in _paths()) or (available(lang, False) if held_out else ())


@cache
def _content(path: Path) -> bytes | None:
    """What the file holds, or nothing where it is too large to be copied."""
    return path.read_bytes() if path.stat().st_size < _SMALL else None


@lru_cache(maxsize=_FACES)
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """The font in this size. A drawing process asks for more than a thousand of them: a file is opened once, not for each."""
    path = _paths()[name]
    index = _SIMPLIFIED if path.suffix == ".ttc" and "Noto" in name else 0
    content = _content(path)
    source = BytesIO(content) if content is not None else str(path)
    return ImageFont.truetype(source, size, index=index, layout_engine=ImageFont.Layout.BASIC)


def choose(rng: Random, lang: str, held_out: bool) -> str:
    """A font's name; English is drawn with a Chinese font now and then, as Chinese systems do."""
    if lang == "en" and rng.random() < 0.12:
        lang = "zh"
    names = available(lang, held_out and rng.random() < 0.5)
    if not names:
        raise FileNotFoundError(f"no fonts for {lang} in {folder()} or /usr/share/fonts: see training/README.md")
    return rng.choice(names)


def main() -> None:
    from fontTools import subset

    from training.words import all_characters

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="*", default=[Path("/usr/share/fonts")])
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    sources = {path.stem: path for place in args.folders for path in sorted(place.rglob("*.[to]t[fc]"))}
    for name in LATIN + LATIN_HELD_OUT + CHINESE + CHINESE_HELD_OUT:
        if name not in sources:
            print("missing", name)
            continue
        options = subset.Options(
            layout_features=["kern"], hinting=True, notdef_outline=True, font_number=_SIMPLIFIED if "CJK" in name else 0
        )
        face = subset.load_font(str(sources[name]), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=all_characters())
        subsetter.subset(face)
        subset.save_font(face, str(args.out / (name + (".otf" if "CFF " in face else ".ttf"))), options)


if __name__ == "__main__":
    main()
