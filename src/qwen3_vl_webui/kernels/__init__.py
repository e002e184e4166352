"""Single operations that are worth a fast path, each beside its plain PyTorch reference."""
