"""Drives side by side, and one drive over time. Pure."""
