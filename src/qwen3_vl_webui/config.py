"""The one configuration: flags over `QWEN3VL_*` variables over a TOML file, checked, frozen, complete at the edge.

`Settings` is what the user may say; `plan.resolve` turns it into folders and `EngineConfig`s. Every field carries a
description and, where it has one, a unit: the command line's `--help` and docs/configuration.md are made from them.
Unknown keys, unknown `QWEN3VL_*` variables and impossible values are `ConfigError`s.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from qwen3_vl_webui.errors import ConfigError, Wrong, reason_of, words

APP = "qwen3-vl-webui"
ENV_PREFIX = "QWEN3VL_"
# Variables with the prefix that are not settings: where the settings file is, and what the tests use.
OTHER_VARIABLES = frozenset({"QWEN3VL_CONFIG", "QWEN3VL_SAMPLES"})

ModelChoice = Literal["auto", "demo", "2b", "4b", "8b", "32b"]
Hub = Literal["auto", "huggingface", "modelscope"]
Words = Annotated[tuple[str, ...], NoDecode]


def default_data_folder() -> Path:
    """The user's data folder for this program; it is made when something is first written."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def setting(default: Any, description: str, *, unit: str = "", group: str, **constraints: Any) -> Any:
    """A field with what its documentation needs. A callable default is called for each `Settings`."""
    made: dict[str, Any] = {"default_factory": default} if callable(default) else {"default": default}
    return Field(**made, description=description, json_schema_extra={"unit": unit, "group": group}, **constraints)


