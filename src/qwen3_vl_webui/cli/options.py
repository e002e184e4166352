"""Command line options made from `Settings`: one option a setting, with its description, unit and default.

An option that is not given leaves the setting to the environment and the file.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from qwen3_vl_webui.config import Settings
from qwen3_vl_webui.errors import InvalidRequest

PANELS = {
    "model": "Model",
    "server": "Server",
    "engine": "Engine",
    "limits": "Limits of one request",
    "media": "Where media may come from",
}
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file (TOML); default: config.toml in the data folder", show_default=False),
]


def group(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["group"])


def unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["unit"])


def default_text(name: str, field: FieldInfo) -> str:
    """The default as a person writes it; empty when there is none to show."""
    if name == "data":
        return "the user's data folder"
    value = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def flag(name: str, field: FieldInfo) -> str:
    """`--max-images`; a switch has both of its words."""
    word = "--" + name.replace("_", "-")
    return f"{word}/--no-{word[2:]}" if field.annotation is bool else word


def _annotation(annotation: Any) -> Any:
    """The type that Typer reads: lists come as repeated options, everything may be absent."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is tuple:
        return list[str]
    if annotation is SecretStr:
        return str
    assert annotation in (bool, int, float, str, Path) or get_origin(annotation) is Literal, annotation
    return annotation


def about(field: FieldInfo, words: Mapping[str, str] | None = None) -> str:
    """What a setting is, with its unit: in English, or in the `words` for the English."""
    description, measure = field.description or "", unit(field)
    if words is None:
        return f"{description} ({measure})" if measure else description
    description, measure = words.get(description, description), words.get(measure, measure)
    return f"{description}（{measure}）" if measure else description


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    option = typer.Option(
        flag(name, field),
        help=about(field),
        show_default=default_text(name, field) or False,
        rich_help_panel=PANELS[group(field)],
    )
    annotation: Any = Annotated[_annotation(field.annotation) | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def with_settings(
    groups: Sequence[str], *, also: Sequence[str] = (), unless: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of some groups of settings (and of single ones); it receives `settings`.

    `unless`: an option of the command beside which those of the groups would say nothing; they are refused then.
    """
    chosen = {name: field for name, field in Settings.model_fields.items() if group(field) in groups or name in also}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters
        added = [_parameter(name, field) for name, field in chosen.items()]
        added.append(inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ConfigFile))

        def run(**values: Any) -> None:
            flags = {name: values.pop(name) or None if values[name] == [] else values.pop(name) for name in chosen}
            if values.get(unless) is not None:
                for name, value in flags.items():
                    if value is not None and name not in also:
                        raise InvalidRequest("option_unused", field=flag(name, chosen[name]), other=f"--{unless}")
            settings = Settings.load(values.pop("config"), **flags)
            command(settings=settings, **values)

        parameters = [
            *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, one in own.items() if name != "settings"),
            *added,
        ]
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate
