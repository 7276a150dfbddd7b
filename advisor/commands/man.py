"""fsync-advisor man: the manual pages."""

from pathlib import Path
from typing import Annotated

import typer

from advisor import __version__
from advisor.commands import options as shared
from advisor.commands.console import notify, write_output
from advisor.commands.parameters import options_class, takes_options
from advisor.commands.suggestions import nearest
from advisor.commands.tree import command_tree
from advisor.errors import UsageError
from advisor.help_text import ENVIRONMENT
from advisor.output.command_tree import nodes
from advisor.output.manual import manual_page, page_name
from advisor.output_files import check_writable, write_text


@options_class
class ManOptions:
    """The options of `man`."""

    context: typer.Context
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="Whose page.  [default: the program's]"),
    ] = None
    directory: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Write all pages there: fsync-advisor.1 and so on.",
        ),
    ] = None
    force: shared.Force = False
    quiet: shared.Quiet = False


@takes_options
def man(options: ManOptions) -> None:
    """Print a manual page, or write all of them.

    The pages say what --help says.
    """
    root = command_tree(options.context)
    pages = {
        " ".join(node.path[1:]): (page_name(node), manual_page(node, __version__, ENVIRONMENT))
        for node in nodes(root)
    }
    wanted = " ".join(options.command or ())
    if options.directory is None:
        if wanted not in pages:
            near = nearest(wanted, pages)
            raise UsageError(
                f"there is no command {wanted!r}", f"did you mean {near}?" if near else ""
            )
        write_output(pages[wanted][1])
        return
    if wanted:
        raise UsageError(f"--output writes all pages, not that of {wanted!r} alone")
    files = {options.directory / f"{name}.1": text for name, text in pages.values()}
    for path in files:
        check_writable(path, force=options.force)
    for path, text in files.items():
        write_text(path, text, force=options.force)
    notify(f"wrote {len(files)} pages in {options.directory}", quiet=options.quiet)
