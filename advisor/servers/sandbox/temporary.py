"""A throw-away server that runs for a while, with a fragment or as it comes."""

from collections.abc import Iterator
from contextlib import contextmanager

from advisor.servers.config import Fragment
from advisor.servers.connection import Address
from advisor.servers.installed import Installed
from advisor.servers.sandbox.sandbox import Tell, sandbox


@contextmanager
def temporary_server(
    installed: Installed, fragment: Fragment | None, say: Tell
) -> Iterator[Address]:
    """A server on a fresh data directory, gone after the block, whatever happens.

    Of the fragment it gets the lines that it reads and that stay within its private place. Raises
    AdvisorError where it does not start.
    """
    with sandbox(installed, fragment, say) as box, box.running() as address:
        yield address
