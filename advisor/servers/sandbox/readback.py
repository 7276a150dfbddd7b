"""What a server of our own has, setting by setting."""

from contextlib import closing
from typing import Final

from advisor.errors import AdvisorError
from advisor.server_state import EffectiveSetting
from advisor.servers.connection import Address, Patience
from advisor.vendors.registry import VENDORS

READ_TIMEOUT_S: Final = 10


class NotReadyError(Exception):
    """The server does not take connections yet; the text says why."""


def read_back(address: Address) -> dict[str, EffectiveSetting]:
    """Every setting by its name, in lower case. Raises NotReadyError while the server starts."""
    try:
        with closing(address.connect(Patience(READ_TIMEOUT_S))) as connection:
            return VENDORS[address.vendor].effective_settings(connection.query)
    except AdvisorError as error:
        raise NotReadyError(error.message) from error
