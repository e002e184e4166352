"""What an answer points at, drawn over the picture that it was asked about, with a list in the picture's own pixels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from qwen3_vl_webui.errors import Language
from qwen3_vl_webui.ui.markup import button, escape
from qwen3_vl_webui.ui.pointing import SCALE, Place, find_places
from qwen3_vl_webui.ui.texts import say

COLOURS = 8  # classes c0 to c7 of the style sheet


def places_in_pixels(text: str, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a program would want of an answer: each place in pixels of the first of the pictures it was asked about."""
    pictures = asked_pictures(facts)
    if not pictures:
        return []
    width, height = pictures[0]["original_size"]
    found: list[dict[str, Any]] = []
    for place in find_places(text):
        left, top, right, bottom = place.in_pixels(width, height)
        where = {"point": [left, top]} if place.is_point else {"box": [left, top, right, bottom]}
        found.append({"label": place.label, **where})
    return found


def asked_pictures(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pictures of the last question that had any, as the model saw them when it answered."""
    pictures = [medium for medium in facts.get("seen") or () if _is_picture(medium)]
    return [medium for medium in pictures if medium["turn"] == pictures[-1]["turn"]]


def _is_picture(medium: Mapping[str, Any]) -> bool:
    """Whether these facts are of a picture that can be drawn on. Those of an import may be anything, or too old."""
    match medium:
        case {"kind": "image", "hash": str(), "turn": int(), "original_size": [int(width), int(height)]}:
            return width > 0 and height > 0
    return False


def render_places(
    text: str, facts: Mapping[str, Any], message_id: str, language: Language, *, stored: Collection[str] | None = None
) -> str:
    """The drawing, or nothing where nothing was pointed at or the picture is no longer `stored`."""
    pictures = [one for one in asked_pictures(facts) if stored is None or one["hash"] in stored]
    places = find_places(text) if pictures else ()
    if not places:
        return ""
    drawings = [_drawing(places, picture, language) for picture in pictures]
    if len(drawings) > 1:  # the model's form of answer names no picture
        drawings = [_folded(drawing, i, language) for i, drawing in enumerate(drawings)]
    actions = button("save-drawing", message_id, say("save_drawing", language)) + button(
        "copy-places", message_id, say("copy_places", language)
    )
    title = escape(say("pointed_at", language, count=len(places)))
    return (
        f'<div class="pointed"><div class="caption"><span>{title}</span><div class="actions">{actions}</div></div>'
        f"{''.join(drawings)}</div>"
    )


def _folded(drawing: str, i: int, language: Language) -> str:
    summary = escape(say("on_picture", language, number=i + 1))
    return f"<details{'' if i else ' open'}><summary>{summary}</summary>{drawing}</details>"


def _drawing(places: Sequence[Place], picture: Mapping[str, Any], language: Language) -> str:
    width, height = picture["original_size"]
    marks, lines = [], []
    for i, place in enumerate(places):
        name = f"n{i} c{i % COLOURS}"
        label = place.label or say("place", language, number=i + 1)
        left, top, right, bottom = place.in_pixels(width, height)
        where = f"({left}, {top})" if place.is_point else f"({left}, {top}) – ({right}, {bottom})"
        marks.append(
            f'<span class="mark {"point" if place.is_point else "box"} {name}" title="{escape(label)}" '
            f'style="{_position(place)}"><b>{i + 1}</b></span>'
        )
        lines.append(f'<li class="{name}"><span>{escape(label)}</span> <small>{where}</small></li>')
    url, alt = escape(picture["hash"]), escape(say("pointed_at", language, count=len(places)))
    return (
        f'<div class="drawn"><div class="canvas"><img src="api/conversations/media/{url}" alt="{alt}" '
        f'width="{width}" height="{height}" tabindex="0" role="button">{"".join(marks)}</div>'
        f'<ol class="places">{"".join(lines)}</ol></div>'
    )


def _position(place: Place) -> str:
    share = 100 / SCALE
    position = f"left:{place.left * share:.2f}%;top:{place.top * share:.2f}%"
    if place.is_point:
        return position
    return (
        f"{position};width:{(place.right - place.left) * share:.2f}%;height:{(place.bottom - place.top) * share:.2f}%"
    )
