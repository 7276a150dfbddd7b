"""A capacity-planning report: what is in it, and its faces."""
