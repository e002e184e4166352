"""Draws the loss curves of a training log: `python -m training.curves LOG.jsonl OUT.png`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

_COLORS = {
    "both middle": (31, 119, 180),
    "both video": (255, 127, 14),
    "instruct middle": (44, 160, 44),
    "instruct video": (214, 39, 40),
    "thinking middle": (148, 103, 189),
    "thinking video": (140, 86, 75),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    series: dict[str, list[tuple[float, float]]] = {}
    for line in args.log.read_text().splitlines():
        entry = json.loads(line)
        for size, (loss, _) in entry["loss_right"].items():
            series.setdefault(f"{entry['edition']} {size}", []).append((entry["seconds"], loss))
    width, height, left, bottom, top = 900, 420, 50, 40, 2.0
    longest = max(seconds for points in series.values() for seconds, _ in points)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for tick in range(9):
        y = height - bottom - (height - bottom - 10) * tick / 8
        draw.line((left, y, width - 10, y), fill=(225, 225, 225))
        draw.text((8, y - 6), f"{top * tick / 8:.2f}", fill="black")
    for tick in range(0, int(longest) + 1, 60):
        draw.text((left + (width - left - 10) * tick / longest - 8, height - bottom + 8), f"{tick} s", fill="black")
    for number, (name, points) in enumerate(series.items()):
        color = _COLORS.get(name, (90, 90, 90))
        line = [
            (
                left + (width - left - 10) * seconds / longest,
                height - bottom - (height - bottom - 10) * min(loss, top) / top,
            )
            for seconds, loss in points
        ]
        draw.line(line, fill=color, width=2)
        draw.text((width - 170, 16 + 16 * number), name, fill=color)
    draw.text((left + 250, height - 16), "weighted loss of the learnt tokens, by seconds of the run", fill="black")
    image.save(args.out, optimize=True)


if __name__ == "__main__":
    main()
