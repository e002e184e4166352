"""Simple web pages and the HTML that draws them again.

Each look is written in one way, so that the tree of elements follows from what is seen: a bar is a header, blocks side by side stand in a div.
"""

from __future__ import annotations

from random import Random

from training.draw import enlarged, sides, text_width, wear
from training.gui.questions import describe
from training.scene import Sample, Turn, ask, one_by_one
from training.web import blocks, free
from training.web.described import controls
from training.web.page import Page, Part, hex3, plain
from training.web.window import Window

_TEMPLATES = 0.35  # share of pages that follow one; the others are put together freely
_DESCRIBED = 0.4  # share of the pages that are described as any screen, too
_FRAMED = 0.5  # share of the training's pages that are seen in a browser's window
_STYLES = {  # in this order, those whose elements occur
    "header": "header{display:flex}",
    "div": "div{display:flex;gap:8px}",
    "aside": "aside{float:left}aside a{display:block}",
    "article": "article{border:1px solid}",
    "form": "form{display:grid}",
    "<t": "td,th{border:1px solid}",
}


def _links(p: Page, most: int) -> list[str]:
    return [p.fresh_link(p.rng.choice(["link", "tab"])) for _ in range(most)]


def header(p: Page) -> Part:
    """A bar with the page's name, and links at its right end or in a line of their own below."""
    rng, size, t = p.rng, p.size, p.theme
    bar, margin, plain = size * rng.uniform(2, 3), size * rng.uniform(0.8, 2), rng.random() < 0.25
    ink = p.ink if plain else t.on_accent
    below = rng.random() < 0.25
    if plain:
        p.canvas.draw.line((0, bar, p.width, bar), fill=t.faint)
    else:
        p.canvas.rect((0, 0, p.width, bar), p.accent)
        p.painted["header"] = (p.accent, t.on_accent)
    title, fit_to = p.cut(p.label("title"), p.width - 2 * margin, round(size * 1.15), True)
    right = p.canvas.text(margin, bar / 2, title, t.bold, fit_to, ink)[2]
    links = _links(p, rng.randint(0, 4))
    wide = [text_width(text, t.font, size) + size * 1.4 for text in links]
    room = p.width - 2 * margin if below else p.width - margin - right - size
    while sum(wide) > room:
        links.pop()
        wide.pop()
    nav = "<nav>" + "".join(f"<a>{text}</a>" for text in links) + "</nav>" if links else ""
    x, y = (margin, bar + size) if below else (p.width - margin - sum(wide) + size * 1.4, bar / 2)
    for text, step in zip(links, wide, strict=True):
        p.canvas.text(x, y, text, t.font, size, p.link if below else ink)
        x += step
    if links and below:
        p.canvas.draw.line((0, bar + size * 2, p.width, bar + size * 2), fill=t.faint)
        return Part(f"<header><h1>{title}</h1></header>\n{nav}", bar + size * 2)
    return Part(f"<header><h1>{title}</h1>{nav}</header>", bar)


def footer(p: Page) -> Part:
    """The last line of the page: whose it is, and links now and then."""
    rng, size, t, y = p.rng, p.size, p.theme, p.canvas.height - p.size
    if rng.random() < 0.4:
        p.canvas.rect((0, p.canvas.height - size * 2, p.width, p.canvas.height), p.tint)
    small, ink = max(11, size - 2), p.ink if rng.random() < 0.5 else t.faint
    text = f"© 20{rng.randint(15, 29)} " + p.label(rng.choice(["city", "product"]))
    links = _links(p, rng.choice([0, 0, 2, 3]))
    wide = [text_width(each, t.font, small) for each in (text, *links)]
    while links and sum(wide) + size * 1.2 * len(wide) > p.width:
        links.pop()
        wide.pop()
    x = (p.width - sum(wide) - size * 1.2 * (len(wide) - 1)) * (0.5 if rng.random() < 0.7 else 0.05)
    for k, (each, step) in enumerate(zip((text, *links), wide, strict=True)):
        p.canvas.text(x, y, each, t.font, small, p.link if k else ink)
        x += step + size * 1.2
    return Part(f"<footer>{text}{''.join(f'<a>{each}</a>' for each in links)}</footer>", 0)


def aside(p: Page, y: float) -> tuple[Part, float]:
    """Links below each other at the left; where the rest of the page begins."""
    links, wide, high = _links(p, p.rng.randint(3, 5)), p.width * p.rng.uniform(0.18, 0.26), p.size * 1.9
    if p.rng.random() < 0.6:
        p.canvas.rect((0, y, wide, p.bottom), p.tint)
    else:
        p.canvas.draw.line((wide, y, wide, p.bottom), fill=p.theme.faint)
    links = links[: max(1, int((p.bottom - y) / high))]
    shown = [p.put(p.size, y + high * (k + 0.6), wide - p.size * 1.3, text, ink=p.ink) for k, text in enumerate(links)]
    return Part("<aside>" + "".join(f"<a>{text}</a>" for text in shown) + "</aside>", y), wide


