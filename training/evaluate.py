"""Measures checkpoints on held-out seeds, held-out fonts and held-out layouts; row by row, the skills of the table in LOG.md.

    python -m training.evaluate src/qwen3_vl_webui/demo --cases 500 --json out.json [--editions instruct thinking] [--layouts]

Each case is one picture (or clip) with one question, answered greedily in one turn; all editions see the same cases. Long books are
asked up to twenty questions each, one a case. What has been measured when the time is over is printed and written.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer

from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import copy_weights
from training import charts, chat, geometry, gui, ocr, prompt, shapes, unseen, video, web, where
from training.generate import generate
from training.gui import KINDS
from training.network import Batched
from training.scene import Generator, Sample, Turn
from training.score import same_structure, score
from training.served import served

Case = tuple[Sample, Turn]  # a question about the sample's media

# row: (skills, generators, visual tokens that a picture is drawn with)
ROWS: dict[str, tuple[tuple[str, ...], tuple[Generator, ...], tuple[int, ...]]] = {
    "GUI description, F1 on kind + text": (("gui_describe",), (gui.screens,), (128, 256, 320)),
    "GUI description, asked as of any picture": (("gui_describe_openly",), (gui.screens,), (128, 256, 320)),
    "GUI boxes, recall at IoU 0.5": (("gui_boxes", "gui_box"), (gui.screens,), (128, 256, 320)),
    "GUI click inside the target": (("gui_click", "gui_point"), (gui.screens,), (128, 256, 320)),
    "GUI state, title, count": (("gui_state", "gui_value", "gui_title", "gui_count"), (gui.screens,), (128, 256, 320)),
    "Boxes of shapes, recall at IoU 0.5": (("box", "boxes"), (shapes.shapes,), (128, 256)),
    "Things anywhere: box at IoU 0.5, point inside": (("where_box", "where_point"), (where.find,), (24, 64, 128)),
    "OCR, lines: character error rate": (("ocr",), (ocr.lines,), (64, 128, 256, 320)),
    "OCR, forms: character error rate": (("ocr_form", "ocr_value"), (ocr.form,), (96, 160, 256)),
    "OCR, pages and things with text: character error rate": (
        ("ocr_text", "ocr_part", "ocr_line"),
        (ocr.texts,),
        (64, 96, 160, 256, 320),
    ),
    "HTML, elements and texts equal": (("html",), (web.webpage,), (200, 256, 320)),
    "Geometry": (("geometry",), (geometry.geometry,), (96, 160)),
    "Charts: read, extreme, list": (("chart_read", "chart_extreme", "chart_list"), (charts.charts,), (128, 256, 320)),
    "Charts with computation": (("chart_compute",), (charts.charts,), (128, 256, 320)),
    "Tables": (("table_read", "table_extreme", "table_compute"), (charts.tables,), (96, 160, 256)),
    "Video: what at a time": (("video_what",), (video.clips,), (128, 256)),
    "Video: when, both ends within 1 s": (("video_when",), (video.clips,), (128, 256)),
    "Counting": (("count",), (shapes.shapes,), (128, 256)),
    "Spatial relations": (("relation", "front", "color", "largest"), (shapes.shapes, shapes.overlap), (96, 128, 256)),
    "Recall over several pages": (("recall",), (ocr.pages,), (64, 128, 256)),
    "Chat and honesty": (
        ("chat_who", "chat_can", "chat_cannot", "chat_outside", "chat_missing", "chat_photo", "chat_hello", "chat_get"),
        (chat.talk, chat.photos),
        (64, 256),
    ),
    "Honesty about films": (("chat_film",), (chat.films,), (128, 256)),
    "Recall over 8K tokens of pages": (("recall",), (ocr.book,), (7000,)),
    "Recall over 32K tokens of pages": (("recall",), (ocr.book,), (28000,)),
    # what else is taught; of lists all parts must be right
    "Points inside shapes": (("point",), (shapes.shapes,), (128, 256)),
    "Things anywhere: what it is, where all are": (("where_what", "where_all"), (where.find,), (24, 64, 128)),
    "Shapes: all of them, those at a side": (("shapes_describe", "relation_list"), (shapes.shapes,), (128, 256)),
    "Tables as Markdown: character error rate": (("table_markdown",), (charts.tables,), (96, 160, 256)),
    "Video: order, number, background": (
        ("video_order", "video_count", "video_background"),
        (video.clips,),
        (128, 256),
    ),
    "Video: all of one minute": (("video_minute",), (video.clips,), (128, 256)),
    "Video: all events with their times": (("video_events",), (video.clips,), (128, 256)),
    "Which of several pages": (("recall_page",), (ocr.pages,), (64, 128, 256)),
    "Web pages described as screens, F1 on kind + text": (
        ("gui_describe", "gui_describe_openly"),
        (web.webpage,),
        (200, 256, 320),
    ),
    "Honesty about letters too small to read": (("chat_small",), (chat.small,), (400, 640, 1024)),
    "Charts, shapes, photographs, asked as any picture": (
        ("chart_list_openly", "shapes_describe_openly", "chat_photo_openly"),
        (charts.charts, shapes.shapes, chat.photos),
        (128, 256, 320),
    ),
}


# rows that score the answers of another row in another way: (name, score of an answer and its check)
SECOND: dict[str, tuple[str, Callable[[str, dict[str, Any]], float]]] = {
    "HTML, elements and texts equal": ("HTML, element tree equal", same_structure)
}
BOOKS = ("Recall over 8K tokens of pages", "Recall over 32K tokens of pages")  # pages are read once for several cases
_PART = 20  # cases of a row that are drawn together
_MANY = 8192  # patches of a prompt above which it has no other beside it: the attention over them would not fit


def _part(item: tuple[str, int, str, bool]) -> tuple[str, list[Case]]:
    """The row's name, and so many cases of it."""
    row, count, seed, layouts = item
    skills, generators, tokens = ROWS[row]
    if layouts:
        generators = tuple(unseen.LAYOUTS[generator] for generator in generators if generator in unseen.LAYOUTS)
    found: list[Case] = []
    number = 0
    while len(found) < count and generators:
        rng = Random(f"held-out-{seed}-{row}-{number}")
        sample = generators[number % len(generators)](rng, True, rng.choice(tokens))
        number += 1
        turns = [turns[0] for turns in sample.conversations if turns[0].skill in skills]
        if turns:
            sample = served(sample)
            asked = rng.sample(turns, min(len(turns), count - len(found) if row in BOOKS else 1))
            found += [(sample, turn) for turn in asked]
    return row, found


