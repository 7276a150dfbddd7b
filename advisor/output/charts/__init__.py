"""Pictures of a report, as SVG."""

import logging

# On a new host matplotlib would tell stderr about its fonts and folders while it is imported.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())
