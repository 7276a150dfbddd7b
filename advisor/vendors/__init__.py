"""Everything that differs between database servers: one file each. Pure: text in, text out.

`registry` has them by name; `base` says what each must tell. What two of them share that reads
configuration files and values is in files named after the syntax.
"""
