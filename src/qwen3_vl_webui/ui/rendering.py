"""Turns of a conversation as the Chatbot's messages.

Words of the user are shown exactly as typed, never as Markdown or HTML. Words of the model are Markdown, their
tags text (`ui.markdown`), that the Chatbot sanitises.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.history.records import MediaRecord, MessageRecord
from qwen3_vl_webui.ui.answers import Answer
from qwen3_vl_webui.ui.drawing import render_places
from qwen3_vl_webui.ui.markdown import literal
from qwen3_vl_webui.ui.markup import button, confirm, escape
from qwen3_vl_webui.ui.preview import has_page
from qwen3_vl_webui.ui.texts import say

SHOWN_TURNS = 40  # of a long conversation; earlier ones come on request

ChatbotMessage = dict[str, Any]


def render_turns(
    turns: Sequence[MessageRecord],
    language: Language,
    *,
    live: Answer | None = None,
    all_turns: bool = False,
    complete: bool = True,
) -> list[ChatbotMessage]:
    """The messages of a conversation; `live` is the answer being written, which replaces its stored turn.

    Not `complete`: an answer follows that the caller adds.
    """
    hidden = 0 if all_turns else max(0, len(turns) - SHOWN_TURNS)
    stored = {medium.hash for turn in turns for medium in turn.media}
    messages: list[ChatbotMessage] = []
    if hidden:
        label = say("earlier_messages", language, count=hidden)
        messages.append(_html("assistant", f'<div class="earlier">{button("earlier", "", label, text=label)}</div>'))
    for position, turn in enumerate(turns[hidden:], start=hidden):
        last = complete and position == len(turns) - 1
        if turn.role == "user":
            messages.append(render_question(turn, language, answered=not last))
        elif turn.role != "assistant":
            messages.append(render_aside(turn, language))
        elif live is not None and live.record.id == turn.id:
            messages.extend(render_live(live, language))
        else:
            messages.extend(render_answer(turn, language, last=last, stored=stored))
    return messages


def render_question(turn: MessageRecord, language: Language, *, answered: bool) -> ChatbotMessage:
    actions = button("copy", turn.id, say("copy", language)) + button("edit", turn.id, say("edit", language))
    if not answered:  # its answer was deleted or never began
        actions += button("retry", turn.id, say("retry", language))
    actions += _deletion("question", turn, language)
    body = _media(turn, language)
    if turn.text:
        body += f'<div class="said">{escape(turn.text)}</div>'
    return _html("user", f'{body}<div class="actions">{actions}</div>')


def render_aside(turn: MessageRecord, language: Language) -> ChatbotMessage:
    """What a program stored beside questions and answers, an instruction or a tool's result: as it was written."""
    actions = button("copy", turn.id, say("copy", language)) + _deletion("message", turn, language)
    return _html(
        "assistant",
        f'<div class="aside {turn.role}"><b>{escape(say(f"role_{turn.role}", language))}</b>{_media(turn, language)}'
        f'<div class="told">{escape(turn.text)}</div><div class="actions">{actions}</div></div>',
    )


def render_live(answer: Answer, language: Language) -> list[ChatbotMessage]:
    """An answer that is being written, or has just ended."""
    if answer.status != "streaming":
        return render_answer(answer.as_record(), language, last=True)
    messages: list[ChatbotMessage] = []
    if answer.reasoning:
        messages.append(
            _thought(answer.reasoning, answer.reasoning_so_far(), language, over=answer.reasoning_seconds is not None)
        )
    if answer.text:
        messages.append(_markdown(answer.text))
    elif not answer.reasoning:
        messages.append(
            _html("assistant", f'<div class="waiting" role="status">{escape(_waiting(answer, language))}</div>')
        )
    return messages


