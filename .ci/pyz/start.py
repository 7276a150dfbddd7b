"""The __main__ of fsync-advisor.pyz: says which Python it needs, else unpacks and runs.

Any Python can read it, 2.7 as well, so that each can say it.
"""

import json
import os
import sys
import zipfile

ARCHIVE = sys.path[0]
with zipfile.ZipFile(ARCHIVE) as opened:
    CONTENT = json.loads(opened.read("content.json").decode())
PYTHONS = sorted({target.split()[0] for target in CONTENT["wheels"]}, key=lambda one: int(one[2:]))
MACHINES = sorted({target.split()[1] for target in CONTENT["wheels"]}, reverse=True)

version = "%d.%d" % sys.version_info[:2]
machine = os.uname()[4]
wheels = CONTENT["wheels"].get("%s %s" % (version, machine))
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except ValueError:
    libc = None
compiled_for = getattr(getattr(sys, "implementation", None), "name", "cpython")
if wheels is None or libc is None or compiled_for != "cpython" or "t" in sys.abiflags:
    others = [
        "python" + python
        for python in reversed(PYTHONS)
        if any(
            os.access(os.path.join(folder, "python" + python), os.X_OK)
            for folder in os.environ.get("PATH", "").split(":")
        )
    ]
    sys.exit(
        "fsync-advisor.pyz needs CPython %s on Linux with glibc, %s; this is %s %s%s, %s%s.%s"
        % (
            PYTHONS[0] if PYTHONS[0] == PYTHONS[-1] else PYTHONS[0] + " to " + PYTHONS[-1],
            " or ".join(MACHINES),
            compiled_for,
            version,
            " without GIL" if "t" in getattr(sys, "abiflags", "") else "",
            machine,
            "" if libc or version not in PYTHONS else ", without glibc",
            " Start it with %s." % others[0] if others and version not in PYTHONS else "",
        )
    )

from unpack import unpacked  # noqa: E402

sys.path[0] = unpacked(ARCHIVE, "-".join((CONTENT["key"], version, machine)), wheels)
for name in [name for name in sys.modules if name.split(".")[0] == "advisor"]:
    del sys.modules[name]  # of the archive; the program is what was unpacked

from advisor.__main__ import main  # noqa: E402

main()
