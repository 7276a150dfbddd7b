"""What servers take for the options that profiles/ has no setting for, as they were asked. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple, cast

from advisor.vendors.option_values import INT64_MAX
from advisor.vendors.values import Argument, OptionType, PlainSpec
from advisor.versions import NumericVersion, of_series, parse_version

NUMBERS: Final = ("integer", "real")


class OtherOptions(NamedTuple):
    """One vendor's."""

    asked: Mapping[str, Mapping[str, PlainSpec]]
    """Release series, the oldest first -> option -> what it takes."""

    def specs(self, name: str, version: NumericVersion | None) -> tuple[PlainSpec, ...]:
        """What that version takes; without a version what each series does. Nothing where we do not
        know.

        A series between two that were asked takes a number where all that have the option do: which
        words and which range may have changed in between.
        """
        found = tuple(options[name] for options in self.asked.values() if name in options)
        if version is None or not found:
            return found
        options = of_series(version, self.asked)
        if options is not None:
            return (options[name],) if name in options else ()
        oldest, *_, newest = map(parse_version, self.asked)
        if not oldest < version < newest:
            return ()
        return found if all(_is_any_number(spec) for spec in found) else ()


NONE_ASKED: Final = OtherOptions({})


def _is_any_number(spec: PlainSpec) -> bool:
    return spec.type in NUMBERS and spec.min is None


def parse_definition(text: str) -> PlainSpec:
    """One line of profiles/option_values/ behind the option's name: "integer unit=kB 0..100"."""
    word, _, rest = text.partition(" ")
    kind = cast("OptionType", word)
    optional, rest = rest.startswith("optional"), rest.removeprefix("optional").lstrip()
    argument: Argument | None = "optional" if optional else None
    if kind in ("enum", "set"):
        return PlainSpec(kind, choices=tuple(rest.split("|")), argument=argument)
    spec = PlainSpec(kind, argument=argument)
    number = int if kind == "integer" else float
    for part in rest.split():
        if part == "signed":
            spec = spec._replace(max=INT64_MAX)
        elif part.startswith("unit="):
            spec = spec._replace(unit=part.removeprefix("unit="))
        else:
            least, _, most = part.partition("..")
            spec = spec._replace(min=number(least), max=number(most))
    return spec
