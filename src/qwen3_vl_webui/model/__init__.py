"""Qwen3-VL as a network on one device: configuration, decoder, vision tower, weights and pixels."""