def _parts(row: str, count: int, seed: str, layouts: bool) -> list[tuple[str, int, str, bool]]:
    return [(row, min(_PART, count - start), f"{seed}-{start}", layouts) for start in range(0, count, _PART)]


def cases(row: str, count: int, seed: str, layouts: bool = False) -> list[Case]:
    """Seeds of the training never look like these; half of the pictures have fonts kept back, and `layouts` draws layouts kept back."""
    return [case for part in _parts(row, count, seed, layouts) for case in _part(part)[1]]


def drawn(rows: list[str], count: int, seed: str, layouts: bool, workers: int) -> Iterator[tuple[str, list[Case]]]:
    """Row after row, as `cases` draws them; with several processes rows come while later ones are drawn."""
    if workers < 2:
        for row in rows:
            yield row, cases(row, count, seed, layouts)
        return
    items = [part for row in rows for part in _parts(row, count, seed, layouts)]
    waiting: dict[str, list[Case]] = {}
    with get_context("fork").Pool(workers, torch.set_num_threads, (1,)) as pool:
        for row, part in pool.imap(_part, items, chunksize=1):
            for done in [name for name in waiting if name != row]:
                yield done, waiting.pop(done)
            waiting.setdefault(row, []).extend(part)
        yield from waiting.items()


class Group(NamedTuple):
    """Prompts that are answered together."""

    indices: list[int]  # of the cases
    arrays: dict[str, torch.Tensor]
    lengths: torch.Tensor  # [b], of the prompts
    next_positions: torch.Tensor  # [b]
    shared: int  # tokens in front, media and all, that are the same in all rows; the arrays hold their patches once


