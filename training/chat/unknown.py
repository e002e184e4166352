"""Pictures and clips that the model cannot know or read, and honest answers about them."""

from __future__ import annotations

from random import Random

from training.chat.talk import NEEDS, TALK, fill, plain
from training.draw import sides, wear
from training.natural import film, scenery
from training.ocr.dense import dense
from training.ocr.ink import read_question
from training.scene import Sample, Turn, ask, openly

_PHOTO = {
    "en": "This looks like a photograph. I am a small demonstration model trained only on drawn pictures: screens, charts, text and shapes. I cannot say what it shows. {get}",
    "zh": "这看起来像一张照片。我是只用绘制图片训练的小型演示模型,只认识界面、图表、文字和图形,说不出照片里有什么。{get}",
}
_FILM = {
    "en": "This looks like a film of the real world. I am a small demonstration model trained only on drawn clips. I cannot say what happens in it. {get}",
    "zh": "这看起来像一段真实的视频。我是只用绘制短片训练的小型演示模型,说不出里面发生了什么。{get}",
}
_SMALL = {
    "en": "The letters in this picture are too small for me. Show me a part of it, cut out and enlarged. {get}",
    "zh": "图中的文字太小,我看不清。请截取一部分放大后再给我看。{get}",
}


def photos(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A picture of nothing that the model knows."""
    width, height = sides(rng, tokens, (0.6, 1.7), (0.3, 1.0))
    picture = wear(rng, scenery(rng, width, height))
    conversations = []
    for _ in range(2):
        lang = rng.choice(["en", "zh"])
        roll = rng.random()
        if roll < 0.8:
            question = ask(
                rng,
                lang,
                [
                    "Describe this picture.",
                    "What is in the image?",
                    "What do you see?",
                    "Describe the photo.",
                    "What is this?",
                    "Who is in the picture?",
                    "Where was this taken?",
                    "What animal is this?",
                    "What is happening here?",
                ]
                + (NEEDS[0][:5] if roll < 0.25 else []),
                [
                    "描述这张图片。",
                    "图里有什么?",
                    "这是什么?",
                    "图片里的人是谁?",
                    "这是在哪里拍的?",
                    "这是什么动物?",
                    "描述这张照片。",
                    "照片里发生了什么?",
                ]
                + (NEEDS[1][:7] if roll < 0.25 else []),
            )
            turn = Turn(
                skill="chat_photo",
                question=question,
                answer=fill(_PHOTO[lang], lang),
                thinking="图中没有我认识的内容。" if lang == "zh" else "I recognise nothing here.",
                check={"type": "text", "text": fill(_PHOTO[lang], lang)},
            )
            turn = openly(rng, lang, turn)
        else:
            turn = plain(rng, lang, rng.choice([*TALK, "outside"]))
        conversations.append([turn])
    return Sample(conversations=conversations, pictures=[picture])


def small(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A page whose letters are too small; better to say so than to invent them."""
    width, height = sides(rng, tokens, (0.6, 1.7), (0.8, 1.0))
    picture = wear(rng, dense(rng, rng.choice(["en", "zh"]), held_out, width, height), 0.3)
    conversations = []
    for _ in range(2):
        lang = rng.choice(["en", "zh"])
        question = ask(
            rng,
            lang,
            [
                "What is this document about?",
                "Summarize this page.",
                "Transcribe this document.",
                "What does the first paragraph say?",
                "Convert this page to Markdown.",
                "Read the small print.",
            ],
            [
                "这份文件讲了什么?",
                "总结这一页。",
                "转录这份文件。",
                "第一段写了什么?",
                "把这一页转成Markdown。",
                "读出小字。",
            ],
        )
        answer = fill(_SMALL[lang], lang)
        turn = Turn(
            skill="chat_small",
            question=read_question(rng, lang) if rng.random() < 0.5 else question,
            answer=answer,
            thinking="每个字只有几个像素高。" if lang == "zh" else "The letters are only a few pixels high.",
        )
        conversations.append([openly(rng, lang, turn)])
    return Sample(conversations=conversations, pictures=[picture])


def films(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A clip of nothing that the model knows."""
    groups = rng.randint(3, 16)
    per = max(4, min(30, tokens // groups))
    columns = rng.randint(2, max(2, int((per * 1.6) ** 0.5)))
    width, height = columns * 32, max(2, min(per // columns, 5)) * 32
    spacing = rng.choice([0.5, rng.uniform(0.4, 12.0)])
    conversations = []
    for _ in range(2):
        lang = rng.choice(["en", "zh"])
        moment = rng.randint(0, int(2 * groups * spacing))
        question = ask(
            rng,
            lang,
            [
                "What happens in the video?",
                "Describe the video.",
                "What happens at second {t}?",
                "Summarize the video.",
                "Who is in this video?",
                "What can be seen at {t} seconds?",
                "What is this video about?",
            ],
            [
                "视频里发生了什么?",
                "描述这个视频。",
                "第{t}秒发生了什么?",
                "总结视频内容。",
                "视频里的人是谁?",
                "{t}秒时画面上有什么?",
                "这个视频讲了什么?",
            ],
            t=moment,
        )
        answer = fill(_FILM[lang], lang)
        conversations.append(
            [
                Turn(
                    skill="chat_film",
                    question=question,
                    answer=answer,
                    thinking="画面里没有我认识的内容。" if lang == "zh" else "I recognise nothing here.",
                )
            ]
        )
    return Sample(
        conversations=conversations,
        frames=film(rng, 2 * groups, width, height),
        times=[spacing * (2 * k + 0.5) for k in range(groups)],
    )
