"""One file per command: an options dataclass, one call, one product. Imported on demand."""
