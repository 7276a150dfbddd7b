"""Settings in force against the advice -> findings. Pure."""