def render_answer(
    turn: MessageRecord, language: Language, *, last: bool, stored: Collection[str] | None = None
) -> list[ChatbotMessage]:
    """A finished answer: its reasoning folded, its text, what it points at, what went wrong, its figures and buttons.

    `stored`: the hashes of the media that the conversation still has; None: all of them.
    """
    messages: list[ChatbotMessage] = []
    facts = turn.facts
    if turn.reasoning:
        seconds = float(facts.get("reasoning_seconds", 0.0))
        messages.append(
            _thought(turn.reasoning, seconds, language, over=True, stopped=not turn.text and turn.status != "done")
        )
    if turn.text:
        messages.append(_markdown(turn.text))
    if drawn := render_places(turn.text, facts, turn.id, language, stored=stored):
        messages.append(_html("assistant", drawn))
    wrong = turn.status in ("failed", "interrupted", "streaming")
    if notice := _notice(turn, language):
        kind, role = ("error", "alert") if wrong else ("note", "note")
        retry = button("retry", turn.id, say("retry", language), css="wide", text=say("retry", language))
        messages.append(
            _html(
                "assistant",
                f'<div class="notice {kind}" role="{role}"><span>{escape(notice)}</span>'
                f"{retry if last and wrong else ''}</div>",
            )
        )
    actions = button("copy", turn.id, say("copy", language)) if turn.text else ""
    if has_page(turn.text):
        actions += button("preview", turn.id, say("preview", language))
    if last and not wrong:  # what went wrong has it beside its reason
        actions += button("retry", turn.id, say("retry", language))
    actions += _deletion("answer", turn, language)
    footer = (
        f'<div class="foot"><div class="actions">{actions}</div>{_figures(turn, language)}</div>{_saw(facts, language)}'
    )
    messages.append(_html("assistant", footer))
    return messages


def _deletion(kind: str, turn: MessageRecord, language: Language) -> str:
    """The button that asks whether a question, an answer or another message is to be deleted, and what it asks."""
    name, asked = say(f"delete_{kind}", language), say(f"delete_{kind}_asked", language)
    return button("ask-delete", turn.id, name) + confirm(asked, "delete", turn.id, language)


def was_refused(turn: MessageRecord) -> bool:
    """Whether it stands for an answer to a question that could not be asked."""
    return turn.status == "failed" and not turn.text and bool(_error(turn).get("refused"))


def _error(turn: MessageRecord) -> Mapping[str, Any]:
    """What is known of its failure; that of an import may be anything."""
    error = turn.facts.get("error")
    return error if isinstance(error, Mapping) else {}


def _html(role: str, body: str) -> ChatbotMessage:
    return {"role": role, "content": [{"type": "text", "text": body}]}


def _markdown(text: str) -> ChatbotMessage:
    # A typed part, because a plain string would lose its indentation in the Chatbot.
    return {"role": "assistant", "content": [{"type": "text", "text": literal(text)}]}


def _thought(text: str, seconds: float, language: Language, *, over: bool, stopped: bool = False) -> ChatbotMessage:
    key = "thought_stopped" if stopped else "thought" if over else "thinking_now"
    return {
        "role": "assistant",
        "content": [{"type": "text", "text": literal(text)}],
        "metadata": {"title": say(key, language, seconds=f"{seconds:.1f}"), "status": "done" if over else "pending"},
    }


def _waiting(answer: Answer, language: Language) -> str:
    waiting = answer.waiting
    if waiting is None or (waiting.reason == "queued" and not answer.queue):
        return say("waiting_prompt", language)
    if waiting.reason == "queued":
        seconds = f"{time.monotonic() - answer.started:.0f}"
        return say("waiting_queued", language, count=answer.queue, seconds=seconds)
    if waiting.fraction is None:
        return say("waiting_loading_unknown", language)
    return say("waiting_loading", language, percent=round(100 * waiting.fraction))


