"""Turns the fields of an options dataclass into the parameters that Typer reads."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

from typer.models import ParameterInfo
from typing_extensions import dataclass_transform

Options = TypeVar("Options")
T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def options_class(made: type[T]) -> type[T]:
    """A dataclass whose fields are a command's options, or a group of them. Nobody compares or
    prints one, and each method of a dataclass that is not made saves time at the start."""
    return dataclasses.dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)(made)


class Only:
    """Beside the type of a group of options: the fields that a command shows. Others keep their
    defaults."""

    def __init__(self, *fields: str) -> None:
        self.fields = fields


def takes_options(command: Callable[[Options], None]) -> Callable[..., None]:
    """A command of one options object, as the function with keywords that Typer needs.

    A field of the dataclass is one parameter; a field that is a dataclass itself is a group, whose
    fields are parameters in its place.
    """
    options_type = next(iter(get_type_hints(command).values()))

    def run(**given: Any) -> None:
        command(_build(options_type, given))

    signature = inspect.Signature(list(_parameters(options_type)))
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {name: each.annotation for name, each in signature.parameters.items()}
    run.__signature__ = signature  # type: ignore[attr-defined]
    return run


@cache
def _hints(options_type: type) -> Mapping[str, Any]:
    return get_type_hints(options_type, include_extras=True)


def _fields(options_type: type, shown: Only | None) -> Iterator[tuple[dataclasses.Field[Any], Any]]:
    """Each field that is shown, and its annotated type."""
    for field in dataclasses.fields(options_type):
        if shown is None or field.name in shown.fields:
            yield field, _hints(options_type)[field.name]


def _group(hint: Any) -> tuple[Any, Only | None]:
    """The dataclass that a field's type is, if any, and which of its fields are shown."""
    kind = getattr(hint, "__origin__", hint)
    shown = [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Only)]
    return kind if dataclasses.is_dataclass(kind) else None, shown[0] if shown else None


def _parameters(options_type: type, shown: Only | None = None) -> Iterator[inspect.Parameter]:
    for field, hint in _fields(options_type, shown):
        group, shown_of_group = _group(hint)
        if group is not None:
            yield from _parameters(group, shown_of_group)
            continue
        for info in getattr(hint, "__metadata__", ()):
            if isinstance(info, ParameterInfo):
                # A file that may not be read is told by whoever reads it, with what to do.
                info.readable = False
        required = field.default is dataclasses.MISSING
        default = inspect.Parameter.empty if required else field.default
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint
        )


def _build(options_type: Any, given: Mapping[str, Any], shown: Only | None = None) -> Any:
    """The options object. Raises UsageError for options that contradict each other."""
    values = {}
    for field, hint in _fields(options_type, shown):
        group, shown_of_group = _group(hint)
        values[field.name] = (
            given[field.name] if group is None else _build(group, given, shown_of_group)
        )
    return options_type(**values)
