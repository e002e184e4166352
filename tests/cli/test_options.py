"""Every setting is an option of `serve` with its own words; what is not given changes nothing."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from qwen3_vl_webui.cli.app import app
from qwen3_vl_webui.cli.console import clean
from qwen3_vl_webui.cli.options import PANELS, flag, with_settings
from qwen3_vl_webui.config import Settings


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run a command that takes all settings, and return those it received."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    received: list[Settings] = []
    program = typer.Typer()

    @program.command()
    @with_settings(tuple(PANELS))
    def command(settings: Settings) -> None:
        received.append(settings)

    def call(*words: str) -> Settings:
        result = CliRunner().invoke(program, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return received.pop()

    return call


def test_nothing_given_is_the_defaults(given: Any) -> None:
    assert given().model_dump() == Settings.load().model_dump()


def test_options_reach_the_settings(given: Any, tmp_path: Path) -> None:
    settings = given(
        "--port", "1", "--no-page", "--api-key", "a", "--api-key", "b", "--max-fps", "2.5", "--model", "2b",
        "--allowed-media-dirs", str(tmp_path), "--kv-cache-gb", "3", "--data", str(tmp_path),
    )  # fmt: skip
    assert (settings.port, settings.page, settings.api_keys) == (1, False, ("a", "b"))
    assert (settings.max_fps, settings.model, settings.kv_cache_gb) == (2.5, "2b", 3.0)
    assert (settings.allowed_media_dirs, settings.data) == ((tmp_path,), tmp_path)


def test_a_switch_overrides_a_variable_both_ways(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN3VL_PAGE", "false")
    assert not given().page
    assert given("--page").page


def test_serve_has_every_setting_and_help_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    shown = CliRunner().invoke(app, ["serve", "--help"]).output
    for name, field in Settings.model_fields.items():
        for word in flag(name, field).split("/"):
            assert word in shown
        assert field.description is not None
        assert field.description.split(";")[0] in " ".join(shown.split()), name


def test_every_command_has_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for info in app.registered_commands:
        assert info.callback is not None
        assert inspect.getdoc(info.callback)
        result = CliRunner().invoke(app, [str(info.callback.__name__), "--help"])
        assert result.exit_code == 0, result.output


def test_a_models_text_cannot_command_the_terminal() -> None:
    assert clean("\x1b]0;evil\x07a\x9bb\r\n\tc\x00猫") == "]0;evilab\n\tc猫"
