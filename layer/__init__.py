"""What is laid on ``/opt`` besides the sidecar, and the program that packs it (``build.sh``)."""
