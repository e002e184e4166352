"""The commands as a person runs them: real processes, a real engine on a tiny checkpoint, a real terminal session."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from cli_process import SMALL, command, environment, serving
from hubs import FakeHubs, serve


def run(tmp_path: Path, *words: str | Path, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=120, input=stdin, env=environment(tmp_path, **more)
    )


@pytest.fixture(scope="module")
def server(
    tiny_checkpoint: Path, tiny_thinking_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A running `serve` with both editions; its end is checked too."""
    tmp_path = tmp_path_factory.mktemp("serve")
    editions = ("--instruct", tiny_checkpoint, "--thinking", tiny_thinking_checkpoint)
    with serving(tmp_path, *editions, "--no-page", "--api-key", "sesame") as one:
        yield one.url
        assert one.end() == 0, one.log.read_text()
        text = one.log.read_text()
        assert one.url in text
        assert "Ready after" in text
        assert "sesame" not in text


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "红色 square.png"
    Image.new("RGB", (64, 64), "red").save(path)
    return path


def test_ask_answers_from_a_running_server(server: str, picture: Path, tmp_path: Path) -> None:
    words = ("--url", server, "--api-key", "sesame", "--max-tokens", "5", "--json")
    found = run(tmp_path, "ask", picture, "What is it?", *words)
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)
    assert 1 <= answer["usage"]["completion_tokens"] <= 5
    assert answer["usage"]["prompt_tokens"] > 10
    assert answer["finish_reason"] in ("length", "stop")
    refused = run(tmp_path, "ask", "hi", "--url", server)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "401" in refused.stderr


