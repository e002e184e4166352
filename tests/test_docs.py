"""The documents keep up with the program: every setting, option, command, route and module is in them, no other is.

`python tests/test_docs.py` writes the tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from fastapi import FastAPI

from qwen3_vl_webui.cli.app import app as commands
from qwen3_vl_webui.cli.options import PANELS, default_text, flag, group, unit
from qwen3_vl_webui.config import ENV_PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "qwen3_vl_webui"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings_tables() -> str:
    """The settings by group, as docs/configuration.md shows them."""
    lines: list[str] = []
    for key, title in PANELS.items():
        lines += [f"### {title}", "", "| setting | default | unit | what it does |", "|---|---|---|---|"]
        for name, field in Settings.model_fields.items():
            if group(field) == key:
                default = default_text(name, field) or "—"
                about = (field.description or "").replace("|", "\\|")
                lines.append(f"| `{name}` | {default} | {unit(field) or '—'} | {about} |")
        lines.append("")
    return "\n".join(lines)


def command_tables() -> str:
    """The arguments and options of each command that are no settings, as docs/cli.md shows them."""
    lines: list[str] = []
    group_of_commands = typer.main.get_command(commands)
    assert isinstance(group_of_commands, click.Group) or hasattr(group_of_commands, "commands")
    for name, command in sorted(group_of_commands.commands.items()):
        lines += [f"### `{name}`", "", (command.help or "").strip(), ""]
        own = [one for one in command.params if one.name not in Settings.model_fields and one.name != "help"]
        if own:
            lines += ["| argument or option | what it is |", "|---|---|"]
        for one in own:
            is_option = any(word.startswith("-") for word in one.opts)
            words = ", ".join(f"`{word}`" for word in one.opts) if is_option else f"`{one.metavar or one.name.upper()}`"
            lines.append(f"| {words} | {getattr(one, 'help', '') or ''} |")
        settings = {
            group(Settings.model_fields[one.name]) for one in command.params if one.name in Settings.model_fields
        }
        if own:
            lines.append("")
        if settings:
            taken = [one.name for one in command.params if one.name in Settings.model_fields]
            whole = [
                key for key in PANELS if all(n in taken for n, f in Settings.model_fields.items() if group(f) == key)
            ]
            single = [n for n in taken if group(Settings.model_fields[n]) not in whole]
            said = [f"all of “{PANELS[key]}”" for key in whole] + [f"`--{n.replace('_', '-')}`" for n in single]
            lines += ["Settings as options: " + ", ".join(said) + ".", ""]
    return "\n".join(lines)


TABLES: dict[str, Any] = {"docs/configuration.md": settings_tables, "docs/cli.md": command_tables}


def between(text: str) -> tuple[str, str, str]:
    before, _, rest = text.partition("<!-- made by tests/test_docs.py -->\n")
    made, _, after = rest.partition("<!-- end -->")
    return before, made, after


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_those_of_the_program(name: str) -> None:
    assert between(read(name))[1].strip() == TABLES[name]().strip(), "run: python tests/test_docs.py"


def test_every_setting_is_named_with_its_variable_and_flag_rules() -> None:
    text = read("docs/configuration.md")
    assert f"{ENV_PREFIX}PORT" in text
    for name, field in Settings.model_fields.items():
        assert f"`{name}`" in text
        assert flag(name, field).startswith("--")


def test_every_command_is_in_both_readmes() -> None:
    for name in ("README.md", "README.zh.md"):
        for info in commands.registered_commands:
            assert info.callback is not None
            assert f"`{info.callback.__name__}`" in read(name) or f"webui {info.callback.__name__}" in read(name), name


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    from qwen3_vl_webui.server.app import create_app

    app = create_app(Settings(model="demo", data=tmp_path_factory.mktemp("docs"), page=False))
    app.state.history.close()
    return app


def test_every_route_is_in_the_api_document_and_the_other_way_round(application: FastAPI) -> None:
    routes = {
        f"{method.upper()} {path}"
        for path, methods in application.openapi()["paths"].items()
        for method in methods
        if path.startswith(("/v1", "/api", "/tokenize", "/health", "/ready", "/metrics", "/version"))
    }
    documented = set(re.findall(r"`((?:GET|POST|PATCH|DELETE|PUT) /[^`\s]*)`", read("docs/api.md")))
    assert routes - documented == set(), "not documented"
    assert documented - routes - {"GET /docs"} == set(), "documented, but not there"


def test_the_architecture_names_every_module_and_only_files_that_exist() -> None:
    text = read("docs/architecture.md")
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    files = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py")}
    modules = {name for name in files if not name.endswith("__init__.py")}
    assert modules - named == set(), "not named"
    assert named - files == set(), "named, but not there"


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "README.zh.md",
        "CHANGELOG.md",
        *[f"docs/{n}.md" for n in ("api", "architecture", "cli", "configuration")],
    ],
)
def test_links_inside_the_project_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", read(name)):
        if "://" not in target:
            assert ((ROOT / name).parent / target).exists(), target


def test_every_dependency_is_explained() -> None:
    text = read("README.md").lower().replace("_", "-")
    project = read("pyproject.toml").partition("[project]")[2].partition("[project.scripts]")[0]
    for dependency in re.findall(r'^    "([A-Za-z0-9_-]+)', project, re.M):
        assert dependency.lower().replace("_", "-") in text, dependency


if __name__ == "__main__":
    for name, make in TABLES.items():
        before, _, after = between(read(name))
        text = f"{before}<!-- made by tests/test_docs.py -->\n{make()}\n<!-- end -->{after}"
        (ROOT / name).write_text(text, encoding="utf-8")
