"""HTTP/1.1 on raw bytes: strict and bounded parsing and rendering of messages, and the server that speaks it."""
