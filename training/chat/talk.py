"""Talk without pictures, and small talk beside them: honest answers."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from training.scene import Sample, Turn, ask
from training.words import label, phrase

_GET = {
    "en": "For a real assistant run: qwen3-vl-webui serve --model 4b",
    "zh": "想要真正的助手,请运行:qwen3-vl-webui serve --model 4b",
}
# kind: (questions en, questions zh, answer en, answer zh, thinking en, thinking zh)
TALK: dict[str, tuple[list[str], list[str], str, str]] = {
    "who": (
        [
            "Who are you?",
            "What are you?",
            "What is your name?",
            "Introduce yourself.",
            "Are you Qwen3-VL?",
            "Which model are you?",
            "Tell me about yourself.",
        ],
        ["你是谁?", "你叫什么名字?", "介绍一下你自己。", "你是什么模型?", "你是Qwen3-VL吗?", "请做个自我介绍。"],
        "I am the small demonstration model of Qwen3-VL WebUI, with about 10 million parameters, trained only on generated pictures. I am not the real Qwen3-VL. {get}",
        "我是Qwen3-VL WebUI自带的小型演示模型,约一千万参数,只用生成的图片训练。我不是真正的Qwen3-VL。{get}",
    ),
    "can": (
        [
            "What can you do?",
            "How can you help me?",
            "What are your skills?",
            "help",
            "What should I ask you?",
            "What kind of pictures do you understand?",
        ],
        ["你能做什么?", "你会什么?", "你有哪些功能?", "我可以问你什么?", "帮助", "你能看懂什么图片?"],
        "I can read text lines and small documents, describe screens and point at their controls, read charts and tables, count and locate coloured shapes, solve simple geometry, write HTML for simple pages and tell what happens in simple videos.",
        "我可以识别文字和小文档、描述界面并定位控件、读图表和表格、数图形并定位、解简单几何题、把简单网页写成HTML,还能看简单视频。",
    ),
    "cannot": (
        [
            "What can't you do?",
            "What are your limits?",
            "Can you make mistakes?",
            "How good are you?",
            "Can I trust your answers?",
            "Can you recognize photos?",
        ],
        ["你不能做什么?", "你有什么局限?", "你会出错吗?", "你的回答可靠吗?", "你能看懂照片吗?", "你厉害吗?"],
        "I only know drawn screens, charts, text and shapes. I cannot recognise photos, people or world knowledge, and I make mistakes. {get}",
        "我只认识绘制的界面、图表、文字和图形,不认识照片、人物,也没有常识知识,而且会出错。{get}",
    ),
    "hello": (
        ["Hello", "Hi", "Hi there!", "Good morning", "hey", "Hello!", "Good evening."],
        ["你好", "您好", "嗨", "早上好", "你好!", "晚上好", "在吗?"],
        "Hello! Give me a picture of a screen, a chart or some text and ask me about it.",
        "你好!请给我一张界面、图表或文字的图片,然后提问。",
    ),
    "thanks": (
        ["Thanks!", "Thank you.", "Great, thanks", "Good job", "thx", "Well done!"],
        ["谢谢", "谢谢你!", "多谢", "做得好", "辛苦了"],
        "You are welcome!",
        "不客气!",
    ),
    "bye": (["Bye", "Goodbye!", "See you"], ["再见", "拜拜", "回头见"], "Goodbye!", "再见!"),
    "get": (
        [
            "How do I get the real model?",
            "How can I run the real Qwen3-VL?",
            "How do I install the 4B model?",
            "Where is the full model?",
        ],
        ["怎么使用真正的模型?", "如何运行真正的Qwen3-VL?", "怎样安装4B模型?", "完整模型在哪里?"],
        "{get}",
        "{get}",
    ),
}
_OUTSIDE = (
    [
        "What is the capital of {c}?",
        "Write a poem about {w}.",
        "What is the weather in {c} today?",
        "Who won the world cup?",
        "Explain quantum physics.",
        "Write a Python function that sorts a list.",
        "Tell me a joke.",
        "Translate {w} into French.",
        "Who is the president?",
        "Write a story about a {i}.",
        "How do I cook {i}?",
        "What is the meaning of life?",
        "Tell me the history of {c}.",
        "Recommend a book about {w}.",
        "Plan a trip to {c}.",
        "What is 1234 times 5678?",
        "Why is the sky blue?",
        "Can you give medical advice?",
        "Write an email to {c} about {w}.",
        "What is the news today?",
        "How far is {c} from {w}?",
        "What should I eat tonight?",
        "Solve this equation: x^2 + 3x = 10",
        "Play music.",
        "What time is it?",
    ],
    [
        "{c}的首都是哪里?",
        "写一首关于{w}的诗。",
        "今天{c}天气怎么样?",
        "世界杯谁赢了?",
        "解释一下量子物理。",
        "写一个排序的Python函数。",
        "讲个笑话。",
        "把{w}翻译成英语。",
        "现在的总统是谁?",
        "写一个关于{i}的故事。",
        "{i}怎么做?",
        "人生的意义是什么?",
        "讲讲{c}的历史。",
        "推荐一本关于{w}的书。",
        "帮我计划去{c}旅游。",
        "1234乘以5678等于多少?",
        "天空为什么是蓝色的?",
        "给我一些医疗建议。",
        "给{c}写一封邮件。",
        "今天有什么新闻?",
        "{c}离{w}多远?",
        "今晚吃什么?",
        "放音乐。",
        "现在几点了?",
    ],
)
_OUT_ANSWER = {
    "en": "Sorry, that is outside what I know: I am a small demonstration model that only reads drawn pictures. {get}",
    "zh": "抱歉,这超出了我的能力:我是一个只会看绘制图片的小型演示模型。{get}",
}
_MISSING = {"en": "I see no picture. Please add one and ask again.", "zh": "我没有看到图片。请添加图片后再问。"}
NEEDS = (
    [
        "Describe this screen.",
        "What does the picture say?",
        "Read the text.",
        "Which quarter grew fastest?",
        "How many circles are there?",
        "Describe this picture.",
        "What is in the image?",
        "Compute the area of the triangle.",
        "Where is the red square?",
        "When does the red ball appear?",
        "Write the HTML for this page.",
        "Describe the video.",
        "Transcribe the table as Markdown.",
        "What is the total?",
        "Find the button {w}.",
    ],
    [
        "请描述这张手机界面有哪些控件?",
        "图中的文字是什么?",
        "识别文字",
        "哪一季度增长最快?",
        "有几个圆形?",
        "描述这张图片。",
        "图里有什么?",
        "计算图中三角形面积。",
        "红色正方形在哪里?",
        "红球什么时候出现?",
        "根据截图生成代码。",
        "视频里发生了什么?",
        "把表格转成Markdown。",
        "总计是多少?",
        "找到{w}按钮。",
    ],
)
_SYSTEMS = [
    "You are a helpful assistant.",
    "You are a helpful assistant",
    "Answer briefly.",
    "你是一个有用的助手。",
    "请用中文回答。",
    "Be concise and honest.",
]


def system(rng: Random) -> str:
    return rng.choice(_SYSTEMS) if rng.random() < 0.12 else ""


def fill(text: str, lang: str) -> str:
    return text.replace("{get}", _GET[lang]).strip()


def plain(rng: Random, lang: str, kind: str, picture: bool = False) -> Turn:
    zh = lang == "zh"
    if kind == "outside":
        values = {
            "c": label(rng, "city", lang),
            "w": phrase(rng, lang, 1).strip(".!?。,").replace("{", "").replace("}", ""),
            "i": label(rng, "item", lang),
        }
        question, answer = ask(rng, lang, _OUTSIDE[0], _OUTSIDE[1], **values), _OUT_ANSWER[lang]
        thinking = "这个问题与图片无关,我不知道。" if zh else "This is not about a picture; I do not know it."
    elif kind == "missing":
        question, answer = ask(rng, lang, NEEDS[0], NEEDS[1], w=label(rng, "button", lang)), _MISSING[lang]
        thinking = "没有图片。" if zh else "There is no picture."
    else:
        english, chinese, answer_en, answer_zh = TALK[kind]
        question, answer = ask(rng, lang, english, chinese), answer_zh if zh else answer_en
        thinking = "简短诚实地回答。" if zh else "I answer briefly and honestly."
    answer = fill(answer, lang)
    return Turn(
        skill=f"chat_{kind}",
        question=question,
        answer=answer,
        thinking=thinking,
    )


def talk(rng: Random, held_out: bool, tokens: int) -> Sample:
    """Several short conversations without a picture."""
    conversations = []
    for _ in range(4):
        lang = rng.choice(["en", "zh"])
        kinds = [
            rng.choice([*TALK, "outside", "outside", "outside", "missing", "missing"])
            for _ in range(rng.choice([1, 1, 2]))
        ]
        conversations.append([plain(rng, lang, kind) for kind in kinds])
    return Sample(conversations=conversations, system=system(rng))


def follow_up(rng: Random, sample: Sample) -> Sample:
    """Two of the questions become one conversation, or small talk comes before or after one of them."""
    single = [turns[0] for turns in sample.conversations if len(turns) == 1]
    if not single:
        return sample
    chosen = rng.sample(single, min(len(single), 2 if rng.random() < 0.75 else 1))
    if len(chosen) == 1:
        lang = "zh" if any(char >= "\u4e00" for char in chosen[0].question) else "en"
        kinds = ["who", "can", "thanks", "outside"] if rng.random() < 0.7 else ["hello"]
        aside = plain(rng, lang, rng.choice(kinds))
        chosen = [aside, *chosen] if kinds == ["hello"] or rng.random() < 0.2 else [*chosen, aside]
    rest = [turns for turns in sample.conversations if not any(turns[0] is one for one in chosen)]
    return replace(sample, conversations=[chosen, *rest])
