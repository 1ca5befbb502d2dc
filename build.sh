#!/bin/sh
# Build dist/layer.zip. Needs CPython 3.10 or newer; makes bytecode with each of 3.10 to 3.14 that it finds.
# Options: --help
set -eu
root=$(cd "$(dirname "$0")" && pwd)
python=$("$root/tools/find-python")
# -I: what the user's environment holds must not reach the layer. -B: no bytecode in the checkout.
exec "$python" -I -B -c '
import sys
root = sys.argv.pop(1)
sys.path.insert(0, root)
from layer.build import main
sys.exit(main(sys.argv[1:]))
' "$root" "$@"
