"""Videos: the right frames, decoded with seeks, whatever the file's state."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import media_cases as make
from qwen3_vl_webui.errors import InvalidRequest, TooLarge
from qwen3_vl_webui.processing import container
from qwen3_vl_webui.processing.container import frames_at, opened_video
from qwen3_vl_webui.processing.limits import MediaLimits
from qwen3_vl_webui.processing.messages import MediaBudget
from qwen3_vl_webui.processing.processor import resize_frames
from qwen3_vl_webui.processing.sizes import VideoRule
from qwen3_vl_webui.processing.source import Source
from qwen3_vl_webui.processing.video import Clip, decode_video, plan_frames

RULE = VideoRule(
    factor=32,
    temporal_factor=2,
    min_pixels=4096,
    max_pixels=25165824,
    frame_tokens=768,
    fps=2,
    min_frames=4,
    max_frames=768,
)


def decode(data: bytes, limits: MediaLimits | None = None, **budget: float) -> Clip:
    wanted = MediaBudget(**budget)  # type: ignore[arg-type]
    limits = limits or MediaLimits()
    rule = RULE.with_budget(wanted, limits, field="video_url")
    return decode_video(Source.from_bytes(data), rule, wanted, limits, resize_frames, field="video_url")


def barcode(number: int) -> np.ndarray:
    """A picture of eight bars, white where the number has a bit."""
    bits = (number >> np.arange(8)) & 1
    return np.tile(np.repeat(bits * 255, 16).astype(np.uint8)[None, :, None], (64, 1, 3))


def counter(count: int, **options: object) -> bytes:
    """A video whose frame n shows n, in a way that no codec damages."""
    return make.video(count, (128, 64), frame=barcode, **options)  # type: ignore[arg-type]


def numbers(clip: Clip) -> list[int]:
    bars = clip.frames.reshape(len(clip.frames), 64, 8, 16, 3).mean(axis=(1, 3, 4)) > 128
    return (bars << np.arange(8)).sum(axis=1).tolist()


@pytest.mark.parametrize(
    "options",
    [
        {"gop": 5},
        {"gop": 100},
        {"container": "matroska", "gop": 7},
        {"container": "avi", "gop": 7},
        {"container": "mpegts", "gop": 7},
        {"container": "mpegts", "codec": "libx264", "gop": 9},
        {"container": "mpegts", "codec": "libx264", "gop": 200},
        {"container": "mpeg", "codec": "mpeg2video", "gop": 7, "fps": 25},
        {"codec": "libx264", "gop": 9},
        {"codec": "libx264", "gop": 1},
        {"container": "matroska", "codec": "libx264", "gop": 9},
        {"container": "webm", "codec": "libvpx", "gop": 9},
        {"options": {"movflags": "frag_keyframe+empty_moov"}, "gop": 9},
    ],
    ids=str,
)
def test_seeking_finds_exactly_the_sampled_frames(options: dict[str, object]) -> None:
    clip = decode(counter(120, **options), fps=2.5)
    assert len(clip.indices) >= 10
    assert numbers(clip) == list(clip.indices)
    assert clip.times == pytest.approx([index / clip.fps for index in clip.indices], abs=0.005)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (2.0, 4.0), (4.5, None), (None, 0.5)])
def test_a_clip_holds_only_its_range_in_the_videos_own_time(start: float | None, end: float | None) -> None:
    budget = {name: value for name, value in (("start", start), ("end", end)) if value is not None}
    clip = decode(counter(120), **budget)
    assert min(clip.times) >= (start or 0)
    assert max(clip.times) <= (5 if end is None else end)
    assert numbers(clip) == list(clip.indices)


@pytest.mark.parametrize(
    "budget", [{"start": 6.0}, {"start": -1.0}, {"start": 3.0, "end": 2.0}, {"start": float("nan")}]
)
def test_ranges_that_hold_nothing(budget: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        decode(counter(120), **budget)


def test_a_late_start_counts_from_the_first_frame() -> None:
    stamps = [5000 + 100 * i for i in range(20)]
    clip = decode(make.video(20, container="matroska", stamps=stamps))
    assert clip.times[0] == 0
    assert clip.times[-1] == pytest.approx(1.9)


def test_a_wrong_rate_in_the_header_does_not_bend_time() -> None:
    """Ten frames a second in a file that claims 24: the times are the timestamps'."""
    clip = decode(make.video(40, container="matroska", stamps=[100 * i for i in range(40)]))
    assert clip.fps == pytest.approx(10, abs=0.05)
    assert clip.times == pytest.approx([index / 10 for index in clip.indices])
    assert len(clip.times) == 8


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 400),
    st.sampled_from([1, 12.5, 24, 25, 30000 / 1001, 60]),
    st.sampled_from([1e-3, 1 / 90000, 1 / 16000]),
    st.booleans(),
)
def test_a_constant_rate_is_seen_through_rounded_clocks(count: int, fps: float, clock: float, declared: bool) -> None:
    times = np.round(np.arange(count) / fps / clock) * clock + 0.5
    plan = plan_frames(times, fps if declared else None, RULE, MediaBudget(), MediaLimits(), field="video_url")
    if declared:
        assert plan.times == [index / fps for index in plan.indices]
    assert plan.times == pytest.approx([times[index] - 0.5 for index in plan.indices], abs=max(0.25 / fps, 0.0011))


