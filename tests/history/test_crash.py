"""A process that dies: what was saved is there; its unfinished answers are marked, those of living ones are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from qwen3_vl_webui.history.store import HistoryStore

STREAM = """
import sys, time
from pathlib import Path
from qwen3_vl_webui.history.store import HistoryStore
store = HistoryStore(Path(sys.argv[1]))
conversation = store.create_conversation("crash")
message = store.add_message(conversation.id, role="assistant", status="streaming")
for number in range(100000):
    store.update_message(message.id, text="word " * number)
    print(number, flush=True)
    time.sleep(0.002)
"""


def test_kill_9_while_streaming_loses_nothing_that_was_saved(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", STREAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    number = -1
    while number < 40:
        number = int(writer.stdout.readline())
    beside = HistoryStore(tmp_path)  # a second process opens the history meanwhile
    (row,) = beside.list_conversations()
    assert beside.get_conversation(row.id).messages[0].status == "streaming"
    beside.close()
    os.kill(writer.pid, signal.SIGKILL)
    said = [int(line) for line in writer.stdout.read().split()] or [number]
    writer.wait()
    writer.stdout.close()
    store = HistoryStore(tmp_path)
    (message,) = store.get_conversation(row.id).messages
    assert message.status == "interrupted"
    assert message.text.count("word") >= said[-1]
    store.update_message(message.id, status="done")
    store.close()


def test_saving_a_growing_answer_is_cheap(tmp_path: Path) -> None:
    store = HistoryStore(tmp_path)
    message = store.add_message(store.create_conversation().id, role="assistant", status="streaming")
    start = time.perf_counter()
    for number in range(50):
        store.update_message(message.id, text="x" * 400 * number)
    assert (time.perf_counter() - start) / 50 < 0.05  # seconds; it is saved a few times a second
    store.close()


def test_a_large_video_passes_through_in_pieces(tmp_path: Path) -> None:
    source = tmp_path / "large.mp4"
    with source.open("wb") as file:
        file.write(b"\x00\x00\x00\x18ftypmp42")
        file.truncate(200 << 20)
    script = (
        "import resource, sys; from pathlib import Path; from qwen3_vl_webui.history.store import HistoryStore\n"
        "store = HistoryStore(Path(sys.argv[1]))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "record = store.put_media(Path(sys.argv[2]), name='large.mp4')\n"
        "grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(record.mime, record.size, grown)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "data"), str(source)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert answer[:2] == ["video/mp4", str(200 << 20)]
    assert int(answer[2]) < 20 * 1024  # KiB
