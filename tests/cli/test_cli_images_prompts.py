"""The prompts of `aoai images`: how they are read, what is refused, what their files are called."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from aoai_async.cli.images_orders import Order, orders_of
from aoai_async.cli.prompts import rows_of
from aoai_async.errors import InvalidInputError

if TYPE_CHECKING:
    from pathlib import Path


def orders(*sources: object, **defaults: Any) -> list[Order]:
    return orders_of(rows_of([str(source) for source in sources]), defaults)


def given(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def prompts(found: list[Order]) -> list[str]:
    return [order.request.prompt for order in found]


def test_a_text_file_has_a_prompt_a_line(tmp_path: Path) -> None:
    """Blank lines and comments are left out, blanks around a prompt and a mark of UTF-8 are not part of it."""
    path = given(tmp_path, "p.txt", "\ufeff# pets\n  a corgi \r\n\n#\na cat, asleep\u2028on a mat")
    assert prompts(orders(path)) == ["a corgi", "a cat, asleep\u2028on a mat"]


def test_arguments_are_prompts_in_their_order(tmp_path: Path) -> None:
    """Prompts and files can be mixed; their order is the order of the pictures."""
    path = given(tmp_path, "p.TXT", "two\nthree")
    found = orders("one", path, "four. A last one")
    assert prompts(found) == ["one", "two", "three", "four. A last one"]
    assert [order.number for order in found] == [1, 2, 3, 4]


def test_standard_input_has_a_prompt_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is standard input."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"# none\nein Schlo\xc3\x9f\n")))
    assert prompts(orders("-")) == ["ein Schloß"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "p.csv",
            'prompt,n,size,quality,style,user,model,id\n"a corgi,\n""Rex""",2,1792x1024,hd,vivid,me,d3,x7\na cat\n\n',
        ),
        (
            "p.jsonl",
            (
                '{"prompt": "a corgi,\\n\\"Rex\\"", "n": 2, "size": "1792x1024", "quality": "hd", "style": "vivid", '
                '"user": "me", "model": "d3", "id": "x7"}\n\n{"prompt": "a cat", "size": null, "style": ""}\n'
            ),
        ),
    ],
)
def test_tables_have_a_column_for_each_parameter(tmp_path: Path, name: str, content: str) -> None:
    """What a row says wins; what it leaves out is as the options say."""
    first, second = orders(given(tmp_path, name, content), size="1024x1024", style="natural", model="own")
    request = first.request
    assert (request.prompt, request.n, request.size) == ('a corgi,\n"Rex"', 2, "1792x1024")
    assert (request.quality, request.style, request.user, request.model) == ("hd", "vivid", "me", "d3")
    assert first.id.endswith(".x7")
    request = second.request
    assert (request.prompt, request.n, request.size) == ("a cat", None, "1024x1024")
    assert (request.quality, request.style, request.user, request.model) == (None, "natural", None, "own")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("p.csv", "prompt,colour\na cat,red\n", "p.csv, line 2, column colour: there is no such column; there are"),
        ("p.csv", "prompt,n\na cat,1\na dog,two\n", "p.csv, line 3, column n: 'two' is no whole number of 1 or more"),
        ("p.csv", "prompt,n\na cat,0\n", "p.csv, line 2, column n"),
        ("p.csv", "prompt,size\na cat,1024 x 1024\n", "p.csv, line 2, column size: '1024 x 1024' is no size"),
        ("p.csv", "prompt,size\n,1024x1024\n", "p.csv, line 2, column prompt: there is none"),
        ("p.csv", "prompt\na cat,\n", "p.csv, line 2: it has 2 cells for 1 columns"),
        ("p.csv", 'prompt\n"a cat', "p.csv, after line 1: unexpected end of data"),
        ("p.csv", "prompt,id\na,7\nb,7\n", "p.csv, line 3, column id: '7' is the id of "),
        ("p.csv", "prompt\n", "There is no prompt in "),
        ("p.csv", "", "There is no prompt in "),
        ("p.csv", b"prompt\na cat\n\xff\n", "p.csv, line 3: it is no UTF-8"),
        ("p.txt", "# all are comments\n", "There is no prompt in "),
        ("p.jsonl", '{"prompt": "a"}\n{"prompt"', "p.jsonl, line 2: it is no JSON"),
        ("p.jsonl", '["a"]', "p.jsonl, line 1: it is no JSON object"),
        ("p.jsonl", '{"prompt": 7}', "p.jsonl, line 1, column prompt: 7 is no text"),
        ("p.jsonl", '{"prompt": "lone \\ud800"}', "p.jsonl, line 1, column prompt: 'lone \\ud800' is no text"),
        ("p.jsonl", '{"prompt": "a", "n": true}', "p.jsonl, line 1, column n: True is no whole number"),
        ("p.jsonl", '{"prompt": "a", "response_format": "url"}', "p.jsonl, line 1, column response_format"),
        ("p.jsonl", "[" * 100_000, "p.jsonl, line 1: it is no JSON"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, name: str, content: str | bytes, told: str) -> None:
    """File, line and column are named, and what would do."""
    with pytest.raises(InvalidInputError) as caught:
        orders(given(tmp_path, name, content))
    assert told in caught.value.message


def test_a_file_that_is_not_there_is_no_prompt(tmp_path: Path) -> None:
    """Nobody pays for a picture of a name that was mistyped."""
    with pytest.raises(InvalidInputError, match=r"prmpts\.txt cannot be read: No such file"):
        orders(tmp_path / "prmpts.txt")


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("A corgi, in a FIELD!", "0001-a-corgi-in-a-field"),
        ("../../etc/passwd", "0001-etc-passwd"),
        ("\x00\n", "0001"),
        ("¡Olé!", "0001-olé"),
        ("कुत्ता", "0001-कुत्ता"),
        ("word " * 20, "0001-" + "-".join(["word"] * 12)),
        ("x" * 500, "0001-" + "x" * 60),
        ("猫" * 100, "0001-" + "猫" * 60),
        ("🦊🦊", "0001"),
    ],
)
def test_files_say_what_they_show(prompt: str, stem: str) -> None:
    """The words of the prompt are the name: short enough for any file system, and never a path."""
    order = Order(1, "id", orders_of(rows_of(["x"]), {})[0].request.__class__(prompt=prompt), 4)
    assert order.stem(1) == stem
    assert len(f"{order.stem(10)}-12345678.webp".encode()) < 255


def test_files_sort_as_the_prompts_do() -> None:
    """Numbers have as many digits as the last one needs; further pictures follow the first."""
    found = orders(*(f"p{number}" for number in range(1, 10_002)))
    assert found[0].stem(1) == "00001-p1"
    stems = [order.stem(1) for order in found]
    assert stems == sorted(stems)
    assert orders("a cat")[0].stem(2) == "0001-2-a-cat"


def test_ids_follow_from_what_is_asked() -> None:
    """The same prompt with other options, or a second time, is another job; the order does not matter."""
    plain, again, large = orders("a", "a")[0], orders("a", "a")[1], orders("a", size="1792x1024")[0]
    assert len({plain.id, again.id, large.id}) == 3
    assert orders("b", "a")[1].id == plain.id
