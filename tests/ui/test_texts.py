"""Both languages are complete, and the page says nothing that is not in the catalogue."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import qwen3_vl_webui.ui
from qwen3_vl_webui.ui.examples import EXAMPLES
from qwen3_vl_webui.ui.presets import PENALTY_CONTROLS, SAMPLING_CONTROLS
from qwen3_vl_webui.ui.texts import TEXTS, language_of, say


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_each_text_has_both_languages_with_the_same_placeholders() -> None:
    for key, (english, chinese) in TEXTS.items():
        assert english.strip(), key
        assert chinese.strip(), key
        assert placeholders(english) == placeholders(chinese), key


def test_chinese_is_chinese() -> None:
    same = {
        "title",
        "edition_instruct",
        "edition_thinking",
        "top_p",
        "top_k",
        "switch_language",
        "switch_language_label",
    }
    for key, (_, chinese) in TEXTS.items():
        assert key in same or re.search(r"[\u4e00-\u9fff]", chinese), key


def test_every_key_that_the_code_says_exists() -> None:
    folder = Path(qwen3_vl_webui.ui.__file__).parent
    said = {key for file in folder.glob("*.py") for key in re.findall(r'say\(\s*["\'](\w+)["\']', file.read_text())}
    assert said
    assert said <= set(TEXTS)
    for control in (*SAMPLING_CONTROLS, *PENALTY_CONTROLS):
        assert control.name in TEXTS
    for example in EXAMPLES:
        assert {f"example_{example.name}", f"example_{example.name}_prompt"} <= set(TEXTS)


def test_locales_choose_the_language() -> None:
    assert [language_of(x) for x in ("zh", "zh-CN", "ZH-tw", "en", "de-DE", "")] == ["zh", "zh", "zh", "en", "en", "en"]
    assert say("stat_in", "zh", count="5") == "输入 5"


def test_examples_are_small_pictures() -> None:
    assert sum(example.path.stat().st_size for example in EXAMPLES) < 300_000
