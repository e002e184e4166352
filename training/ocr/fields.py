"""Names of fields in both languages, and values that they may have."""

from __future__ import annotations

from random import Random

from training.words import NAMES_EN, NAMES_ZH, label, pseudo_word

KEYS = [
    ("Name", "姓名"),
    ("Phone", "电话"),
    ("Date", "日期"),
    ("Total", "总计"),
    ("City", "城市"),
    ("Item", "商品"),
    ("Seat", "座位"),
    ("Email", "邮箱"),
    ("Code", "编号"),
    ("Price", "价格"),
    ("Order", "订单号"),
    ("Tax", "税额"),
]


def value_of(rng: Random, key: str, lang: str) -> str:
    zh = lang == "zh"
    if key in ("Name", "姓名"):
        return rng.choice(NAMES_ZH) if zh else f"{rng.choice(NAMES_EN)} {pseudo_word(rng).strip('#()%+').title()}"
    if key in ("Phone", "电话"):
        return (
            f"1{rng.randint(30, 89)}{rng.randint(10000000, 99999999)}"
            if zh
            else f"{rng.randint(200, 999)}-{rng.randint(1000, 9999)}"
        )
    if key in ("Date", "日期"):
        return f"20{rng.randint(10, 29)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if key in ("Total", "总计", "Price", "价格", "Tax", "税额"):
        return f"{'¥' if zh else '$'}{rng.randint(1, 999)}.{rng.randint(0, 99):02}"
    if key in ("City", "城市"):
        return label(rng, "city", lang)
    if key in ("Item", "商品"):
        return label(rng, "item", lang)
    if key in ("Seat", "座位"):
        return f"{rng.randint(1, 40)}{rng.choice('ABCDEF')}"
    if key in ("Email", "邮箱"):
        return f"{rng.choice(NAMES_EN).lower()}{rng.randint(1, 99)}@{rng.choice(['mail.com', 'abc.org', 'test.cn', 'post.net'])}"
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(rng.randint(4, 7)))
