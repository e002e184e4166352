"""Phone and desktop screens drawn from widgets: describing, listing with boxes, pointing and clicking."""

from __future__ import annotations

from random import Random

from training.draw import wear
from training.gui import families, free
from training.gui.agent import click_call, tool_definition
from training.gui.controls import KINDS, Control
from training.gui.facts import small_question
from training.gui.layouts import draw_desktop, draw_phone
from training.gui.questions import describe, list_boxes, one_box
from training.gui.screen import Screen
from training.scene import Sample

_FREE, _COLUMNS = 0.55, 0.1  # shares of screens without a plan, and of bare columns; the others are pages in frames
__all__ = ["KINDS", "Control", "Screen", "about", "describe", "screens"]


def screens(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A phone or desktop screen with several questions."""
    lang = rng.choice(["en", "zh"])
    phone = rng.random() < 0.6
    columns, pages = (draw_phone, families.phone) if phone else (draw_desktop, families.desktop)
    roll = rng.random()
    if roll < _FREE:
        return about(rng, free.compose(rng, lang, held_out, tokens, phone), lang, phone)
    if roll < _FREE + _COLUMNS:
        return about(rng, columns(rng, lang, held_out, tokens), lang, phone)
    screen = pages(rng, lang, held_out, tokens)
    if rng.random() < 0.3:
        free.above(screen, screen.canvas.height)
    return about(rng, screen, lang, phone)


def about(rng: Random, screen: Screen, lang: str, phone: bool) -> Sample:
    """Questions about a screen that has been drawn."""
    picture = wear(rng, screen.canvas.shown(*screen.shown), 0.6)
    ask_in = lang if rng.random() < 0.8 else ("en" if lang == "zh" else "zh")
    if rng.random() < 0.25:
        thoughts = rng.random() < 0.4
        turns = [t for _ in range(4) if (t := click_call(rng, screen, ask_in, phone, thoughts))]
        system = (
            rng.choice(
                [
                    "For each step first write a Thought, then an Action, then one tool call.",
                    "# Response format\n1) Thought: one concise sentence.\n2) Action: a short imperative.\n3) A single <tool_call> block.",
                ]
            )
            if thoughts
            else ""
        )
        return Sample(
            conversations=[[t] for t in turns], pictures=[picture], tools=(tool_definition(rng, phone),), system=system
        )
    describe_it = (
        [describe(rng, screen.controls, ask_in, phone)] if rng.random() < 0.6 else [list_boxes(rng, screen, ask_in)]
    )
    makes = (one_box, one_box, one_box, one_box, small_question, small_question, small_question)
    others = [t for make in makes if (t := make(rng, screen, ask_in))]
    conversations = [describe_it, *([t] for t in others)]
    if len(others) >= 2 and rng.random() < 0.2:
        conversations = [describe_it, others]
    return Sample(conversations=conversations, pictures=[picture])