def content(p: Page, x: float, y: float, w: float) -> list[Part]:
    """A login form alone, an article, or two to eight blocks of any kind, none twice in a row."""
    rng, found = p.rng, []
    roll = rng.random()
    kinds = [blocks.heading] if rng.random() < 0.6 else [blocks.hero] if rng.random() < 0.5 else []
    if roll < 0.1:
        narrow = min(w, p.size * 22)
        x, w = x + (w - narrow) / 2, narrow
        y += max(0.0, (p.bottom - y - p.size * 18) * rng.uniform(0.2, 0.6))
        kinds = [blocks.heading, blocks.form]
    elif roll < 0.25:
        kinds = [
            blocks.heading,
            blocks.paragraph,
            blocks.figure,
            blocks.paragraph,
            blocks.quote,
            blocks.heading,
            blocks.bullets,
        ]
        kinds = kinds[:1] + [kind for kind in kinds[1:] if rng.random() < 0.7]
    else:
        pool, weights = zip(*blocks.BLOCKS, strict=True)
        kinds += rng.choices(pool, weights, k=rng.randint(2, 8))
    previous: blocks.Block | None = None
    for kind in kinds:
        if kind is previous and kind is not blocks.paragraph:
            continue
        if part := kind(p, x, y, w):
            found.append(part)
            previous, y = kind, part.bottom + p.gap
        if sum(len(part.html) for part in found) > 700:
            break
    return found


def template(p: Page) -> str:
    """A header, links, content of one or two columns, a footer, one after the other; what the body says."""
    rng, top, left, y = p.rng, [], 0.0, 0.0
    if rng.random() < 0.8:
        top = [header(p)]
        y = top[0].bottom
    foot = [footer(p)] if rng.random() < 0.4 else []
    if foot:
        p.bottom -= p.size * 2
    if rng.random() < 0.15 and p.width > p.size * 32:
        part, left = aside(p, y)
        top.append(part)
    margin = rng.uniform(8, 30) if left or rng.random() < 0.75 else p.width * rng.uniform(0.08, 0.14)
    parts = content(p, left + margin, y + p.size * 0.6, p.width - left - 2 * margin)
    main = "<main>\n" + "\n".join(part.html for part in parts) + "\n</main>"
    return "\n".join([*(part.html for part in top), main, *(part.html for part in foot)])


def sheet(p: Page, body: str) -> str:
    """The style of the page: nothing that cannot be seen, and of inks only whether they are dark or light."""
    grounds = {tag: f"background:{hex3(a)};color:{plain(b)}" for tag, (a, b) in sorted(p.painted.items(), reverse=True)}
    rules = [f"body{{background:{hex3(p.ground)};color:{plain(p.ink)};font-family:sans-serif}}"]
    if len(set(grounds.values())) == 1:
        rules.append(f"{','.join(grounds)}{{{grounds.popitem()[1]}}}")
    else:
        rules += [f"{tag}{{{said}}}" for tag, said in grounds.items()]
    rules += [rule for element, rule in _STYLES.items() if (element if "<" in element else f"<{element}>") in body]
    said = "".join(rules)
    return said.replace("float:left", "float:right") if "</main>\n<aside>" in body else said


def webpage(rng: Random, held_out: bool, tokens: int) -> Sample:
    """A header, links, content of one or two columns, a footer; and the question how it is written."""
    lang = rng.choice(["en", "zh"])
    width, height = sides(rng, tokens, (0.8, 1.6), (0.6, 1.0))
    frame = Window.chosen(rng) if not held_out and rng.random() < _FRAMED else None
    if frame:
        width, height = width - frame.wide, height - frame.high
    scale = enlarged(rng, lang)
    p = Page(rng, lang, held_out, round(width * scale), round(height * scale))
    body = template(p) if rng.random() < _TEMPLATES else free.compose(p, rng)
    style = sheet(p, body)
    html = (
        f"```html\n<!DOCTYPE html>\n<html>\n<head><style>{style}</style></head>\n<body>\n{body}\n</body>\n</html>\n```"
    )
    ask_in = lang if rng.random() < 0.85 else ("en" if lang == "zh" else "zh")
    question = ask(
        rng,
        ask_in,
        [
            "Write the HTML for this web page.",
            "Generate front-end code from this screenshot.",
            "Turn this page into HTML.",
            "Reproduce this page in HTML and CSS.",
            "Convert the screenshot to code.",
            "Write a web page that looks like this picture.",
        ],
        [
            "根据这张网页截图生成前端代码。",
            "请把这个网页写成HTML。",
            "生成这个页面的HTML代码。",
            "用HTML和CSS还原这个页面。",
            "把截图转换成代码。",
            "写一个和图片一样的网页。",
        ],
    )
    turn = Turn(
        skill="html",
        question=question,
        answer=html,
        thinking=one_by_one(ask_in),
        check={"type": "html", "text": html},
    )
    picture = p.canvas.shown(width, height)
    if frame:
        picture = frame.around(rng, lang, picture)
    conversations = [[turn]]
    if rng.random() < _DESCRIBED and (listed := controls(body, lang)):
        conversations.append([describe(rng, listed, ask_in, False)])
    return Sample(conversations=conversations, pictures=[wear(rng, picture, 0.5)])
