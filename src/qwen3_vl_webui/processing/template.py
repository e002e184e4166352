"""The checkpoint's own chat template, run in Jinja's sandbox, with users' text kept from becoming control tokens.

The template comes from `chat_template.jinja`, `chat_template.json` or `tokenizer_config.json` of the checkpoint
folder (in this order, as the reference does), never from a client.

A user may write `<|im_start|>` or `<|image_pad|>`. Such text must reach the model as the characters it is. `render`
therefore marks every special token's text inside what users wrote (and every piece that could become one by being put
together with its neighbour) with a random word; `encode` takes the marks out again and tokenises the parts that held
one with special tokens switched off. A prompt without such text is tokenised in one piece, exactly as the reference
does.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from qwen3_vl_webui.errors import CheckpointError, InvalidRequest
from qwen3_vl_webui.processing.messages import MediaPart, Message, TextPart
from qwen3_vl_webui.processing.tokenizer import Tokenizer


@dataclass(frozen=True)
class Rendered:
    """A rendered prompt. `mark` is "" when no user wrote control text; else it stands where such text is broken up."""

    marked: str
    mark: str

    @property
    def text(self) -> str:
        """The prompt as the reference would print it."""
        return self.marked.replace(self.mark, "") if self.mark else self.marked


class ChatTemplate:
    """Messages to a prompt, and the prompt to ids."""

    def __init__(self, source: str, tokenizer: Tokenizer, *, origin: str = "chat template") -> None:
        self._tokenizer = tokenizer
        self._beginnings = tuple({name[:end] for name in tokenizer.special_tokens for end in range(1, len(name) + 1)})
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = _strftime_now
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateSyntaxError as error:
            raise CheckpointError("checkpoint_config", path=origin, reason=str(error)) from error
        names = ("bos_token", "eos_token", "pad_token", "unk_token")
        self._names = {name: _token_text(tokenizer.config.get(name)) for name in names}
        # Thinking's generation prompt opens the reasoning itself, so that only `</think>` is generated.
        probe = self.render([Message(role="user", parts=(TextPart("?"),))]).text
        self.opens_reasoning = probe.rstrip().endswith("<think>")

    @classmethod
    def load(cls, folder: Path, tokenizer: Tokenizer) -> ChatTemplate:
        """Read the template of a checkpoint folder; `CheckpointError` when it has none."""
        jinja_file, json_file = folder / "chat_template.jinja", folder / "chat_template.json"
        source: object
        if jinja_file.is_file():
            origin, source = jinja_file, jinja_file.read_text(encoding="utf-8")
        elif json_file.is_file():
            try:
                origin, source = json_file, json.loads(json_file.read_text(encoding="utf-8")).get("chat_template")
            except (ValueError, AttributeError) as error:
                raise CheckpointError("checkpoint_config", path=str(json_file), reason=str(error)) from error
        else:
            origin, source = folder / "tokenizer_config.json", tokenizer.config.get("chat_template")
        if isinstance(source, list):  # several named templates
            source = {entry.get("name"): entry.get("template") for entry in source}.get("default")
        if not isinstance(source, str):
            raise CheckpointError("checkpoint_config", path=str(origin), reason="there is no chat template")
        return cls(source, tokenizer, origin=str(origin))

    def render(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        add_vision_id: bool = False,
        add_generation_prompt: bool = True,
    ) -> Rendered:
        """Run the template; media become its placeholders. `InvalidRequest` when it refuses the conversation."""
        plain: list[object] = [_as_dict(message) for message in messages]
        declared: list[object] = [dict(tool) for tool in tools]
        mark = ""
        if any(self._risky(text) for text in _strings([plain, declared])):
            mark = _fresh_mark("".join(_strings([plain, declared])))
            plain = [_map_strings(item, lambda text: self._marked(text, mark)) for item in plain]
            declared = [_map_strings(item, lambda text: self._marked(text, mark)) for item in declared]
        try:
            text = self._template.render(
                messages=plain,
                tools=declared or None,
                add_generation_prompt=add_generation_prompt,
                add_vision_id=add_vision_id,
                **self._names,
            )
        except Exception as error:  # a template can raise anything; whatever it is, these messages caused it
            raise InvalidRequest("template_refused", field="messages", reason=str(error)) from error
        return Rendered(text, mark)

    def encode(self, rendered: Rendered) -> list[int]:
        """Ids of a rendered prompt; marked text stays text."""
        if not rendered.mark:
            return self._tokenizer.encode(rendered.marked)
        ids: list[int] = []
        for piece in self._pieces(rendered.marked):
            if (special := self._tokenizer.special_tokens.get(piece)) is not None:
                ids.append(special)
            else:  # the same text without specials tokenises the same way with them switched off
                ids += self._tokenizer.encode(piece.replace(rendered.mark, ""), literal=True)
        return ids

    def _pieces(self, text: str) -> Iterator[str]:
        start = 0
        for match in self._tokenizer.special_pattern.finditer(text):
            if match.start() > start:
                yield text[start : match.start()]
            yield match.group()
            start = match.end()
        if start < len(text):
            yield text[start:]

    def _risky(self, text: str) -> bool:
        """It holds a special token's text, or ends in the beginning of one that the next piece could complete."""
        return self._tokenizer.special_pattern.search(text) is not None or self._open_end(text)

    def _open_end(self, text: str) -> bool:
        return text.endswith(self._beginnings)

    def _marked(self, text: str, mark: str) -> str:
        text = self._tokenizer.special_pattern.sub(lambda match: match[0][0] + mark + match[0][1:], text)
        return text + mark if self._open_end(text) else text


def _as_dict(message: Message) -> dict[str, Any]:
    """The shape chat templates expect: content as text, or as parts when there are media; arguments as objects."""
    content: str | list[dict[str, str]]
    if any(isinstance(part, MediaPart) for part in message.parts):
        content = [
            {"type": "text", "text": part.text} if isinstance(part, TextPart) else {"type": part.kind}
            for part in message.parts
        ]
    else:
        content = "".join(part.text for part in message.parts if isinstance(part, TextPart))
    result: dict[str, Any] = {"role": message.role, "content": content}
    if message.reasoning is not None:
        result["reasoning_content"] = message.reasoning
    if message.tool_call_id is not None:
        result["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        result["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return result


def _arguments(text: str) -> object:
    """An object when the text is one; else the text itself, which templates write down as it is."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return text
    return parsed if isinstance(parsed, dict) else text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _map_strings(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): _map_strings(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map_strings(item, change) for item in value]
    return value


def _fresh_mark(text: str) -> str:
    while True:
        mark = "m" + secrets.token_hex(12)
        if mark not in text:
            return mark


def _token_text(value: object) -> str | None:
    content = value.get("content") if isinstance(value, Mapping) else value
    return content if isinstance(content, str) else None


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Plain JSON: Jinja's own filter escapes for HTML, which no model was trained on."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().strftime(form)
