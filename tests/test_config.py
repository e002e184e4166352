"""Settings: flags over variables over the file; anything unknown or impossible is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.errors import ConfigError


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the person who runs the tests."""
    for name in ("QWEN3VL_CONFIG", "QWEN3VL_PORT", "QWEN3VL_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home-data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home-config"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_win_over_variables_and_variables_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write(tmp_path / "s.toml", 'port = 1001\nhost = "10.0.0.1"\nmax_running = 3\n')
    monkeypatch.setenv("QWEN3VL_PORT", "1002")
    monkeypatch.setenv("QWEN3VL_HOST", "10.0.0.2")
    settings = Settings.load(file, port=1003, max_images=None)
    assert (settings.port, settings.host, settings.max_running) == (1003, "10.0.0.2", 3)
    assert settings.max_images == Settings().max_images  # a flag that was not given hides nothing


def test_the_file_in_the_data_folder_is_read_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "config.toml", "port = 1234\n")
    assert Settings.load(data=tmp_path).port == 1234
    monkeypatch.setenv("QWEN3VL_DATA", str(tmp_path))
    assert Settings.load().port == 1234
    assert Settings.load(data=tmp_path / "other").port == 7860


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("prot = 1", "config_unknown", "prot"),
        ("port = 99999", "value_out_of_range", "port"),
        ("model = '3b'", "config_invalid", "model"),
        ("device = 'tpu'", "config_invalid", "device"),
        ("port = ", "config_file", "config"),
        ("quantize = 'int4'", "config_unknown", "quantize"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, code: str, field: str) -> None:
    file = write(tmp_path / "s.toml", text)
    with pytest.raises(ConfigError) as caught:
        Settings.load(file)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert field in caught.value.message("en") or code == "config_file"
    assert caught.value.message("zh") != caught.value.message("en")


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        Settings.load(tmp_path / "nothing.toml")
    monkeypatch.setenv("QWEN3VL_CONFIG", str(tmp_path / "nothing.toml"))
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        Settings.load()


def test_unknown_variables_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN3VL_PROT", "1")
    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert caught.value.field == "QWEN3VL_PROT"


def test_where_an_unknown_setting_was_given_is_said_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN3VL_PROT", "1")
    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert caught.value.message("en") == "There is no setting QWEN3VL_PROT (a variable of the environment)."
    assert caught.value.message("zh") == "没有名为 QWEN3VL_PROT 的设置（环境变量）。"


def test_unknown_flags_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(prot=1)
    assert caught.value.field == "prot"


@pytest.mark.parametrize("value", [4095, 268_435_457])
def test_a_number_out_of_its_range_is_told_the_whole_range(value: int) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(max_pixels=value)
    said = caught.value.message("en")
    assert said == f"max_pixels must be between 4096 and 268435456; it is {value}."


def test_lists_come_as_lists_or_with_commas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = write(tmp_path / "s.toml", 'allowed_hosts = ["a", "b"]\n')
    assert Settings.load(file).allowed_hosts == ("a", "b")
    monkeypatch.setenv("QWEN3VL_ALLOWED_HOSTS", "c, d")
    assert Settings.load(file).allowed_hosts == ("c", "d")
    assert Settings(allowed_media_dirs="/a,/b").allowed_media_dirs == (Path("/a"), Path("/b"))


def test_settings_are_frozen_and_hide_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(api_key="sesame,other")
    assert settings.api_keys == ("sesame", "other")
    assert "sesame" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_called_directly_the_environment_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN3VL_PORT", "1002")
    assert Settings().port == 7860


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        assert field.description, name
        assert isinstance(extra, dict), name
        assert extra["group"], name


def test_a_key_that_no_header_could_carry_is_refused() -> None:
    for key in ("schlüssel", "密钥", "two\nlines"):
        with pytest.raises(ConfigError) as caught:
            Settings.load(api_key=("good", key))
        assert caught.value.field == "api_key"
        assert key not in caught.value.message("en")


@pytest.mark.parametrize("value", ["", " ", ("good", ""), [" "]])
def test_a_blank_key_does_not_open_the_server(value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(api_key=value)
    assert caught.value.field == "api_key"


def test_folders_are_found_from_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings(data=Path("~/data"), allowed_media_dirs="~/pictures,media")
    assert settings.data == tmp_path / "data"
    assert settings.allowed_media_dirs == (tmp_path / "pictures", Path.cwd() / "media")


@pytest.mark.parametrize("device", ["tpu", "cuda:", "cuda:x", "CPU", ""])
def test_a_device_is_explained(device: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load(device=device)
    assert "cuda:N" in caught.value.message("en")
    assert "cuda:N" in caught.value.message("zh")
