"""What accuracy order buys."""