def batches(items: list[Case], tokenizer: Tokenizer, thinking: bool, patches: int) -> Iterator[Group]:
    """Prompts of about one size together; with many pictures only those about the same ones."""
    heads: dict[int, prompt.Prefix] = {}  # by sample
    prompts = []
    for sample, turn in items:
        if id(sample) not in heads:
            heads[id(sample)] = prompt.prefix(tokenizer, sample)
        prompts.append((heads[id(sample)], prompt.question(tokenizer, turn, thinking)))
    order = sorted(range(len(items)), key=lambda i: (prompts[i][0].patches.shape[1], prompts[i][0].patches.shape[0]))
    while order:
        group: list[int] = []
        first = prompts[order[0]][0]
        while order and len(group) < 256:
            head = prompts[order[0]][0]
            count = head.patches.shape[0]
            alike = head.patches.shape[1] == first.patches.shape[1]
            fits = count <= _MANY and max(4, count) * (len(group) + 1) <= patches
            if group and head is not first and not (alike and fits):
                break
            group.append(order.pop(0))
        yield _grouped(group, [prompts[i] for i in group])


def _grouped(indices: list[int], prompts: list[tuple[prompt.Prefix, list[int]]]) -> Group:
    first = prompts[0][0]
    one = len(prompts) > 1 and all(head is first for head, _ in prompts)
    heads = [first] if one else [head for head, _ in prompts]
    p = max(4, *(head.patches.shape[0] for head in heads))
    n = max(len(head.ids) + len(asked) for head, asked in prompts)
    b = len(prompts)
    arrays = {
        "patches": np.zeros((len(heads), p, first.patches.shape[1]), np.uint8),
        "place": np.zeros((len(heads), 5, p), np.int16),
        "ids": np.zeros((b, n), np.int64),
        "positions": np.zeros((b, 3, n), np.int64),
        "visual": np.zeros((b, n), np.int64),
    }
    arrays["place"][:, 2:4] = 2
    for k, head in enumerate(heads):
        count = head.patches.shape[0]
        arrays["patches"][k, :count], arrays["place"][k, :, :count] = head.patches, head.place
    for k, (head, asked) in enumerate(prompts):
        start, m = len(head.ids), len(asked)
        arrays["ids"][k, : start + m] = [*head.ids, *asked]
        arrays["positions"][k, :, :start], arrays["positions"][k, :, start : start + m] = (
            head.positions,
            head.next_position + np.arange(m),
        )
        arrays["visual"][k, :start] = head.visual
    return Group(
        indices,
        {name: torch.from_numpy(array) for name, array in arrays.items()},
        torch.tensor([len(head.ids) + len(asked) for head, asked in prompts]),
        torch.tensor([head.next_position + len(asked) for head, asked in prompts]),
        len(first.ids) if one else 0,
    )


def answers(
    net: Batched,
    tokenizer: Tokenizer,
    items: list[Case],
    thinking: bool,
    most: int,
    device: torch.device,
) -> list[str]:
    """Greedy answers, without their chains, in the order of the cases."""
    stop = tokenizer.token_to_id("<|im_end|>")
    close = tokenizer.token_to_id("</think>")
    texts = [""] * len(items)
    for group in batches(items, tokenizer, thinking, 600_000 if device.type == "cuda" else 16_000):
        batch = {name: tensor.to(device) for name, tensor in group.arrays.items()}
        given = generate(
            net, batch, group.lengths.to(device), group.next_positions.to(device), stop, most, group.shared
        )
        for i, ids in zip(group.indices, given, strict=True):
            if thinking:
                ids = ids[ids.index(close) + 1 :] if close in ids else []
            texts[i] = tokenizer.decode(ids, skip_special_tokens=False).strip()
    return texts


