"""Simple web pages and the HTML that draws them again."""

from __future__ import annotations

from random import Random

from PIL import Image

from training.draw import Canvas, Color, fit, photo, sides, text_width, theme, wear
from training.scene import Sample, Turn, ask
from training.words import label, phrase


def hex4(color: Color) -> str:
    """The nearest colour of three hexadecimal digits."""
    return "#" + "".join(f"{min(15, round(value / 17)):x}" for value in color)


def _snap(color: Color) -> Color:
    return tuple(min(15, round(value / 17)) * 17 for value in color)  # type: ignore[return-value]


def webpage(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A header with links, a heading, and a few paragraphs, lists, forms, buttons, pictures or tables, and a footer."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.8, 1.6), (0.6, 1.0))
    t = theme(rng, lang, held_out)
    ground, accent, ink = _snap(t.background), _snap(t.accent), _snap(t.text)
    canvas = Canvas(width, height, ground)
    size = rng.randint(12, max(13, min(18, width // 26)))
    margin = rng.uniform(8, 30)
    body: list[str] = []
    y = 0.0
    if rng.random() < 0.8:
        bar = size * rng.uniform(2, 3)
        canvas.rect((0, 0, width, bar), accent)
        title = label(rng, "title", lang)
        right = canvas.text(margin, bar / 2, title, t.bold, round(size * 1.15), t.on_accent)[2]
        links = []
        x = width - margin
        for _ in range(rng.randint(0, 3)):
            text = label(rng, rng.choice(["link", "tab"]), lang)
            w = text_width(text, t.font, size)
            if text in links or x - w < right + size:
                break
            canvas.text(x - w, bar / 2, text, t.font, size, t.on_accent)
            links.insert(0, text)
            x -= w + size * 1.4
        nav = "<nav>" + "".join(f"<a>{text}</a>" for text in links) + "</nav>" if links else ""
        body.append(f"<header><h1>{title}</h1>{nav}</header>")
        y = bar
    y += size * 0.6
    footer = rng.random() < 0.4
    bottom = height - (size * 2 if footer else 4)
    content: list[str] = []
    space = width - 2 * margin
    kinds = ["h2", "p", "p", "button", "button", "ul", "input", "img", "table", "row"]
    count = rng.randint(2, 6)
    previous = ""
    for n in range(count):
        kind = "h2" if n == 0 and rng.random() < 0.7 else rng.choice([k for k in kinds if k != previous])
        previous = kind
        need = {"h2": 2.0, "p": 1.8, "button": 2.8, "ul": 4.6, "input": 2.8, "img": 5.5, "table": 6.0, "row": 3.0}[
            kind
        ] * size
        if y + need > bottom:
            continue
        if kind == "h2":
            text = (
                label(rng, "title", lang) if rng.random() < 0.5 else phrase(rng, lang, rng.randint(2, 3)).strip(".!?。")
            )
            canvas.text(margin, y + size, text, t.bold, fit(text, t.bold, round(size * 1.45), space), ink)
            content.append(f"<h2>{text}</h2>")
        elif kind == "p":
            text = phrase(rng, lang, rng.randint(3, 7))
            while text_width(text, t.font, size) > space:
                text = text[: int(len(text) * 0.8)].strip()
            canvas.text(margin, y + size * 0.8, text, t.font, size, ink)
            content.append(f"<p>{text}</p>")
        elif kind in ("button", "row"):
            x, row = margin, []
            for _ in range(1 if kind == "button" else rng.randint(2, 3)):
                text = label(rng, "button", lang)
                w = text_width(text, t.font, size) + size * 1.6
                if x + w > width - margin:
                    break
                canvas.rect((x, y + 2, x + w, y + size * 2.1), accent, None, t.radius * size)
                canvas.text(x + w / 2, y + size * 1.1, text, t.font, size, t.on_accent, "mm")
                row.append(f"<button>{text}</button>")
                x += w + size * 0.7
            if not row:
                continue
            content.append(row[0] if len(row) == 1 else f"<div>{''.join(row)}</div>")
        elif kind == "ul":
            items = []
            for k in range(rng.randint(2, 3)):
                text = (
                    label(rng, rng.choice(["item", "city", "link"]), lang)
                    if rng.random() < 0.6
                    else phrase(rng, lang, 2)
                )
                cy = y + size * (0.8 + 1.5 * k)
                canvas.draw.ellipse((margin + 4, cy - 2, margin + 8, cy + 2), fill=ink)
                canvas.text(margin + 16, cy, text, t.font, fit(text, t.font, size, space - 20), ink)
                items.append(f"<li>{text}</li>")
            content.append(f"<ul>{''.join(items)}</ul>")
        elif kind == "input":
            text, w = label(rng, "input", lang), space * rng.uniform(0.4, 0.9)
            canvas.rect((margin, y + 2, margin + w, y + size * 2), None, t.faint, t.radius * size)
            canvas.text(margin + 7, y + size * 1.05, text, t.font, size, t.faint)
            content.append(f'<input placeholder="{text}">')
        elif kind == "img":
            w, h = round(min(space, size * rng.uniform(6, 12))), round(size * 5)
            canvas.image.paste(Image.fromarray(photo(rng, w, h)), (round(margin), round(y)))
            content.append("<img>")
        else:
            columns, rows = rng.randint(2, 3), rng.randint(2, 3)
            cells = [
                [
                    label(rng, "subject", lang)
                    if r == 0
                    else label(rng, "item", lang)
                    if c == 0
                    else str(rng.randint(1, 99))
                    for c in range(columns)
                ]
                for r in range(rows)
            ]
            w, h = min(space / columns, size * 7), size * 1.8
            for r, line in enumerate(cells):
                for c, text in enumerate(line):
                    canvas.rect((margin + c * w, y + r * h, margin + (c + 1) * w, y + (r + 1) * h), None, t.faint)
                    canvas.text(
                        margin + c * w + 5,
                        y + (r + 0.5) * h,
                        text,
                        t.bold if r == 0 else t.font,
                        fit(text, t.font, size, w - 8),
                        ink,
                    )
            content.append(
                "<table>"
                + "".join(
                    "<tr>"
                    + "".join(f"<{'th' if r == 0 else 'td'}>{x}</{'th' if r == 0 else 'td'}>" for x in line)
                    + "</tr>"
                    for r, line in enumerate(cells)
                )
                + "</table>"
            )
        y += need
    body.append("<main>\n" + "\n".join(content) + "\n</main>")
    if footer:
        text = f"© 20{rng.randint(15, 29)} " + label(rng, "city", lang)
        canvas.text(width / 2, height - size, text, t.font, max(11, size - 2), t.faint, "mm")
        body.append(f"<footer>{text}</footer>")
    style = (
        f"body{{background:{hex4(ground)};color:{hex4(ink)};font-family:sans-serif}}"
        f"header,button{{background:{hex4(accent)};color:{hex4(t.on_accent)}}}header{{display:flex}}td,th{{border:1px solid}}"
    )
    html = (
        f"```html\n<!DOCTYPE html>\n<html>\n<head><style>{style}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n```"
    )
    ask_in = lang if rng.random() < 0.85 else ("en" if lang == "zh" else "zh")
    zh = ask_in == "zh"
    question = ask(
        rng,
        ask_in,
        [
            "Write the HTML for this web page.",
            "Generate front-end code from this screenshot.",
            "Turn this page into HTML.",
            "Reproduce this page in HTML and CSS.",
            "Convert the screenshot to code.",
        ],
        [
            "根据这张网页截图生成前端代码。",
            "请把这个网页写成HTML。",
            "生成这个页面的HTML代码。",
            "用HTML和CSS还原这个页面。",
            "把截图转换成代码。",
        ],
    )
    thinking = (
        f"{len(content)}个部分" + ("和页脚。" if footer else "。")
        if zh
        else f"{len(content)} parts" + (" and a footer." if footer else ".")
    )
    return Sample(
        conversations=[
            [
                Turn(
                    skill="html",
                    question=question,
                    answer=html,
                    thinking=thinking,
                    check={"type": "html", "text": html},
                )
            ]
        ],
        pictures=[wear(rng, canvas.array(), 0.5)],
    )
