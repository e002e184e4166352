"""`python -m qwen3_vl_webui`: the command line."""

from qwen3_vl_webui.cli import main

if __name__ == "__main__":
    main()
