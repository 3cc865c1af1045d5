"""What `hub bench` measures against: sources of a fixed, realistic make."""
