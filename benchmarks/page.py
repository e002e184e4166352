"""How quick the page feels on a long conversation: to open it, to type below it, to show its earliest turns.

Starts the program on the bundled demo pair with a conversation of `--turns` questions and answers (Markdown, code, a
formula each) in its history, and does in a headless Chromium what a person does. Each round loads the page anew; what
is in its way is the browser, Gradio and the history, not the model. Medians over the rounds. Prints JSON.

    python benchmarks/page.py [--turns 100] [--rounds 5] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from first_answer import report, serving
from qwen3_vl_webui.history.store import HistoryStore

ANSWER = "**answer** {i}\n\n```python\nprint({i})\n```\n\n$x_{{{i}}}$\n"
TYPED = "the quick brown fox jumps over it"


def remember(data: str, turns: int) -> str:
    """Put a conversation into the history; its ID."""
    history = HistoryStore(Path(data))
    try:
        conversation = history.create_conversation("long").id
        for i in range(turns):
            history.add_message(conversation, role="user", text=f"question {i}")
            history.add_message(conversation, role="assistant", text=ANSWER.format(i=i) * 4)
        return conversation
    finally:
        history.close()


def visit(browser: Browser, address: str, conversation: str, turns: int) -> dict[str, float]:
    """Seconds of each step, on a page that was just loaded."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        took = {}
        began = time.perf_counter()
        page.goto(address)
        row = page.locator(f"[data-row='{conversation}'] .title")
        expect(page.locator("#box textarea")).to_be_focused(timeout=30_000)
        took["page_loaded"] = time.perf_counter() - began
        began = time.perf_counter()
        row.click()
        expect(page.locator("#chat .said").last).to_have_text(f"question {turns - 1}")
        took["conversation_opened"] = time.perf_counter() - began
        began = time.perf_counter()
        page.locator("#box textarea").press_sequentially(TYPED, delay=0)
        took["key"] = (time.perf_counter() - began) / len(TYPED)
        began = time.perf_counter()
        page.locator("#chat .act-earlier").click()
        expect(page.locator("#chat .said")).to_have_count(turns, timeout=60_000)
        took["all_turns_shown"] = time.perf_counter() - began
        return took
    finally:
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=100, help="more than the 20 that a page opens with")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        conversation = remember(data, args.turns)
        with serving(data) as (address, _):
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            visit(browser, address, conversation, args.turns)  # warms up
            visits = [visit(browser, address, conversation, args.turns) for _ in range(args.rounds)]
            browser.close()
    figures = {
        "conversation": f"{args.turns} questions and answers",
        "seconds": {name: statistics.median(took[name] for took in visits) for name in visits[0]},
        "worst": {name: max(took[name] for took in visits) for name in visits[0]},
    }
    report("page", figures, load=load, out=args.out)


if __name__ == "__main__":
    main()
