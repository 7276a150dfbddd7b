"""One file per command: an options dataclass, one call, one product. cli.py imports on demand."""
