"""Texts as they are met: one of many kinds of page or thing, as it comes out of a camera or a program, and questions about it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.draw import wear
from training.ocr import documents, things
from training.ocr.damage import aslant, lit
from training.ocr.ink import read_question, tilt
from training.ocr.page import Page
from training.scene import Sample, Turn, ask, openly

# kind: share, name in the chain en, zh
KINDS: dict[Callable[[Random, str, bool, int], Page], tuple[float, str, str]] = {
    documents.paragraphs: (4, "Running text", "一段文字"),
    documents.columns: (1.5, "Two columns", "两栏文字"),
    documents.letter: (1, "A letter", "一封信"),
    documents.points: (1.5, "A list", "一个列表"),
    documents.terminal: (1.5, "Code", "代码"),
    documents.messages: (1.5, "Messages", "聊天消息"),
    documents.headlines: (1.5, "Titles", "几条标题"),
    things.receipt: (1.5, "A receipt", "一张小票"),
    things.business_card: (1, "A card", "一张名片"),
    things.ticket: (1, "A ticket", "一张票"),
    things.sign: (1.5, "A sign", "一块牌子"),
    things.caption: (1.5, "A caption", "一条字幕"),
    things.labels: (1.5, "Labels", "几个标签"),
    things.two_columns: (1.5, "A table", "一个表格"),
    things.upright: (0.7, "Upright text", "竖排文字"),
}


def texts(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A page or a thing; asked for all of it, for a line, for what follows a line, for a value."""
    draw = rng.choices(list(KINDS), [share for share, _, _ in KINDS.values()])[0]
    page = draw(rng, rng.choice(["en", "zh"]), held_out, tokens)
    picture, roll = page.canvas.array(), rng.random()
    if roll < 0.12:
        picture = tilt(rng, picture, page.ground)
    elif roll < 0.24:
        picture = aslant(rng, picture, page.ground)
    if rng.random() < 0.12:
        picture = lit(rng, picture)
    asked = page.lang if rng.random() < 0.85 else ("en" if page.lang == "zh" else "zh")
    name = KINDS[draw][1 + (asked == "zh")]
    turns = [_whole(rng, asked, page, name), *_parts(rng, asked, page)]
    if len(page.lines) > 1:
        turns.append(rng.choice([_numbered, _following, _last])(rng, asked, page))
    return Sample(conversations=[[turn] for turn in turns], pictures=[wear(rng, picture)])


def _turn(skill: str, question: str, answer: str, thinking: str) -> Turn:
    return Turn(skill=skill, question=question, answer=answer, thinking=thinking, check={"type": "ocr", "text": answer})


def _whole(rng: Random, lang: str, page: Page, name: str) -> Turn:
    how = f"{name},从上到下读。" if lang == "zh" else f"{name}; I read from top to bottom."
    return openly(rng, lang, _turn("ocr_text", read_question(rng, lang), "\n".join(page.lines), how), 0.15)


def _parts(rng: Random, lang: str, page: Page) -> list[Turn]:
    """Values of names that occur once; asked in the page's language, as the names are."""
    zh, names = page.lang == "zh", [name for name, _ in page.parts]
    once = [(name, value) for name, value in page.parts if names.count(name) == 1]
    turns = []
    for name, value in rng.sample(once, min(2, len(once))):
        question = ask(
            rng,
            page.lang,
            ["What is the {k}?", "{k}?", "Find the {k}.", 'What stands for "{k}"?', "Tell me the {k} in this picture."],
            ["{k}是什么?", "{k}是多少?", "请找出{k}。", "{k}?", "图中“{k}”写的是什么?"],
            k=(name if zh or not name.istitle() else name.lower()).replace("{", "").replace("}", ""),
        )
        turns.append(_turn("ocr_part", question, value, f"{name}: {value}"))
    return turns


def _beginnings(lines: list[str]) -> str:
    """Lines counted by how they begin."""
    return "\n".join(f"{number}. {line[:3].strip()}" for number, line in enumerate(lines, 1))


def _numbered(rng: Random, lang: str, page: Page) -> Turn:
    k = rng.randrange(min(8, len(page.lines)))
    question = ask(
        rng,
        lang,
        ["What does line {k} say?", "Read only line {k}.", "Read line {k}.", "What is written in line {k}?"],
        ["第{k}行写了什么?", "只读第{k}行。", "第{k}行是什么?", "请读出第{k}行文字。"],
        k=k + 1,
    )
    return _turn("ocr_line", question, page.lines[k], _beginnings(page.lines[: k + 1]))


def _last(rng: Random, lang: str, page: Page) -> Turn:
    last = rng.random() < 0.6
    question = ask(
        rng,
        lang,
        ["What does the last line say?", "Read the last line."] if last else ["What does the first line say?", "What is written at the top?", "Read the first line."],
        ["最后一行写了什么?", "读出最后一行。"] if last else ["第一行写了什么?", "最上面写的是什么?", "读出第一行。"],
    )  # fmt: skip
    where = (
        ("最后一行。" if last else "第一行。") if lang == "zh" else ("The last line." if last else "The first line.")
    )
    return _turn("ocr_line", question, page.lines[-1 if last else 0], where)


def _following(rng: Random, lang: str, page: Page) -> Turn:
    """The line after one that is quoted; quoted lines are short enough and occur once."""
    places = [
        k
        for k, line in enumerate(page.lines[:-1])
        if len(line) <= 30 and page.lines.count(line) == 1 and not set('{}"“”') & set(line)
    ]
    if not places:
        return _last(rng, lang, page)
    k = rng.choice(places)
    question = ask(
        rng,
        lang,
        ['Which line comes after "{t}"?', 'What is written below "{t}"?', 'Read the line after "{t}".'],
        ["“{t}”的下一行是什么?", "“{t}”后面一行写了什么?", "读出“{t}”下面的一行。"],
        t=page.lines[k],
    )
    return _turn("ocr_line", question, page.lines[k + 1], f"{page.lines[k]}\n{page.lines[k + 1]}")
