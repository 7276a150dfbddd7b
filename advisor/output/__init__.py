"""Advice -> text. Decides nothing."""
