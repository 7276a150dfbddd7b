"""A product as JSON."""

from advisor.measurement import Model, without_controls


def json_text(product: Model) -> str:
    """Indented, and without a character that would steer a terminal."""
    return without_controls(product.model_dump_json(by_alias=True, indent=2)) + "\n"
