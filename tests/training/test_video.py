"""Clips: what is seen at a time is what is said about it."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from training.draw import Canvas
from training.video import questions
from training.video.clip import Clip, Event, clock
from training.video.clips import _frames, _inset, clips
from training.video.plot import Plot

from training import fonts

pytestmark = pytest.mark.skipif(
    not fonts.available("zh", False) or not fonts.available("en", False),
    reason="needs the fonts named in training/README.md",
)

KINDS = ("one_by_one", "together", "again", "scenes")
GROUND = (255, 250, 245)
NUMBERS = {"two": 2, "three": 3, "four": 4}


def plotted(kind: str, number: int, lang: str = "en") -> tuple[Clip, list, int]:
    rng = Random(f"{kind}-{number}")
    groups = rng.randint(3, 20)
    font = fonts.choose(rng, lang, False)
    actors = getattr(Plot(rng, lang, groups, (128, 96), font, dark=False), kind)()
    stamps = [7.3 * (2 * k + 0.5) for k in range(groups)]
    return Clip(lang=lang, stamps=stamps, spacing=7.3, events=[a.event for a in actors]), actors, groups


@pytest.mark.parametrize("kind", KINDS)
def test_something_is_seen_exactly_while_an_event_lasts(kind: str) -> None:
    for number in range(25):
        clip, actors, groups = plotted(kind, number)
        frames = _frames(actors, [GROUND] * groups, 128, 96)
        for group in range(groups):
            seen = bool((frames[2 * group] != np.array(GROUND, np.uint8)).any())
            assert seen == bool(clip.active(group)), (kind, number, group)


def extent(shown: np.ndarray) -> tuple[int, int]:
    """Width and height of what differs from the ground."""
    return tuple(int(np.ptp(np.flatnonzero(shown.any(axis)))) + 1 for axis in (0, 1))  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["together", "scenes"])
def test_a_rectangle_looks_like_none_but_itself(kind: str) -> None:
    met = set()
    for number in range(60):
        _, actors, _ = plotted(kind, number)
        for actor in actors:
            name = actor.event.name
            if form := re.search(r"(square|rectangle)s?$", name):
                canvas = Canvas(400, 400, GROUND)
                actor.draw(canvas, 1.0)
                several = re.search("two|three|four", name)
                shown = canvas.array()
                part = shown[:, : 400 // (NUMBERS[several[0]] if several else 1)]
                wide, high = extent((part != part[0, 0]).any(-1))
                assert (abs(wide - high) <= 2) == (form[1] == "square"), (number, name, wide, high)
                met.add(form[1])
    assert met == {"square", "rectangle"}


@pytest.mark.parametrize("kind", KINDS)
def test_events_begin_in_order_and_end_inside_the_clip(kind: str) -> None:
    for number in range(40):
        clip, _, groups = plotted(kind, number)
        assert all(a.first <= b.first for a, b in pairwise(clip.events))
        assert all(0 <= e.first <= e.last < groups for e in clip.events)


def test_a_thing_comes_back() -> None:
    returns = [
        clip
        for clip, *_ in (plotted("again", n) for n in range(40))
        if any(len(clip.same(e)) == 2 for e in clip.events)
    ]
    assert len(returns) > 10
    for clip in returns:
        turn = next(t for t in (questions.when(Random(k), clip) for k in range(50)) if t and ", " in t.answer)
        assert turn.check["type"] == "span"
        assert turn.answer.startswith(clock(turn.check["start"]))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_chain_turns_stamps_into_minutes_and_seconds(lang: str) -> None:
    for number in range(40):
        clip, *_ = plotted(KINDS[number % 4], number, lang)
        for turn in (questions.when(Random(number), clip), questions.minute(Random(number), clip)):
            for stamp, said in re.findall(r"([\d.]+)(?:秒| s) ?= ?(\d+:\d\d)", turn.thinking if turn else ""):
                assert clock(float(stamp)) == said or clock(float(stamp) - 0.05) == said


def test_minutes_beyond_the_end_say_when_the_video_ends() -> None:
    clip = Clip(
        lang="zh", stamps=[2.5, 12.5, 22.5], spacing=5.0, events=[Event(first=0, last=1, name="红色球", move="")]
    )
    turns = [questions.minute(Random(k), clip) for k in range(40)]
    assert "视频到00:27就结束了。" in {turn.answer for turn in turns if "第1分钟" not in turn.question}
    assert {turn.answer for turn in turns if "第1分钟" in turn.question} == {"00:02 - 00:22: 红色球"}


def test_order_tells_what_follows() -> None:
    names = ["a red ball", "an orange star", 'the text "Rome"']
    events = [Event(first=2 * k, last=2 * k + 1, name=name, move="") for k, name in enumerate(names)]
    clip = Clip(lang="en", stamps=[0.25 + k for k in range(6)], spacing=0.5, events=events)
    for number in range(60):
        turn = questions.order(Random(number), clip)
        assert turn
        if re.search(r"what comes after the red ball", turn.question, re.I):
            assert turn.answer == "The orange star."
        if re.search(r"comes? last|last thing", turn.question, re.I):
            assert turn.answer == 'The text "Rome".'


def test_a_clip_that_fills_a_part_of_the_frame_is_there_whole_and_still() -> None:
    for number in range(20):
        video = np.random.default_rng(number).integers(0, 256, (4, 64, 96, 3), dtype=np.uint8)
        shown = _inset(Random(number), video)
        high, wide = shown.shape[1] - 64, shown.shape[2] - 96
        assert {high, wide} <= {0, 32}
        assert high + wide
        at = [
            (y, x)
            for y in range(high + 1)
            for x in range(wide + 1)
            if (shown[:, y : y + 64, x : x + 96] == video).all()
        ]
        assert len(at) == 1


@pytest.mark.parametrize("tokens", [64, 128, 256])
def test_a_clip_takes_no_more_than_its_tokens(tokens: int) -> None:
    for number in range(60):
        frames = clips(Random(f"sized-{number}"), False, tokens).frames
        assert frames is not None
        count, height, width, _ = frames.shape
        assert count // 2 * height * width // 1024 <= max(tokens, 8 * 16), (number, frames.shape)
