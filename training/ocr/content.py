"""What the texts say: running text with everything that occurs in print, all characters about equally often in a part of it."""

from __future__ import annotations

import re
from functools import cache
from random import Random

from training.words import EN_WORDS, NAMES_EN, NAMES_ZH, ZH_WORDS, all_characters, label, phrase, pseudo_word

_LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + "abcdefghijklmnopqrstuvwxyz" + 2 * "0123456789"
_MARKS = "!\"#$%&'()*+,-./:;=?@[]_{}~|^<>\\"
_TLD = "com cn org net io edu dev app".split()
_UNITS = "kg g cm mm km m L ml GB MB kB ms h min px % °C W V Hz".split()


@cache
def han() -> str:
    """All Chinese characters of the generated world, which are those that the fonts' subsets hold."""
    return "".join(char for char in all_characters() if "\u4e00" <= char <= "\u9fff")


def even(rng: Random, lang: str) -> str:
    """Characters with equal chances, whatever words they belong to."""
    if lang == "zh":
        return "".join(rng.choice(han()) for _ in range(rng.randint(1, 4)))
    text = "".join(rng.choice(_LATIN) for _ in range(rng.randint(2, 7)))
    if rng.random() < 0.3:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(_MARKS) + text[at:]
    return text


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def price(rng: Random, lang: str) -> str:
    whole = rng.choice([rng.randint(0, 99), rng.randint(0, 999), rng.randint(1000, 99999)])
    text = f"{whole:,}" if rng.random() < 0.5 else str(whole)
    text += f".{digits(rng, 2)}" if rng.random() < 0.7 else ""
    if lang == "zh" and rng.random() < 0.25:
        return text + "元"
    return ("¥" if lang == "zh" else rng.choice("$$$€£")) + text


def date(rng: Random, lang: str) -> str:
    year, month, day = rng.randint(1950, 2039), rng.randint(1, 12), rng.randint(1, 28)
    forms = [f"{year}-{month:02}-{day:02}", f"{year}/{month}/{day}", f"{year}.{month:02}.{day:02}"]
    if lang == "zh":
        return rng.choice([*forms, f"{year}年{month}月{day}日", f"{month}月{day}日"])
    name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month - 1]
    return rng.choice([*forms, f"{name} {day}, {year}", f"{day} {name} {year}", f"{month}/{day}/{year % 100:02}"])


def clock(rng: Random) -> str:
    text = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    return text + (f":{rng.randint(0, 59):02}" if rng.random() < 0.2 else "")


def phone(rng: Random, lang: str) -> str:
    if lang == "zh":
        return rng.choice(
            [
                f"1{rng.randint(3, 9)}{digits(rng, 9)}",
                f"0{rng.randint(10, 99)}-{digits(rng, 8)}",
                f"400-{digits(rng, 3)}-{digits(rng, 4)}",
            ]
        )
    return rng.choice(
        [f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}", f"+{rng.randint(1, 99)} {digits(rng, 3)} {digits(rng, 4)}", f"{digits(rng, 3)}-{digits(rng, 4)}"]
    )  # fmt: skip


def email(rng: Random) -> str:
    name = rng.choice(
        [
            rng.choice(NAMES_EN).lower(),
            pseudo_word(rng).strip("#()%+$¥").lower().replace(":", "."),
            rng.choice(EN_WORDS),
        ]
    )
    return f"{name}{rng.choice(['', '', '.', '_'])}{rng.choice(['', digits(rng, rng.randint(1, 3))])}@{site(rng)}"


def site(rng: Random) -> str:
    name = re.sub(r"[^a-z0-9]", "", rng.choice([rng.choice(EN_WORDS), pseudo_word(rng).lower()])) or "web"
    return f"{name}.{rng.choice(_TLD)}"


def address(rng: Random, lang: str) -> str:
    if lang == "zh":
        road = "".join(rng.choice(han()) for _ in range(2)) if rng.random() < 0.5 else rng.choice(ZH_WORDS)
        return f"{label(rng, 'city', 'zh')}市{road}路{rng.randint(1, 999)}号"
    return f"{rng.randint(1, 999)} {rng.choice(EN_WORDS).title()} {rng.choice(['Street', 'Road', 'Square', 'Way'])}, {label(rng, 'city', 'en')}"


