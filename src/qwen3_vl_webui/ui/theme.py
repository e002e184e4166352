"""How the page looks: the theme, with fonts of the system only, and the style sheet."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from qwen3_vl_webui.ui.markup import ACTION_KEY

ASSETS = Path(__file__).parent / "assets"
FONT = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
)
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono", "monospace")


def theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="zinc",
        radius_size="md",
        spacing_size="sm",
        text_size="md",
        font=FONT,
        font_mono=MONO,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_900",
        body_text_color_subdued="*neutral_600",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        block_border_width="0px",
        block_shadow="none",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
    )


def head() -> str:
    """The page's style and script, for the document's head: Gradio confines a style given elsewhere to its own box."""
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    scripts = [(ASSETS / name).read_text(encoding="utf-8") for name in ("page.js", "composer.js")]
    script = "\n".join(scripts).replace("__ACTION_KEY__", ACTION_KEY)
    return f'<meta name="color-scheme" content="light dark"><style>{style}</style><script>{script}</script>'
