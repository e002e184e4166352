"""Short and long clips in which things appear, move, change and leave."""

from __future__ import annotations

from random import Random

import numpy as np

from training.draw import Canvas, Color, mix, wear
from training.fonts import choose
from training.scene import Sample, Turn
from training.video import questions
from training.video.clip import Clip
from training.video.plot import Plot
from training.video.stage import Actor
from training.words import COLORS, color_name

_INSET = 0.2  # share of the training's clips that fill only a part of the frame


def _spacing(rng: Random) -> float:
    """Seconds between frames: two frames a second as the processor samples by itself, or fewer of longer clips."""
    roll = rng.random()
    if roll < 0.5:
        return 0.5 * rng.uniform(0.98, 1.07)
    if roll < 0.62:
        return rng.choice([0.25, 1.0, 2.0]) * rng.uniform(0.97, 1.05)
    return rng.uniform(1.0, 12.0) if roll < 0.9 else rng.uniform(12.0, 40.0)


def _ground(rng: Random) -> Color:
    if rng.random() < 0.2:
        return 25, 25, 30
    tint: Color = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
    return mix((255, 255, 255), tint, rng.choice([0, 0.1, 0.2]))


def _size(rng: Random, tokens: int) -> tuple[int, int, int]:
    """Groups of frames, width and height: together at most `tokens` visual tokens."""
    groups = rng.randint(3, 24 if tokens > 130 and rng.random() < 0.3 else 16 if tokens > 130 else 8)
    per = max(4, min(30, tokens // groups))
    columns = rng.randint(2, max(2, int((per * 1.6) ** 0.5)))
    return groups, columns * 32, max(2, min(per // columns, 5)) * 32


def _frames(actors: list[Actor], grounds: list[Color], width: int, height: int) -> np.ndarray:
    """All frames; those on which nothing has moved are drawn once."""
    frames: list[np.ndarray] = []
    drawn: dict[tuple[object, ...], np.ndarray] = {}
    for k in range(2 * len(grounds)):
        seen = [actor for actor in actors if actor.seen(k)]
        key = (grounds[k // 2], *((id(a), a.share(k) if a.moves else 0) for a in seen))
        if key not in drawn:
            canvas = Canvas(width, height, grounds[k // 2])
            for actor in seen:
                actor.draw(canvas, actor.share(k))
            drawn[key] = canvas.array()
        frames.append(drawn[key])
    return np.stack(frames)


def _worn(rng: Random, video: np.ndarray) -> np.ndarray:
    """All frames alike, as a strip."""
    count, height, width, _ = video.shape
    if rng.random() > 0.3 or count * height > 1600:
        return video
    return wear(Random(rng.getrandbits(32)), video.reshape(-1, width, 3), 0.6).reshape(video.shape)


def _inset(rng: Random, video: np.ndarray) -> np.ndarray:
    """All frames on a ground of one colour, often black, 32 pixels more on one axis or both, as in a player's window."""
    count, height, width, _ = video.shape
    wide, high = rng.choice([(32, 32), (32, 32), (32, 0), (0, 32)])
    shown = np.empty((count, height + high, width + wide, 3), np.uint8)
    shown[:] = rng.choice([0, 0, 255]) if rng.random() < 0.4 else [rng.randint(0, 255) for _ in range(3)]
    y, x = rng.randint(0, high), rng.randint(0, wide)
    shown[:, y : y + height, x : x + width] = video
    return shown


def clips(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A clip of groups of two frames. Times follow the sampling of the processor: evenly spaced, their mean before each group."""
    lang = rng.choice(["en", "zh"])
    inset = not held_out and rng.random() < _INSET
    groups, width, height = _size(rng, tokens // 2 if inset else tokens)
    spacing, ground = _spacing(rng), _ground(rng)
    font, dark = choose(rng, lang, held_out), ground[0] < 100
    plot = Plot(rng, lang, groups, (width, height), font, dark=dark)
    kind = rng.choices([plot.one_by_one, plot.together, plot.again, plot.scenes], [0.4, 0.22, 0.16, 0.22])[0]
    actors = kind()
    clip = Clip(
        lang=lang,
        stamps=[spacing * (2 * k + 0.5) for k in range(groups)],
        spacing=spacing,
        events=[actor.event for actor in actors],
    )
    grounds, turns = [ground] * groups, list[Turn | None]()
    if kind != plot.scenes and ground[0] > 100 and rng.random() < 0.15:  # a soft tint, on which everything shows
        change, color = rng.randrange(1, groups), rng.choice(["red", "green", "blue", "yellow", "purple"])
        grounds[change:] = [mix((255, 255, 255), COLORS[color][1][0], 0.28)] * (groups - change)
        turns.append(questions.background(rng, clip, change, color_name(color, lang)))
    by_minute = (clip.length > 60 and rng.random() < 0.6) or rng.random() < 0.06
    turns.append(questions.minute(rng, clip) if by_minute else questions.what(rng, clip))
    turns += [questions.what(rng, clip), questions.when(rng, clip), questions.when(rng, clip)]
    turns.append(rng.choice([questions.order, questions.number])(rng, clip))
    turns.append(questions.events(rng, clip))
    different = {turn.question: turn for turn in turns if turn}
    frames = _frames(actors, grounds, width, height)
    return Sample(
        conversations=[[turn] for turn in different.values()],
        frames=_worn(rng, _inset(rng, frames) if inset else frames),
        times=clip.stamps,
    )