def scored(row: str, given: list[str], items: list[Case]) -> dict[str, list[float]]:
    """Each answer's score, and those of the row that scores the same answers in another way."""
    scores = {row: [score(text, turn.check, KINDS) for text, (_, turn) in zip(given, items, strict=True)]}
    if row in SECOND:
        name, rate = SECOND[row]
        scores[name] = [rate(text, turn.check) for text, (_, turn) in zip(given, items, strict=True)]
    return scores


def load(folder: Path, device: torch.device) -> Qwen3VL:
    """A checkpoint with plain (unpacked) weights, in float32 as in training: `Batched` chooses the activations' dtype."""
    from safetensors.torch import load_file

    model = Qwen3VL(ModelConfig.load(folder)).to(device)
    copy_weights(model, {name: tensor.to(device) for name, tensor in load_file(folder / "model.safetensors").items()})
    return model.eval()


def markdown(results: dict[str, dict[str, float]], count: int) -> str:
    editions = list(next(iter(results.values()), {}))
    lines = [
        "| skill | " + " | ".join(edition.capitalize() for edition in editions) + " |",
        "|---|" + "---|" * len(editions),
    ]
    lines += [
        f"| {row} | " + " | ".join(f"{values[edition]:.3f}" for edition in editions) + " |"
        for row, values in results.items()
    ]
    return "\n".join([*lines, "", f"{count} cases a row."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds instruct/ and thinking/")
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--editions", nargs="+", default=["instruct", "thinking"])
    parser.add_argument("--rows", nargs="+", default=[], help="parts of row names")
    parser.add_argument("--layouts", action="store_true", help="layouts that the training never draws")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--most", type=int, default=600, help="new tokens at most")
    parser.add_argument("--show", type=int, default=0, help="print some wrong answers of each row")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw the cases")
    parser.add_argument("--seconds", type=float, default=1e9, help="no row begins after that")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    device = torch.device(args.device)
    rows = [row for row in ROWS if not args.rows or any(part.lower() in row.lower() for part in args.rows)]
    begin = time.monotonic()
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    sources = drawn(rows, args.cases, args.seed, args.layouts, args.workers)
    first = next(sources)  # the processes start before the device does
    nets = {edition: Batched(load(args.folder / edition, device), dtype) for edition in args.editions}
    results: dict[str, dict[str, float]] = {}
    for row, items in chain([first], sources):
        if not items:
            continue
        if time.monotonic() - begin > args.seconds:
            print("the time is over", flush=True)
            break
        found: dict[str, dict[str, float]] = {}  # row: edition: mean
        for edition, net in nets.items():
            tokenizer = Tokenizer.from_file(str(args.folder / edition / "tokenizer.json"))
            given = answers(net, tokenizer, items, edition == "thinking", args.most, device)
            scores = scored(row, given, items)
            for name, values in scores.items():
                found.setdefault(name, {})[edition] = round(sum(values) / len(values), 4)
            wrong = [
                k
                for k, value in enumerate(scores[row])
                if (value > 0.05 if items[k][1].check["type"] == "ocr" else value < 0.99)
            ]
            for k in wrong[: args.show]:
                print(
                    f"  [{edition}] {items[k][1].question!r}\n    wanted {items[k][1].answer!r}\n    given  {given[k]!r}"
                )
        results |= found
        seconds = round(time.monotonic() - begin, 1)
        for name, means in found.items():
            print(f"{name}: " + ", ".join(f"{e} {v:.3f}" for e, v in means.items()) + f" ({seconds} s)", flush=True)
        if args.json:
            figures = {
                "cases": args.cases,
                "seed": args.seed,
                "layouts": args.layouts,
                "device": str(device),
            }
            args.json.write_text(json.dumps(figures | {"seconds": seconds, "rows": results}, indent=1) + "\n")
    print(markdown(results, args.cases))


if __name__ == "__main__":
    main()
