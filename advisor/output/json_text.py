"""A product as JSON."""

import json

from pydantic import BaseModel


def json_text(product: BaseModel) -> str:
    """Indented, and plain ASCII, so that no name in it steers a terminal."""
    return json.dumps(product.model_dump(mode="json", by_alias=True), indent=2) + "\n"