def test_two_hours_are_sampled_quickly() -> None:
    data = make.video(7200, (32, 32), 1, gop=60)
    start = time.perf_counter()
    clip = decode(data, max_frames=100)
    assert time.perf_counter() - start < 10
    assert len(clip.indices) == 100
    assert clip.times[-1] == 7199


def test_memory_holds_only_small_frames() -> None:
    clip = decode(make.video(20, (1280, 720), 10), max_pixels=4 * 64 * 64)
    assert clip.frames.nbytes <= 4 * 64 * 64 * 3
    assert clip.original_size == (1280, 720)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_phones_hold_their_videos_upright(degrees: int) -> None:
    clip = decode(make.rotated(degrees))
    plain = np.rot90(make.pattern(160, 96, seed=0), -degrees // 90)
    assert clip.original_size == (plain.shape[1], plain.shape[0])
    assert np.abs(clip.frames[0].astype(int) - plain).mean() < 6


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (MediaLimits(max_image_pixels=128 * 63), "media_pixels"),
        (MediaLimits(max_video_seconds=4), "media_seconds"),
    ],
)
def test_limits_name_themselves(limits: MediaLimits, code: str) -> None:
    with pytest.raises(TooLarge) as caught:
        decode(counter(120), limits)
    assert (caught.value.code, caught.value.field) == (code, "video_url")


def test_a_range_of_a_long_video_is_allowed() -> None:
    assert decode(counter(120), MediaLimits(max_video_seconds=4), start=1.0, end=3.0).times[0] == 1.0


