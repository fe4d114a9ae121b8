"""What services say, answer and refuse. The only thing that one service may import of another."""
