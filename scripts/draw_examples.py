"""Draw the example pictures of the page's welcome into `src/qwen3_vl_webui/ui/examples`. Run it when an example
changes.

They are of the kinds that the demonstration model was trained on. Fonts: a sans serif of the system (DejaVu Sans, if
there).
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[1] / "src" / "qwen3_vl_webui" / "ui" / "examples"


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in ("DejaVuSans.ttf", "Arial.ttf"):
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def phone() -> Image.Image:
    image = Image.new("RGB", (384, 704), "#f5f6fa")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 384, 72), fill="#4f46e5")
    draw.text((24, 24), "Settings", font=font(24), fill="white")
    draw.rounded_rectangle((24, 96, 360, 140), 10, fill="white", outline="#c7cad6")
    draw.text((40, 109), "Search", font=font(17), fill="#8a8fa3")
    for i, (label, on) in enumerate((("Wi-Fi", True), ("Bluetooth", False), ("Dark mode", True))):
        top = 168 + 72 * i
        draw.text((32, top + 12), label, font=font(19), fill="#1f2333")
        draw.rounded_rectangle((288, top + 8, 344, top + 38), 15, fill="#4f46e5" if on else "#c7cad6")
        x = 318 if on else 292
        draw.ellipse((x, top + 12, x + 22, top + 34), fill="white")
        draw.line((32, top + 56, 352, top + 56), fill="#dfe1ea")
    draw.rectangle((32, 404, 54, 426), outline="#4f46e5", width=2)
    draw.line((36, 415, 42, 421, 51, 408), fill="#4f46e5", width=3)
    draw.text((68, 404), "Send reports", font=font(18), fill="#1f2333")
    draw.rounded_rectangle((32, 470, 352, 518), 10, fill="#4f46e5")
    draw.text((192, 494), "Save", font=font(19), fill="white", anchor="mm")
    draw.rounded_rectangle((32, 536, 352, 584), 10, outline="#4f46e5", width=2)
    draw.text((192, 560), "Cancel", font=font(19), fill="#4f46e5", anchor="mm")
    draw.rectangle((0, 640, 384, 704), fill="white")
    for i, label in enumerate(("Home", "Chats", "Profile")):
        draw.text((64 + 128 * i, 672), label, font=font(16), fill="#4f46e5" if i == 2 else "#8a8fa3", anchor="mm")
    return image


def chart() -> Image.Image:
    image = Image.new("RGB", (640, 448), "white")
    draw = ImageDraw.Draw(image)
    draw.text((320, 30), "Net profit (million)", font=font(22), fill="#1f2333", anchor="mm")
    draw.line((72, 60, 72, 384, 608, 384), fill="#5b6074", width=2)
    for value in (20, 40, 60, 80):
        y = 384 - value * 3.6
        draw.line((72, y, 608, y), fill="#e6e8f0")
        draw.text((60, y), str(value), font=font(16), fill="#5b6074", anchor="rm")
    for i, (quarter, value) in enumerate((("Q1", 36), ("Q2", 40), ("Q3", 60), ("Q4", 75))):
        left = 112 + 124 * i
        draw.rectangle((left, 384 - value * 3.6, left + 72, 383), fill="#4f46e5")
        draw.text((left + 36, 368 - value * 3.6), str(value), font=font(18), fill="#1f2333", anchor="mm")
        draw.text((left + 36, 408), quarter, font=font(18), fill="#1f2333", anchor="mm")
    return image


def text() -> Image.Image:
    image = Image.new("RGB", (576, 320), "#fffdf5")
    draw = ImageDraw.Draw(image)
    for i, line in enumerate(("Meeting on Friday", "Room 214 at 10:30", "Bring the report", "Call 555 0173")):
        draw.text((40, 40 + 62 * i), line, font=font(34), fill="#20222b")
    return image


def triangle() -> Image.Image:
    image = Image.new("RGB", (512, 416), "white")
    draw = ImageDraw.Draw(image)
    corners = [(96, 336), (416, 336), (96, 96)]
    draw.polygon(corners, outline="#1f2333", fill="#eef0ff", width=3)
    draw.line((96, 316, 116, 316, 116, 336), fill="#1f2333", width=2)
    for (x, y), name in zip(corners, "ABC", strict=True):
        draw.text(
            (x + (14 if name == "B" else -18), y + (4 if name != "C" else -14)),
            name,
            font=font(24),
            fill="#1f2333",
            anchor="mm",
        )
    draw.text((256, 364), "8", font=font(26), fill="#4f46e5", anchor="mm")
    draw.text((66, 216), "6", font=font(26), fill="#4f46e5", anchor="mm")
    return image


if __name__ == "__main__":
    for name, draw_picture in (("phone", phone), ("chart", chart), ("text", text), ("triangle", triangle)):
        draw_picture().quantize(64).save(FOLDER / f"{name}.png", optimize=True)
        print(name, (FOLDER / f"{name}.png").stat().st_size)