class Settings(BaseSettings):
    """Everything a user can set. Called, it takes only its arguments; `load` adds environment and file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, protected_namespaces=(), env_ignore_empty=True
    )

    # model
    model: ModelChoice = setting(
        "auto", "Which pair to serve; auto is 4b on a GPU that has room, else the bundled demo pair", group="model"
    )
    instruct: str | None = setting(
        None,
        "Instruct checkpoint: a folder or a hub id; without --model and --thinking it is served alone",
        group="model",
    )
    thinking: str | None = setting(
        None,
        "Thinking checkpoint: a folder or a hub id; without --model and --instruct it is served alone",
        group="model",
    )
    hub: Hub = setting("auto", "Where weights are downloaded from; auto takes the one that answers", group="model")
    device: str = setting("auto", "Where the model runs: auto, cpu, cuda or cuda:N", group="model")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = setting(
        "auto",
        "Number format of the weights and activations; auto is bfloat16 where it is fast, float32 for the demo "
        "(its vision tower in bfloat16 on processors with AMX)",
        group="model",
    )

    # server
    host: str = setting("127.0.0.1", "Address to listen on; 0.0.0.0 opens it to the network", group="server")
    port: int = setting(7860, "Port to listen on; 0 takes a free one", group="server", ge=0, le=65535)
    data: Path = setting(
        default_data_folder,
        "Folder for conversations, media and downloaded weights",
        group="server",
    )
    api_key: Annotated[tuple[SecretStr, ...], NoDecode] = setting(
        (), "Key that every route but the health checks asks for; several are allowed", group="server"
    )
    page: bool = setting(True, "Serve the web page beside the API", group="server")
    log_level: Literal["debug", "info", "warning", "error"] = setting("info", "How much to log", group="server")
    drain_seconds: float = setting(
        30.0, "How long a shutdown waits for running answers", unit="s", group="server", ge=0, le=3600
    )
    allowed_hosts: Words = setting(
        (), "Host names that requests may name, beside localhost and the address listened on; * is any", group="server"
    )
    allowed_origins: Words = setting(
        (), "Web origins besides our own that may call the API from a browser", group="server"
    )
    cache_salt_per_key: bool = setting(
        False, "Share cached prompts only within one API key, so that nobody can time what others asked", group="server"
    )

    # engine
    max_context: int | None = setting(
        None,
        "Longest prompt and answer together; default: what the checkpoint and the memory allow",
        unit="tokens",
        group="engine",
        ge=256,
        le=1_048_576,
    )
    max_output_tokens: int = setting(
        32768, "Longest answer a request may ask for", unit="tokens", group="engine", ge=1, le=1_048_576
    )
    max_running: int = setting(
        16, "Answers written at the same time, per edition", unit="sequences", group="engine", ge=1, le=1024
    )
    max_waiting: int = setting(
        256, "Requests that may queue; one more is refused with 429", unit="requests", group="engine", ge=0, le=100_000
    )
    max_batch_tokens: int = setting(
        2048,
        "Tokens computed in one step; long prompts are split into such chunks (on a GPU four times as many while no "
        "answer is being written)",
        unit="tokens",
        group="engine",
        ge=16,
        le=262_144,
    )
    block_size: int | None = setting(
        None,
        "Tokens in one block of the KV cache; default: 128 on a GPU (256 with --flash-attn), 16 on a CPU",
        unit="tokens",
        group="engine",
        ge=1,
        le=256,
    )
    flash_attn: bool = setting(
        False,
        "Insist on the FlashAttention package for prompts; off: our own kernels, or whatever is the fastest here",
        group="engine",
    )
    kv_cache_gb: float | None = setting(
        None,
        "Memory for the KV cache of one edition; default: planned from what is free",
        unit="GB",
        group="engine",
        gt=0,
        le=10_000,
    )
    prefix_cache: bool = setting(True, "Reuse the computed part of prompts that begin alike", group="engine")
    vision_cache_mb: int = setting(
        512, "Memory for the features of recent pictures and videos", unit="MB", group="engine", ge=0, le=1_000_000
    )
    threads: int | None = setting(
        None,
        "CPU threads of the engine; default: PyTorch's choice within a container's quota, one beside a GPU",
        unit="threads",
        group="engine",
        ge=1,
        le=1024,
    )

    # limits of one request
    max_body_mb: int = setting(
        384,
        "Largest body of a request; pictures and videos inside JSON count as base64",
        unit="MB",
        group="limits",
        ge=1,
        le=4096,
    )
    max_upload_mb: int = setting(
        256, "Largest picture or video that is uploaded or fetched", unit="MB", group="limits", ge=1, le=16384
    )
    max_images: int = setting(64, "Pictures in one request", unit="pictures", group="limits", ge=0, le=4096)
    max_videos: int = setting(4, "Videos in one request", unit="videos", group="limits", ge=0, le=256)
    max_image_pixels: int = setting(
        100_000_000,
        "Largest picture that is decoded, width times height",
        unit="pixels",
        group="limits",
        ge=1024,
        le=178_956_970,  # Pillow opens no larger ones
    )
    max_pixels: int = setting(
        16_777_216,
        "Largest pixel budget a request may give one picture",
        unit="pixels",
        group="limits",
        ge=4096,
        le=268_435_456,
    )
    max_video_pixels: int = setting(
        25_165_824,
        "Largest pixel budget a request may give one video, over all its frames",
        unit="pixels",
        group="limits",
        ge=4096,
        le=1_073_741_824,
    )
    max_video_frames: int = setting(768, "Frames taken from one video", unit="frames", group="limits", ge=2, le=16384)
    max_video_seconds: float = setting(10_800.0, "Longest video", unit="s", group="limits", ge=1, le=604_800)
    max_fps: float = setting(
        30.0, "Most frames a second a request may ask for", unit="frames/s", group="limits", gt=0, le=240
    )
    fetch_seconds: float = setting(
        30.0, "How long fetching one picture or video from a URL may take", unit="s", group="limits", gt=0, le=3600
    )

    # where media may come from
    allowed_media_dirs: Annotated[tuple[Path, ...], NoDecode] = setting(
        (), "Folders whose files a request may name by path; none by default", group="media"
    )
    allowed_media_hosts: Words = setting(
        (), "Hosts that media may be fetched from; none named means any public one", group="media"
    )
    allow_private_media_hosts: bool = setting(
        False, "Also fetch media from loopback and private addresses, for a server on your own network", group="media"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    @field_validator(
        "api_key", "allowed_hosts", "allowed_origins", "allowed_media_hosts", "allowed_media_dirs", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        """One string, as a variable gives it, is a comma-separated list."""
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("device")
    @classmethod
    def _known(cls, value: str) -> str:
        if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
            raise Wrong("device")
        return value

    @field_validator("api_key", mode="before")
    @classmethod
    def _usable(cls, value: object) -> object:
        """`--api-key "$KEY"` without a KEY must not open the server, and a header must be able to carry the key."""
        keys = value if isinstance(value, list | tuple) else [value]
        texts = [key for key in keys if isinstance(key, str)]
        if any(not key.strip(" ,") for key in texts):
            raise Wrong("empty")
        if any(not (key.isascii() and key.isprintable()) for key in texts):
            raise Wrong("ascii")
        return value

    @field_validator("data")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("allowed_media_dirs")
    @classmethod
    def _expand_all(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(path.expanduser().absolute() for path in value)

    @property
    def api_keys(self) -> tuple[str, ...]:
        """The keys in the clear; empty: no key is asked for."""
        return tuple(key.get_secret_value() for key in self.api_key)

    @classmethod
    def load(cls, config: Path | None = None, **flags: Any) -> Self:
        """The settings from `flags` (None: not given), the environment, and the TOML file.

        `config` or `QWEN3VL_CONFIG` names a file that must exist; without them `<data>/config.toml`, then the user's
        configuration folder, are read if there. Raises `ConfigError`.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        environment = _environment(cls)
        path = _settings_file(config, given.get("data") or environment.get("data"))
        values = {} if path is None else _read_toml(path, cls)
        try:
            return cls(**{**values, **environment, **given})
        except ValidationError as error:
            raise _config_error(error) from None


