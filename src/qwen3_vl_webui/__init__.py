"""Qwen3-VL on one machine: a web page, an HTTP API, a command line and the inference engine under them."""

__version__ = "0.1.0"
