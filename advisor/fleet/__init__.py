"""Many measurements at once: hosts that are slow, unlike others of their drive, or not trusted."""