def _environment(cls: type[Settings]) -> dict[str, Any]:
    known = {ENV_PREFIX + name.upper() for name in cls.model_fields} | OTHER_VARIABLES
    for name in sorted(os.environ):
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            raise ConfigError("config_unknown", field=name, where=words("environment"))
    return EnvSettingsSource(cls)()


def _settings_file(config: Path | None, data: str | Path | None) -> Path | None:
    named = config or (Path(value) if (value := os.environ.get("QWEN3VL_CONFIG")) else None)
    if named is not None:
        if not named.expanduser().is_file():
            reason = words("folder" if named.expanduser().is_dir() else "no_file")
            raise ConfigError("config_file", field="config", path=named, reason=reason)
        return named.expanduser()
    folders = (
        Path(data).expanduser() if data else default_data_folder(),
        Path(platformdirs.user_config_dir(APP, appauthor=False)),
    )
    return next((folder / "config.toml" for folder in folders if (folder / "config.toml").is_file()), None)


def _read_toml(path: Path, cls: type[Settings]) -> Mapping[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("config_file", field="config", path=path, reason=error) from None
    for key in values:
        if key not in cls.model_fields:
            raise ConfigError("config_unknown", field=key, where=path)
    return values


def _config_error(error: ValidationError) -> ConfigError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return ConfigError("config_unknown", field=name, where=words("settings"))
    if first["type"] in ("greater_than_equal", "less_than_equal"):
        constraints = Settings.model_fields[name].metadata
        low, high = (
            next((getattr(one, key) for one in constraints if hasattr(one, key)), None) for key in ("ge", "le")
        )
        if low is not None and high is not None:  # both, whichever was crossed
            return ConfigError("value_out_of_range", field=name, minimum=low, maximum=high, value=first["input"])
    return ConfigError("config_invalid", field=name, reason=reason_of(first))
