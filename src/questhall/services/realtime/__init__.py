"""realtime: what moves on the screen by itself."""
