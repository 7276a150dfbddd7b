"""Many measurements at once: who is slow, who differs from drives of its model, whom to trust."""