def code(rng: Random) -> str:
    """Serial numbers, plates, versions, paths, colours."""
    big = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    letters = "".join(rng.choice(big) for _ in range(rng.randint(1, 4)))
    mixed = "".join(rng.choice(big + "0123456789") for _ in range(rng.randint(4, 10)))
    return rng.choice(
        [
            mixed,
            mixed,
            mixed.lower(),
            f"{letters}-{digits(rng, rng.randint(2, 5))}",
            f"{letters}{digits(rng, rng.randint(2, 4))}",
            f"v{rng.randint(0, 19)}.{rng.randint(0, 29)}.{rng.randint(0, 9)}",
            f"#{digits(rng, rng.randint(3, 8))}",
            f"No.{digits(rng, rng.randint(2, 6))}",
            f"/{rng.choice(EN_WORDS)}/{even(rng, 'en')}",
            f"{rng.choice(EN_WORDS)}_{digits(rng, 2)}.{rng.choice(['txt', 'py', 'jpg', 'pdf'])}",
            " ".join(digits(rng, 4) for _ in range(rng.randint(2, 4))),
        ]
    )


def odd(rng: Random, lang: str) -> str:
    """Something that is no word: it must be read, not guessed."""
    kind = rng.randrange(10)
    if kind < 3:
        return code(rng)
    if kind == 3:
        return price(rng, lang)
    if kind == 4:
        return date(rng, lang)
    if kind == 5:
        return clock(rng)
    if kind == 6:
        return f"{rng.randint(1, 999)}{rng.choice(['', '.' + digits(rng, 1)])}{rng.choice(_UNITS)}"
    if kind == 7:
        return rng.choice([email(rng), site(rng), "www." + site(rng)])
    if kind == 8:
        return phone(rng, lang)
    return rng.choice(
        [f"{rng.randint(2, 99)}{rng.choice('+-×÷=<>')}{rng.randint(2, 99)}", f"({even(rng, lang)})", f"{rng.randint(0, 100)}%"]
    )  # fmt: skip


def piece(rng: Random, lang: str) -> str:
    """A word, a pair of characters, or something odd."""
    roll = rng.random()
    if roll < 0.15:
        return odd(rng, lang)
    if roll < 0.32:
        return even(rng, lang)
    if lang == "zh":
        if roll < 0.4:  # English in Chinese
            return rng.choice([rng.choice(EN_WORDS).title(), rng.choice(EN_WORDS).upper(), pseudo_word(rng)])
        return rng.choice(ZH_WORDS) if roll < 0.85 else phrase(rng, "zh", 1)
    if roll < 0.55:
        return pseudo_word(rng)
    return rng.choice(EN_WORDS)


def sentence(rng: Random, lang: str, length: int) -> str:
    """About so many pieces, with punctuation."""
    zh = lang == "zh"
    parts = []
    for number in range(length):
        part = piece(rng, lang)
        if number == 0 and not zh:
            part = part[0].upper() + part[1:]
        if number < length - 1 and rng.random() < 0.12:
            part += rng.choice(",,、:;" if zh else ",,,:;")
        parts.append(part)
    text = ("" if zh else " ").join(parts)
    return text + (rng.choice("。。!?" if zh else "..!?") if rng.random() < 0.7 else "")


def short(rng: Random, lang: str) -> str:
    """A heading, a name on a sign, a line of a list."""
    style, text = rng.random(), sentence(rng, lang, rng.randint(1, 4)).rstrip(".。,")
    if lang == "en":
        return text.upper() if style < 0.3 else text.title() if style < 0.5 else text
    return text


def person(rng: Random, lang: str) -> str:
    if lang == "zh":
        return (
            rng.choice(NAMES_ZH) if rng.random() < 0.5 else "".join(rng.choice(han()) for _ in range(rng.randint(2, 3)))
        )
    return f"{rng.choice(NAMES_EN)} {re.sub(r'[^A-Za-z]', '', pseudo_word(rng)).title() or 'Lee'}"


def goods(rng: Random, lang: str) -> str:
    return label(rng, "item", lang) if rng.random() < 0.4 else (even(rng, "zh") if lang == "zh" else pseudo_word(rng))


_UNBROKEN = re.compile(r"[\u2e80-\u9fff][,。、:;!?)]*|[^\s\u2e80-\u9fff]+|\s+")


def tokens_of(text: str) -> list[str]:
    """Parts after which a line may end: words with the space behind them, and single Chinese characters with their marks."""
    parts: list[str] = []
    for part in _UNBROKEN.findall(text):
        if part.isspace() and parts:
            parts[-1] += part
        else:
            parts.append(part)
    return parts
