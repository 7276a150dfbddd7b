"""A capacity-planning report as a document, one file for each part of it."""