@pytest.mark.parametrize(
    "budget",
    [{"fps": 0.0}, {"fps": 31.0}, {"fps": float("nan")}, {"max_frames": 0}, {"max_frames": 769}, {"max_pixels": 10**9}],
)
def test_budgets_beyond_the_caps_are_refused(budget: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(counter(10), **budget)
    assert caught.value.field == f"video_url.{next(iter(budget))}"


def test_what_can_be_decoded_of_a_truncated_video_is_used() -> None:
    whole = counter(120, container="matroska", gop=10)
    clip = decode(whole[: len(whole) // 2])
    assert 1.0 < clip.times[-1] < 4.0
    assert numbers(clip) == list(clip.indices)


def test_a_file_without_its_index_is_a_clear_error() -> None:
    data = make.video(48)
    with pytest.raises(InvalidRequest, match="cannot be decoded"):
        decode(data[: len(data) // 2])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["mp4", "matroska", "avi", "mpegts"]),
    st.floats(0.05, 1),
    st.lists(st.tuples(st.integers(0, 20_000), st.binary(min_size=1, max_size=40)), max_size=5),
)
def test_damaged_videos_give_frames_or_our_error(container: str, cut: float, hits: list[tuple[int, bytes]]) -> None:
    data = bytearray(DAMAGED[container])
    for at, junk in hits:
        at %= len(data)
        data[at : at + len(junk)] = junk
    try:
        clip = decode(bytes(data[: int(len(data) * cut)]), MediaLimits(max_image_pixels=1_000_000))
    except (InvalidRequest, TooLarge):
        return
    assert len(clip.frames) == len(clip.times) == len(clip.indices) > 0
    assert list(clip.times) == sorted(clip.times)


DAMAGED = {name: make.video(24, (64, 48), 12, container=name, gop=6) for name in ("mp4", "matroska", "avi", "mpegts")}


def test_a_playlist_is_no_video(tmp_path: Path) -> None:
    """FFmpeg would open what a playlist names: files and addresses of this machine."""
    secret = tmp_path / "secret.ts"
    secret.write_bytes(make.video(5, container="mpegts"))
    for text in (f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n", f"ffconcat version 1.0\nfile '{secret}'\n"):
        with pytest.raises(InvalidRequest):
            decode(text.encode())
        with pytest.raises(InvalidRequest):  # also behind the first bytes of something known
            decode(b"\x1aE\xdf\xa3\n" + text.encode())


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_animations_can_be_videos(form: str) -> None:
    clip = decode(make.animation(form, 6, [100, 100, 400, 100, 300, 200]), fps=10.0)
    assert clip.times == pytest.approx([0, 0.1, 0.2, 0.6, 0.7, 1.0])
    for i, frame in enumerate(clip.frames):
        assert np.abs(frame.astype(int) - make.pattern(96, 64, i)).mean() < 8


def test_a_still_picture_is_a_video_of_one_frame() -> None:
    clip = decode(make.png(64, 64))
    assert clip.times == (0.0,)
    assert clip.frames.shape == (1, 64, 64, 3)


def test_rates_of_ntsc_are_exact() -> None:
    clip = decode(make.video(90, (64, 64), Fraction(30000, 1001)))
    assert clip.fps == 30000 / 1001
    assert clip.times == tuple(index / clip.fps for index in clip.indices)


@pytest.mark.parametrize("gop", [5, 24])
def test_threads_find_the_frames_that_one_thread_finds(gop: int) -> None:
    source = Source.from_bytes(counter(120, gop=gop, fps=24))
    with opened_video(source) as file:
        stamps = [(one.pts, one.is_keyframe) for one in file.demux(video=0) if one.size and one.pts is not None]
    wanted, keys = sorted(pts for pts, _ in stamps)[::3], sorted(pts for pts, key in stamps if key)
    order: list[np.ndarray] = []

    def take(frame: np.ndarray) -> np.ndarray:
        order.append(frame)
        return frame

    alone = frames_at(source, wanted, keys, take, threads=1)
    assert list(alone) == wanted
    first = order[0]
    for threads in (2, 3, 8):
        del order[:]
        together = frames_at(source, wanted, keys, take, threads=threads)
        assert all(np.array_equal(together[at], alone[at]) for at in wanted)
        assert len(together) == len(order) == len(wanted)
        assert np.array_equal(order[0], first)  # which decides the size of all


def test_pictures_that_no_other_refers_to_are_decoded_only_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = counter(60, codec="libx264", gop=20, fps=24)
    source = Source.from_bytes(clip)
    with opened_video(source) as file:
        stamps = [(one.pts, one.is_keyframe) for one in file.demux(video=0) if one.size and one.pts is not None]
    order, keys = sorted(pts for pts, _ in stamps), sorted(pts for pts, key in stamps if key)
    skipped: list[bool] = []
    right = container._is_unreferenced

    def counted(data: memoryview, prefix: int) -> bool:
        skipped.append(right(data, prefix))
        return skipped[-1]

    monkeypatch.setattr(container, "_is_unreferenced", counted)
    for wanted in (order[::7], order[1::5], order):
        del skipped[:]
        found = frames_at(source, wanted, keys, lambda frame: frame, threads=1)
        assert any(skipped) == (wanted != order)
        monkeypatch.setattr(container, "_skip", lambda *_: None)
        whole = frames_at(source, wanted, keys, lambda frame: frame, threads=1)
        monkeypatch.undo()
        monkeypatch.setattr(container, "_is_unreferenced", counted)
        assert list(found) == wanted
        assert all(np.array_equal(found[at], whole[at]) for at in wanted)
