"""Charts of a report, drawn as SVG: what each shows is in data.py, and draw.py draws it."""
