"""Packed rows say the same as the chat template, and the batched network computes what the model does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from training.mixture import BLOCK, SIZES, SizeClass, draw
from training.network import Batched
from training.pack import PADDING, Layout, Row, pack
from training.scene import Sample, Turn
from training.state import load_pieces, save_pieces
from training.train import start_model, take_mean, waves

from qwen3_vl_webui.model.attention import DenseAttention
from qwen3_vl_webui.model.config import ModelConfig
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import initialize, save_weights
from training import fonts, prompt

DEMO = Path(__file__).parents[2] / "src" / "qwen3_vl_webui" / "demo"
SIZE = SizeClass(tokens=48, length=256, learnt=96, rows=1, share=1.0)


def turn(question: str, answer: str, thinking: str = "Because.") -> Turn:
    return Turn(
        skill="test", question=question, answer=answer, thinking=thinking, check={"type": "text", "text": answer}
    )


def sample(seed: int, sides: Sequence[tuple[int, int]], **more: Any) -> Sample:
    random = np.random.default_rng(seed)
    pictures = [random.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in sides]
    conversations = [[turn("What?", f"A {seed}.")], [turn("这是什么?", "一个。"), turn("And now?", "Two.")]]
    return Sample(conversations=conversations, pictures=pictures, **more)


def row(tokenizer: Tokenizer, samples: list[Sample], edition: str = "instruct") -> dict[str, np.ndarray]:
    layout = Layout.of(SIZE, 1)
    arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
    packed = Row(arrays, 0)
    for one in samples:
        assert packed.add(tokenizer, one, Random(0), edition)
    packed.close()
    return arrays


def test_only_answers_are_learnt(tokenizer: Tokenizer) -> None:
    arrays = row(tokenizer, [sample(1, [(64, 96)]), sample(2, [(32, 32), (64, 32)])])
    learnt = arrays["weight"][0] > 0
    text = tokenizer.decode(arrays["target"][0][learnt].tolist(), skip_special_tokens=False)
    first = "A 1.<|im_end|>一个。<|im_end|>Two.<|im_end|>"
    assert text == first + first.replace("1", "2")


def test_thinking_learns_its_chain_and_never_those_of_earlier_turns(tokenizer: Tokenizer) -> None:
    arrays = row(tokenizer, [sample(1, [(64, 96)])], "thinking")
    learnt = arrays["weight"][0] > 0
    text = tokenizer.decode(arrays["target"][0][learnt].tolist(), skip_special_tokens=False)
    assert text == "Because.\n</think>\n\nA 1.<|im_end|>Because.\n</think>\n\nTwo.<|im_end|>"
    whole = tokenizer.decode(arrays["ids"][0].astype(int).tolist(), skip_special_tokens=False)
    assert "assistant\n一个。<|im_end|>\n<|im_start|>user\nAnd now?" in whole


def test_what_is_unused_sees_no_further_than_its_block(tokenizer: Tokenizer) -> None:
    """Else attention over it, which grows with its square, takes longer than over what is learnt."""
    arrays = row(tokenizer, [sample(1, [(64, 96)])])
    for numbers in (arrays["place"][0][4], arrays["segment"][0], arrays["owner"][0]):
        unused = np.flatnonzero(numbers >= PADDING)
        assert len(unused) > BLOCK / 2
        assert (numbers[unused] - PADDING == unused // BLOCK).all()
        assert (np.diff(numbers) >= 0).all()  # behind all that is used


def test_conversations_of_a_row_do_not_overlap(tokenizer: Tokenizer) -> None:
    arrays = row(tokenizer, [sample(1, [(64, 96)]), sample(2, [(64, 64)])])
    segment, owner = arrays["segment"][0], arrays["owner"][0]
    used = segment < PADDING
    assert sorted(set(segment[used].tolist())) == list(range(6))
    assert set(owner[used].tolist()) == {0, 3}
    assert (arrays["target"][0][arrays["weight"][0] > 0] > 0).all()


def test_learnt_tokens_are_named_once(tokenizer: Tokenizer) -> None:
    """The loss picks rows of the hidden states and gives their gradients back by copying."""
    arrays = row(tokenizer, [sample(1, [(64, 96)]), sample(2, [(64, 64)])])
    learn = arrays["learn"][0]
    assert len(set(learn.tolist())) == len(learn) == SIZE.learnt


def test_first_digits_of_coordinates_count_most(tokenizer: Tokenizer) -> None:
    text = '{"bbox_2d": [105, 20, 7, 1000], "label": "205"}'
    ids, counts = prompt.weights(tokenizer, text)
    pieces = [(tokenizer.decode([token]), count) for token, count in zip(ids, counts, strict=True)]
    assert [count for piece, count in pieces if piece.strip().isdigit()] == [
        4,
        2.5,
        0.7,
        2.5,
        1,
        1,
        4,
        2.5,
        0.7,
        0.7,
        1,
        1,
        1,
    ]
    assert all(count == 1 for piece, count in pieces if not piece.strip().isdigit())


def test_the_digits_of_stamps_count_more(tokenizer: Tokenizer) -> None:
    for text in ("the car: 17.4 s = 00:17", "汽车: 17.4秒=00:17"):
        ids, counts = prompt.weights(tokenizer, text)
        assert "".join(tokenizer.decode([i]) for i, count in zip(ids, counts, strict=True) if count > 1) == "17.4"
    assert set(prompt.weights(tokenizer, "it is 17.4 slow, 3.5")[1]) == {1.0}


def test_tags_of_a_page_count_twice_and_digits_of_its_colours_little(tokenizer: Tokenizer) -> None:
    text = "<style>p{color:#0eb}</style><body><h3>#1 of 2</h3><ul><li><a>Docs</a></li></ul></body>"
    said: dict[float, str] = {0.3: "", 1.0: "", 2.0: ""}
    for (start, end), weight in zip(
        tokenizer.encode(text, add_special_tokens=False).offsets, prompt.weights(tokenizer, text)[1], strict=True
    ):
        said[weight] += text[start:end]
    assert said[0.3] == "0eb"
    assert "".join(filter(str.isalnum, said[2.0])) == "stylestylebodyh3h3ulliaaliulbody"
    assert "#1 of 2Docs" in said[1.0].replace(">", "")
    assert set(prompt.weights(tokenizer, "a < b, <i>c</i> and #abc")[1]) == {1.0}, "no page"


@pytest.mark.parametrize("thinking", [False, True])
def test_chain_and_answer_are_the_tokens_of_their_text(tokenizer: Tokenizer, thinking: bool) -> None:
    one = turn("How many?", "Two, I think.\n2")
    spoken = prompt.conversation(tokenizer, [one], thinking)
    text = "".join(prompt.answer_text(one, thinking))
    end = tokenizer.encode(text, add_special_tokens=False).ids
    assert spoken.ids[-len(end) :] == end
    assert [weight > 0 for weight in spoken.weights] == [False] * (len(spoken.ids) - len(end)) + [True] * len(end)


@pytest.mark.parametrize("edition", ["instruct", "thinking"])
def test_chains_take_no_weight_from_answers(tokenizer: Tokenizer, edition: str) -> None:
    """The answers of a row weigh one a place of its list, whatever chains there are."""
    arrays = row(tokenizer, [sample(1, [(64, 96)]), sample(2, [(32, 32)])], edition)
    weight, target = arrays["weight"][0], arrays["target"][0]
    close = tokenizer.token_to_id("</think>")
    chain, inside = np.zeros(len(target), bool), edition == "thinking"
    for k in np.flatnonzero(weight):
        chain[k] = inside
        if target[k] in (close, tokenizer.token_to_id("<|im_end|>")):
            inside = target[k] != close and edition == "thinking"
    assert weight[~chain].sum() == pytest.approx(SIZE.learnt, rel=1e-5)
    assert weight[chain].any() == (edition == "thinking")


def test_attention_blocks_hold_every_allowed_pair(tokenizer: Tokenizer) -> None:
    size = SizeClass(tokens=256, length=1024, learnt=512, rows=1, share=1.0)
    layout = Layout.of(size, 1)
    arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
    packed, number = Row(arrays, 0), 0
    while packed.add(tokenizer, sample(number, [(64, 96), (128, 128)]), Random(0), "instruct"):
        number += 1
    packed.close()
    assert number > 4
    net = Batched(Qwen3VL(ModelConfig.load(DEMO / "instruct")), torch.float32, flex=True)
    segment, owner, group = (torch.from_numpy(x) for x in (arrays["segment"], arrays["owner"], arrays["place"][:, 4]))
    token = torch.arange(size.length)
    allowed = (token[:, None] >= token) & ((segment[0][:, None] == segment[0]) | (owner[0][:, None] == segment[0]))
    for mask, pairs in (
        (net._text_mask(segment, owner), allowed),
        (net._vision_mask(group), group[0][:, None] == group[0]),
    ):
        visited = mask.to_dense()[0, 0].bool()
        needed = pairs.view(len(visited), 128, len(visited), 128).any(3).any(1)
        assert not (needed & ~visited).any()
        assert visited.sum() <= 2 * needed.sum()


def test_pictures_may_be_encoded_apart(tokenizer: Tokenizer) -> None:
    model = Qwen3VL(ModelConfig.load(DEMO / "instruct"))
    initialize(model, torch.Generator().manual_seed(0), std=0.05)
    head = prompt.prefix(tokenizer, sample(1, [(64, 96), (128, 128), (64, 64), (96, 32)]))
    patches, place = torch.from_numpy(head.patches)[None], torch.from_numpy(head.place)[None]
    net = Batched(model, torch.float32)
    with torch.no_grad():
        for most in (20, 70):  # the first picture alone has 24 patches
            for whole, apart in zip(net.encode(patches, place), net.encode_apart(patches, place, most), strict=True):
                torch.testing.assert_close(whole, apart, atol=1e-5, rtol=1e-4)


def test_a_full_row_refuses_and_keeps_what_it_has(tokenizer: Tokenizer) -> None:
    layout = Layout.of(SIZE, 1)
    arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
    packed = Row(arrays, 0)
    assert packed.add(tokenizer, sample(1, [(192, 192)]), Random(0), "instruct")
    before = {name: array.copy() for name, array in arrays.items()}
    assert not packed.add(tokenizer, sample(2, [(192, 192)]), Random(0), "instruct")
    assert all(np.array_equal(before[name], arrays[name]) for name in arrays)


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_a_sample_that_finds_no_room_waits_for_the_next_batch(tokenizer: Tokenizer) -> None:
    waiting: list[tuple[Sample, Random]] = []
    waited = 0
    for number in range(4):
        layout = Layout.of(SIZES["middle"].scaled(0.04), 1)
        arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
        before = [one for one, _ in waiting]
        assert pack(tokenizer, arrays, "middle", f"wait-{number}", "instruct", waiting) > 0
        waited += len(before)
        assert not before or not any(one is before[0] for one, _ in waiting)
    assert waited


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
def test_long_rows_hold_books_whose_positions_the_network_knows(tokenizer: Tokenizer) -> None:
    known = json.loads((DEMO / "instruct" / "config.json").read_text())["text_config"]["max_position_embeddings"]
    layout = Layout.of(SIZES["long"], 1)
    farthest = []
    for number in range(4):
        arrays = layout.arrays(np.zeros(layout.bytes(1), np.uint8), 1)
        assert pack(tokenizer, arrays, "long", f"books-{number}", "thinking", []) > 0
        assert (arrays["visual"] > 0).sum() > 7000
        assert arrays["positions"].min() >= 0
        assert (arrays["weight"] > 0).sum() > 100
        farthest.append(int(arrays["positions"].max()))
    assert 5_000 < max(farthest) < known


def test_the_batched_network_is_the_model(tokenizer: Tokenizer) -> None:
    config = ModelConfig.load(DEMO / "instruct")
    model = Qwen3VL(config)
    initialize(model, torch.Generator().manual_seed(0), std=0.05)
    net = Batched(model, torch.float32)
    batch = {
        name: torch.from_numpy(array.copy())
        for name, array in row(tokenizer, [sample(1, [(64, 96)]), sample(2, [(32, 64), (64, 32)])]).items()
    }
    with torch.no_grad():
        levels = net.encode(batch["patches"], batch["place"])
        hidden = net.hidden(
            batch["ids"].long(),
            batch["positions"].long(),
            batch["segment"],
            batch["owner"],
            levels,
            batch["visual"].long(),
        )[0]
        chosen = (batch["segment"][0] == 3) | (
            batch["segment"][0] == 5
        )  # the second sample and its second conversation
        grids = [(1, 2, 4), (1, 4, 2)]
        cells = batch["patches"][0, 24:40].float().view(-1, 3, 1, 256).expand(-1, 3, 2, 256).flatten(1) / 127.5 - 1
        visual = model.encode(cells, grids)
        rows = (batch["visual"][0][chosen] > 0).nonzero()[:, 0]
        expected = model(
            batch["ids"][0][chosen].long(),
            batch["positions"][0][:, chosen].long(),
            DenseAttention([int(chosen.sum())]),
            visual,
            rows,
        )
    torch.testing.assert_close(hidden[chosen], expected, atol=1e-4, rtol=1e-4)


def test_the_loss_falls_on_one_batch(tokenizer: Tokenizer) -> None:
    from training.optimize import Optimizer

    model = start_model(DEMO / "instruct", torch.device("cpu"), 0)
    net, optimizer = Batched(model, torch.float32), Optimizer(model)
    optimizer.rates.copy_(torch.tensor([0.02, 0.003]))
    batch = {name: torch.from_numpy(array) for name, array in row(tokenizer, [sample(1, [(64, 64)])]).items()}
    losses = []
    for _ in range(6):
        for parameter in model.parameters():
            parameter.grad = None
        loss, _ = net.loss(batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_positions_start_as_something_that_can_be_read() -> None:
    """A linear map finds row and column again."""
    table = waves(24, 192)
    rows, columns = torch.meshgrid(torch.linspace(0, 1, 24), torch.linspace(0, 1, 24), indexing="ij")
    goal = torch.stack([rows.flatten(), columns.flatten()], 1)
    found = table @ torch.linalg.lstsq(table, goal - 0.5).solution
    assert (found - goal + 0.5).abs().max() < 1e-3


def test_a_run_begins_at_the_mean_of_checkpoints(tmp_path: Path) -> None:
    models = [start_model(DEMO / "instruct", torch.device("cpu"), seed) for seed in (0, 1, 2)]
    for number, model in enumerate(models[:2]):
        folder = tmp_path / str(number)
        save_weights(model, folder)
        (folder / "config.json").write_bytes((DEMO / "instruct" / "config.json").read_bytes())
    take_mean(models[2], [tmp_path / "0", tmp_path / "1"])
    for name, parameter in models[2].named_parameters():
        both = [dict(model.named_parameters())[name] for model in models[:2]]
        torch.testing.assert_close(parameter, (both[0] + both[1]) / 2, atol=2e-3, rtol=1e-2)  # stored in bfloat16


def test_state_comes_back_from_its_pieces(tmp_path: Path) -> None:
    state = {"model": {"a": torch.arange(5_000_000.0)}, "steps": 3}
    save_pieces(state, tmp_path)
    assert len(list(tmp_path.glob("state.*"))) == 2
    assert all(piece.stat().st_size <= 16 << 20 for piece in tmp_path.iterdir())
    loaded = load_pieces(tmp_path)
    assert loaded is not None
    assert torch.equal(loaded["model"]["a"], state["model"]["a"])


@pytest.mark.skipif(not fonts.available("zh", False), reason="needs the fonts named in training/README.md")
@pytest.mark.parametrize("size", ["middle", "video"])
def test_prompts_are_those_of_the_processor(tokenizer: Tokenizer, size: str) -> None:
    """Ids and positions of what the generators draw equal the published expansion of the rendered template."""
    from qwen3_vl_webui.processing.positions import position_ids  # noqa: F401  (the processor's own; compared in tests/demo)

    for number in range(10):
        one = draw(Random(f"prompt-{size}-{number}"), False, size)
        head = prompt.prefix(tokenizer, one)
        assert head.positions.shape == (3, len(head.ids))
        assert int(head.visual.max(initial=0)) * 4 == len(head.patches)
        assert head.next_position == int(head.positions.max()) + 1
