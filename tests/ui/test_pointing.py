"""Places of an answer: found in any form that the model writes, and never where there are none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen3_vl_webui.ui.pointing import MOST, Place, find_places

BOX = Place(left=10, top=20, right=300, bottom=400, label="Wi-Fi")


@pytest.mark.parametrize(
    "text",
    [
        '```json\n[\n  {"bbox_2d": [10, 20, 300, 400], "label": "Wi-Fi"}\n]\n```',
        '{"bbox_2d": [10, 20, 300, 400], "label": "Wi-Fi"}',
        'It is here: {"label": "Wi-Fi", "bbox_2d": [10, 20, 300, 400]}, at the top.',
        "[{'bbox_2d': [10, 20, 300, 400], 'label': 'Wi-Fi',}]",
        '{"arguments": {"label": "Wi-Fi", "bbox_2d": [[10, 20, 300, 400]]}}',
        '[{"bbox_2d": [10, 20, 300, 400], "label": "Wi-Fi"}, {"bbox_2d": [1, 2, 3',  # cut off by the limit
        'Sets like {a} and "bbox_2d" aside: {"bbox_2d": [10, 20, 300, 400], "label": "Wi-Fi"}',
    ],
)
def test_a_box_is_found_in_every_form(text: str) -> None:
    assert find_places(text) == (BOX,)


def test_points_and_clicks_are_points() -> None:
    text = (
        '{"point_2d": [500, 250], "label": "关闭"} <tool_call>\n{"name": "computer_use", "arguments": '
        '{"action": "left_click", "coordinate": [7, 8]}}\n</tool_call>'
    )
    first, second = find_places(text)
    assert (first.is_point, first.left, first.top, first.label) == (True, 500, 250, "关闭")
    assert (second.is_point, second.left, second.top, second.label) == (True, 7, 8, "left_click")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bbox_2d is the key of a box.",
        '{"bbox_2d": [10, 20, 300]}',
        '{"bbox_2d": [300, 20, 10, 400]}',  # from right to left
        '{"bbox_2d": [10, 20, 1920, 1080]}',  # pixels, not the model's scale
        '{"bbox_2d": [true, 0, 1, 1]}',
        '{"bbox_2d": "10, 20, 300, 400"}',
        '{"bbox_2d": null, "label": "none"}',
    ],
)
def test_what_is_no_place_is_left_out(text: str) -> None:
    assert find_places(text) == ()


def test_a_brace_in_a_label_is_no_object() -> None:
    (place,) = find_places('{"label": "a {\\"b", "bbox_2d": [1, 2, 3, 4]}')
    assert place.label == 'a {"b'


def test_pixels_are_of_the_original_picture() -> None:
    assert BOX.in_pixels(1920, 1080) == (19, 22, 576, 432)


def test_their_number_is_bounded() -> None:
    assert len(find_places(json.dumps([{"bbox_2d": [0, 0, 1, 1]}] * 5000))) == MOST


@given(st.text(alphabet='{}[]",:0123456789.\\ab_2dpoint\n') | st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    find_places('{"bbox_2d": ' + text)
    find_places(text + '"point_2d": [1, 2]}')


numbers = st.integers(0, 1000)


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers, st.text()), max_size=8))
def test_whatever_is_written_as_json_is_found_again(rows: list[tuple[int, int, int, int, str]]) -> None:
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d), label) for a, b, c, d, label in rows]
    text = json.dumps([{"bbox_2d": list(box[:4]), "label": box[4]} for box in boxes], ensure_ascii=False)
    found = [(p.left, p.top, p.right, p.bottom, p.label) for p in find_places(f"Here:\n```json\n{text}\n```\nDone.")]
    assert found == [(*box[:4], box[4].strip()) for box in boxes]
