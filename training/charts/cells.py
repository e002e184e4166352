"""One number of several series: in a table, or in a chart with a legend."""

from __future__ import annotations

from random import Random

from training.scene import Turn, ask


def read_cell(rng: Random, lang: str, columns: list[str], rows: list[str], data: list[list[int]], skill: str) -> Turn:
    """`data` holds for each of the rows a number of every column. The chain reads the whole row, then the number."""
    i, k = rng.randrange(len(rows)), rng.randrange(len(columns))
    question = ask(
        rng,
        lang,
        ["What is the {c} of {r}?", "Find {r}: what is its {c}?", "{r}, {c}?", "How much {c} does {r} have?"],
        ["{r}的{c}是多少?", "查表:{r}的{c}?" if skill == "table" else "{r}的{c}?", "{r}的{c}是什么?"],
        c=columns[k],
        r=rows[i],
    )
    row = ", ".join(f"{column} {value}" for column, value in zip(columns, data[i], strict=True))
    return Turn(
        skill=f"{skill}_read",
        question=question,
        answer=str(data[i][k]),
        thinking=f"{rows[i]}: {row}; {columns[k]} {data[i][k]}",
        check={"type": "text", "text": str(data[i][k])},
    )
