"""Measures how fast a drive makes data durable, and derives database settings from it."""

__version__ = "0.1.0"
