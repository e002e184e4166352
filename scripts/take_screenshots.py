"""Take the pictures of the page in `docs/images`, from a server of its own on the bundled demo pair.

Run it when the page or the pair changes:

.venv/bin/python scripts/take_screenshots.py [FOLDER]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "src" / "qwen3_vl_webui" / "ui" / "examples"
PORT = 7871
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
EARLIER = [
    ("chart.png", "哪一季度净利润增长最快？请列出计算过程。"),
    ("triangle.png", "Compute the area of the triangle."),
]


@contextmanager
def server(data: Path) -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "qwen3_vl_webui",
        "serve",
        "--model",
        "demo",
        "--port",
        str(PORT),
        "--data",
        str(data),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(300):
            try:
                if httpx.get(f"{url}/ready").status_code == 200:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        else:
            raise SystemExit("the server did not become ready")
        yield url
    finally:
        process.terminate()
        process.wait()


def ask(page: Page, picture: str, question: str, edition: str) -> None:
    page.locator("#box input[type=file]").first.set_input_files(EXAMPLES / picture)
    expect(page.locator("#box .thumbnail-item, #box .thumbnails button").first).to_be_visible()
    page.locator("#edition label", has_text=edition).click()
    page.locator("#box textarea").fill(question)
    page.locator("#box textarea").press("Enter")
    expect(page.locator("#chat .said").last).to_have_text(question)
    expect(page.locator("#chat .foot").last).to_be_visible(timeout=120_000)
    page.wait_for_timeout(800)


def opened(browser: Browser, url: str, size: dict[str, int], language: str, scheme: str, scale: float = 1) -> Page:
    page = browser.new_page(
        viewport=size,  # type: ignore[arg-type]
        locale=language,
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=scale,
    )
    page.goto(url)
    expect(page.locator("#box textarea")).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1500)
    page.locator(".act-banner-close").first.click()
    return page


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as data, server(Path(data)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture, question in EARLIER:
            page = opened(browser, url, WIDE, "zh-CN" if "季" in question else "en-US", "light")
            ask(page, picture, question, "Thinking")
            page.close()
        page = opened(browser, url, WIDE, "en-US", "light")
        ask(page, "phone.png", "List all UI elements as JSON with bbox_2d.", "Instruct")
        page.screenshot(path=folder / "page-en-light.png")
        page.close()
        page = opened(browser, url, WIDE, "zh-CN", "dark")
        ask(page, "phone.png", "请描述这张手机界面有哪些控件？", "Thinking")
        page.locator("#chat .said").last.scroll_into_view_if_needed()
        page.evaluate("document.querySelector('#chat .said').scrollIntoView({block: 'center'})")
        page.wait_for_timeout(500)
        page.screenshot(path=folder / "page-zh-dark.png")
        page.close()
        page = opened(browser, url, PHONE, "zh-CN", "light", 2)
        ask(page, "text.png", "读出图中的全部文字。", "Instruct")
        page.screenshot(path=folder / "phone.png")
        browser.close()


if __name__ == "__main__":
    main()
