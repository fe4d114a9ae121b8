"""achievements: badges."""
