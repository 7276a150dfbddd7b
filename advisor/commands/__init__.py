"""One file per command: parse, call, print. Heavy imports are made where they are used."""
