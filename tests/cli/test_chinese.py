"""`--help` speaks the user's language, whole, and no text of it lacks its Chinese."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli_process import command, environment
from qwen3_vl_webui.cli.app import app, run
from qwen3_vl_webui.cli.chinese import FRAMES, HELP, USAGE
from qwen3_vl_webui.cli.options import PANELS, default_text, unit
from qwen3_vl_webui.config import Settings


def said() -> Iterator[str | None]:
    """What the commands say about themselves, in English."""
    top: Any = typer.main.get_command(app)
    for one in (top, *top.commands.values()):
        yield from (one.help, one.epilog)
        yield from (param.help for param in one.params if param.name not in Settings.model_fields)
    yield from PANELS.values()
    for name, field in Settings.model_fields.items():
        default = default_text(name, field)
        yield from (field.description, unit(field), default if " " in default or default in ("on", "off") else "")
    yield "Show this message and exit."


def test_every_help_is_there_in_chinese_and_nothing_else() -> None:
    names = {"GB", "MB"}
    assert {text for text in said() if text} - names == set(HELP)
    for text in (*HELP.values(), *FRAMES.values()):
        assert re.search("[\u4e00-\u9fff]", text), text
        assert not re.search("[\u4e00-\u9fff][,;:!?]|[,;:!?][\u4e00-\u9fff]", text), text


def test_the_frames_are_typers() -> None:
    assert all(isinstance(getattr(typer.rich_utils, name), str) for name in FRAMES)


@pytest.mark.parametrize("width", [80, 100])
def test_help_is_in_the_users_language_and_whole(tmp_path: Path, width: int) -> None:
    shown = {}
    for language in ("C.UTF-8", "zh_CN.UTF-8"):
        env = environment(tmp_path, LANG=language, LC_ALL=language, COLUMNS=str(width))
        result = subprocess.run(command("serve", "--help"), capture_output=True, text=True, timeout=60, env=env)
        assert result.returncode == 0, result.stderr
        assert not re.search("[\u4e00-\u9fff] ?…", result.stdout), "cut off"
        shown[language] = re.sub(r"[\s│]", "", result.stdout)
    for name, field in Settings.model_fields.items():
        english = field.description or ""
        assert HELP[english][:6].replace(" ", "") in shown["zh_CN.UTF-8"], name
        assert HELP[english] not in shown["C.UTF-8"], name
    assert "选项" in shown["zh_CN.UTF-8"]
    assert "Options" not in shown["zh_CN.UTF-8"]
    assert "Options" in shown["C.UTF-8"]


WRONG = [
    (["serve", "--prot", "1"], "没有选项 --prot"),
    (["serve", "--prot", "1"], "是否想用"),
    (["serve", "--nonsense"], "没有选项 --nonsense"),
    (["srve"], "没有命令 'srve'"),
    (["xyzzy"], "没有命令 'xyzzy'"),
    (["download"], "缺少 'models'"),
    (["serve", "4b"], "多余的参数：4b"),
    (["serve", "--port"], "选项 '--port' 需要一个值"),
    (["serve", "--page=3"], "选项 '--page' 不带值"),
    (["serve", "--model", "3b"], "'--model' 无效：应为"),
    (["serve", "--port", "x"], "'--port' 无效：应为整数"),
    (["serve", "--max-fps", "x"], "'--max-fps' 无效：应为数字"),
    (["ask", "hi", "--max-tokens", "0"], "'--max-tokens' 无效：不得小于 1"),
]


def test_a_wrong_command_line_is_explained_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (*FRAMES, "highlighter", "rich_format_error"):  # put back afterwards
        monkeypatch.setattr(typer.rich_utils, name, getattr(typer.rich_utils, name))
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    for words, said in WRONG:
        with pytest.raises(SystemExit) as ended:
            run(words)
        assert ended.value.code == 2
        assert said in capsys.readouterr().err, words
    assert len(WRONG) > len(USAGE)  # each is tried
