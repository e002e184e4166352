"""What all texts share: ink on ground, text cut to a width, a picture turned a little, and the question for everything."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np

from training.draw import Color, mix, text_width
from training.scene import ask
from training.words import phrase


def colors(rng: Random) -> tuple[Color, Color]:
    """Ink and ground that can be told apart."""
    while True:
        a: Color = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        b: Color = (rng.randint(0, 255), rng.randint(0, 255), rng.randint(0, 255))
        if rng.random() < 0.5:
            a, b = mix((0, 0, 0), a, 0.15), mix((255, 255, 255), b, rng.choice([0, 0.1]))
        if rng.random() < 0.2:
            a, b = b, a
        if abs(sum(a) - sum(b)) > 240:
            return a, b


def tilt(rng: Random, picture: np.ndarray, ground: Color) -> np.ndarray:
    h, w = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), rng.uniform(-6, 6), rng.uniform(0.88, 0.98))
    matrix[0, 1] += rng.uniform(-0.08, 0.08)
    return cv2.warpAffine(picture, matrix, (w, h), borderValue=ground, flags=cv2.INTER_LINEAR)


def read_question(rng: Random, lang: str) -> str:
    return ask(
        rng,
        lang,
        [
            "Read the text.",
            "What does it say?",
            "What is written in this picture?",
            "Transcribe the text in the image.",
            "OCR",
            "Extract the text.",
            "Read all the text in the image, line by line.",
            "What text is in the image?",
            "Recognize the text.",
            "Read all the text in this picture.",
        ],
        [
            "识别图中的文字。",
            "图片里写了什么?",
            "读出图中的文字",
            "请提取图片中的文字。",
            "上面写的是什么?",
            "文字识别",
            "逐行识别图中的所有文字。",
            "图中的文字是什么?",
            "读出图中的全部文字。",
        ],
    )


def fitting(rng: Random, lang: str, name: str, size: int, width: float, most: int) -> str:
    text = phrase(rng, lang, rng.randint(1, most), wild=rng.random() < 0.4)
    while text_width(text, name, size) > width and len(text) > 2:
        text = text[: max(2, int(len(text) * 0.8))].strip()
    return text