def test_ask_answers_with_an_engine_of_its_own(tiny_checkpoint: Path, picture: Path, tmp_path: Path) -> None:
    words = ("--instruct", tiny_checkpoint, "--max-tokens", "5", *SMALL)
    found = run(tmp_path, "ask", picture, "What is it?", *words, "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["usage"]["completion_tokens"] >= 1


def test_an_answer_that_is_cut_off_says_so(server: str, picture: Path, tmp_path: Path) -> None:
    for limit in ("1", "400"):
        words = ("--url", server, "--api-key", "sesame", "--max-tokens", limit)
        found = run(tmp_path, "ask", picture, "What is it?", *words, LC_ALL="zh_CN.UTF-8")
        assert found.returncode == 0, found.stderr
        reason = json.loads(run(tmp_path, "ask", picture, "What is it?", *words, "--json").stdout)["finish_reason"]
        assert ("已被截断" in found.stderr) == (reason == "length"), limit


@pytest.mark.parametrize(("option", "value"), [("--model", "4b"), ("--max-running", "3")])
def test_an_option_that_a_server_does_not_read_is_refused(tmp_path: Path, option: str, value: str) -> None:
    found = run(tmp_path, "ask", "hi", "--url", "http://127.0.0.1:9", option, value)
    assert (found.returncode, found.stdout) == (2, "")
    assert f"{option} says nothing beside --url" in found.stderr


def test_a_server_refuses_in_the_callers_language(server: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    found = run(tmp_path, "ask", broken, "hi", "--url", server, "--api-key", "sesame", LC_ALL="zh_CN.UTF-8")
    assert found.returncode == 2
    assert f"无法解码 {broken}" in found.stderr


def test_chat_keeps_the_conversation(server: str, picture: Path, tmp_path: Path) -> None:
    lines = [
        "/help",
        f"/image '{picture}'",
        "one",
        "/edition thinking",
        "two",
        "/nonsense",
        "/image nowhere.png",
        "/clear",
        "three",
    ]
    words = ("--url", server, "--api-key", "sesame", "--max-tokens", "4")
    found = run(tmp_path, "chat", *words, stdin="\n".join(lines) + "\n")
    assert found.returncode == 0, found.stderr
    sizes = [int(line.split(" tokens in")[0].split()[-1]) for line in found.stdout.splitlines() if "tokens in" in line]
    assert len(sizes) == 3
    assert sizes[1] > sizes[0] > sizes[2]  # the picture stays in the talk until it is cleared
    assert picture.name in found.stdout
    assert "nowhere.png" in found.stderr


def test_chat_goes_on_after_a_file_that_is_refused(server: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    lines = ["/edition both", f"/image {broken}", "what is it?", "and now?", "/quit"]
    words = ("--url", server, "--api-key", "sesame", "--max-tokens", "4")
    found = run(tmp_path, "chat", *words, stdin="\n".join(lines) + "\n")
    assert found.stdout.count("/edition NAME") == 1
    assert found.stderr.count("broken.png cannot be decoded") == 1
    assert found.stdout.count("tokens in") == 1


def test_a_reader_that_leaves_ends_the_answer(server: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("ask", "count for ever", "--url", server, "--api-key", "sesame", "--max-tokens", "1900"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path, PYTHONUNBUFFERED="1"),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before the first token
    try:
        assert process.wait(timeout=60) == 1
        assert b"Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.stderr.close()


def test_ctrl_c_stops_the_answer_and_not_the_chat(server: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("chat", "--url", server, "--api-key", "sesame", "--max-tokens", "1900"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path, PYTHONUNBUFFERED="1"),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("count for ever\n")
    process.stdin.flush()
    process.stdout.readline()  # the greeting
    process.stdout.read(3)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate("/edition thinking\n/quit\n", timeout=60)
    assert process.returncode == 0, errors
    assert "stopped" in rest or "tokens in" in rest  # a random model may end by itself before the signal
    assert "Now thinking" in rest


def test_a_taken_port_is_one_red_line_in_the_users_language(server: str, tiny_checkpoint: Path, tmp_path: Path) -> None:
    port = server.rpartition(":")[2]
    for language, word in (("C.UTF-8", "taken"), ("zh_CN.UTF-8", "已被占用")):
        found = run(tmp_path, "serve", "--instruct", tiny_checkpoint, "--port", port, LANG=language, LC_ALL=language)
        assert found.returncode == 2
        assert word in found.stderr
        assert port in found.stderr
        assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["serve", "--prot", "1"], 2, "--prot"),
        (["serve", "--model", "3b"], 2, "3b"),
        (["serve", "--max-running", "0", "--port", "0"], 2, "max_running"),
        (["serve", "--quantize", "int4"], 2, "--quantize"),
        (["serve", "--device", "cuda:9", "--model", "demo", "--port", "0"], 2, "cuda:9"),
        (["serve", "--instruct", "/nowhere", "--port", "0"], 2, "/nowhere"),
        (["ask", "missing.png", "what?"], 2, "missing.png"),
        (["ask", sys.executable], 2, "after the files"),
        (["ask", os.curdir], 2, "after the files"),
        (["ask", " "], 2, "QUESTION is not valid"),
        (["ask", "photo", "What", "is", "it?"], 2, "quotes"),
        (["ask", os.curdir, "what?"], 2, "is a folder"),
        (["ask", "问" * 300, "--url", "http://127.0.0.1:9"], 1, "127.0.0.1:9"),
        (["serve", "--model", "demo", "--port", "0", "--data", sys.executable], 2, "--data"),
        (["serve", "--model", "demo", "--port", "0", "--api-key", ""], 2, "api_key"),
        (["ask", "hi", "--url", "http://127.0.0.1:9"], 1, "127.0.0.1:9"),
        (["ask", "hi", "--url", "127.0.0.1:9"], 1, "127.0.0.1:9 does not answer: All connection attempts failed"),
        (["ask", "hi", "--url", ""], 2, "--url"),
        (["ask", "hi", "--url", "ftp://there"], 2, "--url"),
        (["download", "not a model"], 2, "not a model"),
        (["download", "5b"], 2, "2b, 4b, 8b, 32b"),
        (["serve", "--config", os.curdir], 2, "it is a folder"),
        (["serve", "--config", "nothing.toml"], 2, "nothing.toml"),
    ],
)
def test_what_is_wrong_is_said_without_a_trace(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    found = run(tmp_path, *words)
    assert found.returncode == code, found.stderr
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_download_fetches_into_the_data_folder(tmp_path: Path) -> None:
    files = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": os.urandom(100_000)}
    with serve(FakeHubs(files=files)) as hubs:
        endpoints = {"HF_ENDPOINT": hubs.url, "MODELSCOPE_ENDPOINT": hubs.url}
        endpoints["MODELSCOPE_CACHE"] = str(tmp_path / "cache")
        found = run(tmp_path, "download", hubs.source, "--data", tmp_path / "d", **endpoints)
        assert found.returncode == 0, found.stderr
        folder = tmp_path / "d" / "models" / hubs.source.replace("/", "--")
        assert (folder / "model.safetensors").read_bytes() == files["model.safetensors"]
        assert str(folder) in found.stdout
        cache = tmp_path / "cache" / "hub" / "models" / hubs.source
        shutil.copytree(folder, cache)
        shutil.rmtree(folder)
        found = run(tmp_path, "download", hubs.source, "--data", tmp_path / "d", **endpoints)
        assert str(cache) in found.stdout, "ModelScope's own program had downloaded it"
        assert not folder.exists()
        missing = run(tmp_path, "download", "Qwen/Nothing", "--data", tmp_path / "d", **endpoints)
        assert missing.returncode == 1
        assert "Qwen/Nothing" in missing.stderr
        assert "Traceback" not in missing.stderr


def test_doctor_says_what_there_is_and_how_to_fix_the_rest(tmp_path: Path) -> None:
    found = run(tmp_path, "doctor", "--json", "--port", "0")
    report = json.loads(found.stdout)
    assert set(report["fits"]) == {"2b", "4b", "8b", "32b"}
    for fit in report["fits"].values():
        assert fit["weights_bytes"] < fit["alone_bytes"] < fit["together_bytes"]
        assert fit["downloaded"] == []
    states = {one["name"]: one["state"] for one in report["findings"]}
    assert states["Python"] == "ok"
    assert all(one["fix"] for one in report["findings"] if one["state"] != "ok")
    assert (found.returncode == 1) == ("fail" in states.values())
    chinese = run(tmp_path, "doctor", "--port", "0", LANG="zh_CN.UTF-8", LC_ALL="zh_CN.UTF-8")
    assert "处理器" in chinese.stdout


def test_version_is_the_packages(tmp_path: Path) -> None:
    from qwen3_vl_webui import __version__

    assert run(tmp_path, "version").stdout.strip() == __version__


def test_weights_that_are_missing_are_downloaded_before_the_answer(tiny_checkpoint: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in tiny_checkpoint.iterdir() if path.is_file()}
    words = ("--max-tokens", "3", "--json", "--data", tmp_path / "d", *SMALL)
    with serve(FakeHubs(files=files)) as hubs:
        endpoints = {"HF_ENDPOINT": hubs.url, "MODELSCOPE_ENDPOINT": hubs.url}
        found = run(tmp_path, "ask", "hello", "--instruct", hubs.source, *words, **endpoints)
        assert found.returncode == 0, found.stderr
        assert hubs.source in found.stderr
    again = run(tmp_path, "ask", "hello", "--instruct", hubs.source, *words, HF_ENDPOINT="http://127.0.0.1:9")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["usage"]["completion_tokens"] >= 1


def test_a_model_that_cannot_be_loaded_is_said_and_remembered_in_the_exit_code(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in tiny_checkpoint.iterdir():
        content = path.read_bytes()
        (broken / path.name).write_bytes(content[: len(content) // 2] if path.suffix == ".safetensors" else content)
    process = subprocess.Popen(
        command("serve", "--instruct", broken, "--no-page", "--port", "0", "--data", tmp_path / "d", *SMALL),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    )
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if "could not start" in line:
            process.send_signal(signal.SIGTERM)
    process.stderr.close()
    assert process.wait(timeout=60) == 1, "".join(lines)
