"""`python -m kyozo.platform`: the platform process itself; people use `kyozo up`."""

import argparse
import os
import sys

from kyozo.platform import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="kyozo.platform")
    parser.add_argument("--host", default=serve.DEFAULT_HOST)
    parser.add_argument("--port", type=int, help="exactly this port")
    parser.add_argument("--log-file", action="store_true", help="write platform.log")
    options = parser.parse_args()
    # Whoever started it may stand in a folder that is to be removed.
    os.chdir("/")
    return serve.run(options.host, options.port, log_file=options.log_file)


if __name__ == "__main__":
    sys.exit(main())
