"""Attention over the paged KV cache: one small interface (`base.py`), and the implementations behind it.

A backend belongs to one KV cache. For each batch it makes an `Attention`, which the decoder calls once a layer; it
writes the fresh keys and values into the cache and attends.

- `torch_backend.py`: PyTorch's own operations. Always there, on any device.
- `triton_backend.py`: our kernels. CUDA from compute capability 8.0 on, bfloat16 and float16.
"""