def _notice(turn: MessageRecord, language: Language) -> str:
    reason = turn.facts.get("finish_reason")
    if turn.status == "failed":
        reason = _error(turn).get(language, "")
        return say("refused" if was_refused(turn) else "failed", language, reason=reason)
    if turn.status in ("interrupted", "streaming"):  # no task writes it: the server died under it
        return say("interrupted", language)
    if turn.status == "stopped":
        return say("stopped", language)
    if reason == "length":
        return say("cut_length", language, limit=f"{turn.facts.get('max_tokens', 0):,}")
    if reason == "repetition":
        return say("cut_repetition", language)
    return "" if turn.text else say("empty_answer", language)


def _media(turn: MessageRecord, language: Language) -> str:
    media = "".join(_medium(medium, language) for medium in turn.media)
    return f'<div class="media">{media}</div>' if media else ""


def _medium(medium: MediaRecord, language: Language) -> str:
    url = f"api/conversations/media/{escape(medium.hash)}"
    name = escape(medium.name)
    if medium.kind == "video":
        label = escape(say("video", language, name=medium.name))
        excuse = escape(say("unplayable", language, name=medium.name))
        return (
            f'<span class="clip"><video controls preload="metadata" src="{url}" title="{label}"></video>'
            f'<span class="excuse">{excuse}</span></span>'
        )
    label = escape(say("enlarge", language, name=medium.name))
    return (
        f'<img src="{url}" alt="{name}" title="{label}" loading="lazy" tabindex="0" role="button" aria-label="{label}">'
    )


def _figures(turn: MessageRecord, language: Language) -> str:
    facts = turn.facts
    figures: list[str] = []
    if turn.edition:
        figures.append(say(f"edition_{turn.edition}", language))
    if (first := facts.get("first_token")) is not None:
        figures.append(say("stat_first", language, seconds=f"{first:.2f}"))
    usage, timings = facts.get("usage"), facts.get("timings")
    if usage and timings:
        writing = timings["total"] - timings["first_token"]
        if usage["completion_tokens"] > 1 and writing > 0:
            figures.append(say("stat_speed", language, speed=f"{(usage['completion_tokens'] - 1) / writing:.1f}"))
        cached = usage["cached_tokens"]
        figures.append(
            say(
                "stat_cached" if cached else "stat_in",
                language,
                count=f"{usage['prompt_tokens']:,}",
                cached=f"{cached:,}",
            )
        )
        reasoning = facts.get("reasoning_tokens", 0)
        figures.append(
            say(
                "stat_out_reasoning" if reasoning else "stat_out",
                language,
                count=f"{usage['completion_tokens']:,}",
                reasoning=f"{reasoning:,}",
            )
        )
    return f'<div class="figures">{"".join(f"<span>{escape(figure)}</span>" for figure in figures)}</div>'


def _saw(facts: Mapping[str, Any], language: Language) -> str:
    seen = facts.get("seen") or []
    if not seen:
        return ""
    lines: list[str] = []
    numbers = {"image": 0, "video": 0}
    for medium in seen:
        kind = medium["kind"]
        numbers[kind] += 1
        (width, height), (seen_width, seen_height) = medium["original_size"], medium["seen_size"]
        times = medium.get("frame_times") or []
        line = say(
            f"saw_{kind}",
            language,
            number=numbers[kind],
            width=width,
            height=height,
            seen_width=seen_width,
            seen_height=seen_height,
            tokens=f"{medium['visual_tokens']:,}",
            frames=len(times),
        )
        if times:
            shown = [f"{t:.1f}" for t in times]
            if len(shown) > 24:
                shown = [*shown[:12], "…", *shown[-12:]]
            line += say("saw_times", language, times=", ".join(shown))
        lines.append(f"<li>{escape(line)}</li>")
    total = sum(medium["visual_tokens"] for medium in seen)
    summary = escape(say("saw", language, count=f"{total:,}"))
    return f'<details class="saw"><summary>{summary}</summary><ul>{"".join(lines)}</ul></details>'
