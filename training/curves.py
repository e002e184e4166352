"""Draws the loss curves of training logs: `python -m training.curves LOG.jsonl [LOG.jsonl ...] OUT.png`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

_SMOOTH = 15  # points of "long" that are drawn as one: its batches hold few samples, and their losses leap
_COLORS = {
    "both middle": (31, 119, 180),
    "both video": (255, 127, 14),
    "both long": (188, 189, 34),
    "instruct middle": (44, 160, 44),
    "instruct video": (214, 39, 40),
    "instruct long": (227, 119, 194),
    "thinking middle": (148, 103, 189),
    "thinking video": (140, 86, 75),
    "thinking long": (23, 190, 207),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    series: dict[str, list[tuple[float, float]]] = {}
    for number, path in enumerate(args.logs):
        trunk = 0.0  # where it ended; an edition that another process trained counts from there
        for entry in map(json.loads, path.read_text().splitlines()):
            steps = entry["step"] / 1000
            if entry["edition"] == "both":
                trunk = steps
            elif steps < trunk:
                steps += trunk
            for size, (loss, _) in entry.get("loss_right", {}).items():
                series.setdefault(f"{number}.{entry.get('run', 0)} {entry['edition']} {size}", []).append((steps, loss))
    width, height, left, bottom, top = 900, 420, 50, 40, 1.2
    longest = max(steps for points in series.values() for steps, _ in points)
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for tick in range(9):
        y = height - bottom - (height - bottom - 10) * tick / 8
        draw.line((left, y, width - 10, y), fill=(225, 225, 225))
        draw.text((8, y - 6), f"{top * tick / 8:.2f}", fill="black")
    for tick in range(0, int(longest) + 1, 2):
        draw.text((left + (width - left - 10) * tick / longest - 4, height - bottom + 8), str(tick), fill="black")
    named: list[str] = []
    for key, points in sorted(series.items(), key=lambda item: not item[0].endswith("long")):
        name = key.split(" ", 1)[1].strip()
        if name.endswith("long"):
            parts = [points[k : k + _SMOOTH] for k in range(0, len(points), _SMOOTH)]
            points = [(sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts]
        color = _COLORS.get(name, (90, 90, 90))
        line = [
            (
                left + (width - left - 10) * steps / longest,
                height - bottom - (height - bottom - 10) * min(loss, top) / top,
            )
            for steps, loss in points
        ]
        draw.line(line, fill=color, width=2)
        if name not in named:
            named.append(name)
    draw.rectangle((width - 176, 12, width - 12, 20 + 16 * len(named)), fill="white", outline=(225, 225, 225))
    for place, name in enumerate(named):
        draw.text((width - 170, 16 + 16 * place), name, fill=_COLORS.get(name, (90, 90, 90)))
    draw.text((left + 230, height - 16), "weighted loss of the learnt tokens, by thousands of steps", fill="black")
    image.save(args.out, optimize=True)


if __name__ == "__main__":
    main()
