"""What happens at a time, when something happens, in which order and how often.

A chain says only what the question needs: the stamps as they stand in the prompt, then as mm:ss.
"""

from __future__ import annotations

from random import Random

from training.scene import Turn, ask
from training.video.clip import Clip, Event, clock


def _turn(skill: str, question: str, answer: str, thinking: str) -> Turn:
    return Turn(
        skill=f"video_{skill}",
        question=question,
        answer=answer,
        thinking=thinking,
    )


def _sentences(clip: Clip, events: list[Event]) -> str:
    if not events:
        return "什么也没有。" if clip.zh else "Nothing is shown."
    return ("" if clip.zh else " ").join(clip.shown(e) + ("。" if clip.zh else ".") for e in events)


def _lines(clip: Clip, events: list[Event]) -> str:
    return "\n".join(f"{clip.span(e)}: {clip.shown(e)}" for e in events) or _sentences(clip, [])


def _seconds(clip: Clip, value: float) -> str:
    return f"{value:.1f}秒" if clip.zh else f"{value:.1f} s"


def what(rng: Random, clip: Clip) -> Turn | None:
    """At the time of a group, or between two groups that show the same; within one second there must be one answer."""
    stamps = clip.stamps
    k = rng.randrange(len(stamps))
    if any(int(s) == int(stamps[k]) and clip.active(j) != clip.active(k) for j, s in enumerate(stamps)):
        return None
    moment = int(stamps[k])
    later = k + 1 < len(stamps) and clip.active(k) == clip.active(k + 1)
    if later and int(stamps[k + 1]) > moment and rng.random() < 0.4:
        moment = rng.randint(moment, int(stamps[k + 1]) - 1)
    said = clock(moment)
    if moment >= 60 or rng.random() < 0.4:
        question = ask(
            rng,
            clip.lang,
            ["What happens at {t}?", "What can be seen at {t}?", "What is on the screen at {t} in the video?"],
            ["视频{t}时发生了什么?", "{t}时画面上有什么?", "{t}的时候能看到什么?"],
            t=said,
        )
        said += "=" + (f"{moment}秒" if clip.zh else f"{moment} s")
    else:
        said = str(moment)
        question = ask(
            rng,
            clip.lang,
            ["What happens at second {t}?", "What can be seen at {t} seconds?", "What is shown {t} s into the video?"],
            ["第{t}秒发生了什么?", "{t}秒时画面上有什么?", "视频第{t}秒能看到什么?"],
            t=said,
        )
    names = ", ".join(clip.shown(e, False) for e in clip.active(k)) or ("无" if clip.zh else "none")
    return _turn("what", question, _sentences(clip, clip.active(k)), f"{said}: {_seconds(clip, stamps[k])} {names}")


