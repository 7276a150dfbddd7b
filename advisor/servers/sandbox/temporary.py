"""A throw-away server that runs for a while, with a fragment or as it comes."""

from collections.abc import Iterator
from contextlib import contextmanager

from advisor.knowledge import known_settings
from advisor.servers.config import Fragment
from advisor.servers.connection import Address
from advisor.servers.installed import Installed
from advisor.servers.sandbox.sandbox import sandbox
from advisor.servers.sandbox.tried import is_tried, lines_read


@contextmanager
def temporary_server(installed: Installed, fragment: Fragment | None) -> Iterator[Address]:
    """A server on a fresh data directory, gone after the block, whatever happens.

    Of the fragment it gets the lines that it reads and that stay within its private place. Raises
    AdvisorError where it does not start.
    """
    known = known_settings(installed.vendor, installed.version)
    lines = fragment.lines if fragment else ()
    tried = [line for line in lines_read(lines, known) if is_tried(line, known)]
    left_out = {line.number for line in lines} - {line.number for line in tried}
    with (
        sandbox(installed, tried) as box,
        box.running(fragment.without(left_out) if fragment else "") as address,
    ):
        yield address
