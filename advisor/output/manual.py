"""Manual pages in man(7)'s language, from the words of --help."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from advisor.output.command_tree import CommandNode, OptionNode

AS_IT_IS: Final = "\b\n"
"""Click's mark before a paragraph whose lines stay as they are: a table."""


def page_name(node: CommandNode) -> str:
    """What `man` calls it: "fsync-advisor-recommend"."""
    return "-".join(node.path)


def manual_page(node: CommandNode, version: str, environment: Iterable[str]) -> str:
    """One command's page, of section 1."""
    name = page_name(node)
    lines = [
        f'.TH "{_text(name.upper())}" "1" "" "{_text(f"fsync-advisor {version}")}"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(node.summary)}",
        ".SH SYNOPSIS",
        f".B {_text(' '.join(node.path))}",
        _text(node.usage.removeprefix(" ".join(node.path)).strip()),
        ".SH DESCRIPTION",
        *_paragraphs(node.description),
        *_section("COMMANDS", node.commands, _command),
        *_section("ARGUMENTS", node.arguments, _option),
        *_section("OPTIONS", node.options, _option),
        *_section("EXIT STATUS", node.statuses, _status),
        ".SH ENVIRONMENT",
        *(f".PP\n{_text(each)}" for each in environment),
        *_section("EXAMPLES", node.examples, _example),
        *_see_also(node),
    ]
    return "".join(f"{line}\n" for line in lines)


Part = TypeVar("Part")


def _section(
    title: str, parts: Iterable[Part], lines: Callable[[Part], Iterable[str]]
) -> Iterator[str]:
    made = [line for part in parts for line in lines(part)]
    if made:
        yield f".SH {title}"
        yield from made


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        if paragraph.startswith(AS_IT_IS):
            lines = paragraph.removeprefix(AS_IT_IS).splitlines()
            yield from (".nf", *map(_text, lines), ".fi")
        else:
            yield _text(" ".join(paragraph.split()))


def _command(command: CommandNode) -> Iterator[str]:
    yield from (".TP", f".B {_text(command.path[-1])}", _text(f"{command.summary}."))


def _option(option: OptionNode) -> Iterator[str]:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
    metavar = f"\\fI{_text(option.metavar)}\\fR" if option.metavar else ""
    yield from (".TP", " ".join(filter(None, (names, metavar))), _text(option.help) or "\\&")


def _status(status: tuple[int, str]) -> Iterator[str]:
    yield from (".TP", f".B {status[0]}", _text(status[1]))


def _example(example: str) -> Iterator[str]:
    yield from (".PP", ".nf", f".B {_text(example)}", ".fi")


def _see_also(node: CommandNode) -> Iterator[str]:
    others = [page_name(each) for each in node.commands]
    if len(node.path) > 1:
        others = ["-".join(node.path[:-1]), *others]
    yield ".SH SEE ALSO"
    yield ", ".join(f"\\fB{_text(each)}\\fR(1)" for each in others)


def _text(text: str) -> str:
    """Text in which nothing is a request or an escape."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped
