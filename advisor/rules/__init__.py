"""Facts -> settings: the catalogue of what we know, the engine that applies it, the red lines."""