def minute(rng: Random, clip: Clip) -> Turn:
    """A minute counted from one; sometimes one that the clip does not reach."""
    last = int(clip.stamps[-1]) // 60
    index = rng.randint(0, last)
    if rng.random() < 0.2:
        index = int(clip.length) // 60 + rng.randint(1, 2)
    question = ask(
        rng,
        clip.lang,
        [
            "What happens in minute {m} of the video?",
            "Tell me what happens during minute {m}.",
            "What can be seen in minute {m}?",
        ],
        ["视频第{m}分钟发生了什么?", "第{m}分钟有什么?", "视频的第{m}分钟里有什么?"],
        m=index + 1,
    )
    stretch = f"{60 * index}-{60 * index + 59}" + ("秒" if clip.zh else " s")
    if index > last:
        length = clock(clip.length)
        answer = f"视频到{length}就结束了。" if clip.zh else f"The video ends at {length}."
        return _turn("minute", question, answer, f"{stretch}; {_seconds(clip, clip.length)}={length}")
    groups = [k for k, stamp in enumerate(clip.stamps) if int(stamp) // 60 == index]
    inside = [e for e in clip.events if any(e.first <= k <= e.last for k in groups)]
    found = "; ".join(f"{e.name} {clip.found(e)}" for e in inside) or ("无" if clip.zh else "none")
    return _turn("minute", question, _lines(clip, inside), f"{stretch}: {found}")


def when(rng: Random, clip: Clip) -> Turn | None:
    """Every time at which something is there; the first one counts."""
    if not clip.events:
        return None
    same = clip.same(rng.choice(clip.events))
    first = same[0]
    question = ask(
        rng,
        clip.lang,
        [
            "When does {n} appear?",
            "When can {n} be seen?",
            "At what time is {n} shown?",
            "In which time range is {n} visible?",
        ],
        ["{n}什么时候出现?", "{n}在什么时间出现?", "什么时候能看到{n}?", "{n}出现的时间段是?"],
        n=clip.asked(first),
    )
    return Turn(
        skill="video_when",
        question=question,
        answer=", ".join(clip.span(e) for e in same),
        thinking=f"{clip.asked(first)}: " + "; ".join(clip.found(e) for e in same),
        check={"type": "span", "start": clip.stamps[first.first], "end": clip.end(first)},
    )


def events(rng: Random, clip: Clip) -> Turn:
    question = ask(
        rng,
        clip.lang,
        [
            "Describe the video.",
            "What happens in this video? List the events with times.",
            "Summarize the video.",
            "List the events as mm:ss ranges.",
        ],
        ["描述这个视频。", "视频里发生了什么?列出事件和时间。", "总结视频内容。", "按时间列出视频中的事件。"],
    )
    count = len(clip.events)
    thinking = f"{count}个事件。" if clip.zh else f"{count} events."
    return _turn("events", question, _lines(clip, clip.events), thinking)


def order(rng: Random, clip: Clip) -> Turn | None:
    """What comes first or last, before or after something; only of things that are there once and begin apart."""
    begins = [e.first for e in clip.events]
    if len(clip.events) < 2 or len(set(begins)) < len(begins) or any(len(clip.same(e)) > 1 for e in clip.events):
        return None
    k = rng.randrange(len(clip.events) - 1)
    one, other = clip.events[k], clip.events[k + 1]
    kind = rng.choice(["first", "last", "of two", "after", "before"])
    asked: tuple[list[str], list[str]]
    if kind == "first":
        one, other = clip.events[:2]
        asked, right = (
            (["What comes first?", "What is shown first in the video?"], ["最先出现的是什么?", "视频里先出现什么?"]),
            one,
        )
    elif kind == "last":
        one, other = clip.events[-2:]
        asked, right = (
            (
                ["What comes last?", "What is the last thing in the video?"],
                ["最后出现的是什么?", "视频里最后出现什么?"],
            ),
            other,
        )
    elif kind == "of two":
        asked, right = (
            (
                ["What comes first, {a} or {b}?", "Which appears first: {a} or {b}?"],
                ["{a}和{b}哪个先出现?", "先出现的是{a}还是{b}?"],
            ),
            one,
        )
    elif kind == "after":
        asked, right = (
            (["What comes after {a}?", "What appears next after {a}?"], ["{a}之后出现什么?", "{a}后面出现的是什么?"]),
            other,
        )
    else:
        asked, right = (
            (
                ["What comes before {b}?", "What appears right before {b}?"],
                ["{b}之前出现什么?", "{b}前面出现的是什么?"],
            ),
            one,
        )
    names = [clip.asked(one), clip.asked(other)]
    a, b = rng.sample(names, 2) if kind == "of two" else names
    question = ask(rng, clip.lang, *asked, a=a, b=b)
    name = clip.asked(right)
    answer = f"{name}。" if clip.zh else f"{name[0].upper()}{name[1:]}."
    begun = ", ".join(f"{_seconds(clip, clip.stamps[e.first])} {clip.asked(e)}" for e in (one, other))
    return _turn("order", question, answer, begun)


def number(rng: Random, clip: Clip) -> Turn | None:
    """How many things appear in all, or how often one does."""
    if not clip.events:
        return None
    if rng.random() < 0.5:
        counted = list({e.name: e for e in reversed(clip.events)}.values())[::-1]
        question = ask(
            rng,
            clip.lang,
            ["How many different things appear in the video?", "How many different things are shown?"],
            ["视频里一共出现了几种东西?", "视频中有几种不同的东西出现?"],
        )
        answer = f"{len(counted)}种。" if clip.zh else f"{len(counted)}."
    else:
        counted = clip.same(rng.choice(clip.events))
        question = ask(
            rng,
            clip.lang,
            ["How many times does {n} appear?", "How often can {n} be seen?"],
            ["{n}出现了几次?", "视频里{n}出现了多少次?"],
            n=clip.asked(counted[0]),
        )
        answer = f"{len(counted)}次。" if clip.zh else f"{len(counted)}."
    listed = ", ".join(f"{_seconds(clip, clip.stamps[e.first])} {clip.asked(e)}#{k}" for k, e in enumerate(counted, 1))
    return _turn("count", question, answer, listed)


def background(rng: Random, clip: Clip, group: int, name: str) -> Turn:
    """When the ground takes on another colour."""
    begin = clip.stamps[group]
    question = ask(
        rng,
        clip.lang,
        ["When does the background change?", "When does the background turn {c}?"],
        ["背景什么时候变了?", "背景什么时候变成{c}?"],
        c=name,
    )
    said = f"{begin:.1f}秒" if clip.zh else f"{begin:.1f} s"
    return _turn("background", question, clock(begin), f"{said}={clock(begin)}")
