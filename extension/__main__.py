"""``python -m extension``: the sidecar by hand, outside Lambda."""

from extension.local import main

main()
