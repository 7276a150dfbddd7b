"""What pip is asked for."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def our_wheel(work: Path) -> Path:
    """Built from this checkout, into `work`. Raises RuntimeError."""
    pip("wheel", "--no-deps", "--wheel-dir", str(work), str(CHECKOUT))
    (wheel,) = work.glob("*.whl")
    return wheel


def pip(*arguments: str) -> None:
    """Raises RuntimeError with pip's own reason."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    said = " ".join(errors) or " ".join(done.stderr.split())[-300:]
    raise RuntimeError(f"pip {arguments[0]}: {said}")
