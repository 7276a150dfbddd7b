"""The report: everything that is known of one drive, and of what databases make of it. Pure."""
