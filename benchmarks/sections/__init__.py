"""What is measured for the page, each in a file of its own: ``measure(stage, runs)`` gives a Section."""
